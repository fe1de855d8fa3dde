"""ONNX and LiteRT files give the images of the SavedModel."""

import math
import sys

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from cases import CASES, initial_scale, make

import tfgan_zoo
from tfgan_zoo.convert import convert
from tfgan_zoo.layers import portable

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)
TOLERANCE = 2e-5  # of images in [-1, 1], with weights that make them far from grey


@pytest.mark.parametrize(
    ("variant", "format"),
    [
        pytest.param(variant, format, marks=() if i % 4 == j else pytest.mark.full)
        for i, variant in enumerate(sorted(CASES.keys() - {"TextGAN"}))
        for j, format in enumerate(["onnx", "litert"])
    ],
)
def test_converted_images(variant, format, tmp_path):
    gan = make(variant, name="model")
    scale = max(3, initial_scale(variant))
    gan.ema_generator.set_weights([scale * weight for weight in gan.ema_generator.get_weights()])
    path, difference = convert(gan, tmp_path, format=format)
    names, _ = signature(path)
    assert names == [spec.name for spec in gan.endpoints()["from_latents"][1]]
    assert path.name == {"onnx": "model.onnx", "litert": "model.tflite"}[format]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert difference < TOLERANCE
    with pytest.raises(FileExistsError, match="exists"):
        convert(gan, tmp_path, format=format)


def test_mistakes(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="TextGAN cannot become onnx: it draws from texts"):
        convert(make("TextGAN"), tmp_path)
    gan = make("DCGAN")
    with pytest.raises(ValueError, match="format must be 'onnx' or 'litert'. Received: 'coreml'"):
        convert(gan, tmp_path, format="coreml")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # as if it were not installed
    with pytest.raises(ImportError, match=r'to onnx needs tf2onnx.*"tfgan-zoo\[convert\]"'):
        convert(gan, tmp_path)


def signature(path):
    """Names of the inputs in their order, and a function from them to images."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        assert [output.name for output in session.get_outputs()] == ["images"]
        inputs = session.get_inputs()
        assert all(tensor.shape[0] == "batch" for tensor in [*inputs, *session.get_outputs()])
        return [tensor.name for tensor in inputs], lambda **feeds: session.run(None, feeds)[0]
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    assert list(runner.get_output_details()) == ["images"]
    order = ["latents", "label", "truncation"]
    names = sorted(runner.get_input_details(), key=order.index)
    return names, lambda **feeds: runner(**feeds)["images"]


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_labels_and_truncation_are_kept(format, tmp_path):
    """Each row as the model draws it; what does not exist gives NaN, and harms no other row."""
    gan = make("BigGAN", name="model")
    gan.ema_generator.set_weights([3 * weight for weight in gan.ema_generator.get_weights()])
    path, difference = convert(gan, tmp_path, format=format)
    assert difference < TOLERANCE
    names, run = signature(path)
    assert names == ["latents", "label", "truncation"]
    latents = gan.latents_for(range(5)).numpy()
    labels, shares = np.int32([0, 1, 2, 99, 0]), np.float32([1, 0.5, 0.1, 1, 7])
    images = run(latents=latents, label=labels, truncation=shares)
    assert np.isnan(images[3:]).all()
    expected = gan.render(latents[:3], labels[:3], shares[:3])
    np.testing.assert_allclose(images[:3], expected, atol=TOLERANCE)
    assert (
        np.abs(
            images[1] - run(latents=latents, label=labels, truncation=np.ones(5, np.float32))[1]
        ).max()
        > 1e-3
    )


def test_the_error_function_and_its_inverse():
    """Against Python's own, in float64."""
    x = np.linspace(-5, 5, 1001)
    found = portable.erf(tf.constant(x, tf.float32)).numpy()
    np.testing.assert_allclose(found, [math.erf(value) for value in x], atol=5e-7)
    inverse = portable.erfinv(tf.constant(found[np.abs(x) < 1.8]))
    np.testing.assert_allclose(inverse, x[np.abs(x) < 1.8], atol=1e-5)


class OddGAN(tfgan_zoo.DCGAN):
    def build_generator(self):
        latents = keras.Input([4], name="latents")
        odd = keras.layers.Lambda(lambda x: tf.math.igamma(1 + tf.abs(x), 1.0), output_shape=(4,))
        shape = keras.layers.Reshape([1, 1, 4])(odd(latents))
        images = keras.layers.Conv2DTranspose(1, 8, activation="tanh")(shape)
        return keras.Model(latents, images)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_an_op_that_cannot_be_converted_is_named(format, tmp_path):
    """The converter's message, which names the op, reaches the user, and no file is left."""
    gan = make("DCGAN")
    odd = OddGAN(**{**gan.get_config(), "name": "odd"})
    with pytest.raises(ValueError, match=rf"OddGAN cannot become {format}: [\s\S]*Igamma"):
        convert(odd, tmp_path, format=format)
    assert not list(tmp_path.iterdir())
