"""How the command line behaves: pipes, logs, colours, exit statuses, words for faults."""

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from typer.testing import CliRunner

from tfgan_zoo import cli, progress, runs
from tfgan_zoo.callbacks import StopAtStep
from tfgan_zoo.callbacks.progress import ProgressBar
from tfgan_zoo.cli import console

MODULE = [sys.executable, "-m", "tfgan_zoo"]


def run(*words, **options):
    return CliRunner().invoke(cli.app, list(words), **options)


def test_version():
    done = subprocess.run([*MODULE, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "tfgan-zoo 0.1.0\n", "")


def test_a_reader_that_has_enough_is_no_mistake():
    environment = {**os.environ, "TFGAN_ZOO_SAVED_MODELS": "/nowhere", "TF_CPP_MIN_LOG_LEVEL": "3"}
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*MODULE, "list"], stdout=write, stderr=-1, text=True, env=environment, timeout=60
    )
    os.close(write)
    told = [line for line in done.stderr.splitlines() if not line.startswith("Loading")]
    assert done.returncode == 141 and told == []


def test_the_large_ones_are_not_built_to_be_described():
    """`BigGAN` for 512x512 images takes minutes to build."""
    begun = time.perf_counter()
    shown = run("info", "biggan_imagenet_512")
    assert "generator 82,296,804, discriminator 99,401,282" in shown.output
    assert "classes     1000; for data with another number: --set num_classes=N" in shown.output
    assert "trained     no weights here" in shown.output
    refused = run("sample", "biggan_imagenet_512", "--out", "x.png")
    assert refused.exit_code == 1 and "has no trained weights yet" in refused.output
    assert time.perf_counter() - begun < 5


def test_list_says_what_is_trained():
    everything, trained = run("list").output, run("list", "--trained").output
    rows = {line.split()[0]: line.split() for line in everything.splitlines()}
    assert rows["biggan_imagenet_256"][3] == "1000" and rows["biggan_imagenet_256"][-1] == "-"
    assert rows["dcgan_fashion_mnist"][-2:] == ["fd10k_lenet_fashion_mnist", "34.85"]
    assert "dcgan_fashion_mnist " in trained and "biggan_imagenet_256" not in trained
    assert set(trained.splitlines()) < set(everything.splitlines())


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "Error: The memory of this machine is not enough.\n"),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\n\tat node x"),
            "Error: OOM when allocating\n",
        ),
        (FileNotFoundError(2, "No such file or directory", "a.json"), "Error: a.json: No such file or"),
        (KeyError("x"), "Error: tfgan-zoo failed by a fault of its own, KeyError: 'x'. `tfgan-zoo --d"),
        (ValueError(), "Error: tfgan-zoo failed by a fault of its own, ValueError"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_exception_is_a_sentence(monkeypatch, error, message):
    def fail(*_):
        raise error

    monkeypatch.setattr(console, "load_model", fail)
    done = run("sample", "anything", "--out", "x.png")
    assert done.exit_code == 1 and done.output.startswith(message)
    assert done.output.count("\n") == 1 and "Traceback" not in done.output


def test_ctrl_c(monkeypatch):
    def press(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "load_model", press)
    done = run("sample", "anything", "--out", "x.png")
    assert done.exit_code == 130 and done.output.startswith("Interrupted")


@pytest.mark.parametrize(("received", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_training_that_is_stopped_says_how_to_go_on(monkeypatch, tmp_path, received, status):
    """Of every command that trains."""

    def stop(*_):
        raise runs.Interrupted("runs/0001-it", 3, signal.Signals[received])

    monkeypatch.setattr(runs, "train", stop)
    for words in (["train", "dcgan_mnist"], ["demo", "--folder", str(tmp_path)]):
        done = run(*words)
        assert done.exit_code == status, done.output
        assert f"{received} after step 3" in done.output
        assert done.stderr.endswith("Continue with:  tfgan-zoo train --resume runs/0001-it\n")


@pytest.mark.parametrize(("no_color", "is_red"), [("", True), ("1", False)])
def test_colours_can_be_switched_off(monkeypatch, no_color, is_red):
    monkeypatch.setenv("NO_COLOR", no_color)
    done = run("info", "nothing", color=True)  # as on a terminal
    assert ("\x1b[" in done.output) == is_red


def test_work_that_lasts_is_told(monkeypatch):
    told = io.StringIO()
    monkeypatch.setattr(progress, "FIRST", 0.05)
    monkeypatch.setattr(progress, "EVERY", 0.1)
    monkeypatch.setattr(progress, "_stream", told)
    with progress.doing("Counting", lambda: "3 of 9"):
        time.sleep(0.5)
    with progress.doing("At once"):
        pass
    first, second, *_ = told.getvalue().splitlines()
    assert first == "Counting 3 of 9 …" and second == "Counting 3 of 9 … (0 s)"
    assert "At once" not in told.getvalue()


@pytest.mark.parametrize(("every", "steps"), [(1e6, [4, 6]), (0.0, [1, 2, 3, 4, 5, 6])])
def test_training_writes_lines_into_a_log(images, monkeypatch, capsys, every, steps):
    """After each epoch, here of 4 steps, at the end, and in between where an epoch lasts."""
    monkeypatch.setattr(progress, "EVERY", every)
    gan = make("DCGAN")
    gan.compile(run_eagerly=True)
    gan.fit(
        images[:16], batch_size=4, epochs=2, verbose=0, callbacks=[StopAtStep(6), ProgressBar(4, 6)]
    )
    lines = capsys.readouterr().err.splitlines()
    assert [int(line.split()[3]) for line in lines] == steps
    assert lines[-1].startswith("epoch 2/2  step 6  d_loss") and lines[-1].endswith("images/s")
    assert "  d_ranking_accuracy " in lines[-1] and "  g_loss " in lines[-1]


def test_nothing_is_told_to_a_library_user(monkeypatch, capsys):
    monkeypatch.setattr(progress, "FIRST", 0.01)
    monkeypatch.setattr(progress, "_stream", None)
    with progress.doing("Counting"):
        time.sleep(0.05)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--move", "1=1.2.3"], "--move needs NUMBER=VALUE, such as 1=2.5. Received: '1=1.2.3'."),
        (
            ["--point", "text.npz"],
            "text.npz holds no points: write it with tfgan-zoo project --save.",
        ),
        (["--point", "scalar.npz"], "scalar.npz holds no points: write it with"),
        (["--point", "none.npz"], "none.npz: No such file or directory."),
    ],
)
def test_what_draw_refuses(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.npz").write_text("text")
    np.savez(tmp_path / "scalar.npz", points=1.0)
    make("DCGAN").save("model.keras")
    done = CliRunner().invoke(cli.app, ["draw", "model.keras", *words, "--out", "a.png"])
    assert done.exit_code == 1 and message in done.output
