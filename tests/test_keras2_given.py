"""What `from_checkpoint` of Keras 2 is given, and architectures that are none: one sentence each."""

import json

import h5py
import keras
import numpy as np
import pytest
from test_checkpoints import ROOT, needs_files

import tfgan_zoo


def layer(kind, name, given=(), **config):
    nodes = [[[each, 0, 0, {}] for each in given]] if given else []
    record = {"class_name": kind, "config": {"name": name, **config}, "name": name}
    return {**record, "inbound_nodes": nodes}


def given(name, *sides):
    return layer("InputLayer", name, batch_input_shape=[None, *sides])


def chain(name, *records):
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(records)}}


LAST = layer("Dense", "out", ["x"], units=16, activation="tanh")
IMAGES = layer("Reshape", "images", ["out"], target_shape=[4, 4, 1])
DENSE = {"kernel:0": np.ones([4, 16], "f4"), "bias:0": np.zeros(16, "f4")}
PLAIN = chain("g", given("x", 4), LAST, IMAGES)


def written(path, architecture, **groups):
    """An HDF5 file as Keras 2 writes it: `{group: {weight: array}}`; without an architecture of None."""
    with h5py.File(path, "w") as file:
        root = file
        if architecture is not None:
            file.attrs["model_config"] = json.dumps(architecture)
            root = file.create_group("model_weights")
        root.attrs["layer_names"] = list(groups)
        for group, weights in groups.items():
            found = root.create_group(group)
            found.attrs["weight_names"] = list(weights)
            for name, array in weights.items():
                found[name] = array
    return path


def functional(*outputs):
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[name, 0, 0] for name in outputs]}
    return {"class_name": "Functional", "config": {"layers": [given("x", 4), LAST, IMAGES], **ends}}


def twins():
    inner = [chain(name, given(f"{name}_in", 4), layer("Dense", "d", units=4)) for name in "ab"]
    return chain("g", given("x", 4), *inner, LAST, IMAGES)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        pytest.param(functional("images", "out"), "gives 2 outputs", id="outputs"),
        pytest.param(
            chain("g", given("x", 4), LAST),
            r"values of shape \(None, 16\) for inputs of shape \(None, 4\). Expected are images",
            id="vector",
        ),
        pytest.param(
            chain("c", given("x", None, None, 3), layer("GlobalMaxPooling2D", "p"), LAST),
            r"values of shape \(None, 16\) for inputs of shape \(None, None, None, 3\). Expected",
            id="classifier",
        ),
        pytest.param(chain("g"), "no model of layers.*a config of name, layers", id="empty"),
        pytest.param({"class_name": "Sequential"}, "'Sequential', and no config", id="no config"),
        pytest.param([1, 2], "no model of layers.*class_name None", id="list"),
        pytest.param(chain("g", [1]), r"no class_name, config or name: \[1\]", id="odd layer"),
        pytest.param(
            chain("g", {"class_name": "ReLU", "config": {}}), "or name: {'class", id="no name"
        ),
        pytest.param(twins(), "Several layers.*are called 'd'", id="twins"),
        pytest.param(
            chain("g", given("x", 4), LAST, LAST, IMAGES), "are called 'out'", id="one name"
        ),
    ],
)
def test_architectures_that_are_refused(architecture, message, tmp_path):
    file = written(tmp_path / "g.h5", architecture, out=DENSE)
    with pytest.raises(ValueError, match=f"g.h5, as a checkpoint of Keras 2.*: .*{message}"):
        tfgan_zoo.from_checkpoint(file)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "num_classes must be a positive integer. Received: num_classes=0"),
        ({"num_classes": -3}, "num_classes must be a positive integer. Received: num_classes=-3"),
        (
            {"num_classes": "10"},
            "num_classes must be a positive integer. Received: num_classes='10'",
        ),
        ({"value_range": (0, float("inf"))}, r"two finite numbers.*\(0, inf\)"),
        ({"value_range": (0, float("nan"))}, r"two finite numbers.*\(0, nan\)"),
        ({"value_range": (0, 1, 2)}, r"two finite numbers.*\(0, 1, 2\)"),
        ({"value_range": 5}, "two finite numbers.*Received: 5"),
        ({"value_range": "01"}, "two finite numbers.*Received: '01'"),
        ({"value_range": (1, 1)}, r"of which high is larger. Received: \(1, 1\)"),
        ({"generator": 5}, "generator must be a Keras model of the same layers. Received: 5"),
        (
            {"generator": keras.Sequential([keras.layers.Dense(4)], name="new")},
            "generator 'new', a Sequential, knows no shape of its input",
        ),
    ],
    ids=str,
)
def test_options_that_are_refused(options, message, tmp_path):
    file = written(tmp_path / "g.h5", PLAIN, out=DENSE)
    with pytest.raises(ValueError, match=f"g.h5, as a checkpoint of Keras 2.*: .*{message}"):
        tfgan_zoo.from_checkpoint(file, **options)


@pytest.mark.parametrize("name", ["d", "e"])
def test_weights_alone_of_models_within(name, tmp_path):
    """They go by the models in the given network; layers of one name are refused."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=[4, 4]).astype("f4") for _ in "ab")
    names = {"a": {"d/kernel:0": a}, "b": {f"{name}/kernel:0": b}}
    file = written(tmp_path / "w.h5", None, **names)
    layers = keras.layers
    inner = [
        keras.Sequential([keras.Input([4]), layers.Dense(4, use_bias=False, name=each)], name=group)
        for group, each in (("a", "d"), ("b", name))
    ]
    network = keras.Sequential([keras.Input([4]), *inner, layers.Reshape((2, 2, 1))])
    read = lambda: tfgan_zoo.from_checkpoint(file, generator=network, value_range=(-1, 1))  # noqa: E731
    if name == "d":
        with pytest.raises(ValueError, match="Several layers.*are called 'd'"):
            read()
        return
    x = rng.normal(size=[3, 4]).astype("f4")
    np.testing.assert_allclose(read()(x), (x @ a @ b).reshape(3, 2, 2, 1), atol=1e-6)


@needs_files
def test_an_enlarger_has_no_classes():
    with pytest.raises(ValueError, match="num_classes is 10, and it takes images.* no classes"):
        tfgan_zoo.from_checkpoint(
            ROOT / "tfjs" / "a_esrgan_slim_x2", value_range=(0, 255), num_classes=10
        )
