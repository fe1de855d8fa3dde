"""Addresses such as gs://bucket/models: from_preset and export take them, all else refuses them."""

import pathlib

import numpy as np
import pytest
from cases import make
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

import tfgan_zoo
from tfgan_zoo import callbacks, convert, datasets, evaluation, remote, runs, serving, visualization
from tfgan_zoo.evaluation import results
from tfgan_zoo.serving import StatusError, config, server
from tfgan_zoo.trust import load_keras

ROOT = pathlib.Path(__file__).parents[1]
PLACE = "gs://bucket/folder"
DOORS = {
    "samples": lambda gan: callbacks.SampleGrid(PLACE),
    "log": lambda gan: callbacks.JsonlLogger(f"{PLACE}/logs.jsonl"),
    "backup": lambda gan: callbacks.BackupAndRestore(pathlib.Path(PLACE)),
    "run": lambda gan: runs.load_run(PLACE),
    "resume": lambda gan: runs.resume(PLACE),
    "folder": lambda gan: datasets.load(PLACE),
    "npz": lambda gan: datasets.load(pathlib.Path(PLACE) / "images.npz"),
    "results": lambda gan: results.write(f"{PLACE}/scores.json", []),
    "picture": lambda gan: visualization.write_picture(
        f"{PLACE}/a.png", np.zeros((4, 4, 1), np.uint8)
    ),
    "served": lambda gan: evaluation.from_saved_model(PLACE),
    "verify": lambda gan: serving.verify(PLACE),
    "convert": lambda gan: convert.convert(gan, PLACE),
    "config": lambda gan: config.write(PLACE),
    "scalars": lambda gan: callbacks.TensorBoardScalars(PLACE),
    "events": lambda gan: callbacks.SampleGrid("samples", tensorboard_dir=PLACE),
    "scores": lambda gan: results.read(f"{PLACE}/scores.json"),
    "keras": lambda gan: load_keras(f"{PLACE}/model.keras"),
}


def test_export_and_from_preset(tmp_path, monkeypatch):
    """Through TensorFlow's file system in memory."""
    monkeypatch.chdir(tmp_path)
    gan = make("DCGAN")
    options = {"name": "garments", "warmup_batch_sizes": (1,)}
    assert gan.export("ram://models", **options) == "ram://models/garments/1"
    assert remote.versions("ram://models/garments") == [1]
    for place in ("ram://models/garments", pathlib.Path("ram://models/garments/1")):
        loaded = tfgan_zoo.from_preset(place)
        np.testing.assert_array_equal(loaded.generate(2, seed=0), gan.generate(2, seed=0))
    with pytest.raises(FileExistsError, match="^ram://models/garments/1 exists"):
        gan.export("ram://models", version=1, **options)
    with pytest.raises(ValueError, match="^ram://models/dresses holds no exported model"):
        tfgan_zoo.from_preset("ram://models/dresses")
    assert not list(tmp_path.iterdir())


def test_file_systems_that_tensorflow_lacks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gan = make("DCGAN")
    for call in (
        lambda: gan.export("s3://b/m", "a"),
        lambda: tfgan_zoo.from_preset("s3://b/m/a"),
        lambda: datasets.load("mnist", data_dir="s3://b/m"),
    ):
        with pytest.raises(ValueError, match=r"^s3://b/m.*: TensorFlow has no file system s3://"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("door", DOORS)
def test_others_refuse_addresses(door, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^gs://bucket/folder\S* is an address, and only from_p"):
        DOORS[door](make("DCGAN") if door == "convert" else None)
    assert not list(tmp_path.iterdir())  # no folder called `gs:`


def test_a_file_scheme_and_a_server(tmp_path):
    folder = ROOT / "saved_models" / "dcgan_fashion_mnist"
    assert tfgan_zoo.from_preset(folder.as_uri()).name == "dcgan_fashion_mnist"
    models = ModelServerConfig()
    models.model_config_list.config.add(name="a", base_path=PLACE)
    with pytest.raises(StatusError, match="gs://bucket/folder is an address: the embedded server"):
        server._here(models)
