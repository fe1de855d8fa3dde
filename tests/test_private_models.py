"""What a private model may not have, and that nothing beside the clipped sum tells of real images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, make

import tfgan_zoo
from tfgan_zoo import datasets
from tfgan_zoo.callbacks.steps import state_of
from tfgan_zoo.datasets.stream import array_source
from tfgan_zoo.penalties import R1
from tfgan_zoo.privacy import DPSGD

SIZE = 16
PLAIN = {"image_shape": (8, 8, 1), "width": 4, "latent_dim": 4, "discriminator_normalization": None}
SGD = keras.optimizers.SGD


REFUSED = {
    "ADA": dict(regularizers=["ada"]),
    "LeCam": dict(regularizers=["lecam"]),
    "RelativisticAverage": dict(objective="relativistic_average"),
    "the generator's loss of": dict(objective="relativistic"),
    "DRAGAN": dict(penalty="dragan"),
    "Unrolled": dict(regularizers=["unrolled"]),
    "BatchNormalization": dict(discriminator_normalization="batch", image_shape=(16, 16, 1)),
    "minibatch_discrimination": dict(minibatch_discrimination=4),
    "microbatches": dict(gradient_accumulation_steps=2),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_reads_real_images_otherwise_is_refused(named):
    gan = tfgan_zoo.DCGAN(**{**PLAIN, "privacy": DPSGD(1.0, 1.0), **REFUSED[named]})
    with pytest.raises(ValueError, match=r"cannot train with privacy=DPSGD") as error:
        gan.compile()
    assert named in str(error.value)


def test_a_lazy_penalty_is_taken_at_every_second_update(images):
    """Twice as strong at the first, and not at all at the second: as other models that begin alike."""

    def trained(penalty, steps, begun=None):
        gan = tfgan_zoo.DCGAN(**PLAIN, penalty=penalty, privacy=DPSGD(10.0, 0.5))
        gan.compile(SGD(0.1), SGD(0.1), jit_compile=False)
        gan._privacy_secret = [1, 2, 3, 4]
        if begun is not None:
            gan.set_weights(begun)
        gan.fit(images, batch_size=SIZE, steps_per_epoch=steps, verbose=0)
        return gan.get_weights()

    first = trained(R1(3.0, every=2), 1)
    for left, right in zip(first, trained(R1(6.0), 1), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    second = trained(R1(3.0, every=2), 2)
    for left, right in zip(second, trained(None, 1, first), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    assert not all(map(np.allclose, first, trained(None, 1)))


@pytest.mark.parametrize(
    ("model", "remedy"), [("StyleGAN2", " Make it without: stddev_features=0."), ("ProGAN", "")]
)
def test_a_layer_of_batches_is_left_out_by_the_option_that_is_told(model, remedy):
    """Where the model has one."""
    gan = getattr(tfgan_zoo, model)(**CASES[model], privacy=DPSGD(1.0, 1.0))
    with pytest.raises(ValueError, match="cannot train with privacy") as error:
        gan.compile()
    assert str(error.value).partition("others of its batch.")[2] == remedy


class Coupled(tfgan_zoo.DCGAN):
    def discriminator_terms(self, real, fake, batch, rng):
        return {"spread": (1.0, tf.math.reduce_std(real.logits))}


class Remembering(tfgan_zoo.DCGAN):
    def discriminate_images(self, images, batch, rng):
        self.ema_generator.variables[0].assign_add(
            tf.reduce_mean(images) + 0 * self.ema_generator.variables[0]
        )
        return super().discriminate_images(images, batch, rng)


class Peeking(tfgan_zoo.DCGAN):
    def generator_loss(self, batch, rng):
        loss, logs = super().generator_loss(batch, rng)
        return loss + tf.reduce_mean(batch["images"]), logs


class Watching(tfgan_zoo.DCGAN):
    def after_discriminator_update(self, logs):
        self.iterations.assign_add(tf.cast(logs["d_loss"] > 0, tf.int64))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Coupled, "is not the mean of the losses of single images"),
        (Remembering, "which then tells of real images"),
        pytest.param(
            Peeking,
            "The loss of the player 'generator' of Peeking reads 'images'",
            marks=pytest.mark.full,
        ),
        pytest.param(
            Watching, "Watching reads 'd_loss' of the logs of real images", marks=pytest.mark.full
        ),
    ],
)
def test_code_of_a_users_own_is_held_to_it_too(kind, told, images):
    gan = kind(**PLAIN, privacy=DPSGD(1.0, 1.0))
    gan.compile(jit_compile=False)
    with pytest.raises(ValueError, match=told):
        gan.fit(images, batch_size=SIZE, verbose=0)
    assert int(gan.state["privacy/updates"].numpy()) == 0


def test_callbacks_and_data_that_are_refused(images):
    gan = tfgan_zoo.DCGAN(**PLAIN, privacy=DPSGD(1.0, 1.0))
    gan.compile(jit_compile=False)
    monitor = tfgan_zoo.callbacks.CollapseMonitor(images)
    with pytest.raises(ValueError, match="CollapseMonitor: it compares with real images"):
        gan.fit(images, batch_size=SIZE, callbacks=[monitor])
    with pytest.raises(TypeError, match="read in any order"):
        gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(SIZE))
    with pytest.raises(ValueError, match="use fit"):
        gan.train_on_batch(images[:SIZE])
    with pytest.raises(TypeError, match="privacy must be None or a tfgan_zoo.privacy.DPSGD"):
        tfgan_zoo.DCGAN(**PLAIN, privacy=1.0)


def unclipped(gan):
    """All that training changes, but for the discriminator's weights and counters of spending."""
    own = {id(v) for v in gan.discriminator.trainable_variables}
    return [np.array(v.numpy()) for v in state_of(gan) if id(v) not in own]


def trains_the_same_beside(gan, images):
    """Whether other real images (and labels) leave all as it is that is no clipped and noised sum."""
    gan.compile(SGD(0.1), SGD(0.0), jit_compile=False)  # the sum moves nothing
    secret, found = gan._privacy_secret, []
    first = [np.array(variable.numpy()) for variable in state_of(gan)]
    rows = {"images": images}
    numbers = np.arange(len(images)) % (gan.num_classes or 1)
    for shift in (0, 1):
        if gan.condition:
            rows["labels"] = (numbers + shift) % gan.num_classes
        for variable, value in zip(state_of(gan), first, strict=True):
            variable.assign(value)
        gan._privacy_secret = secret
        logs = gan.fit(rows, batch_size=SIZE, epochs=1, steps_per_epoch=2, verbose=0).history
        found.append([*unclipped(gan), *map(np.array, logs.values())])
        rows["images"] = -np.roll(images, 3, axis=1)
    return all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_nothing_else_tells_of_real_images(images):
    assert trains_the_same_beside(tfgan_zoo.DCGAN(**PLAIN, privacy=DPSGD(1.0, 1.0)), images)


WITHOUT = dict.fromkeys(("generator_normalization", "discriminator_normalization"))
WITHOUT |= {"stddev_features": 0}
PRIVATE = (
    "VanillaGAN",
    "LSGAN",
    "WGAN",
    "WGANGP",
    "SNGAN",
    "ConditionalGAN",
    "ACGAN",
    "InfoGAN",
    "StyleGAN2",
)


@pytest.mark.full
@pytest.mark.parametrize("name", [n for n in CASES if n != "DCGAN"])
def test_no_variant_tells_of_real_images(name, images):
    """Each trains so that other images change nothing else, or is refused by name."""
    kind = getattr(tfgan_zoo, name)
    if "privacy" not in kind.defaults:
        pytest.skip("no model from noise to images")
    plain = {k: v for k, v in WITHOUT.items() if k in kind.defaults}
    own = (
        {"generator_normalization": None} if name == "GAN" else {}
    )  # of networks that `make` gives
    gan = make(name, **plain, **own, privacy=DPSGD(1.0, 1.0))
    try:
        assert trains_the_same_beside(gan, images)
    except ValueError as error:
        assert name in str(error) and "privacy=DPSGD" in str(error)
        assert name not in PRIVATE, str(error)


def test_pictures_that_come_several_times_are_refused(images):
    """The sum would move by as many clips."""
    source = array_source(images, np.int32(np.arange(len(images)) < 3))
    gan = tfgan_zoo.DCGAN(**PLAIN, privacy=DPSGD(1.0, 1.0))
    gan.compile(jit_compile=False)
    with pytest.raises(
        ValueError, match=r"may come \d+ times .* epsilon is that of a picture that"
    ):
        gan.fit(datasets.balanced(source), batch_size=SIZE, verbose=0)
    assert datasets.balanced(source, target=[1, 0]).repeats == 1
