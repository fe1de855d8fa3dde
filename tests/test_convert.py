"""ONNX and LiteRT files give the images of the SavedModel."""

import math
import sys

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from cases import CASES, TRANSLATORS, WITH_FURTHER_INPUTS, enlarge, initial_scale, make

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
        pytest.param(variant, format, marks=() if i % 8 == 4 * j else pytest.mark.full)
        for i, variant in enumerate(sorted(CASES.keys() - {"TextGAN"}))
        for j, format in enumerate(["onnx", "litert"])
    ],
)
def test_converted_images(variant, format, tmp_path):
    gan = make(variant, name="model")
    scale = max(3, initial_scale(variant))
    enlarge(gan.ema_generator, scale)
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


# === Models from images to images ===


def translator(variant, factor=4, **overrides):
    """A model whose networks tell images apart."""
    model = make(variant, name="model", **overrides)
    for average, _ in model.ema_pairs():
        average.set_weights([factor * weight for weight in average.get_weights()])
    return model


def translated(path, images):
    """What a file makes of images, and the sizes of its input and output, as the file tells them."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (given,), (made,) = session.get_inputs(), session.get_outputs()
        assert (given.name, made.name) == ("images", "translated")
        return session.run(None, {"images": images})[0], (given.shape, made.shape)
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    (given,) = runner.get_input_details().values()
    return runner(images=images)["translated"], (given["shape_signature"].tolist(), None)


QUICK = [("Pix2Pix", "onnx"), ("StyleTransfer", "litert")]


@pytest.mark.parametrize(
    ("variant", "format"),
    [
        pytest.param(variant, format, marks=() if (variant, format) in QUICK else pytest.mark.full)
        for variant in sorted(set(TRANSLATORS) - set(WITH_FURTHER_INPUTS))
        for format in ["onnx", "litert"]
    ],
)
def test_converted_translations(variant, format, tmp_path):
    """Images of any size and number, as the SavedModel translates them; a row with NaN gives NaN,
    and harms no other."""
    lacking = {"attention": False} if (variant, format) == ("Inpainter", "litert") else {}
    model = translator(variant, **lacking)
    path, difference = convert(model, tmp_path, format=format)
    served = tf.saved_model.load(str(model.export(tmp_path / "served", "model")))
    channels = model.image_shape[-1]
    largest = np.abs(model(np.ones((1, *model.image_shape), np.float32))).max()
    tolerance = TOLERANCE * max(1.0, 4 * largest)  # of models whose outputs have no bound
    assert difference < tolerance
    for shape in ((3, 16, 8, channels), (1, 19, 33, channels), (2, 8, 8, channels)):
        images = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
        expected = served.translate_tensor(tf.constant(images))["images"]
        found, sizes = translated(path, images)
        np.testing.assert_allclose(found, expected, atol=tolerance)
        assert np.ptp(found) > 0.1
    if format == "onnx":
        assert sizes[0][:3] == ["batch", "height", "width"]
        assert sizes[1][:3] == ["batch", "translated_height", "translated_width"]
    images[0, 0, 0] = np.nan
    found, _ = translated(path, images)
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_file_for_one_size(format, tmp_path):
    """One that the network cannot halve, of the second direction."""
    model = translator("CycleGAN")
    options = {"format": format, "image_size": (19, 12), "direction": "backward"}
    path, difference = convert(model, tmp_path, **options)
    assert path.stem == "model_backward" and difference < TOLERANCE
    images = np.random.default_rng(1).uniform(-1, 1, (2, 19, 12, 1)).astype(np.float32)
    found, sizes = translated(path, images)
    np.testing.assert_allclose(found, model(images, direction="backward"), atol=TOLERANCE)
    assert list(sizes[0][1:]) == [19, 12, 1]
    if format == "onnx":  # LiteRT takes another size, and makes a wrong one of it
        with pytest.raises(Exception, match="invalid dimensions"):
            translated(path, np.zeros((1, 24, 12, 1), np.float32))


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_networks_of_nearest_neighbours_are_converted(format, tmp_path):
    options = {"upsampling": "resize", "normalization": "batch"}
    model = translator("Pix2Pix", image_shape=(8, 8, 3), target_channels=1, **options)
    assert convert(model, tmp_path, format=format)[1] < TOLERANCE


def test_options_of_translations(tmp_path):
    with pytest.raises(ValueError, match="image_size and direction are for models from images to"):
        convert(make("DCGAN"), tmp_path, image_size=(8, 8))
    with pytest.raises(ValueError, match="Pix2Pix translates forward. Received: direction='back"):
        convert(make("Pix2Pix"), tmp_path, direction="backward")
    with pytest.raises(ValueError, match=r"image_size must be \(height, width\). Received: .*=33"):
        convert(make("Pix2Pix"), tmp_path, image_size=33)
    with pytest.raises(ValueError, match="image_size must be a positive integer"):
        convert(make("Pix2Pix"), tmp_path, image_size=(0, 8))


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
