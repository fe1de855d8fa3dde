"""A run that is continued knows whose images it trains on."""

import numpy as np
import pytest
from cases import make

from tfgan_zoo import callbacks, datasets
from tfgan_zoo.datasets.fingerprint import differences, fingerprint

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), np.uint8)


def trained(folder, data, epochs=1):
    gan = make("ConditionalGAN")
    gan.compile(run_eagerly=True)
    backup = callbacks.BackupAndRestore(folder)
    gan.fit(data, batch_size=12, epochs=epochs, verbose=0, callbacks=[backup])
    return int(gan.iterations.numpy())


def npz(path, pixels, labels):
    path.parent.mkdir(exist_ok=True)
    np.savez(path, images=pixels, labels=labels)
    return datasets.load(path, batch_size=12)


def test_a_run_goes_on_with_its_own_images_only(tmp_path):
    labels, others = np.arange(24) % 3, PIXELS[::-1]
    runs = tmp_path / "checkpoints"
    assert trained(runs, npz(tmp_path / "here" / "a.npz", PIXELS, labels)) == 2
    refused = "of a run on other data: {}. Give the data that the run was begun with"
    for pixels, classes, message in (
        (others, labels, "24 of 24 images that were compared are others"),
        (PIXELS, labels[::-1], "the labels or captions are others"),
        (PIXELS[:18], labels[:18], "images: then 24, now 18"),
    ):
        with pytest.raises(ValueError, match=refused.format(message)):
            trained(runs, npz(tmp_path / "here" / "b.npz", pixels, classes), 2)
    with pytest.raises(ValueError, match="of a run on other data"):
        trained(runs, (others / np.float32(127.5) - 1, labels), 2)
    moved = npz(tmp_path / "there" / "c.npz", PIXELS, labels)
    assert trained(runs, moved, 2) == 4  # the same images elsewhere
    images = PIXELS / np.float32(127.5) - 1
    assert trained(runs, (images, labels), 3) == 6  # and in another form


def test_fingerprints_of_large_and_many_images():
    many = datasets.array_source(np.zeros((5000, 2, 3, 1), np.uint8))
    assert len(fingerprint(many)["tiles"]) == 5464  # base64 of 256 * 16 bytes
    large = np.zeros((9, 1200, 1200, 3), np.uint8)
    then = fingerprint(datasets.array_source(large))
    large[8] += 1  # as another machine's kernels may read it
    assert not differences(then, fingerprint(datasets.array_source(large)))
    large[8] += 9
    assert differences(then, fingerprint(datasets.array_source(large)))


def test_what_is_refused_before_the_first_step(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (12, 8, 8, 1)).astype(np.float32)
    for variant in ("StyleGAN2", "ProGAN"):
        gan = make(variant)
        gan.compile(run_eagerly=True)
        for size in (5, 6):
            with pytest.raises(
                ValueError, match=f"{variant} compares .* groups of 4.*Received: {size}"
            ):
                gan.fit(images, batch_size=size, verbose=0)
    gan = make("DCGAN", image_shape=(8, 8, 5))
    gan.compile(run_eagerly=True)
    grid = callbacks.SampleGrid(tmp_path)
    with pytest.raises(ValueError, match="PNG files, which have 1 to 4 channels.* 5"):
        gan.fit(images.repeat(5, axis=-1), batch_size=4, verbose=0, callbacks=[grid])
    assert int(gan.iterations.numpy()) == 0
