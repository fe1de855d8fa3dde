"""Draws pictures of styles, and lays them beside photographs, as style transfer learns from.

    python saved_models/styles.py ./mosaic 1 --photographs './BSD100/*_HR.png'
    python saved_models/styles.py ./styles 300 --photographs './BSD100/*_HR.png'
    python saved_models/styles.py ./drawn 8 --first 1000

They are drawn by formulas from a seed, so that nobody's rights are on them: mosaics, brush strokes, dots
and waves, in palettes of their own. One picture is a mosaic. `trainA` gets the photographs, `trainB` the
pictures of styles.
"""

import argparse
import glob
import pathlib
import shutil

import numpy as np

from tfgan_zoo.visualization import write_png

SIDE = 256
_ENAMEL = np.array(  # of the first mosaic: night blue to gold
    [(16, 30, 84), (27, 84, 160), (66, 160, 190), (232, 214, 160), (236, 168, 40), (176, 48, 32)]
)


def picture(seed, kind, palette=None):
    """A picture of a style: uint8 `[256, 256, 3]`.

    Args:
        seed: Int.
        kind: "mosaic", "strokes", "dots" or "waves".
        palette: Colours `[N, 3]` in 0 to 255, from dark to bright, or None: drawn.
    """
    rng = np.random.default_rng(seed)
    palette = _palette(rng) if palette is None else palette
    made = _KINDS[kind](rng, _colours(palette, _field(rng)))
    return np.clip(made + rng.normal(0, 4, made.shape), 0, 255).astype(np.uint8)


def _palette(rng):
    colours = rng.integers(0, 256, (6, 3)) * rng.uniform(0.4, 1.0, 3)
    return colours[np.argsort(colours.sum(axis=1))]


def _field(rng, waves=4):
    """A smooth map in [0, 1] of both coordinates."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    across, down, phase = (
        rng.normal(0, 1.2, waves),
        rng.normal(0, 1.2, waves),
        rng.uniform(0, 1, waves),
    )
    angles = 2 * np.pi * (rows[..., None] * down + columns[..., None] * across + phase)
    return 0.5 + 0.5 * np.tanh(np.sin(angles).sum(axis=-1))


def _colours(palette, field):
    """Of each place its colour, float `[256, 256, 3]`."""
    places = np.linspace(0, 1, len(palette))
    return np.stack([np.interp(field, places, palette[:, i]) for i in range(3)], axis=-1)


def _mosaic(rng, colours):
    """Cells of points on a shaken grid, each of one colour, with dark joints."""
    step = rng.integers(14, 30)
    grid = np.mgrid[step // 2 : SIDE : step, step // 2 : SIDE : step].reshape(2, -1).T
    points = np.clip(grid + rng.uniform(-0.4, 0.4, grid.shape) * step, 0, SIDE - 1)
    places = np.mgrid[:SIDE, :SIDE].reshape(2, -1).T
    distances = np.sqrt(((places[:, None] - points) ** 2).sum(axis=-1))
    nearest = distances.argmin(axis=1).reshape(SIDE, SIDE)
    two = np.sort(np.partition(distances, 1, axis=1)[:, :2], axis=1)
    joints = (two[:, 1] - two[:, 0] < 0.12 * step).reshape(SIDE, SIDE, 1)
    own = colours[tuple(points.astype(int).T)] + rng.normal(0, 22, (len(points), 3))
    return np.where(joints, 0.25 * colours, own[nearest])


def _touches(rng, colours, length, width, count):
    """Ellipses that follow a flow, one over the other; what leaves a side comes in at the other."""
    made, flow = colours * 0.8, 2 * np.pi * _field(rng, 2)
    down, right = np.mgrid[-length : length + 1, -length : length + 1]
    for row, column in rng.integers(0, SIDE, (count, 2)):
        sine, cosine = np.sin(flow[row, column]), np.cos(flow[row, column])
        along, beside = down * sine + right * cosine, right * sine - down * cosine
        inside = (along / length) ** 2 + (beside / width) ** 2 < 1
        places = (row + down[inside]) % SIDE, (column + right[inside]) % SIDE
        made[places] = colours[row, column] + rng.normal(0, 20, 3)
    return made


def _strokes(rng, colours):
    return _touches(rng, colours, int(rng.integers(10, 24)), rng.uniform(2, 6), 4000)


def _dots(rng, colours):
    radius = int(rng.integers(3, 8))
    return _touches(rng, colours, radius, radius, 5000)


def _waves(rng, colours):
    """Lines of equal height of another map, thick and thin."""
    height = _field(rng, 3) * rng.uniform(6, 14)
    is_line = np.abs(height % 1 - 0.5) < rng.uniform(0.1, 0.2)
    return np.where(is_line[..., None], 0.2 * colours, colours)


_KINDS = {"mosaic": _mosaic, "strokes": _strokes, "dots": _dots, "waves": _waves}


def main(folder, count, photographs, first=0):
    """Writes `<folder>/trainA` and `<folder>/trainB`."""
    for part in ("trainA", "trainB"):
        (folder / part).mkdir(parents=True)
    for file in sorted(glob.glob(photographs or "")):
        shutil.copy(file, folder / "trainA")
    for seed in range(first, first + count):
        kind = list(_KINDS)[seed % len(_KINDS)]
        made = picture(seed, kind, _ENAMEL if count == 1 else None)
        write_png(folder / "trainB" / f"{seed:04d}_{kind}.png", made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("count", type=int, help="pictures of styles; of 1 the style is a mosaic")
    parser.add_argument("--photographs", help="pattern of files")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    given = parser.parse_args()
    main(given.folder, given.count, given.photographs, given.first)
