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
NETWORKS += ("backward_generator", "backward_discriminator", "ema_backward_generator", "projector")
NETWORKS += ("decoder", "projection")
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
    """A cell or two a variant: a reference of one replica in float32, and one that differs in all or
    most columns. One of them is compiled. `OTHERS` has what pairs of columns need besides."""
    one, two, _ = REPLICAS
    cells = []
    for k, variant in enumerate(sorted(variants, key=LONG.__contains__)):
        half = PRECISIONS[1 + k // 2 % 2]
        usual = ("xla", one, half) if k % 2 == 0 else ("graph", two, half)
        other = OTHERS.get(k, usual)
        # One cell is enough where the pairs of columns are met already; the whole table has them all.
        alone = k > FEW
        mode = "xla" if alone or other[0] != "xla" else ("graph", "eager")[k // 2 % 2]
        cells += [Cell(variant, mode, one, "float32")] + ([] if alone else [Cell(variant, *other)])
    return cells


FEW = 12  # variants that meet all pairs of columns
LONG = ("StyleGAN", "StyleGAN3", "SAGAN", "ProGAN", "BigGANDeep")  # to compile
OTHERS = {  # two workers take the longest
    0: ("xla", "two workers", "mixed_bfloat16"),
    2: ("xla", "two replicas", "mixed_float16"),
    3: ("graph", "two replicas", "float32"),
    4: ("graph", "two workers", "mixed_float16"),
    5: ("eager", "two replicas", "mixed_bfloat16"),
    7: ("eager", "one replica", "mixed_float16"),
    8: ("eager", "two workers", "float32"),
}


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
    images = np.random.default_rng(0).uniform(-1, 1, (16 * gan.batches_per_step, 8, 8, 1))
    labels = cases.asked_for(gan, np.arange(len(images)) % 3)
    images = cases.given_to(gan, images.astype(np.float32))
    history = gan.fit((images, labels), batch_size=8, verbose=0).history
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
