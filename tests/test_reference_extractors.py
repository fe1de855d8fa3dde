"""The networks of FID and LPIPS against torch-fidelity and lpips, and against what Keras has itself."""

import hashlib
import importlib.util
import io
import os
import pathlib
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from web_server import Server

from tfgan_zoo.metrics.extractors import inception_v3, lpips, torch_weights

ORACLE = pathlib.Path(__file__).parent / "oracles" / "torch_oracle.py"
HEADS = pathlib.Path(lpips.__file__).parent / "weights" / "lpips_vgg_heads.npz"
NETWORKS = [inception_v3, lpips]

pytestmark = pytest.mark.xdist_group("reference_extractors")  # one process makes the weights


def close(ours, theirs, tolerance):
    """Within a share of the largest value."""
    assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


# === Against torch-fidelity and lpips ===


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """The folder that the oracle wrote to, and its arrays."""
    python = os.environ.get("TFGAN_ZOO_TORCH_PYTHON")
    found = all(importlib.util.find_spec(name) for name in ("torch_fidelity", "lpips"))
    if not python and not found:
        pytest.skip(
            "torch-fidelity is not installed: pip install torch torchvision torch-fidelity lpips, "
            "or set TFGAN_ZOO_TORCH_PYTHON to a Python that has them"
        )
    folder = tmp_path_factory.mktemp("oracle")
    done = subprocess.run(
        [python or sys.executable, ORACLE, folder], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    yield folder, dict(np.load(folder / "arrays.npz"))
    shutil.rmtree(folder)  # a quarter of a gigabyte, of which pytest would keep three


@pytest.mark.parametrize("size", ["small", "large"])
def test_resizing_is_that_of_torch_fidelity(oracle, size):
    _, arrays = oracle
    resized = inception_v3.resize_legacy(arrays[size])
    assert_allclose(resized, arrays[f"{size}_resized"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("bias", [False, True])
def test_inception_is_that_of_torch_fidelity(oracle, bias):
    folder, arrays = oracle
    model = inception_v3.load(folder / "inception.npz", bias)
    pixels = inception_v3.normalize(inception_v3.resize_legacy(arrays["images"]))
    features, logits = model(pixels)
    close(features, arrays["features"], 1e-5)
    close(logits, arrays["logits" if bias else "logits_unbiased"], 1e-5)


def test_pth_files_hold_what_npz_files_do(oracle):
    pytest.importorskip("torch")
    folder, _ = oracle
    first, second = (torch_weights.read(folder / f"inception.{kind}") for kind in ("pth", "npz"))
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], name)


def test_lpips_is_that_of_its_authors(oracle):
    folder, arrays = oracle
    distances = lpips.load(folder / "vgg16.npz")([arrays["first"], arrays["second"]])
    assert_allclose(distances, arrays["distances"], rtol=1e-5)


# === Against Keras ===


def test_inception_has_the_weights_of_the_published_network():
    """Those of Keras's own, which has no scales in its 17,216 normalised channels, and 1008 classes."""
    theirs = keras.applications.InceptionV3(weights=None, include_top=False).count_params() + 17_216
    assert inception_v3.network().count_params() == theirs + 2048 * 1008
    assert inception_v3.network(bias=True).count_params() == theirs + 2049 * 1008


def test_inception_gives_features_and_logits_in_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = inception_v3.network()
        policy = keras.config.dtype_policy().name
    finally:
        keras.config.set_dtype_policy("float32")
    assert policy == "mixed_float16" and {x.compute_dtype for x in model.layers} == {"float32"}
    features, logits = model(images(3, 299, 299, 3))
    assert features.shape == (3, 2048) and logits.shape == (3, 1008)
    assert features.dtype == logits.dtype == "float32" and not model.trainable_variables
    assert np.min(features) >= 0 and np.std(features, 0).max() > 0


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """Keras's VGG16, and a file with its random weights as torchvision would name them."""
    keras.utils.set_random_seed(0)
    model, state = keras.applications.VGG16(weights=None, include_top=False), {}
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    for place, layer in zip(places, convolutions, strict=True):
        layer.bias.assign(keras.random.normal(layer.bias.shape, stddev=0.2))
        state[f"features.{place}.weight"] = np.transpose(layer.kernel, (3, 2, 0, 1))
        state[f"features.{place}.bias"] = np.array(layer.bias)
    state["classifier.0.weight"] = np.zeros((4, 4))  # part of the published file, and not used
    path = tmp_path_factory.mktemp("vgg16") / "vgg16.npz"
    np.savez(path, **state)
    yield model, path
    path.unlink()


def test_lpips_by_its_formula(vgg16, monkeypatch):
    model, path = vgg16
    names = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
    taps = keras.Model(model.input, [model.get_layer(name).output for name in names])
    first, second, heads = images(2, 48, 35, 3), images(2, 48, 35, 3, seed=1), np.load(HEADS)
    expected = 0
    for level, pair in enumerate(zip(taps(scaled(first)), taps(scaled(second)), strict=True)):
        a, b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in map(np.array, pair))
        weights = heads[f"lin{level}.model.1.weight"].ravel()
        expected += ((a - b) ** 2 @ weights).mean(axis=(1, 2))
    monkeypatch.setenv(lpips.VARIABLE, str(path))
    assert_allclose(lpips.load()([first, second]), expected, rtol=1e-5)


def scaled(x):
    return (x - np.array([-0.030, -0.088, -0.188])) / np.array([0.458, 0.448, 0.450])


def test_lpips_is_a_distance(vgg16):
    model, first, second = lpips.load(vgg16[1]), images(3, 32, 32, 3), images(3, 32, 32, 3, seed=1)
    np.testing.assert_array_equal(model([first, first]), np.zeros(3))
    assert_allclose(model([first, second]), model([second, first]), rtol=1e-6)
    near, far = model([first, first + 0.01]), model([first, second])
    assert np.all(near > 0) and np.all(near < far)


def test_published_heads():
    """As in lpips 0.1.4, by their sums; none is negative, or distances could be."""
    heads = np.load(HEADS)
    sums = [6.925992, 8.858334, 17.515006, 51.521323, 47.034854]
    assert [heads[f"lin{k}.model.1.weight"].shape for k in range(5)] == [
        (1, channels, 1, 1) for channels in (64, 128, 256, 512, 512)
    ]
    assert all(x.dtype == np.float32 and x.min() >= 0 for x in heads.values())
    assert_allclose([x.sum(dtype=float) for x in heads.values()], sums, rtol=1e-6)


# === Images ===


def test_legacy_resizing_is_from_the_corners():
    """Output i lies at i * size / 299 of the input, and beyond the last pixel repeats it."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, 20, 31, 3), np.uint8)
    resized = inception_v3.resize_legacy(pixels)
    np.testing.assert_array_equal(inception_v3.resize_legacy(pixels.astype(np.float32)), resized)
    down, right = (np.arange(299) * size / 299 for size in pixels.shape[1:3])
    for channel in range(3):
        plane = pixels[0, :, :, channel]
        wide = np.array([np.interp(right, range(31), row) for row in plane])
        expected = np.array([np.interp(down, range(20), column) for column in wide.T]).T
        assert_allclose(resized[0, :, :, channel], expected, rtol=0, atol=1e-3)


def test_inception_takes_pixels_from_minus_one():
    pixels = np.array([0, 128, 255], np.uint8)
    np.testing.assert_array_equal(inception_v3.normalize(pixels), [-1, 0, 127 / 128])


@pytest.mark.parametrize("bad", [("f8", 1, 8, 8, 3), ("u1", 8, 8, 3), ("u1", 1, 8, 8, 1)])
def test_legacy_resizing_is_of_colour_images(bad):
    dtype, *shape = bad
    with pytest.raises(ValueError, match=r"or float32 \[B, H, W, 3\]\. Received: (float64|uint8)"):
        inception_v3.resize_legacy(np.zeros(shape, dtype))


# === Files of weights ===


@pytest.fixture
def bare(monkeypatch):
    """An environment that names no weights."""
    for name in ("TFGAN_ZOO_DOWNLOAD", *(network.VARIABLE for network in NETWORKS)):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("network", NETWORKS)
def test_without_weights_the_message_says_where_they_are(bare, network, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="Received: no path") as found:
        network.load()
    for part in (network.URL, network.SHA256, network.VARIABLE, "TFGAN_ZOO_DOWNLOAD=1"):
        assert part in str(found.value)
    assert network.URL.endswith(f"-{network.SHA256[:8]}.pth")
    with pytest.raises(FileNotFoundError, match="no file at .*absent.npz"):
        network.load(tmp_path / "absent.npz")
    monkeypatch.setenv("TFGAN_ZOO_DOWNLOAD", "1")  # a path that is wrong is not replaced
    monkeypatch.setenv(network.VARIABLE, str(tmp_path / "named.pth"))
    with pytest.raises(FileNotFoundError, match="no file at .*named.pth"):
        network.load()


def test_downloads_are_checked(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_DOWNLOAD", "1")
    monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path))
    content = io.BytesIO()
    np.savez(content, x=np.ones(3))
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    with Server() as server:
        server.files["/published.npz"] = content.getvalue()
        url = f"{server.address}/published.npz"
        with pytest.raises(OSError, match=f"has the SHA-256 {sha256}, and 0000"):
            torch_weights.find(None, "UNSET", url, "0" * 64)
        for _ in range(2):
            found = torch_weights.find(None, "UNSET", url, sha256)
        assert len(server.asked) == 2  # one of each
        server.shutdown()
    assert found.is_relative_to(tmp_path) and found.name.endswith("-published.npz")
    np.testing.assert_array_equal(torch_weights.read(found)["x"], np.ones(3))


def test_kinds_of_files(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"from \.pth and \.npz files\. Received: .*weights\.h5"):
        torch_weights.read(tmp_path / "weights.h5")
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    with pytest.raises(ImportError, match=r'weights\.pth needs torch.*"tfgan-zoo\[import\]"'):
        torch_weights.read(tmp_path / "weights.pth")


def small_network():
    x = inputs = keras.Input((4, 5, 2))
    x = keras.layers.Conv2D(3, (1, 2), name="a.conv")(x)
    x = keras.layers.BatchNormalization(epsilon=1e-3, name="a.bn")(x)
    x = keras.layers.Dense(6, use_bias=False, name="fc")(keras.layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, x, name="small")


def small_state():
    rng = np.random.default_rng(0)
    shapes = {"a.conv.weight": (3, 2, 1, 2), "a.conv.bias": (3,), "fc.weight": (6, 3)}
    shapes |= {f"a.bn.{name}": (3,) for name in ("weight", "bias", "running_mean", "running_var")}
    return {name: rng.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}


def test_every_weight_goes_to_its_place():
    model, state, x = small_network(), small_state(), images(2, 4, 5, 2)
    torch_weights.assign(model, {**state, "a.bn.num_batches_tracked": 0}, r"\.num_batches")
    pairs = np.stack([x[:, :, :-1], x[:, :, 1:]], axis=-1)  # [B, H, W, in, kernel]
    y = np.einsum("bhwik,oik->bhwo", pairs, state["a.conv.weight"][:, :, 0]) + state["a.conv.bias"]
    y = (y - state["a.bn.running_mean"]) / np.sqrt(state["a.bn.running_var"] + 1e-3)
    y = (y * state["a.bn.weight"] + state["a.bn.bias"]).max(axis=(1, 2))
    assert_allclose(model(x), y @ state["fc.weight"].T, rtol=1e-5)


def test_files_hold_exactly_the_weights():
    model, state = small_network(), small_state()
    del state["a.bn.bias"]
    with pytest.raises(
        ValueError, match=r"7 .* of small .*6 arrays; missing: a\.bn\.bias; .*: none"
    ):
        torch_weights.assign(model, state, "^$")
    state = small_state() | dict.fromkeys("dbca", np.zeros(1))
    with pytest.raises(ValueError, match="missing: none; not expected: a, b, c and 1 more"):
        torch_weights.assign(model, state, "^$")
    state = small_state() | {"a.conv.weight": np.zeros((3, 2, 2, 1))}
    with pytest.raises(
        ValueError, match=r"a\.conv\.weight .* \(3, 2, 1, 2\)\. Received: \(3, 2, 2, 1\)"
    ):
        torch_weights.assign(model, state, "^$")


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_refuse_the_weights_of_others(network, tmp_path):
    np.savez(tmp_path / "small.npz", **small_state())
    with pytest.raises(ValueError, match=r"missing: .* more; not expected: a\.bn\.bias, .* more\."):
        network.load(tmp_path / "small.npz")
