"""Models for others: folders of save_to_preset, cards, and uploads to a stand-in for the Hub."""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import yaml
from cases import make
from test_hub import Hub, same

import tfgan_zoo
from tfgan_zoo import cli, presets, sharing, weights

ROOT = pathlib.Path(__file__).parents[1]


def metadata(text):
    start, head, body = text.split("---\n", 2)
    assert not start
    return yaml.safe_load(head), body


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """`(model, folder)`; networks, averages and state have values of their own."""
    gan = make("VanillaGAN", name="digits", ema_decay=0.5)
    for number, variable in enumerate(gan.variables):
        if "float" in variable.dtype and variable.shape:
            variable.assign(keras.random.normal(variable.shape, seed=number))
    gan.iterations.assign(7)
    return gan, gan.save_to_preset(tmp_path_factory.mktemp("sharing") / "digits")


def test_all_of_a_model_is_kept(saved):
    gan, folder = saved
    loaded = tfgan_zoo.from_preset(folder)
    there = weights.variables(loaded)
    for name, variable in weights.variables(gan).items():
        np.testing.assert_array_equal(there[name].numpy(), variable.numpy(), err_msg=name)
    assert loaded.get_config() == gan.get_config()
    assert {path.name for path in folder.iterdir()} == {"README.md", "assets.extra", "variables"}
    assert type(tfgan_zoo.VanillaGAN.from_preset(folder)) is tfgan_zoo.VanillaGAN
    with pytest.raises(FileExistsError, match="exists already"):
        gan.save_to_preset(folder)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("ConditionalGAN", "unconditional-image-generation"),
        pytest.param("TextGAN", "text-to-image", marks=pytest.mark.full),
        pytest.param("Pix2Pix", "image-to-image", marks=pytest.mark.full),
    ],
)
def test_cards(name, task, tmp_path):
    model = make(name)
    model.origin = {
        "family": "cut",
        "code": "https://example.com/code",
        "licence": "Theirs: alone",
        "files": {"a.pth": "12"},
    }
    text = (model.save_to_preset(tmp_path / "model") / "README.md").read_text()
    found, body = metadata(text)
    assert found["pipeline_tag"] == task and found["library_name"] == "tfgan_zoo"
    assert name.lower() in found["tags"] and found["license"] == "other"
    assert found["license_name"] == "licence-of-cut" and "Licence: Theirs: alone." in body
    assert tfgan_zoo.from_preset(tmp_path / "model").origin == model.origin


def test_a_model_that_is_not_finite_is_not_saved(tmp_path):
    gan = make("VanillaGAN")
    gan.generator.variables[0].assign(gan.generator.variables[0] * np.nan)
    with pytest.raises(ValueError, match="hold NaN"):
        gan.save_to_preset(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.full
def test_a_full_disk(tmp_path):
    code = (
        "import sys, tfgan_zoo\n"
        "tfgan_zoo.VanillaGAN(image_shape=(28, 28, 1), latent_dim=8).save_to_preset(sys.argv[1])"
    )
    command = [sys.executable, "-c", code, tmp_path / "model"]

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limited, timeout=120)
    assert "model was not written: File too large" in done.stderr, done.stderr
    assert not list(tmp_path.iterdir())


# === Uploads ===


@pytest.fixture
def server(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub", reason="needs the extra hub")
    (tmp_path / "root").mkdir()
    found = Hub(tmp_path / "root")
    monkeypatch.setenv("HF_ENDPOINT", found.address)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    yield found
    found.shutdown()
    found.server_close()


@pytest.mark.parametrize("place", ["", "/inner"])
def test_there_and_back(place, server, saved):
    gan, folder = saved
    address = tfgan_zoo.upload_preset(f"hf://owner/digits{place}", folder, private=True)
    assert address == f"hf://owner/digits{place}@{server.commit}"
    assert server.made == ("owner", "digits", True)
    same(gan, tfgan_zoo.from_preset(address))
    there = server.root / "owner" / "digits" / place.strip("/")
    assert (there / "README.md").read_text() == (folder / "README.md").read_text()


def test_a_card_without_metadata_gets_it(server, tmp_path):
    folder = tmp_path / "dcgan_fashion_mnist"
    shutil.copytree(ROOT / "saved_models" / "dcgan_fashion_mnist", folder)
    whole = (folder / "README.md").read_text()
    ours, body = metadata(whole)
    (folder / "README.md").write_text(body)
    tfgan_zoo.upload_preset("hf://owner/clothes", folder)
    assert server.made == ("owner", "clothes", False)
    text = (server.root / "owner" / "clothes" / "README.md").read_text()
    found, given = metadata(text)
    assert found["pipeline_tag"] == "unconditional-image-generation" == ours["pipeline_tag"]
    assert given.strip() == body.strip()
    version = presets.published("dcgan_fashion_mnist").name
    assert (server.root / "owner" / "clothes" / version / "saved_model.pb").is_file()


def test_the_command_line(server, saved, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.app(["upload", str(saved[1]), "hf://owner/digits"])
    assert ended.value.code == 0
    assert f"Uploaded: hf://owner/digits@{server.commit}" in capsys.readouterr().out


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses(status, server, saved):
    server.status = status
    with pytest.raises(OSError, match="^hf://owner/digits cannot be written to"):
        tfgan_zoo.upload_preset("hf://owner/digits", saved[1])
    assert not list(server.root.iterdir())


def test_folders_that_are_not_uploaded(saved, tmp_path):
    for name, content, message in (
        ("notes.txt", "password", "has files that no exported model has: notes.txt"),
        ("variables/variables.data-00000-of-00001", "", "cannot be read|describes"),
    ):
        folder = tmp_path / name.partition("/")[0]
        sharing._write(sharing._contents(saved[1]), folder)
        (folder / name).write_text(content)
        with pytest.raises(ValueError, match=message):
            tfgan_zoo.upload_preset("hf://owner/digits", folder)
    with pytest.raises(ValueError, match="holds no exported model"):
        tfgan_zoo.upload_preset("hf://owner/digits", tmp_path)
    with pytest.raises(ValueError, match="is uploaded to hf://… or kaggle://"):
        tfgan_zoo.upload_preset("s3://owner/digits", saved[1])


def test_offline(saved, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_OFFLINE", "1")
    for address in ("hf://owner/digits", "kaggle://owner/digits/keras/small"):
        with pytest.raises(OSError, match="TFGAN_ZOO_OFFLINE is set"):
            tfgan_zoo.upload_preset(address, saved[1])
    with pytest.raises(OSError, match="TFGAN_ZOO_OFFLINE is set"):
        tfgan_zoo.from_preset("kaggle://owner/digits/keras/small")


# === Kaggle ===


@pytest.fixture
def kagglehub(tmp_path, monkeypatch):
    """A stand-in for the two functions of kagglehub: versions are folders."""

    def upload(handle, folder):
        new = tmp_path / handle / str(len(list((tmp_path / handle).glob("*"))) + 1)
        os.makedirs(new.parent, exist_ok=True)
        os.rename(folder, new)
        os.mkdir(folder)

    def download(handle):
        found = tmp_path / handle
        if not found.is_dir():
            raise RuntimeError("404 Client Error")
        return str(found if found.name.isdigit() else max(found.iterdir()))

    stand_in = types.SimpleNamespace(model_upload=upload, model_download=download)
    monkeypatch.setitem(sys.modules, "kagglehub", stand_in)
    monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path / "home"))


def test_models_of_kaggle(kagglehub, saved):
    address = "kaggle://owner/digits/keras/small"
    assert tfgan_zoo.upload_preset(address, saved[1]) == address
    same(saved[0], tfgan_zoo.from_preset(address))
    same(saved[0], tfgan_zoo.from_preset(f"{address}/1"))
    with pytest.raises(OSError, match="small/2 cannot be fetched: 404"):
        tfgan_zoo.from_preset(f"{address}/2")
    with pytest.raises(ValueError, match="Kaggle numbers versions itself"):
        tfgan_zoo.upload_preset(f"{address}/2", saved[1])
    with pytest.raises(ValueError, match="A model of Kaggle is"):
        tfgan_zoo.from_preset("kaggle://owner/../keras/small")


def test_kaggle_without_the_extra(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(ImportError, match=r"kagglehub, .*tfgan-zoo\[hub\]"):
        tfgan_zoo.from_preset("kaggle://owner/digits/keras/small")
