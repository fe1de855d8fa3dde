"""The remedies against collapse and overfitting, each against what its paper defines."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, WITHOUT_BATCH_STATISTICS, make

import tfgan_zoo
from tfgan_zoo.layers import MinibatchDiscrimination, Rng
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput

PLAIN = {**WITHOUT_BATCH_STATISTICS, "seed": 5}
RANDOM = np.random.default_rng(0)


def rng(count=16, update=0):
    return Rng(5, tf.constant(update, tf.int64), 0, count)


def fitted(images, steps=2, strategy=None, rate=0.05, jit_compile=False, **options):
    with (strategy or tf.distribute.get_strategy()).scope():
        gan = make("DCGAN", **{**PLAIN, **options})
    for network in gan.networks():
        network.set_weights([10 * weight for weight in network.get_weights()])
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate), jit_compile=jit_compile)
    logs = gan.fit(images, batch_size=16, steps_per_epoch=steps, verbose=0).history
    return gan, {name: values[-1] for name, values in logs.items()}


def judged(logits):
    return DiscriminatorOutput(
        tf.zeros([len(logits), 8, 8, 1]), {"logits": tf.constant(logits[:, None])}
    )


# === Augmentation ===


def test_probability_of_ada_moves_with_the_signs(images):
    """Up by images / ada_images where real logits are positive more often than the target says."""
    for target, expected in ((-2.0, 2 * 16 / 1000), (2.0, 0.0)):  # the mean sign is never beyond
        gan, logs = fitted(images, augment="ada", ada_target=target, ada_images=1000)
        np.testing.assert_allclose(gan.augment_probability.numpy(), expected, rtol=1e-6)
        np.testing.assert_allclose(logs["augment_probability"], expected / 2, rtol=1e-6)
    gan.adapt({"real_sign": tf.constant(2.0)})  # at the target
    assert gan.augment_probability.numpy() == 0
    gan.ada_images = 1
    gan.adapt({"real_sign": tf.constant(3.0)})
    assert gan.augment_probability.numpy() == 1  # no further


@pytest.mark.parametrize("policy", ["ada", pytest.param("ada_full", marks=pytest.mark.full)])
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.full)])
def test_ada_on_two_replicas(images, mirrored, policy, jit_compile):
    options = {"augment": policy, "ada_target": 0.0, "ada_images": 64, "lecam": 0.3}
    one, logs = fitted(images, 3, jit_compile=jit_compile, **options)
    two, same = fitted(images, 3, mirrored, jit_compile=jit_compile, **options)
    assert one.augment_probability.numpy() == two.augment_probability.numpy()
    for name, value in logs.items():
        np.testing.assert_allclose(same[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    for ours, theirs in zip(two.variables, one.variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-3, 1e-6, err_msg=ours.path)


def test_state_is_saved(images, tmp_path):
    options = {"augment": "ada", "ada_target": -2.0, "lecam": 0.3}
    whole, _ = fitted(images, 2, **options)
    cut, _ = fitted(images, 1, **options)
    cut.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    again.fit(images, batch_size=16, steps_per_epoch=2, verbose=0, resume=True)
    for ours, theirs in zip(again.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
    assert whole.lecam_real.numpy() != 0 and whole.augment_probability.numpy() > 0


@pytest.mark.parametrize("policy", ["color,translation,cutout", "ada", "ada_full"])
def test_the_generator_learns_through_augmentation(images, policy):
    gan = make("DCGAN", augment=policy, **PLAIN)
    if policy.startswith("ada"):
        gan.augment_probability.assign(0.8)
    with tf.GradientTape() as tape:
        loss, _ = gan.generator_loss(images[:16], None, rng())
    gradients = tape.gradient(loss, gan.generator.trainable_variables)
    assert all(np.isfinite(g).all() and np.abs(g).max() > 0 for g in gradients)
    shown = [gan.show(tf.constant(images[:16]), rng()) for gan in (gan, make("DCGAN"))]
    assert not np.array_equal(*shown)


# === Consistency ===


def test_balanced_consistency(images):
    """The logits of mirrored and shifted images, against the discriminator called by hand."""
    gan = make("DCGAN", consistency_real=10.0, consistency_fake=3.0, **PLAIN)
    x, y = (tf.constant(part) for part in images[:32].reshape(2, 16, 8, 8, 1))
    terms = gan.discriminator_terms(*(gan.judged(i, None, rng()) for i in (x, y)), None, rng())
    assert [terms[name][0] for name in ("consistency_real", "consistency_fake")] == [10.0, 3.0]
    made = rng()
    for name, part in (("consistency_real", x), ("consistency_fake", y)):
        changed = tfgan_zoo.augment.flip_and_shift(part, made)
        pair = [np.asarray(gan.discriminator(i), np.float64) for i in (part, changed)]
        np.testing.assert_allclose(terms[name][1], np.mean((pair[0] - pair[1]) ** 2), rtol=1e-3)


def test_latent_consistency():
    options = {"latent_consistency_d": 5.0, "latent_consistency_g": 0.5}
    gan = make("DCGAN", latent_consistency_noise=0.2, instance_noise=0.1, **options, **PLAIN)
    fake = gan.generated(None, rng())
    noise = 0.2 * rng(update=1).normal([4])
    near = gan.generator(fake.latents + noise)
    ((weight, value),) = gan.generator_terms(fake, None, rng(update=1)).values()
    expected = np.mean((np.float64(near) - np.float64(fake.originals)) ** 2)
    assert weight == -0.5 and expected > 0
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    ((weight, value),) = gan.discriminator_terms(None, fake, None, rng(update=1)).values()
    expected = np.mean((np.float64(gan.discriminator(near)) - np.float64(fake.logits)) ** 2)
    assert weight == 5.0
    np.testing.assert_allclose(value, expected, rtol=1e-3)


# === LeCam ===


def test_lecam():
    gan = make("DCGAN", lecam=0.3, lecam_decay=0.6)
    gan.lecam_real.assign(0.7)
    gan.lecam_fake.assign(-0.4)
    real, fake = RANDOM.normal(size=(2, 16)).astype(np.float32)
    terms = gan.discriminator_terms(judged(real), judged(fake), None, rng())
    expected = np.mean((np.float64(real) + 0.4) ** 2) + np.mean((np.float64(fake) - 0.7) ** 2)
    weight, value = terms["lecam"]
    assert weight == 0.3
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    logs = {name: value for name, (_, value) in terms.items()}
    for steps, decay in ((0, 0.0), (1, 0.5), (9, 0.6)):  # a plain average, then the decay
        gan.iterations.assign(steps)
        before = gan.lecam_real.numpy()
        gan.adapt(logs)
        moved = decay * before + (1 - decay) * real.mean(dtype=np.float64)
        np.testing.assert_allclose(gan.lecam_real.numpy(), moved, rtol=1e-5)


# === Top-k ===


def test_top_k_takes_the_best():
    gan = make("DCGAN", top_k=0.25, top_k_steps=10)
    logits, values = RANDOM.normal(size=(2, 16)).astype(np.float32)
    logits[3] = logits[7]  # a tie counts once
    for steps, kept in ((0, 16), (5, 8), (10, 4), (99, 4)):
        gan.iterations.assign(steps)
        best = np.argsort(-logits, kind="stable")[:kept]
        found = gan.reduced(tf.constant(values), judged(logits))
        np.testing.assert_allclose(found, values[best].mean(), rtol=1e-5)
    with tf.GradientTape() as tape:
        gan_logits = tf.Variable(logits)
        loss = gan.reduced(tf.nn.softplus(-gan_logits), judged(logits))
    assert set(np.flatnonzero(tape.gradient(loss, gan_logits))) == set(best)
    whole = make("DCGAN").reduced(tf.constant(values), judged(logits))
    np.testing.assert_allclose(whole, values.mean(), rtol=1e-5)


# === Unrolling ===


class LineGAN(tfgan_zoo.GAN):
    """x = tanh(a z + b), and D(x) = c x + d."""

    defaults = {"image_shape": (1, 1, 1), "latent_dim": 1}

    def build_generator(self):
        latents = keras.Input([1])
        x = keras.layers.Reshape([1, 1, 1])(keras.layers.Dense(1, activation="tanh")(latents))
        return keras.Model(latents, x)

    def build_discriminator(self):
        images = keras.Input([1, 1, 1])
        return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))


class Line:
    """The same in float64, with gradients of D's loss by hand, and updates by SGD or Adam."""

    def __init__(self, rate, adam=None):
        self.rate, self.adam = rate, adam

    def loss(self, generator, discriminator, real, latents, state):
        weights = np.array(discriminator)
        mean, square, step = (np.array(s, np.float64) for s in state)
        images = [np.tanh(generator[0] * z + generator[1]) for z in latents]
        for fake in images[:-1]:
            on_real = -1 / (1 + np.exp(weights[0] * real + weights[1]))
            on_fake = 1 / (1 + np.exp(-weights[0] * fake - weights[1]))
            parts = [
                np.mean(on_real * real) + np.mean(on_fake * fake),
                on_real.mean() + on_fake.mean(),
            ]
            gradient = np.array(parts)
            if self.adam is None:
                weights = weights - self.rate * gradient
                continue
            first, second, epsilon = self.adam
            step += 1
            mean = first * mean + (1 - first) * gradient
            square = second * square + (1 - second) * gradient**2
            rate = self.rate * np.sqrt(1 - second**step) / (1 - first**step)
            weights = weights - rate * mean / (np.sqrt(square) + epsilon)
        return np.mean(np.logaddexp(0, -weights[0] * images[-1] - weights[1]))


@pytest.mark.parametrize("adam", [None, (0.5, 0.9, 1e-7)])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_unrolled_gradient_against_finite_differences(steps, adam):
    """The loss and its gradient by the generator, against float64 arithmetic: 1e-5 and 1e-3 of it."""
    real = RANDOM.uniform(-1, 1, (16, 1, 1, 1)).astype(np.float32)
    gan = LineGAN(unrolled_steps=steps)
    if adam:
        optimizer = keras.optimizers.Adam(0.3, beta_1=adam[0], beta_2=adam[1], epsilon=adam[2])
    else:
        optimizer = keras.optimizers.SGD(0.8)
    gan.compile(keras.optimizers.SGD(0.1), optimizer)
    gan.fit(real, batch_size=16, epochs=2, verbose=0)  # Adam's moments are not 0 any more
    state = np.zeros([3, 2])
    if adam:
        slots = (optimizer._momentums, optimizer._velocities)
        state = [np.ravel([v.numpy().item() for v in slot]) for slot in slots]
        state.append(float(optimizer.iterations.numpy()))
    made = rng()
    latents = [np.float64(made.normal([1])).ravel() for _ in range(steps + 1)]
    before = [np.copy(v) for v in [*gan.variables, *optimizer.variables]]
    with tf.GradientTape() as tape:
        loss, _ = gan.unrolled_generator_loss(tf.constant(real), None, rng())
    gradients = tape.gradient(loss, gan.generator.trainable_variables)
    gradient = np.concatenate([np.ravel(g) for g in gradients])
    for variable, old in zip([*gan.variables, *optimizer.variables], before, strict=True):
        np.testing.assert_array_equal(variable, old)  # nothing has moved
    line = Line(0.3 if adam else 0.8, adam)
    weights = [np.float64([w.numpy().item() for w in n.weights]) for n in gan.networks()[:2]]
    flat = np.float64(real).ravel()
    value = lambda generator: line.loss(generator, weights[1], flat, latents, state)  # noqa: E731
    np.testing.assert_allclose(loss, value(weights[0]), rtol=1e-5)
    ends = [(value(weights[0] + d) - value(weights[0] - d)) / 2e-6 for d in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(gradient, ends, rtol=1e-3, atol=1e-6)


def test_unrolling_nothing_is_the_plain_loss(images):
    gan = make("DCGAN", **PLAIN)
    plain, _ = gan.generator_loss(images[:16], None, rng())
    assert gan.unrolled_generator_loss(images[:16], None, rng())[0] == plain


def test_unrolled_training(images):
    """Batch statistics of the discriminator stay; those of the generator move; XLA gives the same."""
    gans = []
    for jit_compile in (False, True):
        gan = make("DCGAN", unrolled_steps=1, seed=5)
        gan.compile(*(keras.optimizers.SGD(0.05) for _ in range(2)), jit_compile=jit_compile)
        gan.fit(images, batch_size=16, steps_per_epoch=1, verbose=0)
        gans.append(gan)
    for ours, theirs in zip(*(gan.variables for gan in gans), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=ours.path)
    gan.unrolled_generator_loss(tf.constant(images[:16]), None, rng())
    moved = [
        np.copy(v) for n in (gan.generator, gan.discriminator) for v in n.non_trainable_variables
    ]
    assert any(np.any(value != 0) for value in moved)
    fixed = [np.copy(v) for v in gan.discriminator.variables]
    other = [np.copy(v) for v in gan.generator.non_trainable_variables]
    gan.unrolled_generator_loss(tf.constant(images[16:32]), None, rng())
    assert all(
        np.array_equal(v, o) for v, o in zip(gan.discriminator.variables, fixed, strict=True)
    )
    now = gan.generator.non_trainable_variables
    assert not any(np.array_equal(v, o) for v, o in zip(now, other, strict=True))


def test_unrolling_refuses_other_optimizers():
    with pytest.raises(ValueError, match=r"trained by Adam, or by SGD .* Received: RMSprop"):
        make("WGAN", unrolled_steps=1).compile()


# === Minibatch discrimination ===


def test_minibatch_discrimination_does_not_know_the_order():
    layer, x = MinibatchDiscrimination(3), RANDOM.normal(size=(6, 4)).astype(np.float32)
    found, order = layer(x, training=True).numpy(), [3, 5, 0, 1, 4, 2]
    np.testing.assert_allclose(layer(x[order], training=True), found[order], rtol=1e-5)
    layer.kernel.assign(RANDOM.normal(size=layer.kernel.shape))
    apart = layer(1e3 * x, training=True)[:, 4:]
    np.testing.assert_allclose(apart, 1, atol=1e-6)  # each is near to itself alone
    same = layer(np.repeat(x[:1], 6, axis=0), training=True)[:, 4:]
    np.testing.assert_allclose(same, 6, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_minibatch_discrimination(dtype):
    layer = MinibatchDiscrimination(3, size=2, momentum=0.75, dtype=dtype)
    x = RANDOM.normal(size=(6, 4)).astype(np.float32)
    found = layer(tf.constant(x), training=True)
    m = (np.float64(x) @ np.float64(layer.kernel)).reshape(6, 3, 2)
    expected = np.exp(-np.abs(m[:, None] - m[None]).sum(axis=-1)).sum(axis=1)
    tolerance = {"rtol": 1e-5} if dtype == "float32" else {"rtol": 5e-3, "atol": 5e-3}
    np.testing.assert_allclose(np.float64(found), np.hstack([x, expected]), **tolerance)
    assert found.dtype == layer.compute_dtype
    moved = 0.75 + 0.25 * expected.mean(axis=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), moved, rtol=tolerance["rtol"])
    alone = np.asarray(layer(tf.constant(x[:1])))
    np.testing.assert_array_equal(alone, layer(tf.constant(x))[:1])  # no batch mates at inference
    assert (
        MinibatchDiscrimination.from_config(layer.get_config()).get_config() == layer.get_config()
    )
    assert layer.compute_output_shape((None, 4)) == (None, 7)


def test_minibatch_discrimination_in_a_model(images, tmp_path):
    """A batch of one image again and again can be told from a varied one."""
    gan = make("DCGAN", minibatch_discrimination=5, **PLAIN)
    plain = make("DCGAN", **PLAIN)
    inputs = [n.discriminator.get_layer("logits").kernel.shape[0] for n in (gan, plain)]
    assert inputs[0] == inputs[1] + 5
    gan.compile()
    gan.fit(images, batch_size=16, verbose=0)
    same = tf.repeat(tf.constant(images[:1]), 16, axis=0)
    varied = tf.concat([same[:1], tf.constant(images[1:16])], axis=0)
    logits = [gan.discriminate(batch, None)[0, 0].numpy() for batch in (same, varied)]
    assert logits[0] != logits[1]
    assert gan.export(tmp_path, "model").exists()


# === Every variant ===

ALL = {
    "augment": "ada",
    "consistency_real": 10.0,
    "consistency_fake": 10.0,
    "latent_consistency_d": 5.0,
    "latent_consistency_g": 0.5,
    "lecam": 0.3,
    "top_k": 0.5,
}


@pytest.mark.parametrize(
    "variant",
    [pytest.param(v, marks=pytest.mark.full if i % 4 else ()) for i, v in enumerate(CASES)],
)
def test_every_variant_has_them(variant, images):
    gan = make(variant, **ALL)
    gan.augment_probability.assign(0.5)
    labels = gan.condition and gan.condition.defaults(range(8))
    logs = {}
    for loss in (gan.discriminator_loss, gan.generator_loss):
        value, more = loss(tf.constant(images[:8]), labels, rng(8))
        assert np.isfinite(value)
        logs |= more
    assert set(logs) >= {*ALL} - {"augment", "top_k"} | {"augment_probability"}


# === Options ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0.0}, r"top_k must be a number in \(0, 1\]"),
        ({"unrolled_steps": 1.5}, "unrolled_steps must be an integer"),
        ({"lecam": -1.0}, "lecam must be a number >= 0"),
        ({"lecam_decay": 1.0}, "lecam_decay must be a number in"),
        ({"ada_images": 0}, "ada_images must be a number > 0"),
        ({"augment": "colour"}, "augment must be None"),
    ],
)
def test_values_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        make("DCGAN", **options)


def test_state_exists_only_where_it_is_used():
    """So that weights which were saved before there were remedies still load."""
    policies = (None, "color", "ada", "ada_full")
    names = [{v.name for v in make("DCGAN", augment=policy).variables} for policy in policies]
    assert names[1] == names[0]
    assert names[2] - names[0] == names[3] - names[0] == {"augment_probability"}


def test_an_exported_model_goes_on_with_other_remedies(tmp_path):
    """The state of remedies is among its weights, and is there only where they are on."""
    gan = make("DCGAN", augment="ada", name="gan")
    folder = gan.export(tmp_path, warmup_batch_sizes=(1,))
    for options in ({}, {"augment": None}, {"lecam": 0.1}, {"augment": None, "lecam": 0.1}):
        told = pytest.warns(UserWarning, match="New here|There alone")
        with told if options else contextlib.nullcontext():
            again = tfgan_zoo.from_preset(folder, **options)
        for ours, theirs in zip(again.networks(), gan.networks(), strict=True):
            for mine, original in zip(ours.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_array_equal(mine, original)
