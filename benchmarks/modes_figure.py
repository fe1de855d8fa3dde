"""Draws docs/images/modes.png: the points of every method of modes.py beside real ones.

    python benchmarks/modes_figure.py --steps 20000

Of the first seed, from the samples that modes.py keeps in --directory: the grid, and below it the ring.
"""

import argparse
import pathlib

import numpy as np
from matplotlib.figure import Figure
from modes import DIRECTORY, MIXTURES, POINTS, ROOT, SCALE, points, score_points


def figure(directory, steps):
    drawn, number = Figure(figsize=(10, 8.1), layout="constrained"), 0
    for name, mixture in MIXTURES.items():
        shown = {"real": SCALE * points(mixture, POINTS, 1).reshape(-1, 2)}
        files = {m: directory / f"{name}-{m}-0-{steps}.npy" for m in mixture.methods}
        shown |= {method: np.load(path) for method, path in files.items()}
        for method, found in shown.items():
            number += 1
            _scatter(drawn.add_subplot(3, 4, number), method, found, mixture)
    drawn.savefig(ROOT / "docs" / "images" / "modes.png", dpi=100)


def _scatter(axes, method, found, mixture):
    color = "#4c72b0" if method == "real" else "#c44e52"
    axes.scatter(*found.T, s=1, alpha=0.4, color=color)
    score = f": {score_points(found, mixture)['modes']} of {len(mixture.centres)}"
    axes.set_title(method if method == "real" else method + score, fontsize=9)
    limits = (-1.25 * mixture.centres.max(), 1.25 * mixture.centres.max())
    axes.set(xlim=limits, ylim=limits, aspect="equal", xticks=[], yticks=[])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--directory", type=pathlib.Path, default=DIRECTORY)
    given = parser.parse_args()
    figure(given.directory, given.steps)


if __name__ == "__main__":
    main()
