"""A run that was cut off anywhere and goes on equals one that was not, bit for bit."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import ALL, TRANSLATORS, asked_for, given_to, make

import tfgan_zoo
from tfgan_zoo.regularizers import Balance, InstanceNoise

pytestmark = pytest.mark.usefixtures("freed")
EPOCHS, BATCH_SIZE = 2, 8
KINDS = ["model.keras", "checkpoint.weights.h5"]
STRATEGIES = ["one replica", "two replicas"]
# Between them they have all that is kept: draws of dropout, a program of XLA, several critic updates, a
# condition, batch statistics, vectors of power iterations, a balance, a mean path length, a phase, a
# pool.
QUICK = ("VanillaGAN", "WGANGP", "WGAN", "ConditionalGAN", "SNGAN", "BEGAN", "StyleGAN2", "ProGAN")
QUICK += ("Pix2Pix", "CycleGAN")
# Whose graphs take the longest to make: the others go on in graphs, and these too in `make test-all`.
EAGER = [("StyleGAN2", KINDS[0]), ("ProGAN", KINDS[1]), ("CycleGAN", KINDS[1])]
# In which every kind meets both strategies.
CHOSEN = [
    (variant, KINDS[i % 2], STRATEGIES[i // 2 % 2 if i < 4 else 0])
    for i, variant in enumerate(QUICK)
]


class StopAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training |= int(self.model.iterations.numpy()) == self.step


def state(gan):
    """Every number of a run: weights, averages, counters and all optimizers' slots."""
    variables = [*gan.variables, *gan.optimizer.variables]
    return [np.asarray(variable.numpy()) for variable in variables]


def new(variant, strategy, dtype, is_eager=False, regularizers=(), **options):
    model_class = getattr(tfgan_zoo, variant)
    if "dropout" in model_class.defaults and "dropout" not in model_class.unused_options:
        options["dropout"] = 0.3
    if variant not in TRANSLATORS:
        options["regularizers"] = [InstanceNoise(0.1), *regularizers]
    with strategy.scope():
        gan = make(variant, dtype=dtype, **options)
    # Compiling the others too would take minutes.
    gan.compile(jit_compile=variant == "WGANGP", run_eagerly=is_eager)
    return gan


@pytest.fixture(params=STRATEGIES)
def strategy(request, mirrored):
    return mirrored if request.param == "two replicas" else tf.distribute.get_strategy()


@pytest.mark.parametrize(
    ("variant", "kind", "strategy"),
    [
        pytest.param(*row, marks=() if row in CHOSEN else pytest.mark.full)
        for row in itertools.product(ALL, KINDS, STRATEGIES)
    ],
    indirect=["strategy"],
)
def test_resume(variant, kind, strategy, images, labels, tmp_path):
    _check(variant, kind, strategy, images, labels, tmp_path / kind, "float32")


@pytest.mark.parametrize(
    ("precision", "strategy"),
    [
        pytest.param(
            *row, marks=() if row == ("mixed_float16", STRATEGIES[1]) else pytest.mark.full
        )
        for row in itertools.product(["mixed_bfloat16", "mixed_float16"], STRATEGIES)
    ],
    indirect=["strategy"],
)
def test_resume_in_half_precision(precision, strategy, images, labels, tmp_path):
    path = tmp_path / "model.keras"
    more = {"regularizers": [Balance(0.2, 0.5), "lecam"]}
    _check("ConditionalGAN", path.name, strategy, images, labels, path, precision, **more)


def _as_in_a_new_process():
    """Names the next model's layers as a new process does: TensorFlow's graph optimizer orders by names
    the sum of many gradients of one tensor, such as BigGAN-deep's class embedding. Not for a
    strategy's scope, which goes with the session that is cleared."""
    keras.backend.clear_session()


def _check(variant, kind, strategy, images, labels, path, precision, **options):
    _as_in_a_new_process()
    is_eager = (variant, kind) in EAGER
    cut = new(variant, strategy, precision, is_eager, **options)
    if is_eager:
        images, labels = images[:32], labels[:32]
    images, labels = given_to(cut, images), asked_for(cut, labels)
    cut.save_weights(start := path.with_name("start.weights.h5"))
    cut.fit(images, labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    last, whole = int(cut.iterations.numpy()), state(cut)

    cut.load_weights(start)  # the same model again, since tracing another would take longer
    stop = StopAt(last // EPOCHS + 1)  # within the second epoch
    cut.fit(images, labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0, callbacks=[stop])
    assert int(cut.iterations.numpy()) == stop.step < last

    if kind == "model.keras":
        cut.save(path)
        _as_in_a_new_process()
        with strategy.scope():
            resumed = keras.models.load_model(path)
    else:
        cut.save_weights(path)
        _as_in_a_new_process()
        resumed = new(variant, strategy, precision, is_eager, **options)
        resumed.load_weights(path)
    for ours, theirs in zip(state(resumed), state(cut), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    resumed.fit(images, labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0, resume=True)
    assert int(resumed.iterations.numpy()) == last
    for ours, theirs in zip(state(resumed), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "strategy",
    [STRATEGIES[0], pytest.param(STRATEGIES[1], marks=pytest.mark.full)],
    indirect=True,
)
def test_resume_of_a_data_set(images, strategy):
    """Exact where the data set gives the same order on every pass."""
    data = tf.data.Dataset.from_tensor_slices(images)
    data = data.shuffle(64, seed=3, reshuffle_each_iteration=False).batch(BATCH_SIZE)
    whole, cut = new("WGAN", strategy, "float32"), new("WGAN", strategy, "float32")
    whole.fit(data, epochs=EPOCHS, verbose=0)
    cut.fit(data, epochs=EPOCHS, verbose=0, callbacks=[StopAt(2)])
    cut.fit(data, epochs=EPOCHS, verbose=0, resume=True)
    assert int(cut.iterations.numpy()) == 8
    for ours, theirs in zip(state(cut), state(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
