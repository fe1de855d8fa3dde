"""Every cell of the mode table trains, and agrees with the reference mode as far as it can."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import ALL, make
from cells import NETWORKS, PARTS, PRECISIONS, reference_cell, selection, table, train

pytestmark = pytest.mark.usefixtures("freed")
SELECTED = selection(ALL)


def _marks(cell, part):
    """Two-worker cells share one pair of processes, so one test process must run them; the exact ones
    of a variant share its reference."""
    group = f"{cell.variant} {part}" if cell.replicas != "two workers" else "two workers"
    together = [pytest.mark.xdist_group(group)]
    # As they are, test_variants.py trains all variants, and test_resume.py some on two replicas.
    chosen = cell in SELECTED and part == "exact"
    return together + ([] if chosen else [pytest.mark.full])


CELLS = [
    pytest.param(cell, part, id=f"{cell}-{part}", marks=_marks(cell, part))
    for cell in table(ALL)
    for part in PARTS
]
OTHERS = ("initial", "state")  # weights before training; what is no network
# Share of a logged value or of the length of a change; and of a logged value, what is added.
TOLERANCE = {"float32": (1e-3, 1e-7), "mixed_bfloat16": (0.15, 1e-3), "mixed_float16": (0.05, 1e-4)}


# Two updates are fewer than a loss scale may take to come down from Keras's 2**15.
@pytest.mark.filterwarnings("ignore:.* updates of the .* were skipped:UserWarning")
@pytest.mark.parametrize(("cell", "part"), CELLS)
def test_cell(cell, part, request, reference, mirrored):
    if cell.replicas == "two workers":
        workers = request.getfixturevalue("workers")
        results = [_of(worker, f"{cell}|{part}|") for worker in workers]
        _check_equal(*results)
        result = results[0]
    elif part == "exact" and cell == reference_cell(cell.variant, SELECTED):
        result = reference(cell.variant)
    else:
        two = cell.replicas == "two replicas"
        strategy = mirrored if two else tf.distribute.get_strategy()
        gan, result = train(cell, strategy, part)
        _check_copies(gan, strategy)
    assert all(np.isfinite(value).all() for value in result.values())
    assert _steps(result) == 2
    if part == "exact":
        _check_close(result, reference(cell.variant), cell.precision)


def _steps(result):
    return result["state iterations"]


def _of(results, prefix):
    return {key[len(prefix) :]: v for key, v in results.items() if key.startswith(prefix)}


def _check_equal(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def _check_copies(gan, strategy):
    """All replicas hold the same numbers after a step, moving statistics included."""
    for variable in [*gan.variables, *gan.optimizer.variables]:
        copies = strategy.experimental_local_results(variable.value)
        for copy in copies[1:]:
            np.testing.assert_array_equal(copy.numpy(), copies[0].numpy(), err_msg=variable.path)


def _check_close(result, expected, precision):
    """What changed, changed as in the reference. A loose bound on weights would prove nothing: the
    generator's first updates are smaller than rounding leaves of any such bound.

    Weights are kept in float32, so that a tiny change, such as the average's, is known to their rounding
    only. In float32 every variable is held to it; in half precision a network as a whole, since the sum
    that is a bias's gradient can cancel to less than the rounding of its terms.
    """
    assert result.keys() == expected.keys()
    exact = precision == "float32"
    logs = [name for name in expected if " " not in name and (exact or "accuracy" not in name)]
    share, least = TOLERANCE[precision]
    for name in logs:
        np.testing.assert_allclose(result[name], expected[name], share, least, err_msg=name)
    for name in (name for name in expected if name.startswith("state ")):
        largest = np.abs(expected[name]).max()  # of the images of a pool, as of networks, together
        allowed = least + (0 if np.ndim(expected[name]) == 0 else share * largest)
        np.testing.assert_allclose(result[name], expected[name], share, allowed, err_msg=name)
    groups = {name: [name] for name in expected if name.partition(" ")[0] in NETWORKS}
    assert {name.partition(" ")[0] for name in expected if " " in name} <= {*NETWORKS, *OTHERS}
    if not exact:
        names = list(groups)
        groups = {n: [name for name in names if name.startswith(f"{n} ")] for n in NETWORKS}
        groups = {network: names for network, names in groups.items() if names}
    for group, names in groups.items():
        change = _length(expected[name] - expected[f"initial {name}"] for name in names)
        error = _length(result[name] - expected[name] for name in names)
        rounding = 1e-8 + 1e-7 * _length(expected[name] for name in names)  # of sums, of weights
        assert error <= share * change + rounding, (group, error, change, rounding)


def _length(arrays):
    return np.linalg.norm(np.concatenate([np.ravel(array) for array in arrays]))


@pytest.mark.parametrize(
    ("variant", "precision"),
    [
        pytest.param(variant, precision, marks=() if i % 3 == j else pytest.mark.full)
        for i, variant in enumerate(ALL)
        for j, precision in enumerate(PRECISIONS)
    ],
)
def test_precision_of_every_layer(variant, precision):
    gan = make(variant, dtype=precision)
    gan.compile()
    compute = keras.DTypePolicy(precision).compute_dtype
    averages = [average for average, _ in gan.ema_pairs()]
    frozen = [n for n in gan.networks().values() if not n.trainable_variables]
    for network in (n for n in gan.networks().values() if n not in (*averages, *frozen)):
        outputs = _last_layers(network)
        assert all(tensor.dtype == "float32" for tensor in network.outputs)
        for layer in network._flatten_layers(include_self=False):
            computes = not isinstance(layer, (keras.layers.InputLayer, keras.Model))
            if computes and "ops" not in str(type(layer)):
                is_exact = layer in outputs or layer.name.startswith(PIXELS)
                expected = "float32" if is_exact else compute
                assert layer.compute_dtype == expected, layer.path
    for variable in gan.variables:
        assert variable.dtype in ("float32", "int64"), variable.path
    for optimizer in (gan.optimizer_of(player.name) for player in gan.players()):
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == (precision == "mixed_float16")


PIXELS = ("pixels_", "coarse", "refined")  # names of layers within networks that give pixels


def _last_layers(network):
    """The layers that give a network's outputs, within networks that it ends with."""
    last = [tensor._keras_history.operation for tensor in network.outputs]
    inner = [x for layer in last if isinstance(layer, keras.Model) for x in _last_layers(layer)]
    return last + inner


def test_selection_has_every_pair():
    rows = {(a, b) for cell in SELECTED for a in cell for b in cell}
    pairs = {(a, b) for cell in table(ALL) for a in cell[1:] for b in cell[1:]}
    assert rows >= pairs
    for variant in ALL:
        chosen = [cell for cell in SELECTED if cell.variant == variant]
        assert reference_cell(variant, SELECTED) in chosen and len(chosen) in (1, 2)
        assert "xla" in {cell.mode for cell in chosen}
