"""Each regularizer in a model, against what its paper defines."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, WITHOUT_BATCH_STATISTICS, make

import tfgan_zoo
from tfgan_zoo import losses, penalties, regularizers
from tfgan_zoo.layers import Rng
from tfgan_zoo.regularizers import (
    ADA,
    Balance,
    BalancedConsistency,
    DiffAugment,
    InstanceNoise,
    LatentConsistency,
    LeCam,
    TopK,
    Unrolled,
)
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput

PLAIN = {**WITHOUT_BATCH_STATISTICS, "seed": 5}
RANDOM = np.random.default_rng(0)


def rng(count=16, update=0):
    return Rng(5, tf.constant(update, tf.int64), 0, count)


def fitted(images, *parts, steps=2, strategy=None, rate=0.05, jit_compile=False, **options):
    with (strategy or tf.distribute.get_strategy()).scope():
        gan = make("DCGAN", **{**PLAIN, "regularizers": parts, **options})
    for network in gan.networks().values():
        network.set_weights([10 * weight for weight in network.get_weights()])
    gan.compile(
        *(keras.optimizers.SGD(rate) for _ in range(2)),
        jit_compile=jit_compile,
        run_eagerly=strategy is None and not jit_compile,  # quicker for a few steps
    )
    logs = gan.fit(images, batch_size=16, steps_per_epoch=steps, verbose=0).history
    return gan, {name: values[-1] for name, values in logs.items()}


def output(logits):
    images = tf.zeros([len(logits), 8, 8, 1])
    return DiscriminatorOutput(images, {"logits": tf.constant(logits[:, None])})


# === Augmentation ===


def test_probability_of_ada_moves_with_the_signs(images):
    """Up by images / ADA's images where real logits are positive more often than the target says."""
    for target, expected in ((-2.0, 2 * 16 / 1000), (2.0, 0.0)):  # the mean sign is never beyond
        gan, logs = fitted(images, ADA(target, images=1000))
        np.testing.assert_allclose(gan.state["ada/probability"].numpy(), expected, rtol=1e-6)
        np.testing.assert_allclose(logs["augment_probability"], expected / 2, rtol=1e-6)
    ada = ADA(2.0, images=1)
    ada.build(gan := make("DCGAN"))
    gan.images_per_update = 16
    for sign, expected in (
        (2.0, 0.0),
        (3.0, 1.0),
        (1.0, 0.0),
    ):  # at the target; no further than 1, 0
        ada.after_discriminator_update(gan, {"real_sign": tf.constant(sign)})
        assert ada.probability.numpy() == expected


@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.full)])
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.full)])
def test_ada_on_two_replicas(images, mirrored, full, jit_compile):
    parts = [ADA(0.0, images=64, full=full), LeCam()]
    one, logs = fitted(images, *parts, steps=3, jit_compile=jit_compile)
    two, same = fitted(images, *parts, steps=3, strategy=mirrored, jit_compile=jit_compile)
    assert one.state["ada/probability"].numpy() == two.state["ada/probability"].numpy()
    for name, value in logs.items():
        np.testing.assert_allclose(same[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    for ours, theirs in zip(two.variables, one.variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-3, 1e-6, err_msg=ours.path)


def test_objects_and_their_state_are_saved(images, tmp_path):
    parts = [ADA(-2.0), LeCam(), Balance(0.0, 1.0)]
    objects = {"objective": losses.LeastSquares(0.1), "penalty": penalties.R1(1.0, every=2)}
    whole, _ = fitted(images, *parts, **objects)
    cut, _ = fitted(images, *parts, steps=1, **objects)
    cut.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert list(again.regularizers) == parts and again.penalty == objects["penalty"]
    assert again.objective == objects["objective"]
    again.fit(images, batch_size=16, steps_per_epoch=2, verbose=0, resume=True)
    for ours, theirs in zip(again.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
    assert set(whole.state) == {
        "iterations",
        "ada/probability",
        "lecam/real",
        "lecam/fake",
        "lecam/updates",
        "balance/d_ranking_accuracy",
    }
    moved = {name: value.numpy() for name, value in whole.state.items()}
    assert moved["lecam/real"] != 0 and moved["ada/probability"] > 0
    assert moved["balance/d_ranking_accuracy"] != 0.5


@pytest.mark.parametrize("part", [DiffAugment(), ADA(), ADA(full=True)], ids=repr)
def test_the_generator_learns_through_augmentation(images, part):
    gan = make("DCGAN", regularizers=[part], **PLAIN)
    if isinstance(part, ADA):
        gan.state["ada/probability"].assign(0.8)
    with tf.GradientTape() as tape:
        loss, _ = gan.generator_loss({"images": images[:16]}, rng())
    gradients = tape.gradient(loss, gan.generator.trainable_variables)
    assert all(np.isfinite(g).all() and np.abs(g).max() > 0 for g in gradients)
    shown = [gan.augment_images(tf.constant(images[:16]), rng()) for gan in (gan, make("DCGAN"))]
    assert not np.array_equal(*shown)


def begin_after(gan, steps):
    """A regularizer's first update, in a model that has made steps before."""
    gan.iterations.assign(steps)
    gan.observe("discriminator", {})


def test_a_schedule_begins_with_the_regularizer(images):
    parts = [InstanceNoise(0.1, steps=10), TopK(0.5, steps=10)]
    gan = make("DCGAN", regularizers=parts)
    gan.iterations.assign(1000)
    assert [part.progress(gan).numpy() for part in gan.regularizers] == [0, 0]
    gan.compile()
    gan.fit(images[:32], batch_size=8, verbose=0)
    assert {name: int(value) for name, value in gan.state.items() if name.endswith("began")} == {
        "instance_noise/began": 1000,
        "top_k/began": 1000,
    }
    found = [part.progress(gan).numpy() for part in gan.regularizers]
    np.testing.assert_allclose(found, 0.4)
    assert "top_k/began" not in make("DCGAN", regularizers=["top_k"]).state


def test_images_are_changed_in_the_order_of_the_list(images):
    given = tf.constant(images[:16])
    noise, cutout = InstanceNoise(1.0, steps=10), DiffAugment("cutout")
    first = make("DCGAN", regularizers=[noise, cutout]).augment_images(given, rng()).numpy()
    last = make("DCGAN", regularizers=[cutout, noise]).augment_images(given, rng()).numpy()
    assert (first == 0).any(axis=(1, 2, 3)).all() and not (last == 0).any()
    gan = make("DCGAN", regularizers=[noise])
    begin_after(gan, 1000)
    for step, share in ((0, 1.0), (5, 0.5), (10, 0.0), (99, 0.0)):
        gan.iterations.assign(1000 + step)
        expected = images[:16] + share * rng().normal([8, 8, 1])
        np.testing.assert_allclose(gan.augment_images(given, rng()), expected, atol=1e-6)


# === Consistency ===


def test_balanced_consistency(images):
    """The logits of mirrored and shifted images, against the discriminator called by hand."""
    gan = make("DCGAN", regularizers=[BalancedConsistency(10, 3)], **PLAIN)
    x, y = (tf.constant(part) for part in images[:32].reshape(2, 16, 8, 8, 1))
    outputs = [gan.discriminate_images(part, {}, rng()) for part in (x, y)]
    terms = gan.discriminator_terms(*outputs, {}, rng())
    assert [terms[name][0] for name in ("consistency_real", "consistency_fake")] == [10.0, 3.0]
    made = rng()
    for name, part in (("consistency_real", x), ("consistency_fake", y)):
        changed = tfgan_zoo.augment.flip_and_shift(part, made)
        pair = [np.asarray(gan.discriminator(i), np.float64) for i in (part, changed)]
        np.testing.assert_allclose(terms[name][1], np.mean((pair[0] - pair[1]) ** 2), rtol=1e-3)


def test_latent_consistency():
    parts = [InstanceNoise(0.1), LatentConsistency(noise=0.2)]
    gan = make("DCGAN", regularizers=parts, **PLAIN)
    fake = gan.discriminate_generated({}, rng())
    noise = 0.2 * rng(update=1).normal([4])
    near = gan.generator(fake.latents + noise)
    ((weight, value),) = gan.generator_terms(fake, {}, rng(update=1)).values()
    expected = np.mean((np.float64(near) - np.float64(fake.originals)) ** 2)
    assert weight == -0.5 and expected > 0
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    ((weight, value),) = gan.discriminator_terms(None, fake, {}, rng(update=1)).values()
    expected = np.mean((np.float64(gan.discriminator(near)) - np.float64(fake.logits)) ** 2)
    assert weight == 5.0
    np.testing.assert_allclose(value, expected, rtol=1e-3)


# === LeCam ===


def test_lecam():
    lecam = LeCam(0.3, decay=0.6)
    lecam.build(gan := make("DCGAN"))
    lecam.real_average.assign(0.7)
    lecam.fake_average.assign(-0.4)
    real, fake = RANDOM.normal(size=(2, 16)).astype(np.float32)
    terms = lecam.discriminator_terms(gan, output(real), output(fake), {}, rng())
    assert terms["lecam"][1] == 0  # there is no average yet
    lecam.updates.assign(1)
    terms = lecam.discriminator_terms(gan, output(real), output(fake), {}, rng())
    expected = np.mean((np.float64(real) + 0.4) ** 2) + np.mean((np.float64(fake) - 0.7) ** 2)
    weight, value = terms["lecam"]
    assert weight == 0.3
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    logs = {name: value for name, (_, value) in terms.items()}
    for updates, decay in ((0, 0.0), (1, 0.5), (9, 0.6)):  # a plain average, then the decay
        lecam.updates.assign(updates)
        before = lecam.real_average.numpy()
        lecam.after_discriminator_update(gan, logs)
        moved = decay * before + (1 - decay) * real.mean(dtype=np.float64)
        np.testing.assert_allclose(lecam.real_average.numpy(), moved, rtol=1e-5)


# === Top-k ===


def test_top_k_takes_the_best():
    gan = make("DCGAN", regularizers=[TopK(0.25, steps=10)])
    logits, values = RANDOM.normal(size=(2, 16)).astype(np.float32)
    logits[3] = logits[7]  # a tie counts once
    begin_after(gan, 0)
    for steps, kept in ((0, 16), (5, 8), (10, 4), (99, 4)):
        gan.iterations.assign(steps)
        best = np.argsort(-logits, kind="stable")[:kept]
        found = gan.reduce_loss(tf.constant(values), output(logits))
        np.testing.assert_allclose(found, values[best].mean(), rtol=1e-5)
    with tf.GradientTape() as tape:
        gan_logits = tf.Variable(logits)
        loss = gan.reduce_loss(tf.nn.softplus(-gan_logits), output(logits))
    assert set(np.flatnonzero(tape.gradient(loss, gan_logits))) == set(best)
    whole = make("DCGAN").reduce_loss(tf.constant(values), output(logits))
    np.testing.assert_allclose(whole, values.mean(), rtol=1e-5)


def scalar_loss(fake):
    return tf.reduce_mean(-fake)


def test_top_k_needs_a_loss_of_each_image():
    pair = (lambda real, fake: fake - real, scalar_loss)
    with pytest.raises(ValueError, match="TopK needs a generator's loss with one value for each"):
        make("DCGAN", objective=pair, regularizers=["top_k"])


# === Balance ===


@pytest.mark.parametrize(("low", "high", "skipped"), [(0.6, 0.7, "g"), (0.1, 0.4, "d")])
def test_balance(images, low, high, skipped):
    """From 0.5, where one player is ahead of what is asked for."""
    gan, _ = fitted(images, Balance(low, high), steps=1)
    for name in ("g", "d"):
        made = int(getattr(gan, f"{name}_optimizer").iterations.numpy())
        assert made == (name != skipped)


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


def unrolled_loss(gan, images):
    """The generator's loss as training takes it."""
    loss, _ = gan.player("generator").loss({"images": tf.constant(images)}, rng())
    return loss


@pytest.mark.parametrize("adam", [None, (0.5, 0.9, 1e-7)])
@pytest.mark.parametrize("steps", [1, 3])
def test_unrolled_gradient_against_finite_differences(steps, adam):
    """The loss and its gradient by the generator, against float64 arithmetic: 1e-5 and 1e-3 of it."""
    real = RANDOM.uniform(-1, 1, (16, 1, 1, 1)).astype(np.float32)
    gan = LineGAN(regularizers=[Unrolled(steps)])
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
        loss = unrolled_loss(gan, real)
    gradients = tape.gradient(loss, gan.generator.trainable_variables)
    gradient = np.concatenate([np.ravel(g) for g in gradients])
    for variable, old in zip([*gan.variables, *optimizer.variables], before, strict=True):
        np.testing.assert_array_equal(variable, old)  # nothing has moved
    line = Line(0.3 if adam else 0.8, adam)
    weights = [
        np.float64([w.numpy().item() for w in n.weights])
        for n in (gan.generator, gan.discriminator)
    ]
    flat = np.float64(real).ravel()
    value = lambda generator: line.loss(generator, weights[1], flat, latents, state)  # noqa: E731
    np.testing.assert_allclose(loss, value(weights[0]), rtol=1e-5)
    ends = [(value(weights[0] + d) - value(weights[0] - d)) / 2e-6 for d in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(gradient, ends, rtol=1e-3, atol=1e-6)


@pytest.mark.full
def test_unrolled_training(images):
    """Batch statistics of the discriminator stay; those of the generator move; XLA gives the same."""
    gans = []
    for jit_compile in (False, True):
        gan = make("DCGAN", regularizers=[Unrolled(1)], seed=5)
        gan.compile(*(keras.optimizers.SGD(0.05) for _ in range(2)), jit_compile=jit_compile)
        gan.fit(images, batch_size=16, steps_per_epoch=1, verbose=0)
        gans.append(gan)
    for ours, theirs in zip(*(gan.variables for gan in gans), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=ours.path)
    unrolled_loss(gan, images[:16])
    moved = [
        np.copy(v) for n in (gan.generator, gan.discriminator) for v in n.non_trainable_variables
    ]
    assert any(np.any(value != 0) for value in moved)
    fixed = [np.copy(v) for v in gan.discriminator.variables]
    other = [np.copy(v) for v in gan.generator.non_trainable_variables]
    unrolled_loss(gan, images[16:32])
    assert all(
        np.array_equal(v, o) for v, o in zip(gan.discriminator.variables, fixed, strict=True)
    )
    now = gan.generator.non_trainable_variables
    assert not any(np.array_equal(v, o) for v, o in zip(now, other, strict=True))


def test_unrolling_refuses_other_optimizers():
    gan = make("DCGAN", regularizers=["unrolled"])
    with pytest.raises(ValueError, match="optimizer without clipnorm, which its updates ahead"):
        gan.compile(d_optimizer=keras.optimizers.Adam(1e-3, clipnorm=1.0))
    with pytest.raises(ValueError, match=r"trained by Adam, or by SGD .* Received: RMSprop"):
        make("WGAN", regularizers=["unrolled"]).compile()


# === Every variant ===

ALL = [
    ADA(),
    BalancedConsistency(),
    LatentConsistency(),
    LeCam(),
    TopK(),
]


@pytest.mark.parametrize(
    "variant",
    [pytest.param(v, marks=pytest.mark.full if i % 4 else ()) for i, v in enumerate(CASES)],
)
def test_every_variant_has_them(variant, images):
    gan = make(variant, regularizers=ALL)
    gan.state["ada/probability"].assign(0.5)
    batch = {"images": tf.constant(images[:8])}
    if gan.condition:
        asked = gan.condition.defaults(tf.range(8))
        batch[gan.condition.key] = gan.condition.encode(asked)
    logs = {}
    for player in gan.players():
        value, more = player.loss(batch, rng(8))
        assert np.isfinite(value)
        logs |= more
    terms = ("consistency_real", "consistency_fake", "latent_consistency_d", "latent_consistency_g")
    assert set(logs) >= {*terms, "lecam", "augment_probability"}


# === In a model ===


class Constant(regularizers.Regularizer):
    """Of a user's own, with each kind of hook."""

    def __init__(self, value=0.25):
        self.value = value

    def build(self, model):
        self.updates = model.add_state("constant/updates", dtype="int64")

    def augment_images(self, model, images, rng):
        return images * 0 + self.value

    def discriminator_terms(self, model, real, fake, batch, rng):
        return {"constant": (1.0, tf.reduce_mean(real.images))}

    def after_discriminator_update(self, model, logs):
        self.updates.assign_add(1)


def test_a_users_own_regularizer_is_trained_and_saved(images, tmp_path):
    gan, logs = fitted(images, Constant(0.5), "lecam", steps=2)
    assert logs["constant"] == 0.5 and gan.state["constant/updates"].numpy() == 2
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert list(again.regularizers) == [Constant(0.5), LeCam()]
    assert again.state["constant/updates"].numpy() == 2


def test_two_models_do_not_share_state(images):
    parts = [ADA(-2.0, images=1000)]
    one, other = (fitted(images, *parts, steps=steps)[0] for steps in (2, 1))
    states = [gan.state["ada/probability"].numpy() for gan in (one, other)]
    np.testing.assert_allclose(states, [0.032, 0.016], rtol=1e-5)
    assert not hasattr(parts[0], "probability")


@keras.saving.register_keras_serializable(package="hooks")
def d_squares(real_logits, fake_logits):
    return 0.5 * (tf.square(real_logits - 1) + tf.square(fake_logits))


@keras.saving.register_keras_serializable(package="hooks")
def g_squares(fake_logits):
    return 0.5 * tf.square(fake_logits - 1)


def test_a_pair_of_functions_is_an_objective(images, tmp_path):
    pair, logs = fitted(images, objective=(d_squares, g_squares))
    _, expected = fitted(images, objective="least_squares")
    assert logs == expected
    pair.save(tmp_path / "gan.keras")
    assert keras.models.load_model(tmp_path / "gan.keras").objective == pair.objective
    pair, _ = fitted(images, objective=(lambda real, fake: fake - real, g_squares), steps=1)
    with pytest.raises(ValueError, match="'<lambda>' cannot be saved"):
        pair.save(tmp_path / "gan.keras")


def test_the_penalty_of_a_users_own(images, tmp_path):
    gan, logs = fitted(images, penalty=Flat(2.0))
    assert logs["flat"] > 0
    gan.save(tmp_path / "gan.keras")
    assert keras.models.load_model(tmp_path / "gan.keras").penalty == Flat(2.0)


class Flat(penalties.Penalty):
    def values(self, critic, real, fake, uniform):
        return tf.square(tf.reshape(critic(real), [-1]))


class Silent(tfgan_zoo.DCGAN):
    """Logs nothing but its loss."""

    def discriminator_loss(self, batch, rng):
        loss, logs = super().discriminator_loss(batch, rng)
        return loss, {"d_loss": logs["d_loss"]}


@pytest.mark.parametrize(("name", "log"), [("ada", "real_sign"), ("lecam", "real_logit")])
def test_a_log_that_a_regularizer_needs_is_asked_for(images, name, log):
    gan = Silent(**{**CASES["DCGAN"], "regularizers": [name]})
    gan.compile()
    with pytest.raises(ValueError, match=f"needs '{log}' in the logs of .* Received: d_loss"):
        gan.fit(images, batch_size=16, steps_per_epoch=1, verbose=0)
    Silent(**CASES["DCGAN"]).compile()


def test_state_exists_only_where_it_is_used():
    for part, expected in ((None, set()), ("diff_augment", set()), (ADA(), {"ada/probability"})):
        gan = make("DCGAN", regularizers=[part] if part else [])
        assert set(gan.state) - {"iterations"} == expected


def test_an_exported_model_goes_on_with_other_regularizers(tmp_path):
    gan = make("DCGAN", regularizers=["ada"], name="gan")
    folder = gan.export(tmp_path, warmup_batch_sizes=(1,))
    assert tfgan_zoo.from_preset(folder).regularizers == gan.regularizers
    with pytest.warns(UserWarning, match=r"New here.*lecam/real.*left out: state/ada/probability"):
        again = tfgan_zoo.from_preset(folder, regularizers=["lecam"])
    for name, network in again.networks().items():
        pairs = zip(network.get_weights(), gan.networks()[name].get_weights(), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize("part", [TopK(), Unrolled(1)], ids=repr)
def test_gradient_accumulation_is_refused(part):
    gan = make("DCGAN", regularizers=[part], gradient_accumulation_steps=2, **PLAIN)
    with pytest.raises(ValueError, match=rf"{type(part).__name__}\(.*reads several images"):
        gan.compile()
