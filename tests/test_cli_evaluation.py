"""`tfgan-zoo evaluate` and `report`."""

import json
import re

import numpy as np
import pytest
from cases import make
from typer.testing import CliRunner

from tfgan_zoo import cli
from tfgan_zoo.visualization import write_png


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """`real.npz` and `mine.npz`, 150 images of 28x28 each, and an exported model."""
    folder = tmp_path_factory.mktemp("evaluation")
    rng = np.random.default_rng(0)
    for name, high in (("real", 256), ("mine", 180)):
        images = rng.integers(0, high, (150, 28, 28, 1), np.uint8)
        np.savez(folder / f"{name}.npz", images=images, x_test=images[::-1])
    make("DCGAN", image_shape=(28, 28, 1)).export(folder, "tiny")
    return folder


def test_two_files(folder, tmp_path):
    out = tmp_path / "scores.json"
    options = ["--metrics", "fd150_lenet_mnist,precision150_lenet_mnist", "--out", out]
    mine, real = folder / "mine.npz", folder / "real.npz"
    done = run("evaluate", mine, "--data", real, *options, "--cache", tmp_path / "cache")
    assert done.exit_code == 0, done.output
    rows = json.loads(out.read_text())["results"]
    assert [row["metric"] for row in rows] == ["fd150_lenet_mnist", "precision150_lenet_mnist"]
    assert rows[0]["metric"] in done.output and rows[0]["value"] > 1
    same = run("evaluate", real, "--data", real, "--metrics", "fd150_lenet_mnist")
    assert same.output.split()[1] == "0"


def test_two_folders_of_mixed_sizes(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("mine", "real"):
        for number, side in enumerate([20, 24] * 15):
            image = rng.integers(0, 256, (side, side, 3), np.uint8)
            write_png(tmp_path / folder / f"{number}.png", image)
    words = [
        "evaluate",
        tmp_path / "mine",
        "--data",
        tmp_path / "real",
        "--cache",
        tmp_path / "cache",
    ]
    refused = run(*words, "--metrics", "swd30")
    assert refused.exit_code == 1 and "Where sizes differ, give image_size" in refused.output
    done = run(*words, "--metrics", "swd30,psnr", "--image-size", 16)
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.output.splitlines()] == ["swd30", "psnr"]


def test_a_preset_against_the_data_it_names(tmp_path):
    done = run(
        "evaluate", "dcgan_fashion_mnist", "--data", "fashion_mnist_10k", "--cache", tmp_path,
        "--metrics", "modes200_lenet_fashion_mnist,fd200_lenet_fashion_mnist",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    modes, distance = (float(line.split()[1]) for line in done.output.splitlines()[:2])
    assert modes == 10 and 30 < distance < 200


def test_report(folder, tmp_path):
    done = run(
        "report", folder / "tiny", "--data", folder / "real.npz", "--out", tmp_path / "report",
        "--metrics", "ms_ssim50", "--extractor", "lenet_mnist", "--count", 120,
        "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "ms_ssim50" in (tmp_path / "report" / "report.html").read_text()


def test_metrics_are_explained():
    done = run("evaluate", "anything", "--metrics", "help")
    assert done.exit_code == 0 and "fd_infinity" in done.output and "psnr_y" in done.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "There is no run, preset, file or folder nowhere"),
        (["localhost:1"], "give --model with the model's name"),
        (["FOLDER/mine.npz", "--metrics", "fd100_lenet_mnst"], "There is no metric"),
        (["FOLDER/mine.npz", "--metrics", "fd100_lenet_mnist"], "compares with real images"),
        (
            ["FOLDER/mine.npz", "--data", "FOLDER/real.npz", "--metrics", "fd10k_lenet_mnist"],
            "score of 10,000 images, and .*mine.npz, train has 150",
        ),
    ],
)
def test_mistakes(folder, words, message):
    done = run("evaluate", *(word.replace("FOLDER", str(folder)) for word in words))
    assert done.exit_code == 1 and done.exception.code == 1
    assert re.search(message, " ".join(done.output.split())), done.output
