"""Runs: their directory, their end by a signal, and their continuation."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import warnings

import keras
import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo import runs
from tfgan_zoo.callbacks.steps import state_of
from tfgan_zoo.penalties import R1

TINY = {"image_shape": [8, 8, 1], "width": 4, "latent_dim": 4}


@pytest.fixture
def options(images, tmp_path):
    """A function that makes options of a tiny run: 4 steps to an epoch."""
    path = tmp_path / "images.npz"
    np.savez(path, images=images)

    def made(**others):
        common = {"data": str(path), "batch_size": 16, "overrides": TINY, "jit": "off"}
        return runs.Options("dcgan_mnist", **{**common, **others})

    return made


class Press(keras.callbacks.Callback):
    """Presses Ctrl-C during a step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.iterations.numpy()) == self.step - 1:
            os.kill(os.getpid(), signal.SIGINT)


def state(directory):
    return [np.array(variable.numpy()) for variable in state_of(runs.load_run(directory))]


def steps_logged(directory):
    return [json.loads(x)["step"] for x in (directory / "logs.jsonl").read_text().splitlines()]


def test_a_run_directory_tells_all(options, tmp_path):
    directory = runs.train(options(epochs=2, seed=3), tmp_path / "runs", verbose=False)
    assert directory == tmp_path / "runs" / "0001-dcgan_mnist"
    names = {path.name for path in directory.iterdir()}
    folders = {"checkpoints", "samples", "tensorboard"}
    assert names == folders | {"run.json", "logs.jsonl", "model.keras"}
    run = json.loads((directory / "run.json").read_text())
    assert run["options"]["seed"] == run["model"]["seed"] == 3
    assert run["options"]["batch_size"] == 16 and run["options"]["epochs"] == 2
    assert (run["steps_per_epoch"], run["total_steps"], run["images"]) == (4, 8, 64)
    assert run["process"]["replicas"] == 1
    assert run["process"]["versions"]["keras"] == keras.__version__
    assert run["process"]["hardware"]["cores"] >= 1 and run["process"]["command"]
    is_checkout = (pathlib.Path(tfgan_zoo.__file__).parents[1] / ".git").exists()
    assert (run["process"]["commit"] is not None) == is_checkout
    assert steps_logged(directory) == list(range(1, 9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras on what h5py gives it
        saved = keras.saving.load_model(directory / "model.keras")
    drawn = runs.load_run(directory).generate(3, seed=1)
    np.testing.assert_array_equal(saved.generate(3, seed=1), drawn)


def test_ctrl_c_saves_and_resume_goes_on_bit_for_bit(options, tmp_path):
    whole = runs.train(options(epochs=2), tmp_path, verbose=False)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(runs.Interrupted) as stopped:
        runs.train(options(epochs=2), tmp_path, [Press(6)], verbose=False)
    assert signal.getsignal(signal.SIGINT) is handler
    assert (stopped.value.step, stopped.value.directory.name) == (6, "0002-dcgan_mnist")
    directory = runs.resume(stopped.value.directory, verbose=False)
    assert steps_logged(directory) == list(range(1, 9))
    for left, right in zip(state(directory), state(whole), strict=True):
        np.testing.assert_array_equal(left, right)
    assert len(json.loads((directory / "run.json").read_text())["continued"]) == 1
    runs.resume(directory, steps=10, verbose=False)  # a finished run goes on too
    assert steps_logged(directory) == list(range(1, 11))
    assert int(runs.load_run(directory).iterations.numpy()) == 10


def test_a_run_of_an_older_version_goes_on(images, tmp_path):
    """Its preset had other options, some were not there yet, and its data were known by their name."""
    np.savez(tmp_path / "x.npz", images=images, labels=np.repeat(["a", "b"], 32))
    then = {"rho": 0.9, "epsilon": 1e-7, "latent_distribution": "uniform", "n_critic": 1}
    common = {"data": str(tmp_path / "x.npz"), "batch_size": 16, "jit": "off"}
    run = runs.Options("wgan_fashion_mnist", steps=1, overrides=TINY | then, **common)
    directory = runs.train(run, tmp_path, verbose=False)
    before = state(directory)

    def edit(path, change):
        record = json.loads(path.read_text())
        change(record)
        path.write_text(json.dumps(record))

    def without(config):
        del config["rho"], config["epsilon"]

    def of_run(record):
        del record["options"]["class_names"]
        record["options"]["overrides"] = TINY
        without(record["model"])

    def of_checkpoint(record):
        del record["data"]
        record["identity"]["run"]["data"] = "./x.npz"
        without(record["identity"]["model"])

    edit(directory / "run.json", of_run)
    edit(next(directory.glob("checkpoints/*/state.json")), of_checkpoint)
    assert runs.load_run(directory).latent_distribution == "uniform"
    for left, right in zip(state(directory), before, strict=True):
        np.testing.assert_array_equal(left, right)
    runs.resume(directory, steps=2, verbose=False)
    assert steps_logged(directory) == [1, 2]


def test_a_resumed_run_keeps_its_options(options):
    run = options(epochs=2)
    with pytest.raises(ValueError, match="batch_size: the run has 16, given 8") as error:
        run.continued(batch_size=8, overrides={"width": 8}, epochs=5, seed=1)
    assert "seed: the run has 0, given 1" in str(error.value)
    assert "width: the run has 4, given 8" in str(error.value)
    assert "epochs" not in str(error.value)
    with pytest.raises(ValueError, match=r"penalty: .*, given R1\(weight=2.0, every=1\)"):
        run.continued(overrides={"penalty": R1(2.0)})
    same = run.continued(batch_size=16, overrides={"image_shape": (8, 8, 1)}, steps=7)
    assert (same.steps, same.epochs) == (7, None)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"strategy": "two"}, "strategy must be one of"),
        ({"precision": "float16"}, "precision must be one of"),
        ({"jit": "yes"}, "jit must be one of"),
        ({"epochs": 1, "steps": 1}, "epochs or steps, not both"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"batch_size": 128}, "source has 64 images, and one step uses 128"),
        ({"strategy": "multi_worker"}, "TF_CONFIG"),
        ({"strategy": "tpu"}, "found no TPU"),
        ({"data": "./nowhere"}, "no folder of images or .npz file at /.*nowhere"),
        ({"overrides": {"n_critic": 0}}, "n_critic must be an integer >= 1"),
    ],
)
def test_a_refused_run_leaves_no_directory(others, message, options, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        runs.train(options(**others), tmp_path / "runs", verbose=False)
    assert not list((tmp_path / "runs").glob("*"))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    for function in (runs.resume, runs.load_run):
        with pytest.raises(FileNotFoundError, match="no run directory"):
            function(tmp_path)


def test_mirrored_uses_two_devices_and_the_same_batch(options):
    made = runs.plan(options(strategy="mirrored", epochs=3))
    assert made.gan.distribute_strategy.num_replicas_in_sync == 2
    assert (made.images_per_step, made.steps_per_epoch, made.total_steps) == (16, 4, 12)


@pytest.mark.full  # cluster/test_launch.py has a command of two workers
def test_two_workers_share_one_directory(options, tmp_path):
    script = f"""
        import sys, numpy as np, keras
        from tfgan_zoo import runs
        from tfgan_zoo.callbacks.steps import state_of
        class Keep(keras.callbacks.Callback):
            def on_train_end(self, logs=None):
                values = [np.array(variable.numpy()) for variable in state_of(self.model)]
                np.savez(sys.argv[1], *values)
        options = runs.Options(**{vars(options(steps=2, strategy="multi_worker"))!r})
        directory = runs.train(options, {str(tmp_path / "runs")!r}, verbose=False)
        runs.resume(directory, [Keep()], steps=5, verbose=False)
    """
    ports = [_free_port(), _free_port()]
    workers = [_worker(textwrap.dedent(script), ports, index, tmp_path) for index in (0, 1)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    first, second = (np.load(tmp_path / f"{index}.npz") for index in (0, 1))
    assert int(first["arr_0"]) == 5
    for name in first.files:
        np.testing.assert_array_equal(first[name], second[name])
    assert steps_logged(tmp_path / "runs" / "0001-dcgan_mnist") == [1, 2, 3, 4, 5]


def _free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def _worker(script, ports, index, tmp_path):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
    command = [sys.executable, "-c", script, str(tmp_path / f"{index}.npz")]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "TF_CONFIG": json.dumps(config)}
    return subprocess.Popen(command, env=environment)


@pytest.mark.full
def test_a_run_goes_on_from_another_folder(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = runs.train(options(data="images.npz", steps=1), tmp_path / "runs", verbose=False)
    assert runs.options_of(directory).data == str(tmp_path / "images.npz")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    runs.resume(directory, steps=2, data="../images.npz", verbose=False)
    assert steps_logged(directory) == [1, 2]
    with pytest.warns(UserWarning, match="had its 2 steps already: nothing was trained. Give more"):
        runs.resume(directory, verbose=False)


def test_classes_are_compared_before_the_model_is_built(images, labels, tmp_path):
    """`BigGAN` for 128x128 images takes a minute to build."""
    names = np.array(["a", "b", "c"])[labels[:9]]  # numbers alone may be some of a thousand classes
    np.savez(tmp_path / "three.npz", images=images[:9], labels=names)
    made = runs.Options("biggan_imagenet_128", data=str(tmp_path / "three.npz"), batch_size=8)
    with pytest.raises(
        ValueError, match="has 3 classes, and .* num_classes=1000.*--set num_classes=3"
    ):
        runs.plan(made)


@pytest.mark.full
def test_a_run_begins_with_trained_weights(options, tmp_path):
    before = tfgan_zoo.DCGAN(**TINY, seed=5)
    before.iterations.assign(6)  # in the middle of an epoch, which has 4 steps
    folder = before.export(tmp_path, "before", warmup_batch_sizes=(1,))
    begun = runs.plan(options(init=str(folder))).gan
    assert begun.networks().keys() == before.networks().keys()
    for name, network in begun.networks().items():
        pairs = zip(network.get_weights(), before.networks()[name].get_weights(), strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a, b)
    with pytest.raises(runs.Interrupted) as stopped:
        made = options(steps=5, init=os.path.relpath(folder))
        runs.train(made, tmp_path / "runs", extra_callbacks=[Press(8)], verbose=False)
    run = json.loads((stopped.value.directory / "run.json").read_text())
    assert (run["options"]["init"], run["options"]["first_step"]) == (str(folder), 6)
    assert run["total_steps"] == 11
    with pytest.raises(ValueError, match="init: the run has"):
        runs.resume(stopped.value.directory, init="dcgan_mnist", verbose=False)
    shutil.rmtree(folder.parent)  # a checkpoint has all
    runs.resume(stopped.value.directory, verbose=False)
    assert steps_logged(stopped.value.directory) == [7, 8, 9, 10, 11]
    with pytest.raises(ValueError, match="no such file or folder"):
        runs.train(made, tmp_path / "runs", verbose=False)
