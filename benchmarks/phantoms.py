"""Does translation lose lesions, or draw some that are not there? On synthetic phantoms.

    python benchmarks/phantoms.py

Phantoms of ellipses, after Shepp and Logan ("The Fourier reconstruction of a head section", 1974): heads
of random anatomy in two contrasts, one like a T1-weighted image and one like a T2-weighted one, with
small round lesions whose places are known. `Pix2Pix`, and its U-Net with the L1 distance alone, learn
the second from the first, from training sets of which no, half or all phantoms have lesions. Nothing
here is of patients, and nothing is medical evidence. Writes results/phantoms.csv and
docs/images/phantoms.png; trainings that the file has are left out, so that it goes on where it was
stopped.
"""

import argparse
import functools
import os
import pathlib
import time
from typing import NamedTuple

import numpy as np
import tables

SIDE, EDGE = 64, 0.03  # pixels, and half the width of an edge, in halves of the side
NOISE = 0.02  # standard deviation, in both contrasts
TISSUES = {  # "T1", "T2"
    "scalp": (0.90, 0.60),
    "skull": (0.10, 0.05),
    "fluid": (0.15, 0.95),
    "grey": (0.50, 0.65),
    "white": (0.75, 0.40),
    "nucleus": (0.58, 0.50),
}
LESION = 0.35  # brighter than its surroundings in "T2"
CONTRASTS = (
    0.0,
    0.05,
    0.1,
    0.2,
)  # darker in "T1": not there at all, and 2.5, 5 and 10 times the noise
LESIONS = 2  # in a phantom that has some
SHARES = {"none": 0.0, "half": 0.5, "all": 1.0}
METHODS = ("U-Net, L1 alone", "Pix2Pix")
OPTIONS = {"image_shape": (SIDE, SIDE, 1), "width": 16}
PIX2PIX = {"discriminator_width": 16, "patch": 34}
ROOT = pathlib.Path(__file__).parents[1]
SHOWN = 3  # phantoms with lesions in the picture, and one without


class Scale(NamedTuple):
    """Pairs to learn from, updates, pairs to test on of each kind."""

    pairs: int = 1000
    steps: int = 1000
    tested: int = 200


# === Phantoms ===


class Lesion(NamedTuple):
    """Its centre and radius in pixels, and how much darker it is in "T1"."""

    row: float
    column: float
    radius: float
    contrast: float


class Phantom(NamedTuple):
    """Images `[64, 64]`, 0 to 1: both contrasts; the second without noise, and without lesions too;
    the places in which lesions may lie; and these."""

    t1: np.ndarray
    t2: np.ndarray
    clean: np.ndarray
    healthy: np.ndarray
    room: np.ndarray
    lesions: tuple


def phantom(rng: np.random.Generator, lesions: int = 0) -> Phantom:
    """One head with so many lesions in its white matter."""
    layers, white = _anatomy(rng)
    jitter = rng.normal(0, 0.02, [len(TISSUES), 2])
    values = dict(zip(TISSUES, np.array(list(TISSUES.values())) + jitter, strict=True))
    images = np.zeros([2, SIDE, SIDE])
    for mask, tissue in layers:
        images = images * (1 - mask) + values[tissue][:, None, None] * mask
    room = _eroded(white > 0.999, 3)
    placed = _placed(rng, room, lesions)
    clean, healthy = images.copy(), images[1].copy()
    for lesion in placed:
        change = np.array([-lesion.contrast, LESION])
        clean += change[:, None, None] * disc(lesion)
    noisy = clean * [_field(rng), np.ones([SIDE, SIDE])] + rng.normal(0, NOISE, clean.shape)
    t1, t2 = np.clip(noisy, 0, 1)
    return Phantom(t1, t2, clean[1], healthy, room, placed)


def _anatomy(rng):
    """`[(mask, tissue)]` from the outside on, and the mask of white matter alone."""
    centre, angle = rng.normal(0, 0.03, 2), rng.normal(0, 0.1)
    head = np.array([rng.uniform(0.85, 0.95), rng.uniform(0.68, 0.82)])
    ellipse = functools.partial(_ellipse, angle=angle)
    shells = {"scalp": 1, "skull": 0.94, "fluid": 0.87, "grey": 0.82}
    layers = [(ellipse(centre, head * scale), tissue) for tissue, scale in shells.items()]
    white = ellipse(centre, head * rng.uniform(0.7, 0.76))
    layers.append((white, "white"))
    for side in (-1, 1):
        size = np.array([rng.uniform(0.12, 0.22), rng.uniform(0.04, 0.07)])
        place = centre + np.array([rng.normal(-0.05, 0.03), side * rng.uniform(0.08, 0.12)])
        layers.append((_ellipse(place, size, angle - 0.25 * side), "fluid"))
        size = np.array([rng.uniform(0.06, 0.1), rng.uniform(0.05, 0.08)])
        place = centre + np.array([rng.normal(0.2, 0.03), side * rng.uniform(0.15, 0.2)])
        layers.append((_ellipse(place, size, angle), "nucleus"))
    for mask, _ in layers[5:]:
        white = white * (1 - mask)
    return layers, white


def _grid():
    steps = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    return np.stack(np.meshgrid(steps, steps, indexing="ij"))


def _ellipse(centre, size, angle):
    """A mask in [0, 1] with soft edges; the grid goes from -1 to 1."""
    rows, columns = _grid() - np.reshape(centre, [2, 1, 1])
    turned = np.stack(
        [
            rows * np.cos(angle) + columns * np.sin(angle),
            columns * np.cos(angle) - rows * np.sin(angle),
        ]
    )
    reach = np.sqrt(np.sum((turned / np.reshape(size, [2, 1, 1])) ** 2, axis=0))
    return np.clip(0.5 + (1 - reach) * min(size) / (2 * EDGE), 0, 1)


def _field(rng):
    """A smooth field of +-5 %, as coils have."""
    rows, columns = _grid()
    slopes = rng.uniform(-0.05, 0.05, 2)
    return 1 + slopes[0] * rows + slopes[1] * columns


def _placed(rng, room, count):
    """Lesions in the room, apart from each other; fewer where there is none left."""
    found, room = [], room.copy()
    while len(found) < count and room.any():
        places = np.argwhere(room)
        row, column = places[rng.integers(len(places))]
        radius, contrast = rng.uniform(1.8, 3.2), rng.choice(CONTRASTS)
        found.append(Lesion(float(row), float(column), float(radius), float(contrast)))
        room &= _distances(found[-1]) > 10
    return tuple(found)


def _distances(lesion):
    rows, columns = np.indices([SIDE, SIDE])
    return np.hypot(rows - lesion.row, columns - lesion.column)


def disc(lesion):
    """Its mask in [0, 1]."""
    return np.clip(lesion.radius - _distances(lesion) + 0.5, 0, 1)


def _eroded(mask, times):
    for _ in range(times):
        inner = np.pad(mask, 1)
        mask = mask & inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
    return mask


# === What became of lesions ===


def kept(translated: np.ndarray, one: Phantom) -> list[float]:
    """Of each lesion the share of its contrast in "T2" that the translation has: 1 as the target."""
    change = translated - one.healthy
    return [
        float(np.sum(change * disc(lesion)) / np.sum(LESION * disc(lesion) ** 2))
        for lesion in one.lesions
    ]


def hallucinated(translated: np.ndarray, one: Phantom) -> int:
    """Spots, away from lesions, that are brighter than healthy tissue by half a lesion's contrast."""
    bright = _smoothed(translated - one.healthy) > LESION / 2
    for lesion in one.lesions:
        bright &= _distances(lesion) > lesion.radius + 3
    return _spots(bright & one.room)


def _smoothed(image):
    """The mean of 3x3 pixels."""
    padded = np.pad(image, 1, mode="edge")
    return sum(padded[r : r + SIDE, c : c + SIDE] for r in range(3) for c in range(3)) / 9


def _spots(mask):
    """How many parts that hang together by sides or corners."""
    mask, count = mask.copy(), 0
    while mask.any():
        count += 1
        waiting = [tuple(np.argwhere(mask)[0])]
        while waiting:
            row, column = waiting.pop()
            if mask[row, column]:
                mask[row, column] = False
                top, left = max(row - 1, 0), max(column - 1, 0)
                near = np.argwhere(mask[top : row + 2, left : column + 2])
                waiting += [(top + r, left + c) for r, c in near]
    return count


# === Training ===


def images_of(phantoms, contrast):
    """float32 `[N, 64, 64, 1]` in [-1, 1]."""
    return np.stack([getattr(p, contrast) for p in phantoms])[..., None].astype(np.float32) * 2 - 1


def trained(method, share, seed, scale, precision):
    import keras

    rng = np.random.default_rng([seed, 1])
    with_lesions = round(share * scale.pairs)
    phantoms = [phantom(rng, LESIONS * (k < with_lesions)) for k in range(scale.pairs)]
    before = keras.config.dtype_policy().name
    keras.config.set_dtype_policy(precision)
    model = _model(method)(**OPTIONS, **(PIX2PIX if method == "Pix2Pix" else {}), seed=seed)
    model.compile()
    keras.config.set_dtype_policy(before)
    pairs = (images_of(phantoms, contrast) for contrast in ("t1", "t2"))
    model.fit(*pairs, batch_size=8, epochs=1, steps_per_epoch=scale.steps, verbose=0)
    return model


def _model(method):
    import tensorflow as tf

    from tfgan_zoo import Pix2Pix

    class WithoutDiscriminator(Pix2Pix):
        """The same U-Net, which nobody plays against."""

        has_discriminator = False

        def _check_networks(self):
            pass

        def generator_loss(self, batch, rng):
            made = self.synthesize(batch["images"])
            distance = tf.reduce_mean(tf.abs(batch["targets"] - made))
            return distance, {"g_loss": distance}

    return Pix2Pix if method == "Pix2Pix" else WithoutDiscriminator


# === Measurements ===


def tested(count, lesions):
    rng = np.random.default_rng([1_000_000, lesions])
    return [phantom(rng, lesions) for _ in range(count)]


def pixels(images):
    """uint8 `[N, 64, 64, 1]` of images in [0, 1]."""
    return np.round(np.stack(list(images))[..., None] * 255).astype(np.uint8)


def scores(made_sick, made_well, sick, well):
    """What a row has of translations, uint8, of phantoms with lesions and of others without."""
    from tfgan_zoo import metrics

    made = np.concatenate([made_sick, made_well])
    targets = pixels(p.t2 for p in (*sick, *well))
    row = {
        "psnr": float(metrics.psnr(made, targets).mean()),
        "ssim": float(metrics.ssim(made, targets).mean()),
    }
    floats = [images[..., 0] / 255 for images in (made_sick, made_well)]
    shares = [x for image, one in zip(floats[0], sick, strict=True) for x in kept(image, one)]
    contrasts = np.array([lesion.contrast for one in sick for lesion in one.lesions])
    for contrast in CONTRASTS:
        found = np.array(shares)[contrasts == contrast]
        row |= {f"lesions_{contrast:g}": len(found)}
        row |= {f"found_{contrast:g}": float(np.mean(found > 0.5)) if len(found) else ""}
        row |= {f"kept_{contrast:g}": float(np.mean(found)) if len(found) else ""}
    spots = [hallucinated(image, one) for image, one in zip(floats[1], well, strict=True)]
    return row | {
        "hallucinated_in": float(np.mean(np.array(spots) > 0)),
        "hallucinated_per_100": 100 * float(np.mean(spots)),
    }


def measure(method, name, seed, given, sick, well):
    told = {"method": method, "lesions_in_training": name, "seed": str(seed)}
    if not given.quick and any(
        all(row[key] == value for key, value in told.items())
        for row in tables.rows_so_far("phantoms")
    ):
        return
    begun = time.process_time()
    model = trained(method, SHARES[name], seed, given.scale, given.precision)
    seconds = time.process_time() - begun
    made = [model.translate(images_of(x, "t1"), batch_size=50) for x in (sick, well)]
    if not given.quick and seed == 0:
        save_shown(given, f"{method} {name}", np.concatenate([made[0][:SHOWN], made[1][:1]]))
    row = (
        told | {"pairs": given.scale.pairs, "steps": given.scale.steps} | scores(*made, sick, well)
    )
    give(row | {"cpu_seconds": seconds, "precision": given.precision}, given)


def measure_target(given, sick, well):
    """The targets themselves, noise included: what the measures give of a perfect translation."""
    if given.quick or not tables.rows_so_far("phantoms"):
        made = (pixels(p.t2 for p in phantoms) for phantoms in (sick, well))
        told = {"method": "the target itself", "lesions_in_training": "", "seed": "0"}
        give(told | scores(*made, sick, well), given)


def give(row, given):
    tables.give("phantoms", row, given.quick)


# === A picture ===


def save_shown(given, name, images):
    given.directory.mkdir(parents=True, exist_ok=True)
    np.save(given.directory / f"{name}.npy", images)


def draw(files, sick, well):
    """A row a phantom: both contrasts, then what each training made of the first."""
    from tfgan_zoo.visualization import enlarged, image_rows, write_png

    shown = [*sick[:SHOWN], well[0]]
    columns = [pixels(getattr(p, contrast) for p in shown) for contrast in ("t1", "t2")]
    columns += [np.load(file) for file in files]
    rows = [[enlarged(column[k], 2) for column in columns] for k in range(len(shown))]
    write_png(ROOT / "docs" / "images" / "phantoms.png", image_rows(rows, gap=4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--lesions", nargs="+", default=list(SHARES), choices=SHARES)
    parser.add_argument("--core", type=int, default=0, help="the one that it runs on")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / "runs" / "phantoms")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    given.scale = Scale(16, 2, 8) if given.quick else Scale()
    sick, well = (tested(given.scale.tested, lesions) for lesions in (LESIONS, 0))
    measure_target(given, sick, well)
    for seed in range(1 if given.quick else given.seeds):
        for name in given.lesions[: 1 if given.quick else None]:
            for method in given.methods:
                measure(method, name, seed, given, sick, well)
    files = [given.directory / f"{method} {name}.npy" for name in SHARES for method in METHODS]
    if not given.quick and all(file.exists() for file in files):
        draw(files, sick, well)


if __name__ == "__main__":
    main()
