"""What the page of `explore` asks of a served model, and the commands that it shows."""

import shlex

import numpy as np
import pytest
from cases import make
from explored import picture, pixels, tiny
from running_server import Server
from typer.testing import CliRunner

from tfgan_zoo import cli
from tfgan_zoo.explore import ServedModel, query
from tfgan_zoo.serving import Client

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("explore")]


def image(backend, asked):
    return pixels(backend.image(query.parsed(asked, backend.image_parameters)))


def near(found, expected):
    """Kernels round another way in a server: a level of 255 at most."""
    assert np.abs(found.astype(int) - expected).max() <= 1


def run(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli.app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    return pixels(folder / "picture.png")


@pytest.mark.parametrize("scheme", ["grpc", "rest"])
def test_a_served_gan(scheme, tmp_path, monkeypatch):
    gan = tiny("BigGAN")
    gan.class_names = ["apple", "pear", "plum"]
    path = gan.export(tmp_path, "own", warmup_batch_sizes=[1])
    flags = (f"--model_base_path={path.parent}", "--model_name=own")
    with Server(tmp_path, *flags) as server:
        url = server.target if scheme == "grpc" else server.url
        with Client(url, "own") as client:
            backend = ServedModel(client, url, "own")
            controls = backend.describe()["controls"]
            assert controls["label"] == {"count": 3, "names": ("apple", "pear", "plum")}
            assert controls.keys() == {"seed", "truncation", "label", "toward"}
            asked = {"seed": "3", "label": "2", "truncation": "0.5"}
            near(image(backend, asked), gan.generate(1, 3, labels=2, truncation=0.5)[0])
            between = {"seed": "3", "label": "1", "toward": "8", "share": "0.25"}
            near(image(backend, between), gan.interpolate(3, 8, 5, label=1)[1])
            for state in (asked, between):
                command = backend.command(query.parsed(state, backend.image_parameters))
                drawn = run(command, tmp_path, monkeypatch)
                np.testing.assert_array_equal(drawn, image(backend, state))
            with pytest.raises(ValueError, match="no parameter 'moves'"):
                image(backend, {"moves": "1=2"})


def test_latents_that_are_not_known_are_told(tmp_path):
    path = tiny("InfoGAN").export(tmp_path, "own", warmup_batch_sizes=[1])
    flags = (f"--model_base_path={path.parent}", "--model_name=own")
    with Server(tmp_path, *flags) as server, Client(server.target, "own") as client:
        backend = ServedModel(client, server.target, "own")
        with pytest.raises(ValueError, match="is not known: they cannot be mixed"):
            image(backend, {"toward": "1", "share": "0.5"})


def test_a_served_translator(tmp_path, monkeypatch):
    model = make("CycleGAN")
    path = model.export(tmp_path, "own", warmup_batch_sizes=[1])
    flags = (f"--model_base_path={path.parent}", "--model_name=own", "--trust_model")
    (tmp_path / "a.png").write_bytes(file := picture(12, 20))
    with Server(tmp_path, *flags) as server, Client(server.target, "own") as client:
        backend = ServedModel(client, server.target, "own")
        assert backend.describe()["controls"]["direction"] == ["forward", "backward"]
        key = backend.uploads.put(file, file)
        asked = {"picture": key, "file": "a.png", "direction": "backward"}
        made = backend.jobs["translate"][2](asked)
        near(pixels(backend.image(made)), model.translate(pixels(file), direction="backward"))
        drawn = run(backend.command(made), tmp_path, monkeypatch)
        np.testing.assert_array_equal(drawn, pixels(backend.image(made)))
