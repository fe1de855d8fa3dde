"""Checkpoints of TF-GAN's examples, which their own code writes here, where TF-GAN is installed."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from test_checkpoints import close, comparing

import tfgan_zoo

SCRIPT = pathlib.Path(__file__).parent / "oracles" / "tensorflow_gan_checkpoints.py"
SHAPES = {"mnist": (28, 28, 1), "mnist_conditional": (28, 28, 1), "cifar": (32, 32, 3)}
pytestmark = pytest.mark.full  # TF-GAN takes 8 seconds of a processor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    python = os.environ.get("TFGAN_ZOO_TFGAN_PYTHON")
    if not python and importlib.util.find_spec("tensorflow_gan") is None:
        pytest.skip("TF-GAN is not installed: pip install tfgan-zoo[tfgan]")
    made = tmp_path_factory.mktemp("tensorflow_gan")
    command = [python or sys.executable, SCRIPT, made]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    return made


@pytest.mark.parametrize("name", SHAPES)
def test_examples(name, folder, tmp_path):
    comparing(f"tensorflow_gan/{name}")
    gan = tfgan_zoo.from_checkpoint(folder / name)
    recorded = np.load(folder / name / "outputs.npz")
    assert gan.origin["family"] == "tensorflow_gan" and gan.image_shape == SHAPES[name]
    assert gan.num_classes == (10 if name == "mnist_conditional" else None)
    labels = [] if gan.num_classes is None else [recorded["labels"]]
    close(np.asarray(gan(recorded["latents"], *labels)), recorded["images"])
    by_prefix = tfgan_zoo.from_checkpoint(folder / name / "model.ckpt-7")
    np.testing.assert_array_equal(by_prefix.generate(2, seed=0), gan.generate(2, seed=0))
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))


def test_the_last_step_is_read(folder, tmp_path):
    for step, name in ((9, "cifar"), (10, "mnist")):
        for file in (folder / name).glob("model.ckpt-7.*"):
            (tmp_path / file.name.replace("-7.", f"-{step}.")).write_bytes(file.read_bytes())
    assert tfgan_zoo.from_checkpoint(tmp_path).image_shape == (28, 28, 1)


def test_damaged(folder, tmp_path):
    for file in (folder / "cifar").glob("model.ckpt-7.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be read|values in"):
        tfgan_zoo.from_checkpoint(tmp_path, family="tensorflow_gan")
