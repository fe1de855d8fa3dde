"""The generator for other runtimes: ONNX and LiteRT (TensorFlow Lite).

Only latents to float images, the signature `from_latents` of a served model with its names of inputs and
outputs: drawing latents from seeds and writing PNG files use 64-bit integers and an image codec, which
these runtimes lack. docs/converting.md shows how to run the files.
"""

import importlib
import logging
import os
import pathlib
import tempfile
import warnings

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.export import bare_copy
from tfgan_zoo.extras import needed_by
from tfgan_zoo.files import atomic_write, checked_name, local
from tfgan_zoo.layers.portable import erf, erfinv
from tfgan_zoo.tasks.conditions import Texts
from tfgan_zoo.tasks.sampling import Sampling

_SEEDS = 16
_PACKAGES = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}
_SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}


def convert(
    gan: keras.Model, path: str | os.PathLike, name: str | None = None, format: str = "onnx"
) -> tuple[pathlib.Path, float]:
    """Writes `<path>/<name>.onnx` or `<path>/<name>.tflite`, and compares it with the model.

    Inputs are `latents` float32 `[B, D]`, `label` int32 `[B]` for a model with labels and `truncation`
    float32 `[B]` for one that takes it; the output is `images`, float32 `[B, H, W, C]` in [-1, 1]. A row
    with a label that does not exist or a truncation outside (0, 1] gives NaN.

    Args:
        gan: A `GAN`.
        path: Folder of the file.
        name: By default the model's name.
        format: "onnx" or "litert".

    Returns:
        `(path, difference)`: the file, and the largest difference between its images and those of the
        model in float32, for the latents of 16 seeds, half of them truncated; images are in [-1, 1].

    Raises:
        ImportError: The extra `convert` is not installed.
        FileExistsError: The file exists.
        ValueError: An unknown format, or an op that it lacks; the message names it.
    """
    if format not in _SUFFIXES:
        raise ValueError(f"format must be 'onnx' or 'litert'. Received: {format!r}.")
    if isinstance(gan.condition, Texts):
        raise ValueError(
            f"{type(gan).__name__} cannot become {format}: it draws from texts, and {format} lacks the "
            "operations that cut them into tokens."
        )
    _require(format)
    name = checked_name(gan.name if name is None else name)
    target = local(path) / f"{name}{_SUFFIXES[format]}"
    if target.exists():
        raise FileExistsError(f"{target} exists.")
    model = bare_copy(gan, name)
    inputs = _inputs(model)
    expected = model.served()["from_latents"][0](*map(tf.constant, inputs.values()))["images"]
    with atomic_write(target) as temporary:
        try:
            write, run = _RUNTIMES[format]
            write(temporary, *_portable(model))
            images = run(temporary, inputs)
        except Exception as error:
            raise ValueError(f"{type(gan).__name__} cannot become {format}: {error}") from error
    return target, float(np.abs(images - expected).max())


def _require(format):
    with needed_by(f"Exporting to {format}"):
        for package in _PACKAGES[format]:
            importlib.import_module(package)


def _inputs(model):
    """Inputs of the signature for the first seeds, in its order."""
    seeds = np.arange(_SEEDS)
    found = {"latents": model.latents_for(seeds).numpy()}
    if model.condition is not None:
        found[model.condition.served] = model.condition.defaults(seeds).numpy()
    if model.truncates:
        found["truncation"] = np.where(seeds % 2, 0.5, 1.0).astype(np.float32)
    return found


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


def _write_onnx(path, function, signature):
    import onnx
    import tf2onnx
    from keras.src.export.tf2onnx_lib import patch_tf2onnx

    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        patch_tf2onnx()  # as Keras does for its own models, for numpy 2
    traced = tf.function(function, input_signature=signature, autograph=False)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what fails is raised below
    converted, _ = tf2onnx.convert.from_function(traced, signature)
    for tensor in [*converted.graph.input, *converted.graph.output]:
        tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(converted, str(path))


def _write_litert(temporary, function, signature):
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.add_endpoint("serving_default", function, input_signature=signature)
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        temporary.write_bytes(converter.convert())


def _run_onnx(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["images"], inputs)[0]


def _run_litert(path, inputs):
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(str(path)).get_signature_runner()(**inputs)["images"]


_RUNTIMES = {"onnx": (_write_onnx, _run_onnx), "litert": (_write_litert, _run_litert)}
