"""A run on JAX makes the steps that TensorFlow makes of the same images."""

import argparse
import importlib.util
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import presets, training

pytestmark = pytest.mark.xdist_group("train on jax")  # one process prepares the job
SCRIPT = pathlib.Path(__file__).parents[1] / "saved_models" / "train_on_jax.py"
STEPS = 4


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_on_jax", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.STEPS_PER_CALL = STEPS
    return module


@pytest.fixture(scope="module")
def job(script, tmp_path_factory):
    """A prepared run of a small model with classes and batch statistics."""
    tiny = {"width": 2, "latent_dim": 8}
    given = argparse.Namespace(
        preset="conditional_gan_fashion_mnist",
        data="fashion_mnist_10k",
        data_dir=None,
        batch_size=8,
        set=[f"{name}={value}" for name, value in tiny.items()],
        to=tmp_path_factory.mktemp("job"),
    )
    script.prepare(given)
    return given.to


def test_prepared_step(script, job):
    """Each variable that an export keeps and a step moves is among those that the step returns."""
    facts = json.loads((job / "job.json").read_text())
    gan = training.plan(training.Options(**facts["options"] | {"epochs": 1})).gan
    with np.load(job / "variables.npz") as found:
        arrays = [found[name] for name in sorted(found)]
    kept = zip(presets.exported_variables(gan), facts["kept"], strict=True)
    for variable, place in kept:
        assert place is not None, variable.name
        np.testing.assert_array_equal(variable, arrays[place])
    with np.load(job / "data.npz") as data:
        assert data["images"].shape == (10_000, 28, 28, 1) and data["images"].dtype == np.uint8
        assert sorted(set(data["labels"])) == list(range(10))


def test_same_steps(script, job, tmp_path):
    pytest.importorskip("jax", reason="jax is not installed")
    script.run(argparse.Namespace(job=job, data=None, steps=STEPS, save_every=600))
    expected = _tensorflow(script, job)
    script.collect(argparse.Namespace(job=job, run_root=tmp_path / "runs"))
    run = tmp_path / "runs" / "0001-conditional_gan_fashion_mnist"
    assert json.loads((run / "run.json").read_text())["accelerator"]["steps"] == STEPS
    gan = training.load_run(run)
    assert int(gan.iterations.numpy()) == STEPS
    found, wanted = (presets.exported_variables(model) for model in (gan, expected))
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def _tensorflow(script, job):
    """The model after the same steps, run by TensorFlow."""
    facts = json.loads((job / "job.json").read_text())
    gan = training.plan(training.Options(**facts["options"] | {"epochs": 1})).gan
    step = tf.function(gan.train_step, autograph=False)
    with np.load(job / "data.npz") as data:
        orders = script._orders(np.random.default_rng(0), 10_000, facts["images_per_step"])
        for places, _ in zip(orders, range(STEPS), strict=False):
            images = data["images"][places].astype(np.float32) / 127.5 - 1
            step({"images": tf.constant(images), "labels": tf.constant(data["labels"][places])})
    return gan
