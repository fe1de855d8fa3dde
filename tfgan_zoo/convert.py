"""The generator for other runtimes: ONNX and LiteRT (TensorFlow Lite).

Of a GAN only latents to float images, the signature `from_latents` of a served model with its names of
inputs and outputs: drawing latents from seeds and writing PNG files use 64-bit integers and an image
codec, which these runtimes lack. Of a model from images to images `translate_tensor`, for images of any
size or of one. docs/converting.md shows how to run the files.
"""

import importlib
import logging
import os
import pathlib
import tempfile
import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.export import bare_copy
from tfgan_zoo.extras import needed_by
from tfgan_zoo.files import atomic_write, checked_name, local
from tfgan_zoo.layers.portable import erf, erfinv
from tfgan_zoo.tasks import further_inputs
from tfgan_zoo.tasks.conditions import Texts
from tfgan_zoo.tasks.image_to_image import ImageToImage
from tfgan_zoo.tasks.sampling import Sampling

_SEEDS = 16
_PACKAGES = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}
_SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}


class _Graph(NamedTuple):
    """What is converted: a function of tensors, their specifications, its output's name, inputs, a list
    of `{name: array}`, and what the model itself gives for each."""

    function: Callable
    signature: list
    output: str
    examples: list
    expected: list


def convert(
    model: keras.Model,
    path: str | os.PathLike,
    name: str | None = None,
    format: str = "onnx",
    image_size: tuple[int, int] | None = None,
    direction: str = "forward",
) -> tuple[pathlib.Path, float]:
    """Writes `<path>/<name>.onnx` or `<path>/<name>.tflite`, and compares it with the model.

    Of a `GAN` inputs are `latents` float32 `[B, D]`, `label` int32 `[B]` for a model with labels and
    `truncation` float32 `[B]` for one that takes it; the output is `images`, float32 `[B, H, W, C]` in
    [-1, 1]. A row with a label that does not exist or a truncation outside (0, 1] gives NaN.

    Of an `ImageToImage` the input is `images` float32 `[B, H, W, C]` in [-1, 1], and the output
    `translated` float32 `[B, scale * H, scale * W, O]`.

    Args:
        model: A `GAN`, or an `ImageToImage`.
        path: Folder of the file.
        name: By default the model's name; "_backward" is added for that direction.
        format: "onnx" or "litert".
        image_size: `(height, width)` of all images that the file will take, for an `ImageToImage`; None:
            any.
        direction: Of an `ImageToImage` with two.

    Returns:
        `(path, difference)`: the file, and the largest difference between its images and those of the
        model in float32, which are in [-1, 1]: for the latents of 16 seeds, half of them truncated, or
        for four random images of each size tried, that of the model's training and an odd one.

    Raises:
        ImportError: The extra `convert` is not installed.
        FileExistsError: The file exists.
        ValueError: An unknown format, an op that it lacks, which the message names, or `image_size` or
            `direction` where they mean nothing.
    """
    _check(model, format, image_size, direction)
    _require(format)
    suffix = "" if direction == "forward" else f"_{direction}"
    name = checked_name(f"{model.name}{suffix}" if name is None else name)
    target = local(path) / f"{name}{_SUFFIXES[format]}"
    if target.exists():
        raise FileExistsError(f"{target} exists.")
    copy = bare_copy(model, name)
    is_translator = isinstance(copy, ImageToImage)
    graph = _of_images(copy, image_size, direction) if is_translator else _of_latents(copy)
    with atomic_write(target) as temporary:
        try:
            write, run = _RUNTIMES[format]
            write(temporary, graph)
            found = [run(temporary, inputs, graph.output) for inputs in graph.examples]
            difference = max(map(_difference, found, graph.expected))
        except Exception as error:
            raise ValueError(f"{type(model).__name__} cannot become {format}: {error}") from error
    return target, difference


def _check(model, format, image_size, direction):
    if format not in _SUFFIXES:
        raise ValueError(f"format must be 'onnx' or 'litert'. Received: {format!r}.")
    if isinstance(model, ImageToImage):
        model.check_translation(direction)
        further_inputs.refuse(model, f"Conversion to {format}")
        if image_size is not None:
            if not isinstance(image_size, (tuple, list)) or len(image_size) != 2:
                raise ValueError(
                    f"image_size must be (height, width). Received: image_size={image_size!r}."
                )
            for side in image_size:
                numbers.integer("image_size", side)
    elif image_size is not None or direction != "forward":
        raise ValueError(
            f"image_size and direction are for models from images to images; {type(model).__name__} "
            f"draws from latents. Received: image_size={image_size!r}, direction={direction!r}."
        )
    elif isinstance(model.condition, Texts):
        raise ValueError(
            f"{type(model).__name__} cannot become {format}: it draws from texts, and {format} lacks "
            "the operations that cut them into tokens."
        )


def _require(format):
    with needed_by(f"Exporting to {format}"):
        for package in _PACKAGES[format]:
            importlib.import_module(package)


def _difference(images, expected):
    expected = np.asarray(expected)
    if images.shape != expected.shape:
        raise ValueError(f"The file gives images {images.shape}, the model {expected.shape}.")
    return float(np.abs(images - expected).max())


def _of_images(model, image_size, direction):
    """`translate_tensor`, its output renamed: in ONNX no input and output share a name."""
    suffix = "" if direction == "forward" else f"_{direction}"
    function, (spec,) = model.served()[f"translate_tensor{suffix}"]
    channels, (height, width) = spec.shape[-1], image_size or model.image_shape[:2]
    sizes = [(height, width)] if image_size else [(height, width), (height + 3, width + 5)]
    rng = np.random.default_rng(0)
    shapes = [(4, *size, channels) for size in sizes]
    examples = [{"images": rng.uniform(-1, 1, shape).astype(np.float32)} for shape in shapes]
    shape = [None, *(image_size or (None, None)), channels]
    signature = [tf.TensorSpec(shape, tf.float32, name="images")]

    def translated(images):
        return {"translated": function(images)["images"]}

    expected = [model(inputs["images"], direction=direction) for inputs in examples]
    return _Graph(translated, signature, "translated", examples, expected)


def _of_latents(model):
    """`from_latents`, with the first seeds."""
    seeds = np.arange(_SEEDS)
    inputs = {"latents": model.latents_for(seeds).numpy()}
    if model.condition is not None:
        inputs[model.condition.served] = model.condition.defaults(seeds).numpy()
    if model.truncates:
        inputs["truncation"] = np.where(seeds % 2, 0.5, 1.0).astype(np.float32)
    expected = model.served()["from_latents"][0](*map(tf.constant, inputs.values()))["images"]
    return _Graph(*_portable(model), "images", [inputs], [expected])


def _portable(model):
    """The function from latents to images, with operations that both runtimes have; its signature."""
    if type(model).truncate is Sampling.truncate and model.latent_distribution == "normal":
        model.truncate = _truncate_normal
    return model.served()["from_latents"]


def _truncate_normal(latents, truncation):
    """`Sampling.truncate` without the error function, which neither runtime has with its inverse."""
    truncation = tf.cast(truncation, tf.float32)[:, None]
    nearer = 2**0.5 * erfinv(erf(truncation * 2**0.5) * erf(latents / 2**0.5))
    return tf.where(truncation < 1, nearer, latents)


def _write_onnx(path, graph):
    import onnx
    import tf2onnx
    from keras.src.export.tf2onnx_lib import patch_tf2onnx

    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        patch_tf2onnx()  # as Keras does for its own models, for numpy 2
    traced = tf.function(graph.function, input_signature=graph.signature, autograph=False)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what fails is raised below
    converted, _ = tf2onnx.convert.from_function(traced, graph.signature)
    for tensor in [*converted.graph.input, *converted.graph.output]:
        _name_sizes(tensor, "translated_" if tensor.name == "translated" else "")
    onnx.save(converted, str(path))


def _name_sizes(tensor, prefix):
    """Says which sizes of a tensor are any, by words in place of numbers."""
    sizes = tensor.type.tensor_type.shape.dim
    sizes[0].dim_param = "batch"
    for size, word in zip(sizes[1:3], ("height", "width"), strict=False):
        if not size.dim_value:
            size.dim_param = f"{prefix}{word}"


def _write_litert(temporary, graph):
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.add_endpoint("serving_default", graph.function, input_signature=graph.signature)
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        temporary.write_bytes(converter.convert())


def _run_onnx(path, inputs, output):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run([output], inputs)[0]


def _run_litert(path, inputs, output):
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(str(path)).get_signature_runner()(**inputs)[output]


_RUNTIMES = {"onnx": (_write_onnx, _run_onnx), "litert": (_write_litert, _run_litert)}
