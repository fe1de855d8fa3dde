"""How good are published enlargers once they are imported? PSNR on Set5, beside bicubic enlargement.

    TFGAN_ZOO_DATA=… python benchmarks/published_weights.py   # writes results/published_weights.csv

Packages of npm hold the weights (MIT): `npm pack` fetches them into a temporary folder. Small images are
made by Matlab's bicubic of the large ones in $TFGAN_ZOO_DATA/sr_bench/Set5; PSNR is of the Y channel, of
levels of 8 bits, and leaves out a border of `scale` pixels. Their authors publish no values of Set5.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import tarfile
import tempfile

import numpy as np
import tables

BYTES, UNIT = (0, 255), (0, 1)
MODELS = (  # package, version, folder of the model, range of its pixels as the package's code says
    *(("@upscalerjs/esrgan-slim", "1.0.0", f"models/x{scale}", BYTES) for scale in (2, 3, 4)),
    *(("@upscalerjs/esrgan-medium", "1.0.0", f"models/x{scale}", BYTES) for scale in (2, 3, 4)),
    ("@upscalerjs/esrgan-thick", "1.0.0", "models/x4", UNIT),
)


def set5():
    """The large images, uint8 `[1, H, W, 3]`, a list."""
    from PIL import Image

    folder = pathlib.Path(os.environ["TFGAN_ZOO_DATA"]) / "sr_bench" / "Set5" / "image_SRF_4"
    files = sorted(folder.glob("*HR.png"))
    if len(files) != 5:
        raise SystemExit(f"{folder} has {len(files)} images *HR.png, and Set5 five.")
    return [np.array(Image.open(file).convert("RGB"))[None] for file in files]


def measured(model, images):
    """Mean PSNR of images that were made small and enlarged again, by the model and by bicubic."""
    from tfgan_zoo.datasets.bicubic import imresize
    from tfgan_zoo.metrics.images import psnr

    scale, ours, bicubic = model.scale, [], []
    for large in images:
        height, width = (side // scale * scale for side in large.shape[1:3])
        large = large[:, :height, :width]
        small = np.uint8(imresize(np.float32(large), 1 / scale))
        again = np.uint8(imresize(np.float32(small), scale))
        found = (
            psnr(made, large, luma=True, border=scale) for made in (model.translate(small), again)
        )
        for values, value in zip((ours, bicubic), found, strict=True):
            values.append(value[0])
    return {"psnr": f"{np.mean(ours):.2f}", "psnr_bicubic": f"{np.mean(bicubic):.2f}"}


@contextlib.contextmanager
def packages(names):
    """Fetches packages, and gives the folder in which each is unpacked under its name."""
    with tempfile.TemporaryDirectory() as folder:
        for package, version in names:
            command = ["npm", "pack", "--silent", f"{package}@{version}"]
            done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
            with tarfile.open(pathlib.Path(folder) / done.stdout.split()[-1]) as archive:
                archive.extractall(pathlib.Path(folder) / package, filter="data")
        yield pathlib.Path(folder)


def rows():
    import tfgan_zoo

    images = set5()
    with packages({model[:2] for model in MODELS}) as folder:
        for package, version, part, value_range in MODELS:
            path = folder / package / "package" / part
            model = tfgan_zoo.from_checkpoint(path, value_range=value_range)
            row = {"package": f"{package} {version}", "scale": model.scale, "licence": "MIT"}
            row["parameters"] = model.ema_generator.count_params()
            yield row | measured(model, images)


def smallest():
    """A row of nearest neighbours on noise, without the packages."""
    import keras

    import tfgan_zoo

    nearest = keras.Sequential([keras.Input([None, None, 3]), keras.layers.UpSampling2D(2)])
    model = tfgan_zoo.SuperResolution(generator=nearest)
    noise = np.random.default_rng(0).integers(0, 256, (1, 24, 24, 3), np.uint8)
    return [{"package": "nearest neighbours", "scale": 2} | measured(model, [noise])]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    quick = parser.parse_args().quick
    tables.write_csv("published_weights", smallest() if quick else list(rows()), quick)
