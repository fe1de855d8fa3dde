"""Cuts pictures of pairs side by side into two sets without pairs, as CycleGAN learns from.

    python saved_models/halves.py ./facades ./facades_halves

The left halves of `train` become `trainA`, the right ones `trainB`; those of `test` likewise.
"""

import argparse
import pathlib

from tfgan_zoo.tasks import pictures
from tfgan_zoo.visualization import write_png


def main(source, folder):
    """Writes `<folder>/{train,test}{A,B}/`, with the names of the files."""
    for file in sorted(path for split in ("train", "test") for path in (source / split).iterdir()):
        image = pictures.read(file, 3)
        middle = image.shape[1] // 2
        for letter, half in (("A", image[:, :middle]), ("B", image[:, middle : 2 * middle])):
            write_png(folder / f"{file.parent.name}{letter}" / f"{file.stem}.png", half)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()
    main(given.source, given.folder)
