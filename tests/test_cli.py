"""The command line: what it prints, refuses and leaves behind."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, losses, penalties, regularizers, runs
from tfgan_zoo.cli import arguments
from tfgan_zoo.datasets import decoding

TINY = ["--set", "width=4", "--set", "image_shape=8,8,1", "--set", "latent_dim=4"]


def run(*words):
    """Result of a command in this process."""
    return CliRunner().invoke(cli.app, list(words))


@pytest.fixture
def data(images, tmp_path):
    np.savez(tmp_path / "images.npz", images=images)
    return ["--data", str(tmp_path / "images.npz"), "--batch-size", "16", "--jit", "off"]


def test_help_teaches():
    result = run("train", "--help")
    assert result.exit_code == 0
    assert "tfgan-zoo train --resume" in result.output and "Ctrl-C saves" in result.output
    assert run().exit_code == 2  # usage


def test_list_and_info():
    listed = run("list")
    assert listed.exit_code == 0
    assert "dcgan_fashion_mnist_10k        DCGAN           28x28x1" in listed.output
    shown = run("info", "dcgan_mnist")
    assert shown.exit_code == 0
    assert "generator 833,985" in shown.output and "* width = 64" in shown.output
    assert "Radford" in shown.output and "tfgan-zoo train dcgan_mnist" in shown.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["info", "dcgan_mnits"], "There is no preset 'dcgan_mnits'. Did you mean 'dcgan_mnist'"),
        (["train", "dcgan_mnist", "--set", "widht=4"], "no option 'widht'. Did you mean 'width'?"),
        (["train", "dcgan_mnist", "--set", "width"], "--set needs KEY=VALUE"),
        (["train", "dcgan_mnist", "--set", "width=x"], "needs a value like 128, of type int"),
        (
            ["train", "dcgan_mnist", "--set", "ema_decay=None"],
            "ema_decay must be a number in [0, 1)",
        ),
        (
            ["train", "dcgan_mnist", "--set", "penalty=r3"],
            "There is no penalty called 'r3'. There are",
        ),
        (
            ["train", "dcgan_mnist", "--set", "penalty=r1(-1)"],
            "R1: weight must be None or a number >= 0",
        ),
        (["train", "dcgan_mnist", "--set", "penalty=r1(1"], "such as r1(weight=1.0, every=16)"),
        (
            ["train", "dcgan_mnist", "--set", "penalty=r1(weigth=1)"],
            "r1 has no 'weigth'. Did you mean 'weight'? There are: weight, every.",
        ),
        (["train", "dcgan_mnist", "--set", "regularizers=leecam"], "Did you mean 'lecam'"),
        (["train", "dcgan_mnist", "--set", "objective=hinge(1)"], "Hinge() takes no arguments"),
        (["train", "dcgan_mnist", "--set", "balance=0.5"], "balance must be None or (low, high)"),
        (["train", "dcgan_mnist", "--set", "width=2.5"], "needs a value like 128, of type int"),
        (["sample", "runs/0001-nothing", "--out", "x.png"], "There is no run directory runs/0001"),
        (["train", "dcgan_mnist", "--epochs", "0"], "epochs must be 1 or more"),
        (["train", "dcgan_mnist", "--data", "./nowhere"], "no folder of images or .npz file"),
        (["train", "--resume", "nowhere"], "nowhere is no run directory"),
        (["sample", "nowhere", "--out", "x.png"], "There is no run directory nowhere"),
        (["sample", "dcgan_mnist", "--out", "x.png"], "has no trained weights yet"),
        (["sample", ".", "--out", "x.png", "--seeds", "a-b"], "Numbers are written as 0-15"),
        (["sample", ".", "--out", "x.png", "--labels", "1,2"], "one for each of 16 seeds, not 2"),
        (["export", "nowhere", "."], "There is no run directory nowhere"),
        (["verify", "nowhere"], "nowhere is no folder. To check a server"),
        (["verify", ".", "--model", "x"], "--model: only for a server, and this is a folder"),
        (["evaluate", ".", "--model", "x"], "--model: only for a server, and . is none"),
        (["serving-config", ".", "--kind", "ssl"], "--kind: only with --check"),
        (["interpolate", ".", "--out", "x.png", "--label", "1", "--text", "a"], "not both"),
        (["directions", ".", "--out", "x.png", "--samples", "9"], "--samples: only with --classes"),
    ],
)
def test_a_mistake_gets_one_line(words, message):
    result = run(*words)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and message in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        "draw nowhere --out OUT.png",
        "interpolate nowhere --out OUT.gif",
        "mix nowhere --out OUT.png",
        "project nowhere --images fashion_mnist --out OUT.png",
        "project nowhere --images fashion_mnist --out a.png --save OUT.npz",
        "directions nowhere --out a.png --save OUT.npz",
        "sample nowhere --out OUT.png",
        "sample nowhere --out OUT",
        "evaluate nowhere --out OUT.json",
        "evaluate nowhere --rows OUT.csv",
        "report nowhere --out OUT",
        "export nowhere OUT",
        "import nowhere --out OUT",
        "translate nowhere . OUT",
        "generate --url localhost:1 --model x --out OUT.png",
        "generate --url localhost:1 --model x --out OUT",
        "train dcgan_mnist --data ./nowhere --run-root OUT",
        "demo --folder OUT",
        "train-detector OUT.keras --data nowhere --generated nowhere",
    ],
)
def test_a_place_that_cannot_be_written_is_refused_first(words, tmp_path, monkeypatch):
    """Before a model is looked for, which here is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    tf.io.write_file("a.png", tf.io.encode_png(np.zeros((2, 2, 1), np.uint8)))
    result = run(*words.replace("OUT", "file/made").split())
    assert result.exit_code == 1 and "nowhere" not in result.output
    assert result.output.startswith("Error: file/made") and "file is no folder" in result.output
    assert sorted(os.listdir()) == ["a.png", "file"]


def test_wrong_usage_is_told_apart():
    assert run("train").exit_code == 2
    assert run("train", "dcgan_mnist", "--strategy", "three").exit_code == 2


def test_the_traceback_is_there_on_demand():
    assert "Traceback" in run("--debug", "info", "nothing").output


def test_a_dry_run_writes_nothing(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("train", "dcgan_mnist", *data, *TINY, "--steps", "9", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "batch_size = 16" in result.output and "latent_dim = 4" in result.output
    assert "9, 4 in an epoch" in result.output and "one step" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["images.npz"]


def test_settings_have_the_type_of_the_default():
    words = ["n_critic=5", "ema_decay=0", "penalty=r1", "image_shape=(4,4,1)"]
    found = arguments.overrides("dcgan_mnist", [*words, "upsampling=resize"])
    assert found == {
        "n_critic": 5,
        "ema_decay": 0.0,
        "penalty": "r1",
        "image_shape": (4, 4, 1),
        "upsampling": "resize",
    }
    assert arguments.overrides("wgan_gp_cifar10", ["penalty=None"]) == {"penalty": None}
    assert arguments.numbers("0-2,7") == [0, 1, 2, 7]
    assert arguments.labels("0-1", 2) == [0, 1] and arguments.labels("7", 2) == 7
    assert arguments.labels("bag, T-shirt", 2) == ["bag", "T-shirt"]


def test_numbers_that_are_none_are_refused_by_their_names():
    for setting, told in (
        (
            "penalty=r1(weight=nan)",
            "R1: weight must be None or a number >= 0. Received: weight=nan",
        ),
        ("regularizers=ada,lecam(-inf)", "LeCam: weight must be a number >= 0. .*weight=-inf"),
        ("objective=hinge(x)", "--set objective: hinge needs a number.* Received: x"),
        ("g_learning_rate=nan", "--set g_learning_rate needs a value like"),
    ):
        with pytest.raises(ValueError, match=told):
            arguments.overrides("dcgan_mnist", [setting])
    policy = arguments.overrides("dcgan_mnist", ["regularizers=lecam(weight=-0.0)"])["regularizers"]
    assert policy == [regularizers.LeCam(0.0)]
    assert arguments._PIXELS == decoding.MAX_PIXELS >= arguments.EDGE**2


def test_settings_name_objects_and_their_arguments():
    words = ["penalty=r1(weight=1,every=4)", "regularizers=ada,lecam(0.3)"]
    found = arguments.overrides("dcgan_mnist", [*words, "objective=minimax(label_smoothing=0.1)"])
    assert found["penalty"] == penalties.R1(1, every=4)
    assert found["objective"] == losses.Minimax(label_smoothing=0.1)
    gan = tfgan_zoo.from_preset("dcgan_mnist", load_weights=False, width=4, **found)
    assert gan.regularizers == (regularizers.ADA(), regularizers.LeCam(0.3))
    for nothing in ("", "[]", "none", "None"):
        found = arguments.overrides("dcgan_mnist", [f"regularizers={nothing}"])
        assert found == {"regularizers": []}
    found = arguments.overrides("dcgan_mnist", ["penalty=R1", "regularizers=[ada, LeCam(0.3)]"])
    assert found == {"penalty": "r1", "regularizers": ["ada", regularizers.LeCam(0.3)]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("penalty", penalties.R1(1.0, every=4)),
        ("penalty", None),
        ("objective", losses.LeastSquares(label_smoothing=0.1)),
        ("regularizers", [regularizers.DiffAugment("color"), regularizers.LeCam(0.3)]),
        ("regularizers", []),
        ("width", 8),
    ],
)
def test_settings_are_written_as_they_are_read(key, value):
    """Of a run's options: what a card's command says makes the model again."""
    kept = runs.Options("dcgan_mnist", overrides={key: value}).overrides
    written = arguments.setting(key, json.loads(json.dumps(kept[key])))
    assert arguments.overrides("dcgan_mnist", [written]) == {key: value}


def test_settings_of_older_versions_still_work():
    """They become the objects that own them now, and a warning says what to write."""
    words = ["penalty=r1", "penalty_weight=1", "augment=ada", "balance=0.6,0.9"]
    found = arguments.overrides("dcgan_mnist", words)
    with pytest.warns(DeprecationWarning, match=r"Write: penalty=R1\(weight=1.0, every=1\), reg"):
        gan = tfgan_zoo.from_preset("dcgan_mnist", load_weights=False, width=4, **found)
    assert gan.penalty == penalties.R1(1.0)
    assert gan.regularizers == (regularizers.ADA(), regularizers.Balance(0.6, 0.9))


def test_train_ctrl_c_resume_sample_export(data, tmp_path, monkeypatch):
    """The life of a run: it is interrupted in a process of its own, and goes on in this one."""
    words = [sys.executable, "-m", "tfgan_zoo.cli", "train", "dcgan_mnist", *data, *TINY]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "TF_CPP_MIN_LOG_LEVEL": "2"}
    training = subprocess.Popen(
        [*words, "--epochs", "100000"],
        env=environment,
        stdout=-1,
        stderr=-1,
        text=True,
        cwd=tmp_path,
    )
    directory = tmp_path / "runs" / "0001-dcgan_mnist"
    deadline = time.monotonic() + 60
    while not list(directory.glob("checkpoints/0*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    training.send_signal(signal.SIGINT)
    _, errors = training.communicate(timeout=60)
    assert training.returncode == 130, errors
    assert "Continue with:  tfgan-zoo train --resume runs/0001-dcgan_mnist" in errors
    step = len((directory / "logs.jsonl").read_text().splitlines())
    assert f"SIGINT after step {step};" in errors and "Traceback" not in errors

    monkeypatch.chdir(tmp_path)
    resumed = run("train", "--resume", "runs/0001-dcgan_mnist", "--steps", str(step + 3))
    assert resumed.exit_code == 0, resumed.output
    assert resumed.stdout == "Trained: runs/0001-dcgan_mnist\n"
    lines = [json.loads(x) for x in (directory / "logs.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, step + 4))
    sample_and_export(directory, tmp_path)


def sample_and_export(directory: pathlib.Path, tmp_path):
    grid, saved = tmp_path / "grid.png", tmp_path / "saved_model"
    result = run("sample", str(directory), "--seeds", "3-6", "--out", str(grid))
    assert result.exit_code == 0, result.output
    assert tf.io.decode_png(grid.read_bytes()).shape == (18, 18, 1)
    assert run("sample", str(directory), "--seeds", "5", "--out", str(tmp_path)).exit_code == 0
    assert tf.io.decode_png((tmp_path / "000005.png").read_bytes()).shape == (8, 8, 1)
    result = run("export", str(directory), str(saved), "--name", "digits")
    assert result.exit_code == 0, result.output
    served = tf.saved_model.load(str(saved / "digits" / "1")).signatures["serving_default"]
    assert served(seed=tf.constant([1, 2], tf.int64))["image_bytes"].shape == (2,)
