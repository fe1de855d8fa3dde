"""Small files of strangers that describe huge models: refused before memory is asked for."""

import json
import threading
import types
import zipfile

import keras
import numpy as np
import pytest
from cases import make

import tfgan_zoo
from tfgan_zoo import checkpoints, trust
from tfgan_zoo.exported import EXTRA, RECORD
from tfgan_zoo.trust import sizes
from tfgan_zoo.weights.source import Family

HUGE = {"width": 10**6}


def enlarged(record):
    record["config"].update(HUGE)
    return record


@pytest.fixture(scope="module")
def gan():
    return make("DCGAN", name="garments")


@pytest.mark.parametrize("way", [pytest.param("export", marks=pytest.mark.full), "save_to_preset"])
def test_folders(way, gan, tmp_path):
    if way == "export":
        folder = gan.export(tmp_path, "garments", warmup_batch_sizes=(1,))
    else:
        folder = gan.save_to_preset(tmp_path / "garments")
    file = folder / EXTRA / RECORD
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "model": enlarged(record["model"])}))
    with pytest.raises(
        ValueError, match=r"garments.*more than 67108864 parameters, and its file has"
    ):
        tfgan_zoo.from_preset(folder)
    with pytest.raises(ValueError, match="more than 67108864 parameters"):
        tfgan_zoo.from_preset(folder, seed=3)  # other options do not lift it


@pytest.mark.full
def test_files_of_keras(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    with zipfile.ZipFile(tmp_path / "gan.keras") as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["config.json"] = json.dumps(enlarged(json.loads(parts["config.json"]))).encode()
    with zipfile.ZipFile(tmp_path / "huge.keras", "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    with pytest.raises(ValueError, match="more than 67108864 parameters"):
        trust.load_keras(tmp_path / "huge.keras")


def test_checkpoints(tmp_path, monkeypatch):
    """Whatever a converter reads of a file as options."""
    converted = types.SimpleNamespace(
        variant="DCGAN",
        options={"image_shape": (28, 28, 1), **HUGE},
        tensors={"generator/a": np.zeros(10)},
        given=[],
    )
    family = Family("a", "A", "", "", lambda source: True, lambda source: converted)
    monkeypatch.setitem(checkpoints.FAMILIES, "a", family)
    (tmp_path / "a.pth").write_bytes(b"")
    with pytest.raises(ValueError, match="its file has 10 numbers.*a.pth"):
        tfgan_zoo.from_checkpoint(tmp_path / "a.pth", family="a")


def test_trust_and_larger_files_lift_the_bound(gan, tmp_path, monkeypatch):
    monkeypatch.setattr(sizes, "ANY_SIZE", 10)
    monkeypatch.setattr(sizes, "_LEAST", 1)
    folder = gan.save_to_preset(tmp_path / "garments")
    assert tfgan_zoo.from_preset(folder).width == gan.width  # 16 numbers for each one
    monkeypatch.setattr(sizes, "TIMES", 0.1)
    with pytest.raises(ValueError, match="its file has .* trust_model=True"):
        tfgan_zoo.from_preset(folder)
    assert tfgan_zoo.from_preset(folder, trust_model=True).width == gan.width


def test_many_small_variables_are_counted_too(monkeypatch):
    monkeypatch.setattr(sizes, "ANY_SIZE", 1 << 20)
    with pytest.raises(ValueError, match="more than 1048576 parameters"), trust.bounded(1):
        for _ in range(65):
            keras.layers.Layer().add_weight(shape=(1,))


def test_a_bound_is_of_its_own_thread_and_ends(monkeypatch):
    monkeypatch.setattr(sizes, "ANY_SIZE", 10)
    made, within, told = [], threading.Event(), threading.Event()

    def bounded():
        with trust.bounded(1):
            within.set()
            told.wait(10)
            with pytest.raises(ValueError, match="more than 16 parameters"):
                keras.layers.Layer().add_weight(shape=(20,))
        made.append(keras.layers.Layer().add_weight(shape=(20,)))

    other = threading.Thread(target=bounded)
    other.start()
    assert within.wait(10)
    made.append(keras.layers.Layer().add_weight(shape=(20,)))
    told.set()
    other.join()
    assert len(made) == 2
