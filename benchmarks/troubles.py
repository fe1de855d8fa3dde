"""What do five troubles of training look like, and what helps? Small runs on Fashion-MNIST.

    python benchmarks/troubles.py                     # ten runs, of a minute or two each on one core
    python benchmarks/troubles.py --only collapse     # those of one trouble

Each trouble is two trainings of one small DCGAN, as it goes wrong and as it is mended. Writes the rows
of results/troubles.csv, of which `make_guides.py` makes a table of docs/troubleshooting.md, and draws
both side by side, docs/images/trouble_<name>.png.
"""

import argparse
import pathlib
import statistics
from typing import NamedTuple

import keras
import numpy as np
import tables

from tfgan_zoo import DCGAN, callbacks, evaluation
from tfgan_zoo.regularizers import ADA, DiffAugment
from tfgan_zoo.visualization import enlarged, image_grid, write_png

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT / "tfgan_zoo" / "datasets" / "fashion_mnist_10k.npz"
SMALL = {"image_shape": (28, 28, 1), "width": 32}
METRIC = "fd1k_lenet_fashion_mnist"
UNSEEN = 1000  # images at the end of the set that nothing is trained on
LAST = 50  # steps of which logged values are averaged


class Trouble(NamedTuple):
    """Options of DCGAN as it goes wrong, and by name those that mend it, for steps of 64 images."""

    wrong: dict
    mended: dict
    steps: int
    pictures: int = 9000


_BARE = {"discriminator_normalization": None}
_WASSERSTEIN = _BARE | {"objective": "wasserstein", "d_learning_rate": 2e-3}
_STRONG = _BARE | {"n_critic": 5, "d_learning_rate": 1e-3}
TROUBLES = {
    "collapse": Trouble(
        _BARE | {"g_learning_rate": 1e-3, "d_learning_rate": 2e-5}, {"equal rates": _BARE}, 400
    ),
    "divergence": Trouble(
        _WASSERSTEIN, {"gradient penalty": _WASSERSTEIN | {"penalty": "gradient_penalty"}}, 250
    ),
    "checkerboard": Trouble({}, {"resize": {"upsampling": "resize"}}, 250),
    "overfitting": Trouble(
        {},
        {
            "DiffAugment": {"regularizers": [DiffAugment("translation,cutout")]},
            "ADA": {"regularizers": [ADA(images=20_000)]},
        },
        800,
        pictures=100,
    ),
    "saturation": Trouble(_STRONG | {"objective": "minimax"}, {"non-saturating": _STRONG}, 300),
}


# === A run ===


def run(name, method, options, trouble, quick):
    """A row of numbers of one training, and images of the seeds 0 to 31."""
    images = np.load(DATA)["images"].reshape(-1, 28, 28, 1)
    steps = 4 if quick else trouble.steps
    gan = DCGAN(**SMALL, **options)
    gan.compile()
    seen, unseen = (watch(part, steps) for part in (images[: trouble.pictures], images[-UNSEEN:]))
    guard, means = callbacks.DivergenceGuard(tries=0), Means()
    try:
        gan.fit(
            images[: trouble.pictures] / np.float32(127.5) - 1,
            batch_size=64,
            steps_per_epoch=steps,
            verbose=0,
            callbacks=[guard, means, seen, unseen],
        )
    except callbacks.DivergenceError as error:
        print(error)
    row = {"trouble": name, "method": method, "steps": steps, **means.last(), **seen.history[-1][1]}
    row |= {"unseen_real_accuracy": unseen.history[-1][1].get("real_accuracy")}
    drawn = gan.generate(1000, seed=0)
    row |= {"diverged_at": guard.divergences[0].step if guard.divergences else ""}
    row |= {"stripes": stripes(drawn) / stripes(images[-UNSEEN:]), "fd": distance(gan, images)}
    return row, drawn[:32]


class Means(keras.callbacks.Callback):
    """Means of what is logged in the last steps."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        self.rows.append(dict(logs))

    def last(self):
        rows = self.rows[-LAST:]
        return {name: statistics.mean(float(row[name]) for row in rows) for name in rows[0]}


def watch(images, steps):
    return callbacks.CollapseMonitor(
        images, every=max(steps // 4, 1), begin=0, extractor="lenet_fashion_mnist"
    )


def stripes(images):
    """The highest frequency's share, along either axis, of the energy of images about their means."""
    pixels = images[..., 0] - images[..., 0].mean((1, 2), keepdims=True)
    energy = np.abs(np.fft.fft2(pixels)) ** 2
    half = pixels.shape[1] // 2
    return (energy[:, half].sum() + energy[:, :, half].sum()) / energy.sum()


def distance(gan, images):
    real = evaluation.from_arrays(images[-UNSEEN:])
    drawn = evaluation.from_model(gan)
    return evaluation.evaluate(drawn, [METRIC], lambda split: real, progress=False)[0].value


# === All of them ===


def picture(grids):
    """Grids of eight columns side by side, twice as large."""
    grids = [image_grid(images, columns=8) for images in grids]
    gap = np.full((len(grids[0]), 12, 1), 255, np.uint8)
    parts = [part for grid in grids for part in (gap, grid)][1:]
    return enlarged(np.concatenate(parts, axis=1), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TROUBLES, help="one of them")
    tables.add_quick(parser)
    given = parser.parse_args()
    for name in [given.only] if given.only else list(TROUBLES)[: 1 if given.quick else None]:
        trouble = TROUBLES[name]
        methods = {"wrong": trouble.wrong, **trouble.mended}
        runs = [run(name, *method, trouble, given.quick) for method in methods.items()]
        tables.replace_in_csv("troubles", "trouble", [row for row, _ in runs], given.quick)
        if not given.quick:
            path = ROOT / "docs" / "images" / f"trouble_{name}.png"
            write_png(path, picture([images for _, images in runs]))


if __name__ == "__main__":
    main()
