"""ONNX and LiteRT files give the images of the SavedModel."""

import keras
import pytest
import tensorflow as tf
from cases import CASES, initial_scale, make

from tfgan_zoo import convert as module
from tfgan_zoo.convert import convert

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
    monkeypatch.setitem(module._PACKAGES, "onnx", ("no_such_package",))
    with pytest.raises(
        ImportError, match=r"needs no_such_package: pip install 'tfgan-zoo\[convert\]'"
    ):
        convert(gan, tmp_path)


def test_an_op_that_cannot_be_converted_is_named(tmp_path):
    """The converter's message, which names the op, reaches the user, and no file is left."""
    gan = make("DCGAN")
    latents = keras.Input([4], name="latents")
    odd = keras.layers.Lambda(lambda x: tf.math.igamma(1 + tf.abs(x), 1.0), output_shape=(4,))
    gan.ema_generator = keras.Model(latents, odd(latents))
    with pytest.raises(ValueError, match=r"DCGAN cannot become onnx: .*Igamma"):
        convert(gan, tmp_path)
    assert not list(tmp_path.iterdir())
