"""The mode table: every variant in every mode, on every number of replicas, in every precision.

A cell trains a tiny model for two steps. `selection()` is a pairwise part of the table: every pair of
values of two columns stands in one of its rows at least. Run as a program, with TF_CONFIG set, this
is one of two workers that train the given cells together.
"""

import gc
import itertools
import json
import pickle
import sys
from typing import NamedTuple

import numpy as np

MODES = ("eager", "graph", "xla")
REPLICAS = ("one replica", "two replicas", "two workers")
NETWORKS = ("generator", "discriminator", "ema_generator")
NETWORKS += ("encoder", "ema_encoder", "text_encoder", "ema_text_encoder")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# "exact": plain gradient descent without batch statistics, so that results of different modes can be
# compared number by number; else the variant as it is.
PARTS = ("exact", "as_it_is")


class Cell(NamedTuple):
    variant: str
    mode: str
    replicas: str
    precision: str

    def __str__(self):
        return "-".join(self).replace(" ", "_")


def table(variants):
    return [Cell(*row) for row in itertools.product(variants, MODES, REPLICAS, PRECISIONS)]


def selection(variants):
    """Three cells a variant: rows of a Latin square, shifted from variant to variant.

    Two workers, which take the longest, train three variants, each in another mode and precision; one
    replica the cells of the others. One variant is compiled for two replicas, and two run op by op.
    """
    one, two, workers = REPLICAS
    shifts = itertools.cycle([(0, 0), (1, 2), (2, 1)])
    cells = []
    for k, (variant, (a, b)) in enumerate(zip(variants, shifts, strict=False)):
        replicas = [REPLICAS[(i + a) % 3] for i in range(3)]
        if k not in (0, 4, 8):
            replicas = [one if name == workers else name for name in replicas]
        if k > 2 and replicas[1] == one:  # a graph takes the two, for which it needs least time
            replicas = [one if name == two else name for name in replicas]
            replicas[1] = two
        precisions = [PRECISIONS[(i + b) % 3] for i in range(3)]
        cells += map(Cell, [variant] * 3, MODES, replicas, precisions)
    return cells


def reference_cell(variant, selected):
    """What the exact cells of a variant are held against: the selected one of one replica in float32."""
    plain = ("one replica", "float32")
    found = [c for c in selected if c.variant == variant and (c.replicas, c.precision) == plain]
    return found[0] if found else Cell(variant, "graph", *plain)


def train(cell, strategy, part):
    """Two steps of training. Returns the model, and its logs and weights as one dictionary."""
    import cases
    import keras

    exact = part == "exact"
    with strategy.scope():
        overrides = cases.WITHOUT_BATCH_STATISTICS if exact else {}
        gan = cases.make(cell.variant, dtype=cell.precision, **overrides)
    if exact:
        scale = cases.initial_scale(cell.variant)
        for network in gan.networks().values():
            network.set_weights([scale * weight for weight in network.get_weights()])
    players = [player.name for player in gan.players()]
    optimizers = {name: keras.optimizers.SGD(0.05) for name in players} if exact else {}
    if cell.precision == "mixed_float16":
        scale = cases.initial_loss_scale(cell.variant)
        wrapped = keras.optimizers.LossScaleOptimizer
        optimizers = {name: wrapped(sgd, scale) for name, sgd in optimizers.items()}
    modes = {"jit_compile": cell.mode == "xla", "run_eagerly": cell.mode == "eager"}
    gan.compile(optimizers=optimizers, **modes)
    initial = {f"initial {name}": value for name, value in weights(gan).items()}
    images = np.random.default_rng(0).uniform(-1, 1, (16 * gan.n_critic, 8, 8, 1))
    labels = cases.asked_for(gan, np.arange(len(images)) % 3)
    history = gan.fit((images.astype(np.float32), labels), batch_size=8, verbose=0).history
    # Half precision logs by what it scales its losses, too.
    logs = {name: v[-1] for name, v in history.items() if not name.endswith("_loss_scale")}
    return gan, {**initial, **logs, **weights(gan)}


def weights(gan):
    """All variables by network, number and name, since Keras counts up the names of layers, and the
    state by its own."""
    networks = {name: network.variables for name, network in gan.networks().items()}
    numbered = {
        f"{network} {i} {variable.name}": variable
        for network, variables in networks.items()
        for i, variable in enumerate(variables)
    }
    state = {f"state {name}": variable for name, variable in gan.state.items()}
    return {
        name: np.asarray(variable.numpy(), np.float64)
        for name, variable in {**state, **numbered}.items()
    }


def main(names, output):
    import keras
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    results = {}
    for name, part in json.loads(names):
        cell = Cell(*name)
        _, result = train(cell, strategy, part)
        results |= {f"{cell}|{part}|{key}": value for key, value in result.items()}
        keras.backend.clear_session()  # or hundreds of graphs would fill the memory
        gc.collect()
    with open(output, "wb") as file:
        pickle.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
