"""Every penalty against analytic gradients and float64 finite differences of a small network."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import losses, penalties

RANDOM = np.random.default_rng(0)
BATCH, SHAPE = 3, (2, 2, 2)
REAL, FAKE = RANDOM.uniform(-1, 1, size=(2, BATCH, *SHAPE))
NOISE, ALPHA = RANDOM.uniform(size=(BATCH, *SHAPE)), RANDOM.uniform(size=(BATCH, 1, 1, 1))
SLOPE, HIDDEN, OUT = RANDOM.normal(size=8), RANDOM.normal(size=(8, 5)), RANDOM.normal(size=5) / 3


def linear(images, slope=SLOPE):
    """Logits [B] of constant gradient `slope`."""
    return tf.linalg.matvec(tf.reshape(images, [-1, 8]), tf.cast(slope, images.dtype))


def network(images, hidden=HIDDEN):
    """Logits [B, 1] of a net whose gradient differs from image to image."""
    features = tf.tanh(tf.reshape(images, [-1, 8]) @ tf.cast(hidden, images.dtype))
    return features @ tf.cast(OUT[:, None], images.dtype)


def half_network(images):
    return network(tf.cast(images, tf.float16))


def squared_norms(images, hidden=HIDDEN, step=1e-6):
    """|grad|^2 of `network` at each image, [B], by central differences in float64."""

    def logits(pixels):
        return np.tanh(pixels @ hidden) @ OUT

    pixels = images.reshape(len(images), 8)
    differences = [
        logits(pixels + step * unit) - logits(pixels - step * unit) for unit in np.eye(8)
    ]
    return (np.square(differences) / (2 * step) ** 2).sum(axis=0)


def slope_errors(images, target=1.0, hidden=HIDDEN):
    return np.sqrt(squared_norms(images, hidden) + 1e-10) / target - 1


def interpolated():
    return REAL + ALPHA * (FAKE - REAL)


def perturbed(stddev):
    return REAL + ALPHA * 0.5 * stddev * NOISE


# name: (our penalty of a critic, the penalties expected for `network`)
CASES = {
    "gradient_penalty": (
        lambda critic: penalties.gradient_penalty(critic, REAL, FAKE, ALPHA),
        lambda: slope_errors(interpolated()) ** 2,
    ),
    "target": (
        lambda critic: penalties.gradient_penalty(critic, REAL, FAKE, ALPHA, target=2.0),
        lambda: slope_errors(interpolated(), 2.0) ** 2,
    ),
    "one_sided_gradient_penalty": (
        lambda critic: penalties.gradient_penalty(critic, REAL, FAKE, ALPHA, one_sided=True),
        lambda: np.maximum(slope_errors(interpolated()), 0) ** 2,
    ),
    "dragan": (
        lambda critic: penalties.dragan_penalty(critic, REAL, NOISE, ALPHA),
        lambda: slope_errors(perturbed(REAL.std())) ** 2,
    ),
    "dragan_stddev": (
        lambda critic: penalties.dragan_penalty(critic, REAL, NOISE, ALPHA, stddev=2.0),
        lambda: slope_errors(perturbed(2.0)) ** 2,
    ),
    "r1": (lambda critic: penalties.r1_penalty(critic, REAL), lambda: squared_norms(REAL) / 2),
    "r2": (lambda critic: penalties.r2_penalty(critic, FAKE), lambda: squared_norms(FAKE) / 2),
    "r1_r2": (
        lambda critic: penalties.r1_r2_penalty(critic, tf.constant(REAL), tf.constant(FAKE)),
        lambda: (squared_norms(REAL) + squared_norms(FAKE)) / 2,
    ),
}


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_network(name, jit_compile):
    penalty, expected = CASES[name]
    value = tf.function(lambda: penalty(network), jit_compile=jit_compile)()
    assert value.dtype == tf.float32 and value.shape == (BATCH,)
    np.testing.assert_allclose(value, expected(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_linear_critic(name):
    norm, target = np.linalg.norm(SLOPE), 2.0 if name == "target" else 1.0
    zero_centred = {"r1": norm**2 / 2, "r2": norm**2 / 2, "r1_r2": norm**2}
    expected = zero_centred.get(name, (norm / target - 1) ** 2)
    np.testing.assert_allclose(CASES[name][0](linear), [expected] * BATCH, rtol=1e-6)


def test_one_sided_lets_small_slopes_go():
    def flat(images):
        return linear(images, 0.1 * SLOPE / np.linalg.norm(SLOPE))

    assert not np.any(penalties.gradient_penalty(flat, REAL, FAKE, ALPHA, one_sided=True))
    two_sided = penalties.gradient_penalty(flat, REAL, FAKE, ALPHA)
    np.testing.assert_allclose(two_sided, [0.81] * BATCH, rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_half_precision_critic(name):
    penalty, expected = CASES[name]
    value = penalty(half_network)
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, expected(), rtol=0.02, atol=0.02)


def test_half_precision_images_give_float32():
    # 1e-5 squared is zero in float16.
    penalty = penalties.r1_penalty(lambda images: 1e-5 * linear(images), REAL.astype(np.float16))
    np.testing.assert_allclose(penalty, [1e-10 * np.sum(SLOPE**2) / 2] * BATCH, rtol=1e-6)


def test_gradient_by_the_critics_weights():
    hidden = tf.Variable(HIDDEN, dtype=tf.float32)
    with tf.GradientTape() as tape:
        penalty = penalties.gradient_penalty(lambda x: network(x, hidden), REAL, FAKE, ALPHA)
        total = tf.reduce_sum(penalty)
    up, down, step = HIDDEN.copy(), HIDDEN.copy(), 1e-4
    up[3, 2] += step
    down[3, 2] -= step
    totals = [np.sum(slope_errors(interpolated(), hidden=moved) ** 2) for moved in (up, down)]
    expected = (totals[0] - totals[1]) / (2 * step)
    np.testing.assert_allclose(tape.gradient(total, hidden)[3, 2], expected, rtol=1e-3)


def test_gradient_is_finite_where_the_critic_is_flat():
    slope = tf.Variable(np.zeros(8), dtype=tf.float32)
    with tf.GradientTape() as tape:
        penalty = penalties.gradient_penalty(lambda x: linear(x, slope), REAL, FAKE, ALPHA)
    assert np.isfinite(tape.gradient(penalty, slope)).all()


def test_errors_tell_the_shapes():
    with pytest.raises(ValueError, match=r"alpha must have shape \(3, 1, 1, 1\); received \(3,\)"):
        penalties.gradient_penalty(linear, REAL, FAKE, ALPHA[:, 0, 0, 0])
    with pytest.raises(ValueError, match=r"fake must have shape \(3, 2, 2, 2\); received \(2,"):
        penalties.gradient_penalty(linear, REAL, FAKE[:2], ALPHA)
    with pytest.raises(ValueError, match=r"noise must have shape \(3, 2, 2, 2\); received \(3, 1"):
        penalties.dragan_penalty(linear, REAL, ALPHA, ALPHA)
    with pytest.raises(ValueError, match=r"fake must have shape \(3, 2, 2, 2\); received \(2,"):
        penalties.r1_r2_penalty(linear, tf.constant(REAL), tf.constant(FAKE[:2]))
    with pytest.raises(ValueError, match="must depend on its images"):
        penalties.r1_penalty(lambda images: tf.zeros([BATCH]), REAL)


def test_orthogonal_penalty():
    kernels = [RANDOM.normal(size=(3, 3, 2, 4)), RANDOM.normal(size=(5, 2))]
    kernels.append(RANDOM.normal(size=(2, 7)))  # more columns than rows
    expected = 0.0
    for kernel in kernels:
        columns = kernel.reshape(-1, kernel.shape[-1]).T
        expected += sum(
            (one @ other) ** 2
            for i, one in enumerate(columns)
            for j, other in enumerate(columns)
            if i != j
        )
    ours = [tf.Variable(kernels[0], dtype=tf.float32), keras.Variable(kernels[1])]
    ours.append(tf.constant(kernels[2], tf.float32))
    np.testing.assert_allclose(penalties.orthogonal_penalty(ours), expected, rtol=1e-5)
    assert penalties.orthogonal_penalty([np.diag([1.0, 2.0, 3.0])]) == 0.0


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("make", [tf.Variable, keras.Variable])
def test_clip_weights(make, jit_compile):
    values = np.array([-2.0, -0.01, 0.005, 0.3], np.float32)
    variables = [make(values), make(-values)]
    tf.function(lambda: penalties.clip_weights(variables, 0.01), jit_compile=jit_compile)()
    for variable, value in zip(variables, (values, -values), strict=True):
        np.testing.assert_array_equal(variable.numpy(), np.clip(value, -0.01, 0.01))


# === Objects ===


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_values_of_a_penalty(name):
    rng = {SHAPE: NOISE, (1, 1, 1): ALPHA}
    found = penalties.get(name)
    assert found.name == name and (found.weight, found.every) == (10.0, 1)
    value = found.values(network, tf.constant(REAL), tf.constant(FAKE), rng.__getitem__)
    np.testing.assert_allclose(value, CASES[name][1](), rtol=1e-5, atol=1e-6)


def test_dragan_takes_the_deviation_of_the_whole_batch():
    rng = {SHAPE: NOISE, (1, 1, 1): ALPHA}
    found = penalties.DRAGAN()
    assert found.reads_batch and not penalties.R1().reads_batch
    value = found.values(network, tf.constant(REAL), None, rng.__getitem__, stddev=2.0)
    np.testing.assert_allclose(value, CASES["dragan_stddev"][1](), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_a_penalty_is_told_by_its_class_and_arguments(name):
    found = penalties.get(name)
    lazy = type(found)(**{**found.get_config(), "weight": 3, "every": 16})
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(lazy)))
    again = [penalties.get(lazy), penalties.get(config), type(lazy).from_config(lazy.get_config())]
    assert all(o == lazy and o is not lazy for o in again) and len({lazy, *again}) == 1
    assert lazy != found and lazy.name == name
    assert repr(lazy).startswith(f"{type(lazy).__name__}(weight=3.0, every=16")
    with pytest.raises(AttributeError, match=r"does not change. Make a new one: \w+\(weight=4.0\)"):
        lazy.weight = 4.0


def test_weight_of_r1_by_the_images():
    model = types.SimpleNamespace(image_shape=(28, 28, 1))
    for weight, expected in ((None, penalties.r1_weight((28, 28, 1))), (3.0, 3.0)):
        given = penalties.R1(weight)
        found = penalties.get(given)
        found.build(model)
        assert found == penalties.R1(expected) and given.weight == weight


WRONG = [
    (
        lambda: penalties.get("gradient"),
        ValueError,
        "penalty called 'gradient'. Did you mean 'grad",
    ),
    (lambda: penalties.get("r3"), ValueError, "There are: gradient_penalty, one_sided.*r1_r2"),
    (lambda: penalties.get(10.0), TypeError, "penalty must be a name .*Received: 10.0"),
    (lambda: penalties.get(losses.Hinge()), TypeError, r"of Penalty, or its config.*Hinge\(\)"),
    (lambda: penalties.R1("10"), ValueError, "R1: weight must be None or a number >= 0.*'10'"),
    (
        lambda: penalties.R2(None),
        ValueError,
        "R2: weight must be a number >= 0. Received: weight=N",
    ),
    (lambda: penalties.R2(-1), ValueError, "R2: weight must be a number >= 0"),
    (lambda: penalties.R1R2(float("nan")), ValueError, "R1R2: weight must be a number >= 0"),
    (lambda: penalties.DRAGAN(every=0), ValueError, "DRAGAN: every must be an integer >= 1"),
    (lambda: penalties.DRAGAN(every=2.0), ValueError, "DRAGAN: every must be an integer >= 1"),
    (lambda: penalties.GradientPenalty(one_sided=1), ValueError, "one_sided must be True or False"),
    (lambda: penalties.R1(weigth=1.0), TypeError, "weigth"),
    (lambda: penalties.Penalty().values(None, None, None, None), NotImplementedError, "values"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_wrong_values_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


class Level(penalties.Penalty):
    """With an argument beside those of the base, which `**options` hands on, and an object as one."""

    def __init__(self, level=0.0, inner=None, **options):
        super().__init__(**options)
        self.level = level
        self.inner = inner

    def values(self, critic, real, fake, uniform):
        return tf.square(tf.reshape(critic(real), [-1]) - self.level)


def test_a_users_own_penalty():
    own = Level(level=1.0, inner=penalties.R1(), every=4)
    assert own.name == "level" and own == penalties.get(own) != Level(level=1.0, every=4)
    inner = "R1(weight=10.0, every=1)"
    assert repr(own) == f"Level(weight=10.0, every=4, level=1.0, inner={inner})"
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(own)))
    assert config["registered_name"] == "test_penalties>Level" and penalties.get(config) == own
    expected = (REAL.reshape(BATCH, 8) @ SLOPE - 1) ** 2
    np.testing.assert_allclose(own.values(linear, tf.constant(REAL), None, None), expected)
