"""Every loss against a float64 formula written here, and against its finite differences."""

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import losses, penalties

RANDOM = np.random.default_rng(0)
REAL, FAKE = RANDOM.normal(size=(2, 6)) * 2.0
CLASSES, LABELS = RANDOM.normal(size=(6, 4)), np.array([0, 3, 1, 1, 2, 0])
MEAN, LOG_STDDEV, CODES = RANDOM.normal(size=(3, 6, 2))
IMAGES, OTHERS = RANDOM.uniform(-1, 1, size=(2, 6, 4, 4, 3))


def log_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def minimax(real, fake, smoothing=0.0):
    on_real = smoothing * log_sigmoid(-real) + (1 - smoothing) * log_sigmoid(real)
    return -on_real - log_sigmoid(-fake)


def least_squares(real, fake, real_target=1.0, fake_target=0.0):
    return ((real - real_target) ** 2 + (fake - fake_target) ** 2) / 2


def average(real, fake, real_mean=None, fake_mean=None):
    real_mean = real.mean() if real_mean is None else real_mean
    fake_mean = fake.mean() if fake_mean is None else fake_mean
    return -log_sigmoid(real - fake_mean) - log_sigmoid(real_mean - fake)


def cross_entropy(logits, codes):
    codes = codes if codes.ndim == 2 else np.eye(4)[codes]
    return -np.log((codes * np.exp(logits)).sum(axis=1) / np.exp(logits).sum(axis=1))


def gaussian(mean, log_stddev, codes):
    variance = np.exp(2 * log_stddev)
    density = np.exp(-((codes - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return -np.log(density).sum(axis=1)


# Our function's name without "_loss", options, the same in float64, and the float arguments.
PAIR, SWAPPED = (REAL, FAKE), (FAKE, REAL)
ROWS = [
    ("minimax_discriminator", {}, minimax, PAIR),
    ("minimax_discriminator", dict(label_smoothing=0.1), minimax, PAIR),
    ("minimax_generator", {}, lambda fake: log_sigmoid(-fake), (FAKE,)),
    ("non_saturating_discriminator", {}, minimax, PAIR),
    ("non_saturating_discriminator", dict(label_smoothing=0.1), minimax, PAIR),
    ("non_saturating_generator", {}, lambda fake: -log_sigmoid(fake), (FAKE,)),
    ("least_squares_discriminator", {}, least_squares, PAIR),
    ("least_squares_discriminator", dict(real_target=2.0, fake_target=-1.0), least_squares, PAIR),
    ("least_squares_generator", {}, lambda fake: (fake - 1) ** 2 / 2, (FAKE,)),
    ("least_squares_generator", dict(target=0.0), lambda fake, target: fake**2 / 2, (FAKE,)),
    ("wasserstein_discriminator", {}, lambda real, fake: fake - real, PAIR),
    ("wasserstein_generator", {}, lambda fake: -fake, (FAKE,)),
    ("hinge_discriminator", {}, lambda r, f: np.fmax(0, 1 - r) + np.fmax(0, 1 + f), PAIR),
    ("hinge_generator", {}, lambda fake: -fake, (FAKE,)),
    ("relativistic_discriminator", {}, lambda real, fake: -log_sigmoid(real - fake), PAIR),
    ("relativistic_generator", {}, lambda fake, real: -log_sigmoid(fake - real), SWAPPED),
    ("relativistic_average_discriminator", {}, average, PAIR),
    ("relativistic_average_discriminator", dict(real_mean=0.7, fake_mean=-0.4), average, PAIR),
    ("relativistic_average_generator", {}, average, SWAPPED),
    ("relativistic_average_generator", dict(fake_mean=-0.4, real_mean=0.7), average, SWAPPED),
    ("auxiliary_classifier", dict(labels=LABELS), cross_entropy, (CLASSES,)),
    ("categorical_mutual_information", dict(codes=LABELS), cross_entropy, (CLASSES,)),
    ("categorical_mutual_information", dict(codes=np.eye(4)[LABELS]), cross_entropy, (CLASSES,)),
    ("gaussian_mutual_information", {}, gaussian, (MEAN, LOG_STDDEV, CODES)),
    ("cycle_consistency", {}, lambda x, y: np.abs(x - y).mean((1, 2, 3)), (IMAGES, OTHERS)),
]


def case(name, options, formula, inputs):
    function = functools.partial(getattr(losses, f"{name}_loss"), **options)
    return function, lambda *arrays: formula(*arrays, *options.values()), inputs


CASES = {f"{row[0]}-{index}": case(*row) for index, row in enumerate(ROWS)}
LOGIT_CASES = [name for name, (_, _, inputs) in CASES.items() if inputs[0].shape == (6,)]


def run(function, inputs, dtype=tf.float32, jit_compile=False):
    """The loss and the gradients of its sum by the inputs."""

    def value_and_gradients(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(*tensors)
        return value, tape.gradient(value, tensors)

    if jit_compile:
        value_and_gradients = tf.function(value_and_gradients, jit_compile=True)
    return value_and_gradients(*(tf.constant(array, dtype) for array in inputs))


def finite_differences(function, inputs, index, step=1e-5):
    gradient = np.zeros_like(inputs[index])
    for position in np.ndindex(gradient.shape):
        up, down = ([array.copy() for array in inputs] for _ in range(2))
        up[index][position] += step
        down[index][position] -= step
        gradient[position] = (function(*up) - function(*down)).sum() / (2 * step)
    return gradient


@pytest.mark.parametrize("dtype", ["float32", "float32 in XLA", "float16", "bfloat16"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradients(name, dtype):
    function, formula, inputs = CASES[name]
    dtype, jit_compile = tf.as_dtype(dtype.split()[0]), "XLA" in dtype
    value, gradients = run(function, inputs, dtype, jit_compile)
    # The formula sees the inputs as rounded to half precision: what follows is to be float32.
    inputs = [tf.cast(tf.constant(array, dtype), tf.float64).numpy() for array in inputs]
    assert value.dtype == tf.float32 and value.shape == (6,)
    np.testing.assert_allclose(value, formula(*inputs), rtol=1e-6, atol=1e-6)
    for index, gradient in enumerate(gradients if dtype == tf.float32 else []):
        expected = finite_differences(formula, inputs, index)
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOGIT_CASES)
def test_extreme_logits(name):
    function, formula, inputs = CASES[name]
    extremes = [1e4 * np.array([1, -1, 1, -1, 0, 0]), 1e4 * np.array([1, 1, -1, -1, 1, -1])]
    value, gradients = run(function, extremes[: len(inputs)])
    np.testing.assert_allclose(value, formula(*extremes[: len(inputs)]), rtol=1e-6, atol=1e-6)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", LOGIT_CASES)
def test_shapes_of_logits(name):
    function, _, inputs = CASES[name]
    columns, _ = run(function, [array[:, None] for array in inputs])
    np.testing.assert_array_equal(columns, run(function, inputs)[0])
    for other in (np.zeros(5), np.zeros([6, 1])) if len(inputs) == 2 else ():
        with pytest.raises(ValueError, match=rf"same shape; received .*\({len(other)},"):
            run(function, [REAL, other])


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.hinge_generator_loss(tf.zeros([])),
        lambda: losses.hinge_generator_loss(tf.zeros([6, 2])),
        lambda: losses.hinge_generator_loss(tf.zeros([6, 4, 4, 1])),
        lambda: losses.auxiliary_classifier_loss(CLASSES, LABELS[:5]),
        lambda: losses.auxiliary_classifier_loss(REAL, LABELS),
        lambda: losses.categorical_mutual_information_loss(CLASSES, np.eye(3)[[0, 1, 2, 0, 1, 2]]),
        lambda: losses.gaussian_mutual_information_loss(MEAN, LOG_STDDEV, CODES[:, :1]),
        lambda: losses.cycle_consistency_loss(IMAGES, OTHERS[:, :2]),
        lambda: losses.combine_adversarial_loss(REAL, FAKE[:5], 1.0),
    ],
)
def test_other_shapes_are_refused(call):
    with pytest.raises(ValueError, match="must have .*; received"):
        call()


def test_combination_averages_only_where_shapes_differ():
    for adversarial, main in ((FAKE, IMAGES.mean((1, 2, 3))), (OTHERS, IMAGES)):
        combined = losses.combine_adversarial_loss(IMAGES, adversarial, 0.3)
        np.testing.assert_allclose(combined, main + 0.3 * adversarial, rtol=1e-6, atol=1e-6)
    _, gradients = run(lambda x: losses.combine_adversarial_loss(REAL, FAKE, x), [np.array(0.3)])
    assert gradients == (None,)


@pytest.mark.parametrize("scale", [1.0, 1e25])
def test_gradient_ratio_weight(scale):
    main, adversarial = [tf.constant(scale * MEAN, tf.float32), None], [None, tf.constant([3.0, 4])]
    weight = losses.gradient_ratio_weight(main, adversarial, ratio=2.0, epsilon=0.5)
    np.testing.assert_allclose(weight, scale * np.linalg.norm(MEAN) / 5.5 / 2.0, rtol=1e-6)
    assert not any(losses.gradient_ratio_weight(x, adversarial) for x in ([None], [tf.zeros(3)]))


@pytest.mark.parametrize("name", losses.OBJECTIVES)
def test_registry(name):
    objective = losses.get(name)
    expected = getattr(losses, f"{name}_discriminator_loss")(REAL, FAKE)
    np.testing.assert_array_equal(objective.discriminator(REAL, FAKE), expected)
    arguments = (FAKE, REAL) if objective.needs_real else (FAKE,)
    expected = getattr(losses, f"{name}_generator_loss")(*arguments)
    np.testing.assert_array_equal(objective.generator(*arguments), expected)
    half, whole = objective.generator(FAKE[:3], REAL[:3]), objective.generator(FAKE, REAL)[:3]
    assert objective.batch_mean != np.allclose(half, whole)
    if hasattr(objective, "label_smoothing"):
        smoothed = type(objective)(label_smoothing=0.1).discriminator(REAL, FAKE)
        formula = least_squares(REAL, FAKE, 0.9) if "squares" in name else minimax(REAL, FAKE, 0.1)
        np.testing.assert_allclose(smoothed, formula, rtol=1e-6, atol=1e-6)


# === Objects ===


@pytest.mark.parametrize("name", losses.OBJECTIVES)
def test_an_objective_is_told_by_its_class_and_arguments(name):
    objective = losses.get(name)
    assert objective.name == name and isinstance(objective, losses.OBJECTIVES[name])
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(objective)))
    again = [losses.get(objective), losses.get(config), losses.get(type(objective))]
    assert all(o == objective and o is not objective for o in again)
    assert len({objective, *again}) == 1
    assert objective != losses.get("hinge" if name != "hinge" else "minimax")
    if hasattr(objective, "label_smoothing"):
        smoothed = type(objective)(0.1)
        assert smoothed != objective and losses.get(smoothed) == smoothed
        assert repr(smoothed) == f"{type(objective).__name__}(label_smoothing=0.1)"


def test_old_names_warn():
    with pytest.warns(DeprecationWarning, match="'modified' is called 'non_saturating' now"):
        assert losses.get("modified") == losses.NonSaturating()
    assert losses.get("modified", warn=False) == losses.NonSaturating()
    with pytest.warns(DeprecationWarning, match="called losses.non_saturating_generator_loss now"):
        assert losses.modified_generator_loss is losses.non_saturating_generator_loss
    with pytest.raises(AttributeError, match="no attribute 'modified_loss'"):
        losses.modified_loss  # noqa: B018


def pair_d(real_logits, fake_logits):
    return tf.square(real_logits - 1) + tf.square(fake_logits)


def pair_g(fake_logits):
    return tf.reduce_mean(tf.square(fake_logits - 1))


def pair_of_both(fake_logits, real_logits, scale=2.0):
    return scale * (fake_logits - real_logits)


def only_one(logits):
    return logits


def swapped(fake, real):
    return real - fake


def of_no_example(real, fake):
    return tf.stack([real, fake], axis=1)


def integers(real, fake):
    return tf.cast(real > fake, tf.int32)


WRONG = [
    ("hing", ValueError, "no objective called 'hing'. Did you mean 'hinge'"),
    (3, TypeError, "objective must be a name .*, an object of a subclass of Objective.*: 3"),
    (None, TypeError, "objective must be a name .* Received: None"),
    (len, TypeError, "objective must be a name"),
    (penalties.R1(), TypeError, r"Received: R1\(weight=10.0, every=1\)"),
    ((pair_d,), ValueError, r"the pair \(d_loss, g_loss\)"),
    (("hinge", pair_g), TypeError, "d_loss must be a function. Received: d_loss='hinge'"),
    ((pair_d, keras.losses.MeanSquaredError), TypeError, "g_loss must be a function"),
    ((only_one, pair_g), ValueError, r"d_loss is called as d_loss\(real_logits, fake_logits\)"),
    ((pair_d, lambda: 0.0), ValueError, r"g_loss is called as g_loss\(fake_logits\) or g_loss\("),
    ((swapped, pair_g), ValueError, r"in this order. Received .* parameters \(fake, real\)"),
    ((pair_d, pair_d), ValueError, "g_loss is called as .* in this order"),
    ((of_no_example, pair_g), ValueError, r"d_loss must give floats of shape \(3,\).*\(3, 2\)"),
    ((integers, pair_g), ValueError, "d_loss must give floats .* Received: int32"),
    ((pair_d, lambda fake: fake[:2]), ValueError, r"g_loss must give floats .* shape \(2,\)"),
]


@pytest.mark.parametrize(("identifier", "error", "message"), WRONG)
def test_what_is_no_objective_is_refused(identifier, error, message):
    with pytest.raises(error, match=message):
        losses.get(identifier)


@pytest.mark.parametrize("value", [1.0, -0.1, "0.1", None, True, np.nan])
def test_wrong_label_smoothing(value):
    with pytest.raises(ValueError, match=r"Minimax: label_smoothing must be a number in \[0, 1"):
        losses.Minimax(label_smoothing=value)


def test_arguments_do_not_change():
    objective = losses.Minimax(0.1)
    with pytest.raises(AttributeError, match=r"Make a new one: Minimax\(label_smoothing=0.2\)"):
        objective.label_smoothing = 0.2
    assert objective.label_smoothing == 0.1


def test_a_pair_of_functions():
    pair = losses.get((pair_d, pair_g))
    assert not pair.needs_real and not pair.per_example and pair == losses.get(pair)
    assert repr(pair).startswith("FunctionPair(d_loss=<function pair_d")
    columns = REAL[:, None], FAKE[:, None]
    np.testing.assert_allclose(pair.discriminator(*columns), (REAL - 1) ** 2 + FAKE**2, rtol=1e-5)
    np.testing.assert_allclose(pair.generator(columns[1]), np.mean((FAKE - 1) ** 2), rtol=1e-5)
    pair = losses.get((pair_d, pair_of_both))
    assert pair.needs_real and pair.per_example
    np.testing.assert_allclose(pair.generator(FAKE, REAL), 2 * (FAKE - REAL), rtol=1e-5)
    with pytest.raises(ValueError, match="same shape"):
        pair.generator(FAKE, REAL[:5])
    assert losses.get((pair_d, lambda x: x)).generator(FAKE).shape == (6,)


def test_a_pair_is_saved_by_the_names_of_its_functions():
    with pytest.raises(ValueError, match="function 'pair_d' cannot be saved.*register_keras"):
        losses.get((pair_d, pair_g)).get_config()
    for function in (pair_d, pair_g):
        keras.saving.register_keras_serializable(package="test_losses")(function)
    pair = losses.get((pair_d, pair_g))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(pair)))
    assert config["config"] == {"d_loss": "test_losses>pair_d", "g_loss": "test_losses>pair_g"}
    assert losses.get(config) == pair
    config["config"]["g_loss"] = "test_losses>gone"
    with pytest.raises(ValueError, match="function 'test_losses>gone', which is not registered"):
        losses.get(config)


class Squared(losses.Objective):
    bounds = {"target": "> 0"}

    def __init__(self, target=1.0, words=("a",)):
        self.target = target
        self.words = words

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return tf.square(real_logits - self.target) + tf.square(fake_logits)


def test_a_users_own_objective():
    own = losses.get(Squared(2))
    assert own.name == "squared" and own == Squared(2.0) and hash(own) == hash(Squared(2.0))
    assert repr(own) == "Squared(target=2.0, words=('a',))"
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(own)))
    assert config["registered_name"] == "test_losses>Squared" and losses.get(config) == own
    with pytest.raises(
        ValueError, match="Squared: target must be a number > 0. Received: target=0"
    ):
        Squared(0)
    with pytest.raises(NotImplementedError, match=r"Squared must define generator\(\)"):
        own.generator(FAKE)
