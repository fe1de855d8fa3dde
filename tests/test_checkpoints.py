"""Checkpoints that others have published become models whose outputs are those that were recorded."""

import json
import os
import pathlib

import numpy as np
import pytest

import tfgan_zoo

DATA = os.environ.get("TFGAN_ZOO_DATA")
ROOT = pathlib.Path(DATA or ".").parent / "checkpoints"
needs_files = pytest.mark.skipif(
    DATA is None or not ROOT.is_dir(), reason="needs the checkpoints beside TFGAN_ZOO_DATA"
)


_compared = []  # the case that was asked for last


def comparing(name):
    """Says of which case what is compared next is."""
    _compared[:] = [name]


def case(name):
    """A folder's checkpoint, its recorded inputs and outputs."""
    comparing(name)
    folder = ROOT / name
    arrays = [dict(np.load(folder / f"{kind}puts.npz")) for kind in ("in", "out")]
    return folder, *arrays


def close(ours, theirs, tolerance=1e-4):
    """Whether an output agrees, to a part of its spread."""
    assert ours.shape == theirs.shape
    difference = float(np.max(np.abs(ours - theirs)) / np.std(theirs))
    if file := os.environ.get("TFGAN_ZOO_PARITY"):  # see benchmarks/checkpoint_parity.py
        with open(file, "a") as rows:
            print(json.dumps({"case": _compared[0], "difference": difference}), file=rows)
    assert difference <= tolerance


def levels(ours, theirs):
    """Whether images of 8 bits agree, but for values next to a half."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= 1 and np.mean(difference > 0) < 1e-3


def nhwc(images):
    return np.transpose(images, (0, 2, 3, 1))


@needs_files
@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("a_esrgan_x4", "ESRGAN"),
        ("a_realesrgan_x4plus", "RealESRGAN"),
        ("a_srvgg_x4v3", "RealESRGAN"),
    ],
)
def test_esrgan(name, variant):
    folder, given, recorded = case(f"esrgan/{name}")
    (file,) = folder.glob("*.pth")
    model = tfgan_zoo.from_checkpoint(file)
    assert type(model).__name__ == variant and model.scale == 4
    made = model(nhwc(given["images"]).astype("float32") / 127.5 - 1)
    close(np.asarray(made) / 2 + 0.5, nhwc(recorded["image"]))
    translated = np.stack(model.translate(list(nhwc(given["images"]))))
    levels(translated, recorded["uint8_nhwc"])


@needs_files
def test_r3gan():
    folder, given, recorded = case("r3gan/a")
    (file,) = folder.glob("*.pkl")
    gan = tfgan_zoo.from_checkpoint(file)
    assert type(gan).__name__ == "R3GAN" and gan.widths == (16, 16, 16, 12)
    for network, name in ((gan.ema_generator, "image"), (gan.generator, "image_of_G")):
        theirs = nhwc(recorded[name])
        close(np.asarray(network(given["z"]))[: len(theirs)], np.clip(theirs, -1, 1))
    logits = gan.discriminator(nhwc(given["d_images"]))
    close(np.asarray(logits)[:, 0], recorded["d_logits"])
