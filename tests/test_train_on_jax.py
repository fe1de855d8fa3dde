"""A run on JAX makes the steps that TensorFlow makes of the same images."""

import argparse
import importlib.util
import json
import pathlib
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import runs

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
    """Each variable that a step moves, those of the optimizers too, is among those that it returns."""
    facts = json.loads((job / "job.json").read_text())
    gan = runs.plan(runs.Options(**facts["options"] | {"epochs": 1})).gan
    with np.load(job / "variables.npz") as found:
        arrays = [found[name] for name in sorted(found)]
    for variable, place in zip(script._variables(gan), facts["places"], strict=True):
        if place is None:  # a rate, or a loss scale's like: no step moves it
            assert "learning_rate" in variable.path, variable.path
        else:
            np.testing.assert_array_equal(variable, arrays[place])
    with pytest.raises(SystemExit, match="holds a prepared run. Give another folder, or remove it"):
        script.prepare(argparse.Namespace(to=job))
    with np.load(job / "data.npz") as data:
        assert data["images"].shape == (10_000, 28, 28, 1) and data["images"].dtype == np.uint8
        assert sorted(set(data["labels"])) == list(range(10))


def saved(script, folder, state, steps):
    script._save(folder, state, {"steps": steps, "seconds": 1.0}, "mine")


def test_a_run_goes_on_from_what_was_saved(script, tmp_path):
    """All variables, in their dtypes; the log until there; and of its own step and images only."""
    first = [np.float32([[1, 2]]), np.int64(7)]
    np.savez(tmp_path / "variables.npz", **script._numbered(first))
    (tmp_path / "logs.jsonl").write_text('{"step": 9}\n')
    arrays, done = script._begun(tmp_path, "mine")
    assert done == {"steps": 0, "seconds": 0.0} and not (tmp_path / "logs.jsonl").exists()
    np.testing.assert_array_equal(arrays[0], first[0])
    saved(script, tmp_path, [np.float32([[3, 4]]), np.int64(8)], 4)
    for step in (4, 8):
        script._log(tmp_path, {"step": step})
    with (tmp_path / "logs.jsonl").open("a") as file:
        file.write('{"step": 1')  # killed while it wrote
    arrays, done = script._begun(tmp_path, "mine")
    assert done == {"steps": 4, "seconds": 1.0} and arrays[1].dtype == np.int64 and arrays[1] == 8
    assert (tmp_path / "logs.jsonl").read_text() == '{"step": 4}\n'
    with pytest.raises(SystemExit, match="of another step, other variables or other images"):
        script._begun(tmp_path, "another")


def test_a_save_that_is_killed_leaves_the_one_before(script, tmp_path, monkeypatch):
    state = [np.zeros(3)]
    saved(script, tmp_path, state, 4)
    monkeypatch.setattr(script.os, "fsync", lambda file: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        saved(script, tmp_path, state, 8)
    monkeypatch.undo()
    assert script._begun(tmp_path, "mine")[1]["steps"] == 4


def test_the_identity_is_of_step_variables_and_images(script, tmp_path):
    for name in ("step.mlir", "variables.npz"):
        (tmp_path / name).write_text("a")
    images = {"images": np.zeros((2, 3), np.uint8), "labels": np.int32([0, 1])}
    found = {script._identity(tmp_path, images), script._identity(tmp_path, dict(images))}
    found.add(script._identity(tmp_path, images | {"labels": np.int32([1, 1])}))
    (tmp_path / "step.mlir").write_text("b")
    found.add(script._identity(tmp_path, images))
    assert len(found) == 3


def test_a_signal_is_noted_and_its_handler_put_back(script):
    """A run that is told to stop finishes its steps and saves."""
    before = signal.getsignal(signal.SIGTERM)
    with script._signals() as received:
        assert not received
        signal.raise_signal(signal.SIGTERM)
        assert received == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def run(script, job, steps):
    script.run(argparse.Namespace(job=job, data=None, steps=steps, save_every=600))
    with np.load(job / "trained.npz") as found:
        return {name: found[name] for name in found if name != "done"}


def test_same_steps(script, job, tmp_path):
    pytest.importorskip("jax", reason="jax is not installed")
    run(script, job, STEPS)
    expected = _tensorflow(script, job)
    script.collect(argparse.Namespace(job=job, run_root=tmp_path / "runs"))
    directory = tmp_path / "runs" / "0001-conditional_gan_fashion_mnist"
    assert json.loads((directory / "run.json").read_text())["accelerator"]["steps"] == STEPS
    gan = runs.load_run(directory)
    assert int(gan.iterations.numpy()) == int(gan.g_optimizer.iterations.numpy()) == STEPS
    for ours, theirs in zip(*(script._variables(m) for m in (gan, expected)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4, err_msg=ours.path)


def test_a_run_in_pieces_is_the_whole_run(script, job, tmp_path):
    """Bit for bit, wherever it is cut, within a call of the accelerator too."""
    pytest.importorskip("jax", reason="jax is not installed")
    jobs = [tmp_path / name for name in ("whole", "pieces")]
    for folder in jobs:
        shutil.copytree(job, folder)
        (folder / "trained.npz").unlink(missing_ok=True)
    whole = run(script, jobs[0], 2 * STEPS + 1)
    for steps in (STEPS - 1, STEPS - 1, 2 * STEPS, 2 * STEPS + 1):
        pieces = run(script, jobs[1], steps)
    assert whole.keys() == pieces.keys() and int(json.loads(_done(jobs[1]))["steps"]) == 9
    for name in whole:
        np.testing.assert_array_equal(whole[name], pieces[name])


def _done(job):
    with np.load(job / "trained.npz") as found:
        return str(found["done"])


def _tensorflow(script, job):
    """The model after the same steps, run by TensorFlow."""
    facts = json.loads((job / "job.json").read_text())
    gan = runs.plan(runs.Options(**facts["options"] | {"epochs": 1})).gan
    step = tf.function(gan.train_step, autograph=False)
    with np.load(job / "data.npz") as data:
        orders = script._orders(np.random.default_rng(0), 10_000, facts["images_per_step"])
        for places, _ in zip(orders, range(STEPS), strict=False):
            images = data["images"][places].astype(np.float32) / 127.5 - 1
            step({"images": tf.constant(images), "labels": tf.constant(data["labels"][places])})
    return gan
