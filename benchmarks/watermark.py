"""What does the watermark survive, and what does it cost? Beside two published ones, on the same images.

    python benchmarks/watermark.py           # writes results/watermark.csv and two more
    python benchmarks/watermark.py --only ours,null,quality,others

`others` needs a Python with `pip install invisible-watermark blind-watermark onnxruntime`, which
TFGAN_ZOO_WATERMARK_PYTHON names, and BSD100 in $TFGAN_ZOO_DATA/sr_bench.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import tables
import watermark_contestants
from PIL import Image
from watermark_attacks import attacks
from watermark_contestants import METHODS

KEY = bytes(range(32))
LEVEL = 1e-6
FOLDER = pathlib.Path(__file__).parents[1] / "docs" / "images"
SETS = {  # what models drew, and photographs: how many, and bits and PSNR of ours
    "28x28 dcgan_fashion_mnist": (200, [(0, 38), (8, 38), (8, 34), (16, 38)]),
    "32x32 biggan_cifar10_small": (200, [(0, 38), (8, 38), (8, 34), (16, 38)]),
    "64x64 stylegan2_emoji_64": (200, [(8, 38), (16, 38), (32, 38), (16, 42)]),
    "256x256 BSD100": (20, [(32, 38), (32, 42)]),
}
TOGETHER = 10
_OTHERS = 20  # images of the others, which are slow
SMALLEST = "16x16 noise"


# === Images ===


def images_of(name, count):
    """uint8 images that a published model drew, or parts of photographs."""
    import tfgan_zoo

    preset = name.split()[1]
    if name == SMALLEST:
        return np.random.default_rng(0).integers(80, 170, (count, 16, 16, 3), np.uint8)
    if preset != "BSD100":
        return tfgan_zoo.from_preset(preset).generate(count, seed=0)
    folder = pathlib.Path(os.environ["TFGAN_ZOO_DATA"]) / "sr_bench" / "BSD100" / "image_SRF_4"
    files = sorted(folder.glob("*HR.png"))[:count]
    return np.stack([np.array(Image.open(file).convert("RGB"))[:256, :256] for file in files])


def marked(mark, images, numbers=None):
    """uint8 images of uint8 images."""
    made = mark.embed(np.float32(images) / np.float32(127.5) - 1, numbers).numpy()
    return np.uint8(np.round((made + 1) * 127.5))


# === Ours ===


def ours(sets):
    from tfgan_zoo.watermark import Watermark

    for name, (count, variants) in sets.items():
        images = images_of(name, count)
        rng = np.random.default_rng(1)
        for bits, decibels in variants:
            mark = Watermark(KEY, decibels, bits)
            numbers = rng.integers(0, 2**bits, len(images))
            pixels = marked(mark, images, numbers)
            told = _told(name, count, "tfgan_zoo", bits)
            told |= _quality(pixels, images)
            for attack, made, _, is_crop in attacks(pixels):
                found = mark.detect(made, images.shape[1:3], crops=is_crop)
                row = told | {"attack": attack, "detected": share(found.p_value <= LEVEL)}
                row |= _right(found.number, numbers, bits)
                row["claim_detected"] = share(
                    mark.detect(made, images.shape[1:3], is_crop, numbers).p_value <= LEVEL
                )
                if not is_crop:
                    row["together_detected"] = together(mark, made, images.shape[1:3])
                print(row, flush=True)
                yield row


def _told(name, count, method, bits):
    told = {"case": f"{method}, {name}", "images": name, "count": count}
    return told | {"method": method, "bits": bits}


def together(mark, images, size):
    """Of sets of ten, the share in which the mark is found."""
    parts = [images[i : i + TOGETHER] for i in range(0, len(images) - TOGETHER + 1, TOGETHER)]
    return share(np.array([mark.detect_together(part, size)[0] <= LEVEL for part in parts]))


def _right(found, numbers, bits):
    if not bits:
        return {"bits_right": "", "numbers_right": ""}
    wrong = (found ^ numbers)[:, None] >> np.arange(bits) & 1
    return {"bits_right": share(wrong == 0), "numbers_right": share(found == numbers)}


def share(values):
    return f"{np.mean(values):.3f}"


# === Others ===


def others(sets):
    """A mark is found where more bits fit than chance has at 1e-6: of keys that are as many random bits,
    the exact binomial tail."""
    for name in sets:
        images = images_of(name, _OTHERS)
        bits = [32 if m == "rivaGan" or images.shape[1] < 256 else 64 for m in METHODS]
        rng = np.random.default_rng(2)
        keys = {m: rng.integers(0, 2, (_OTHERS, b)) for m, b in zip(METHODS, bits, strict=True)}
        made = _asked("embed", images=images, **keys)
        kept = [method for method in METHODS if method in made]
        changed = {method: list(attacks(made[method])) for method in kept}
        wholes = {method: np.concatenate([c[2] for c in changed[method]]) for method in kept}
        found = _asked("extract", bits=bits, **wholes)
        for method, count in zip(METHODS, bits, strict=True):
            told = _told(name, _OTHERS, method, count)
            if method not in found:
                why = made.get(f"{method}_error", found.get(f"{method}_error"))
                yield told | {"attack": f"refuses: {why}"}
                continue
            told |= _quality(made[method], images)
            read = found[method].reshape(len(changed[method]), _OTHERS, count)
            for attack, answer in zip(changed[method], read, strict=True):
                yield told | _fit(attack[0], answer == keys[method])


def _fit(attack, right):
    from scipy import stats

    fits, bits = right.sum(axis=1), right.shape[1]
    row = {"attack": attack, "detected": share(stats.binom.sf(fits - 1, bits, 0.5) <= LEVEL)}
    return row | {"bits_right": share(right), "numbers_right": share(fits == bits)}


def _quality(marked, images):
    from tfgan_zoo.metrics.images import psnr, ssim

    found = {"psnr": f"{psnr(marked, images).mean():.2f}"}
    return found | {"ssim": f"{ssim(marked, images).mean():.4f}"}


def _asked(command, **arrays):
    """What `watermark_contestants.py` makes of arrays, in its own Python."""
    python = os.environ.get("TFGAN_ZOO_WATERMARK_PYTHON")
    if not python:
        raise SystemExit("TFGAN_ZOO_WATERMARK_PYTHON must name a Python with the other watermarks.")
    script = pathlib.Path(watermark_contestants.__file__)
    with tempfile.TemporaryDirectory() as folder:
        source, target = (pathlib.Path(folder) / f"{name}.npz" for name in ("in", "out"))
        np.savez(source, **arrays)
        subprocess.run([python, script, command, source, target], check=True)
        with np.load(target) as file:
            return dict(file)


# === The null ===


def null(quick=False):
    """Scores of images without a mark, each by a key of its own: the shares above normal quantiles."""
    from scipy import stats

    from tfgan_zoo import datasets
    from tfgan_zoo.watermark import carriers, detection, keys

    count = 500 if quick else 200_000
    real = next(iter(datasets.load("fashion_mnist_10k", shuffle=False, batch_size=1000)))["images"]
    sets = {"Fashion-MNIST, real": np.uint8(np.round((real.numpy() + 1) * 127.5))}
    for name in () if quick else ("dcgan_fashion_mnist", "stylegan2_emoji_64"):
        sets[f"{name}, generated"] = images_of(f"- {name}", 1000)
    for name, images in sets.items():
        tiles = carriers.folded(detection.features(images - 127.5)).reshape(len(images), -1)
        tiles /= np.linalg.norm(tiles, axis=1, keepdims=True)
        scores = np.empty(count)
        for i in range(count):
            signs = keys.signs(i.to_bytes(16, "big"), "common", [carriers.COUNT])
            scores[i] = signs @ tiles[i % len(tiles)]
        row = {"images": name, "keys": count, "mean": f"{scores.mean():.4f}"}
        row["deviation"] = f"{scores.std():.4f}"
        for level in (1e-1, 1e-2, 1e-3, 1e-4):
            row[f"above_{level:g}"] = f"{(scores > stats.norm.isf(level)).mean():.3g}"
            row[f"p_value_{level:g}"] = f"{(detection.tail(scores) <= level).mean():.3g}"
        print(row, flush=True)
        yield row


# === What it does to the Fréchet distance ===


def quality(quick=False):
    """The distance of 5,000 images of a published model from real ones, marked and not."""
    import tfgan_zoo
    from tfgan_zoo import datasets, metrics
    from tfgan_zoo.metrics import extractors
    from tfgan_zoo.watermark import Watermark, numbers_of

    count = 100 if quick else 5000
    features = extractors.get("lenet_fashion_mnist")
    real = next(iter(datasets.load("fashion_mnist_10k", shuffle=False, batch_size=count)))["images"]
    real = features(np.uint8(np.round((real.numpy() + 1) * 127.5)))[0]
    gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    drawn = gan.generate(count, seed=0)
    plain = metrics.frechet_distance(real, features(drawn)[0])
    for decibels in (34, 38, 42):
        mark = Watermark(KEY, decibels, 8)
        numbers = numbers_of(gan.latents_for(range(count)), 8)
        distance = metrics.frechet_distance(real, features(marked(mark, drawn, numbers))[0])
        row = {"model": "dcgan_fashion_mnist", "count": count, "psnr": decibels}
        yield row | {"fd_plain": f"{plain:.3f}", "fd_marked": f"{distance:.3f}"}


# === How it looks ===


def picture():
    """Without, with 42, 38 and 34 dB, and the difference at 38, ten times as large: docs/images."""
    from tfgan_zoo.visualization import enlarged, image_grid, write_picture
    from tfgan_zoo.watermark import Watermark

    columns = []
    for name, scale in (("stylegan2_emoji_64", 2), ("biggan_cifar10_small", 4)):
        images = images_of(f"- {name}", 4)
        rows = [images]
        for decibels in (42, 38, 34):
            mark = Watermark(KEY, decibels, 8)
            rows.append(marked(mark, images))
        change = rows[2].astype(int) - images
        rows.append(np.uint8(np.clip(128 + 10 * change, 0, 255)))
        columns.append(np.stack([enlarged(row, scale) for row in rows]))
    images = np.concatenate(columns, axis=1)
    write_picture(FOLDER / "watermark.png", image_grid(images.reshape(-1, *images.shape[2:]), 8))


PARTS = ("ours", "null", "quality", "others", "picture")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    here = [p for p in PARTS if p != "others" or "TFGAN_ZOO_WATERMARK_PYTHON" in os.environ]
    parser.add_argument("--only", default=",".join(here), help=", ".join(PARTS))
    parser.add_argument("--images", default="", help="those sets alone whose names have this")
    options = parser.parse_args()
    quick, parts = options.quick, options.only.split(",")
    sets = {name: SETS[name] for name in SETS if options.images in name}
    sets = {SMALLEST: (TOGETHER, [(8, 30)])} if quick else sets
    rows = list(ours(sets)) if "ours" in parts else []
    if "others" in parts and not quick:
        rows += others({name: sets[name] for name in sets if name.startswith(("64", "256"))})
    if rows:
        tables.replace_in_csv("watermark", "case", rows, quick)
    if "picture" in parts and not quick:
        picture()
    if "null" in parts:
        tables.write_csv("watermark_null", list(null(quick)), quick)
    if "quality" in parts:
        tables.write_csv("watermark_quality", list(quality(quick)), quick)


if __name__ == "__main__":
    main()
