"""Files of Keras 2 and TensorFlow.js that are damaged, or would run code, are refused by name."""

import json
import shutil

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from test_checkpoints import ROOT, case, needs_files

import tfgan_zoo

SLIM = "tfjs/a_esrgan_slim_x2"


@needs_files
def test_weights_alone_say_what_they_need():
    folder, *_ = case("keras2/a_dcgan_faces")
    with pytest.raises(ValueError, match="weights alone.*Give generator="):
        tfgan_zoo.from_checkpoint(folder / "generator_weights.h5")
    other = keras.Sequential([keras.Input([24]), keras.layers.Dense(1024, name="dense")])
    with pytest.raises(ValueError, match="no place for conv2d"):
        tfgan_zoo.from_checkpoint(
            folder / "generator_weights.h5",
            generator=keras.Sequential([other, keras.layers.Reshape((32, 32, 1))]),
            value_range=(0, 1),
        )
    with pytest.raises(ValueError, match="There are 2 files of HDF5: give one"):
        tfgan_zoo.from_checkpoint(folder)


@needs_files
def test_a_range_that_cannot_be_seen_is_asked_for():
    with pytest.raises(ValueError, match=r"activation linear.*Give value_range=\(low, high\)"):
        tfgan_zoo.from_checkpoint(ROOT / SLIM)


def changed(source, target, change, weights=lambda file: None):
    """A copy of an h5 file whose architecture's layers were changed."""
    shutil.copy(source, target)
    target.chmod(0o600)
    with h5py.File(target, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config["config"]["layers"])
        file.attrs["model_config"] = json.dumps(config)
        weights(file)
    return target


@needs_files
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            {"class_name": "Lambda", "config": {"name": "f", "function": ["4wEAAAA=", None, None]}},
            "'f' is a Lambda, which is code",
        ),
        ({"class_name": "Custom>Mine", "config": {"name": "own"}}, "'own' is a Mine"),
        (
            {"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid"}},
            "activation 'hard_sigmoid' is not one of",
        ),
        (
            {"class_name": "Reshape", "config": {"name": "r", "target_shape": [1], "new": 3}},
            "'r', a Reshape: Keras 3 has no argument new",
        ),
        (
            {"class_name": "ReLU", "config": {"name": "r", "dtype": "float16"}},
            "dtype is 'float16'",
        ),
    ],
)
def test_layers_that_are_refused(layer, message, tmp_path):
    source = ROOT / "keras2" / "a_dcgan_faces" / "generator.h5"
    file = changed(source, tmp_path / "g.h5", lambda layers: layers.insert(2, layer))
    with pytest.raises(ValueError, match=message):
        tfgan_zoo.from_checkpoint(file)


@needs_files
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda weights, _: weights.__delitem__("dense/dense/bias:0"),
            "is a link, or is not there",
        ),
        (
            lambda weights, _: weights["dense"].attrs.__setitem__(
                "weight_names", ["dense/kernel:0"]
            ),
            "There is no tensor dense/bias",
        ),
        (
            lambda weights, folder: (
                weights["dense/dense"].__delitem__("bias:0"),
                weights["dense/dense"].__setitem__(
                    "bias:0", h5py.ExternalLink(folder / "o.h5", "/x")
                ),
            ),
            "'dense/bias:0' is a link",
        ),
        (
            lambda weights, _: (
                weights["dense/dense"].__delitem__("bias:0"),
                weights["dense/dense"].create_dataset("bias:0", (10**12,), "f4", chunks=(1024,)),
            ),
            "fewer bytes than its shape",
        ),
    ],
)
def test_damaged_hdf5(change, message, tmp_path):
    with h5py.File(tmp_path / "o.h5", "w") as file:
        file["x"] = np.zeros(1024, "f4")
    source = ROOT / "keras2" / "a_dcgan_faces" / "generator.h5"
    file = changed(
        source, tmp_path / "g.h5", lambda _: None, lambda f: change(f["model_weights"], tmp_path)
    )
    with pytest.raises(ValueError, match=message):
        tfgan_zoo.from_checkpoint(file)


@needs_files
def test_damaged_folders(tmp_path):
    source, folder = ROOT / "keras2" / "a_dcgan_faces" / "saved_model", tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    for file in (
        "keras_metadata.pb",
        *(f"variables/{n.name}" for n in (source / "variables").iterdir()),
    ):
        (folder / file).write_bytes((source / file).read_bytes())
    tfgan_zoo.from_checkpoint(folder)  # saved_model.pb is not needed
    data = folder / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(
        ValueError, match="variables/variables describes .* bytes, and its files have"
    ):
        tfgan_zoo.from_checkpoint(folder)
    (folder / "keras_metadata.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ValueError, match="keras_metadata.pb cannot be read"):
        tfgan_zoo.from_checkpoint(folder)


@needs_files
def test_damaged_tfjs(tmp_path):
    model = json.loads((ROOT / SLIM / "model.json").read_text())
    shard = (ROOT / SLIM / "group1-shard1of1.bin").read_bytes()

    def read(content=shard, **changes):
        (tmp_path / "group1-shard1of1.bin").write_bytes(content)
        (tmp_path / "model.json").write_text(json.dumps({**model, **changes}))
        return tfgan_zoo.from_checkpoint(tmp_path, value_range=(0, 255))

    with pytest.raises(ValueError, match="is a graph-model"):
        read(format="graph-model")
    with pytest.raises(ValueError, match="needs bytes to"):
        read(shard[:-4])
    with pytest.raises(ValueError, match="and their files"):
        read(shard + b"0000")
    outside = [{**model["weightsManifest"][0], "paths": ["../group1-shard1of1.bin"]}]
    with pytest.raises(ValueError, match="no file '../group1-shard1of1.bin' beside"):
        read(weightsManifest=outside)
    assert tf.reduce_any(read().generator.weights[0] != 0)


@needs_files
@pytest.mark.full
@pytest.mark.parametrize(
    ("source", "name", "head"),
    [
        (
            "keras2/a_dcgan_faces",
            "generator.h5",
            24_000,
        ),  # its structure, more often than its arrays
        ("keras2/a_dcgan_faces/saved_model", "keras_metadata.pb", None),
        (SLIM, "model.json", None),
    ],
)
def test_mutated_files(source, name, head, tmp_path):
    """Each is read, or is an error of its own."""
    folder = tmp_path / "model"
    shutil.copytree(ROOT / source, folder, copy_function=shutil.copyfile)
    whole, options = (ROOT / source / name).read_bytes(), {}
    if source == SLIM:
        options = {"value_range": (0, 255)}
    path = folder / name if name.endswith(".h5") else folder
    for seed in range(100):
        rng = np.random.default_rng(seed)
        content = bytearray(whole)
        for place in rng.integers(0, min(head or len(whole), len(whole)), rng.integers(1, 5)):
            content[place] = rng.integers(256)
        (folder / name).write_bytes(content[: rng.choice([len(content), len(content) // 2])])
        try:
            tfgan_zoo.from_checkpoint(path, **options)
        except ValueError as error:
            assert str(folder) in str(error)
