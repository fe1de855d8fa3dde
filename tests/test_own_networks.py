"""Networks of one's own: `GAN(generator=…, discriminator=…)` in every mode, saved and exported."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfgan_zoo
from tfgan_zoo import GAN, from_preset
from tfgan_zoo.latent.affine import first_maps
from tfgan_zoo.weights import variables


def generator(activation="tanh", extra=(), labels=False, **options):
    latents = keras.Input([6])
    classes = [keras.Input((1,), dtype="int32")] if labels else []
    x = layers.Dense(16, activation="relu", **options)(latents)
    if labels:
        table = layers.Embedding(3, 16, **options)(classes[0])
        x = layers.Add(**options)([x, layers.Flatten(**options)(table)])
    for layer in extra:
        x = layer(x)
    x = layers.Reshape((4, 4, 1), **options)(x)
    x = layers.Conv2DTranspose(1, 3, 2, "same", activation=activation, **options)(x)
    return keras.Model([latents, *classes], x)


def discriminator(*ending, **options):
    ending = ending or [layers.Flatten(), layers.Dense(1, dtype="float32")]
    first = layers.Conv2D(2, 3, 2, "same", activation="leaky_relu", **options)
    return keras.Sequential([keras.Input([8, 8, 1]), first, *ending])


@keras.saving.register_keras_serializable(package="tests")
class Drawing(keras.Model):
    """A generator whose layers are attributes."""

    def __init__(self, width=16, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.first, self.last = layers.Dense(width), layers.Dense(64, activation="tanh")

    def call(self, inputs):
        latents, labels = inputs
        x = self.first(latents) + keras.ops.one_hot(labels, self.width)
        return keras.ops.reshape(self.last(x), (-1, 8, 8, 1))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(package="tests")
class Judging(keras.Model):
    """A discriminator of images and labels with logits `[B]` beside other outputs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flatten, self.table = layers.Flatten(), layers.Embedding(3, 4)
        self.features, self.score = layers.Dense(4), layers.Dense(1)

    def call(self, inputs):
        images, labels = inputs
        features = self.features(self.flatten(images))
        score = self.score(features)[:, 0] + keras.ops.sum(features * self.table(labels), axis=-1)
        return {"logits": score, "features": features}


def own(**options):
    return GAN(**{"generator": generator(), "discriminator": discriminator(), **options})


def trained(gan, images, labels=None, **options):
    gan.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05), **options)
    gan.fit(images, labels, batch_size=16, verbose=0)
    return gan


def assert_same(first, second, atol=0.0):
    for ours, theirs in zip(first.variables, second.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=atol, rtol=0, err_msg=ours.path)


def test_a_model_of_given_networks(images, tmp_path):
    """Sizes are theirs, training begins at their weights, and files hold them."""
    networks = {"generator": generator(), "discriminator": discriminator()}
    before = networks["generator"].get_weights()
    gan = GAN(**networks)
    assert gan.generator is networks["generator"]
    assert (gan.latent_dim, gan.image_shape, gan.num_classes) == (6, (8, 8, 1), None)
    for start, average in zip(before, gan.ema_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(start, average)
    trained(gan, images, run_eagerly=True)
    moved = zip(before, gan.generator.get_weights(), strict=True)
    assert all(not np.array_equal(start, now) for start, now in moved)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.get_config() == gan.get_config()
    assert_same(loaded, gan)
    folder = gan.export(tmp_path, "own")
    exported = from_preset(folder)
    np.testing.assert_array_equal(exported.generate(4, seed=0), gan.generate(4, seed=0))
    # Another process numbers layers anew, and finds the tensors by their names.
    program = (
        "import sys, keras, tfgan_zoo; keras.layers.Dense(1); "
        "gan = tfgan_zoo.from_preset(sys.argv[1]); print(int(gan.generate(4, seed=0).sum()))"
    )
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True)
    assert run.stdout.split()[-1:] == [str(gan.generate(4, seed=0).sum())], run.stderr[-2000:]
    names = [name for name in variables(gan) if name.startswith("generator")]
    assert names[:2] == ["generator/dense/kernel", "generator/dense/bias"]


def test_classes_of_networks_and_labels(images, labels, tmp_path):
    gan = GAN(
        generator=Drawing(), discriminator=Judging(), num_classes=3, latent_dim=6, objective="hinge"
    )
    assert gan.image_shape == (8, 8, 1) and gan.conditional_discriminator
    trained(gan, images, labels, run_eagerly=True)
    found = from_preset(gan.export(tmp_path, "own"))
    assert found.num_classes == 3
    np.testing.assert_array_equal(found.generate(3, seed=0), gan.generate(3, seed=0))
    of_class = gan.generate(2, seed=0, labels=1), gan.generate(2, seed=0, labels=2)
    assert not np.array_equal(*of_class)
    with pytest.raises(ValueError, match="need a functional or sequential model"):
        first_maps(gan)
    unconditional = own(generator=generator(labels=True), num_classes=3)
    assert not unconditional.conditional_discriminator
    trained(unconditional, images, labels, run_eagerly=True)


@pytest.fixture(scope="module")
def plain():
    """A model that was trained eagerly in float32 on one replica."""
    images = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype(np.float32)
    keras.utils.set_random_seed(0)
    return trained(own(), images, run_eagerly=True)


@pytest.mark.parametrize("mode", ["xla", "two replicas", "parts", "mixed_bfloat16"])
def test_modes_agree(mode, plain, images, mirrored):
    policy = mode if mode == "mixed_bfloat16" else "float32"
    strategy = mirrored if mode == "two replicas" else tf.distribute.get_strategy()
    parts = {"gradient_accumulation_steps": 2 if mode == "parts" else 1}
    with strategy.scope():
        networks = generator(dtype=policy), discriminator(dtype=policy)
        gan = GAN(generator=networks[0], discriminator=networks[1], dtype=policy, **parts)
    trained(gan, images, jit_compile=mode == "xla", run_eagerly=mode in ("parts", policy))
    assert_same(gan, plain, 2e-3 if policy == "mixed_bfloat16" else 1e-5)
    assert gan.ema_generator.layers[1].compute_dtype == "float32"
    assert gan.generator.layers[1].compute_dtype == keras.DTypePolicy(policy).compute_dtype


def test_networks_within_networks(images, tmp_path):
    """Their variables have other paths when they are made of a configuration."""
    inner = keras.Sequential([layers.Dense(16), layers.BatchNormalization()])
    gan = trained(own(generator=generator(extra=[inner])), images, run_eagerly=True)
    found = from_preset(gan.export(tmp_path, "own", standing_statistics=1))
    for ours, theirs in zip(found.ema_generator.weights, gan.ema_generator.weights, strict=True):
        assert np.array_equal(ours, theirs) != ("moving" in ours.path), ours.path


def test_resume(images, tmp_path):
    whole = own()
    config = json.loads(json.dumps(whole.get_config()))
    cut = GAN.from_config(config)
    cut.set_weights(whole.get_weights())
    for gan, epochs in ((whole, 2), (cut, 1)):
        gan.compile(run_eagerly=True)
        gan.fit(images, batch_size=32, epochs=epochs, verbose=0)
    cut.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    resumed.fit(images, batch_size=32, epochs=2, resume=True, verbose=0)
    assert_same(resumed, whole)


def test_a_class_with_its_losses_alone_takes_networks(images):
    class Squared(GAN):
        def generator_loss(self, batch, rng):
            logits = self.discriminate_generated(batch, rng).logits
            return tf.reduce_mean((logits - 1) ** 2), {"g_loss": tf.reduce_mean(logits)}

    gan = Squared(generator=generator(), discriminator=discriminator())
    assert "g_loss" in trained(gan, images, run_eagerly=True).history.history
    assert not {"generator", "discriminator", "num_classes"} & tfgan_zoo.DCGAN.defaults.keys()
    assert tfgan_zoo.ConditionalGAN.defaults["num_classes"] == 10

    class Half(GAN):
        def build_discriminator(self):
            return discriminator()

    assert {"generator"} == {"generator", "discriminator"} & Half.defaults.keys()
    assert Half(generator=generator()).image_shape == (8, 8, 1)


class Unregistered(keras.Model):
    """As tutorials write it: Keras's own from_config cannot make it, and the average can."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(64)

    def call(self, inputs):
        return keras.ops.reshape(self.dense(inputs), (-1, 8, 8, 1))


class Forgetful(keras.Model):
    """Its configuration does not say how wide it is."""

    def __init__(self, width=16, **kwargs):
        super().__init__(**kwargs)
        self.first, self.last = layers.Dense(width), layers.Dense(64)

    def call(self, inputs):
        return keras.ops.reshape(self.last(self.first(inputs)), (-1, 8, 8, 1))

    def get_config(self):
        return {"name": self.name}


def test_what_cannot_be_saved_is_named(images, tmp_path):
    gan = trained(
        GAN(generator=Unregistered(), discriminator=discriminator(), latent_dim=6), images
    )
    with pytest.raises(TypeError, match="'unregistered', a Unregistered: its class is not regist"):
        gan.save(tmp_path / "gan.keras")
    with pytest.raises(TypeError, match="cannot be saved"):
        gan.export(tmp_path, "own")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError, match="'lambda', a Lambda: a Lambda layer is Python code"):
        own(generator=generator(extra=[layers.Lambda(lambda x: 2 * x, name="lambda")])).get_config()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (lambda: {"generator": generator}, TypeError, "the function .* Call it, and give what"),
        (lambda: {"generator": Drawing}, TypeError, "Received: the class"),
        (
            lambda: {"image_shape": (16, 16, 1)},
            ValueError,
            r"\(None, 8, 8, 1\), and would be given",
        ),
        (
            lambda: {"latent_dim": 7},
            ValueError,
            r"shape \(None, 6\), and would be given \(None, 7\)",
        ),
        (
            lambda: {"num_classes": 3},
            ValueError,
            r"generator takes 1 inputs, .*\[latents, labels\]",
        ),
        (lambda: {"generator": generator(labels=True)}, ValueError, "2 inputs.* Give num_classes"),
        (
            lambda: {"generator": generator("sigmoid")},
            ValueError,
            r"'sigmoid', and images lie in \[-1",
        ),
        (lambda: {"generator": Forgetful(3), "latent_dim": 6}, TypeError, "has other weights"),
        (lambda: {"generator": Unregistered()}, ValueError, "Give latent_dim"),
        (
            lambda: {"generator": generator(extra=[layers.Dropout(0.5)])},
            ValueError,
            "'dropout.*' is a Dropout, .*Use tfgan_zoo.layers.Dropout",
        ),
        (
            lambda: {
                "discriminator": discriminator(
                    layers.GaussianNoise(0.1), layers.Flatten(), layers.Dense(1)
                )
            },
            ValueError,
            "a GaussianNoise, .*InstanceNoise",
        ),
        (
            lambda: {"generator": generator(extra=[layers.BatchNormalization(synchronized=True)])},
            ValueError,
            "synchronized=True",
        ),
        (
            lambda: {
                "generator": generator(extra=[layers.SpectralNormalization(layers.Dense(16))])
            },
            ValueError,
            "moves at every call.*SpectralDense",
        ),
        (
            lambda: {"dtype": "mixed_bfloat16"},
            ValueError,
            "computes in 'float32', .*set_dtype_policy",
        ),
        (
            lambda: {"discriminator": discriminator(layers.Conv2D(1, 3))},
            ValueError,
            "one logit for each",
        ),
        (
            lambda: {"discriminator": discriminator(layers.Flatten(), layers.Dense(1, "sigmoid"))},
            ValueError,
            "ends in 'sigmoid'",
        ),
        (lambda: {"discriminator": None}, NotImplementedError, "give discriminator=…"),
    ],
)
def test_refused_at_the_door(options, error, message):
    with pytest.raises(error, match=message):
        own(**options())


def test_weights_that_are_shared():
    network = generator()
    with pytest.raises(ValueError, match="the same object"):
        GAN(generator=network, discriminator=network)
    shared = layers.Dense(16, name="shared")
    ending = [layers.Flatten(), layers.Dense(6), shared, layers.Dense(1)]
    with pytest.raises(ValueError, match="share the weights 'shared/kernel'"):
        own(
            generator=generator(extra=[layers.Dense(6), shared]),
            discriminator=discriminator(*ending),
        )
    first = own()
    with pytest.warns(UserWarning, match="has weights of another model, 'gan.*'"):
        own(generator=first.generator)


def test_networks_and_model_are_made_in_one_scope(mirrored):
    networks = {"generator": generator(), "discriminator": discriminator()}
    with (
        mirrored.scope(),
        pytest.raises(ValueError, match=r"within strategy.scope\(\), and the gen"),
    ):
        GAN(**networks)
