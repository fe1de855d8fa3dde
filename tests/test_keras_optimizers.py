"""Every optimizer of Keras, and one of a user's own, moves weights as it does in plain Keras."""

import inspect
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.engine import optimizers
from tfgan_zoo.engine.players import Player
from tfgan_zoo.regularizers import Unrolled

STEPS = 5
SHAPES = [(3, 4), (4,), (2, 2, 3, 2)]
of_keras = keras.optimizers


class Own(of_keras.Optimizer):
    """Has a variable for all weights, one for each, and an update that needs both."""

    def build(self, variables):
        super().build(variables)
        self.sums = self.add_optimizer_variables(variables, "sum")
        self.scale = keras.Variable(1.0, name="scale")

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        self.assign(self.scale, 0.9 * self.scale)
        super()._backend_update_step([2 * g for g in grads], trainable_variables, learning_rate)

    def _apply_weight_decay(self, variables):
        super()._apply_weight_decay(variables[:1])

    def update_step(self, gradient, variable, learning_rate):
        total = self.sums[self._get_variable_index(variable)]
        self.assign_add(total, gradient)
        variable.assign_sub(learning_rate * self.scale.value * total.value)  # one of TensorFlow's


def _multi():
    rest = of_keras.OptimizerMap(of_keras.Nadam(0.01))
    rest["bias"] = of_keras.SGD(0.1)
    return of_keras.MultiOptimizer(rest)


def _without_bias():
    optimizer = of_keras.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


PLAIN = {
    "SGD": lambda: of_keras.SGD(0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda: of_keras.RMSprop(0.01, momentum=0.5, centered=True),
    "Adam": lambda: of_keras.Adam(0.01, amsgrad=True),
    "AdamW": _without_bias,
    "Adadelta": lambda: of_keras.Adadelta(0.5),
    "Adagrad": lambda: of_keras.Adagrad(0.1),
    "Adamax": lambda: of_keras.Adamax(0.01),
    "Adafactor": lambda: of_keras.Adafactor(0.1),
    "Nadam": lambda: of_keras.Nadam(0.01),
    "Ftrl": lambda: of_keras.Ftrl(0.1),
    "Lion": lambda: of_keras.Lion(0.01),
    "Lamb": lambda: of_keras.Lamb(0.01),
    "Muon": lambda: of_keras.Muon(0.1),
    "ScheduleFreeAdamW": lambda: of_keras.ScheduleFreeAdamW(0.01),
    "LossScaleOptimizer": lambda: of_keras.LossScaleOptimizer(of_keras.Nadam(0.01), 8.0),
    "MultiOptimizer": _multi,
}
OPTIONS = {
    "own": lambda: Own(0.1, weight_decay=0.1),
    "clipnorm": lambda: of_keras.SGD(0.1, clipnorm=0.5),
    "global_clipnorm": lambda: of_keras.SGD(0.1, global_clipnorm=0.5),
    "clipvalue": lambda: of_keras.SGD(0.1, clipvalue=0.05),
    "weight_decay": lambda: of_keras.RMSprop(0.01, weight_decay=0.1),
    "use_ema": lambda: of_keras.Adam(
        0.01, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=2
    ),
    "gradient_accumulation_steps": lambda: of_keras.Nadam(0.01, gradient_accumulation_steps=2),
    "schedule": lambda: of_keras.Adam(of_keras.schedules.ExponentialDecay(0.1, 2, 0.5)),
    "loss_scale_factor": lambda: of_keras.SGD(0.1, loss_scale_factor=4.0),
}
ALL = {**PLAIN, **OPTIONS}
NAMES = ("kernel", "bias", "filters")


def _variables():
    draw = np.random.default_rng(0).normal
    return [
        keras.Variable(draw(size=s).astype("float32"), name=n)
        for s, n in zip(SHAPES, NAMES, strict=True)
    ]


def prepared(name, optimizer, variables, precision):
    """The optimizer made ready for a player of these variables, and its config."""
    network = types.SimpleNamespace(trainable_variables=variables)
    return optimizers.prepare(Player(name, [network], None, 0.1), optimizer, precision)


def _gradients(step):
    draw = np.random.default_rng(step).normal
    return [tf.constant(draw(size=shape), tf.float32) for shape in SHAPES]


def _scaled(optimizer, gradients):
    return [gradient * optimizer.scale_loss(1.0) for gradient in gradients]


def _moved(function, groups):
    for step in range(STEPS):
        function(_gradients(step))
    weights = [[np.array(v.numpy()) for v in variables] for _, variables in groups]
    for optimizer, variables in groups:
        optimizer.finalize_variable_values(variables)
    ends = [[np.array(v.numpy()) for v in variables] for _, variables in groups]
    return dict(zip(ALL, zip(weights, ends, strict=True), strict=True))


@pytest.fixture(scope="module")
def stock():
    """What each optimizer makes of the weights in plain Keras."""
    groups = [(make(), _variables()) for make in ALL.values()]
    for optimizer, variables in groups:
        optimizer.build(variables)

    @tf.function
    def apply(gradients):
        for optimizer, variables in groups:
            optimizer.apply(_scaled(optimizer, gradients), variables)

    return _moved(apply, groups)


def test_every_optimizer_of_keras_is_here():
    kinds = {
        name
        for name, kind in vars(of_keras).items()
        if inspect.isclass(kind) and issubclass(kind, of_keras.Optimizer)
    }
    assert kinds - {"Optimizer"} == set(PLAIN)


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("graph", marks=pytest.mark.full),
        pytest.param("xla", marks=pytest.mark.full),
        pytest.param("two replicas", marks=pytest.mark.full),
        "xla, two replicas",
    ],
)
def test_weights_move_as_in_keras(mode, stock, mirrored):
    strategy = mirrored if "replicas" in mode else tf.distribute.get_strategy()
    with strategy.scope():
        groups = []
        for make in ALL.values():
            variables = _variables()
            optimizer, _ = prepared("generator", make(), variables, "float32")
            groups.append((optimizer, variables))

    def apply(gradients):
        for optimizer, variables in groups:
            optimizer.apply(_scaled(optimizer, gradients), variables)

    compiled = tf.function(apply, jit_compile="xla" in mode or None, autograph=False)
    # A function of each replica, as in the training step; TensorFlow would make one of both.
    on_replica = lambda gradients: compiled(gradients)  # noqa: E731
    run = tf.function(lambda gradients: strategy.run(on_replica, (gradients,)), autograph=False)
    moved = _moved(run, groups)
    for name, expected in stock.items():
        for ours, theirs in zip(moved[name], expected, strict=True):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6, err_msg=f"{name}, {mode}")
    if "replicas" in mode:
        for _, variables in groups:
            for variable in variables:
                first, second = strategy.experimental_local_results(variable.value)
                np.testing.assert_array_equal(first, second)


def test_an_optimizer_says_what_it_was_and_is_saved_as_that():
    optimizer, config = prepared("discriminator", Own(0.1), _variables(), "float32")
    assert isinstance(optimizer, Own) and optimizer.__class__ is Own
    assert keras.saving.serialize_keras_object(optimizer) == config
    assert optimizer.name == "d_optimizer"
    adam, config = prepared("generator", "adam", _variables(), "mixed_float16")
    assert config["module"] == "keras.optimizers" and config["class_name"] == "Adam"
    assert adam.inner_optimizer.name == "g_optimizer"


def test_optimizers_that_cannot_be_used_are_refused():
    gan = make("DCGAN")
    one = of_keras.Adam(1e-3)
    with pytest.raises(ValueError, match="are the same object"):
        gan.compile(one, one)
    gan.compile(one, of_keras.Adam(1e-3))
    with pytest.raises(ValueError, match="d_optimizer was built for other weights"):
        gan.compile(d_optimizer=one)
    gan.compile(one)  # its own again
    with pytest.raises(ValueError, match="g_optimizer must be a Keras optimizer.*'adm'"):
        gan.compile("adm")
    with pytest.raises(ValueError, match="initial_scale must be above 0"):
        gan.compile(of_keras.LossScaleOptimizer(of_keras.SGD(0.1), 0.0))
    with pytest.raises(ValueError, match="two optimizers named 'mine'"):
        gan.compile(of_keras.SGD(0.1, name="mine"), of_keras.SGD(0.1, name="mine"))
    unrolled = make("DCGAN", regularizers=[Unrolled(1)])
    with pytest.raises(ValueError, match="without clipnorm"):
        unrolled.compile(d_optimizer=of_keras.Adam(1e-3, clipnorm=1.0))


def _numbers(optimizer):
    return {k: v for k, v in optimizer.get_config().items() if isinstance(v, (int, float))}


def test_an_optimizer_of_another_scope_is_made_anew_whole(mirrored):
    class Forgetful(of_keras.SGD):
        def __init__(self, learning_rate=0.1, secret=1.0, **options):
            super().__init__(learning_rate, **options)

    with mirrored.scope():
        variables = _variables()
    made = [make() for make in PLAIN.values()]
    excluding, forgetful = _without_bias(), Forgetful()
    with mirrored.scope():
        for optimizer in made:
            again, _ = prepared("generator", optimizer, variables, "float32")
            assert again is not optimizer and again.__class__ is optimizer.__class__
            assert _numbers(again) == _numbers(optimizer)
        pattern = prepared("generator", excluding, variables, "float32")[0]
        assert pattern._exclude_from_weight_decay_pattern.pattern == "bias"
        with pytest.raises(ValueError, match="get_config.* of Forgetful lacks secret"):
            prepared("generator", forgetful, variables, "float32")


# === The scale of the loss ===


def _scaled_sgd(scale):
    variable = keras.Variable([1.0, 2.0])
    optimizer = of_keras.LossScaleOptimizer(of_keras.SGD(0.1), 2.0)
    optimizer, _ = prepared("generator", optimizer, [variable], "float32")
    optimizer.dynamic_scale.assign(scale)
    return optimizer, variable


@pytest.mark.parametrize(
    ("scale", "gradient", "after"),
    [
        (1.0, np.inf, 1.0),  # halved no further
        (0.0, 1.0, 1.0),  # 1 / 0
        (0.0, 0.0, 1.0),  # 0 / 0
        (np.nan, 1.0, 1.0),
        (np.inf, np.inf, 2.0**100),
        (8.0, np.nan, 4.0),
    ],
)
def test_no_scale_of_the_loss_lets_nan_into_the_weights(scale, gradient, after):
    optimizer, variable = _scaled_sgd(scale)
    optimizer.apply([tf.fill([2], tf.constant(gradient, tf.float32))], [variable])
    np.testing.assert_array_equal(variable, [1.0, 2.0])
    assert float(optimizer.dynamic_scale.numpy()) == after
    optimizer.apply([tf.fill([2], float(after))], [variable])  # and goes on
    np.testing.assert_allclose(variable, [0.9, 1.9], rtol=1e-6)


def test_a_scale_below_one_that_was_asked_for_is_kept():
    optimizer = of_keras.LossScaleOptimizer(of_keras.SGD(0.1), 0.25)
    variable = keras.Variable([1.0])
    optimizer, _ = prepared("generator", optimizer, [variable], "float32")
    for _ in range(2):
        optimizer.apply([tf.constant([np.inf])], [variable])
    assert float(optimizer.dynamic_scale.numpy()) == 0.25
