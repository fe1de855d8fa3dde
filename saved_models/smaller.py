"""Makes pictures smaller as benchmarks of super-resolution do, by Matlab's bicubic `imresize`.

    python saved_models/smaller.py './Set5/*_HR.png' 2 ./Set5_x2

Of each file the folder gets NAME_HR.png, cut to a multiple of the scale, and NAME_LR.png.
"""

import argparse
import glob
import pathlib

import numpy as np

from tfgan_zoo.datasets.bicubic import imresize
from tfgan_zoo.tasks import pictures
from tfgan_zoo.visualization import write_png


def main(pattern, scale, folder):
    for file in sorted(glob.glob(pattern)):
        name = pathlib.Path(file).stem.removesuffix("_HR")
        image = pictures.read(file, 3)
        height, width = (side // scale * scale for side in image.shape[:2])
        large = image[:height, :width]
        write_png(folder / f"{name}_HR.png", large)
        small = imresize(large[None].astype(np.float32), 1 / scale).numpy()[0]
        write_png(folder / f"{name}_LR.png", small.astype(np.uint8))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern", help="of files")
    parser.add_argument("scale", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()
    main(given.pattern, given.scale, given.folder)
