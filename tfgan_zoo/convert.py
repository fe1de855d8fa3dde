"""The generator for other runtimes: ONNX and LiteRT (TensorFlow Lite), by Keras's converters.

Only latents to float images: drawing latents from seeds and writing PNG files use 64-bit integers and
an image codec, which these runtimes lack.
"""

import importlib
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from tfgan_zoo.files import beside, checked_name
from tfgan_zoo.models.conditions import Texts

_SEEDS = 16
_PACKAGES = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}
_SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}


def convert(gan, path, name=None, format="onnx"):
    """Writes `<path>/<name>.onnx` or `<path>/<name>.tflite`, and compares it with the SavedModel.

    Args:
        gan: A `GAN`.
        path: Folder of the file.
        name: By default the model's name.
        format: "onnx" or "litert".

    Returns:
        `(path, difference)`: the file, and the largest difference between its images and those of the
        SavedModel for the latents of 16 seeds; images are in [-1, 1].

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
    target = pathlib.Path(path) / f"{name}{_SUFFIXES[format]}"
    if target.exists():
        raise FileExistsError(f"{target} exists.")
    inputs = _inputs(gan)
    gan.ema_generator(list(inputs.values()))  # Keras exports to ONNX only what has been called
    with beside(target) as temporary:
        try:
            gan.ema_generator.export(temporary, format=format, verbose=False)
            images = {"onnx": _run_onnx, "litert": _run_litert}[format](temporary, inputs)
        except Exception as error:
            raise ValueError(f"{type(gan).__name__} cannot become {format}: {error}") from error
    return target, float(np.abs(images - _run_saved_model(gan, inputs)).max())


def _require(format):
    for package in _PACKAGES[format]:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ImportError(
                f"Exporting to {format} needs {package}: pip install 'tfgan-zoo[convert]' ({error})"
            ) from error


def _inputs(gan):
    """Inputs of the generator for the first seeds, in its order."""
    seeds = np.arange(_SEEDS)
    latents = gan.latents_for(seeds).numpy()
    if gan.condition is None:
        return {"latents": latents}
    return {"latents": latents, gan.condition.served: gan.condition.defaults(seeds).numpy()}


def _run_saved_model(gan, inputs):
    with tempfile.TemporaryDirectory() as folder:
        signatures = tf.saved_model.load(str(gan.export(folder, "model"))).signatures
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        if gan.truncates:
            tensors["truncation"] = tf.ones([_SEEDS])
        return signatures["from_latents"](**tensors)["images"].numpy()


def _run_onnx(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {spec.name: inputs[spec.name] for spec in session.get_inputs()}
    return session.run(None, feeds)[0]


def _run_litert(path, inputs):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    details = interpreter.get_input_details()
    by_rank = {array.ndim: array for array in inputs.values()}
    for detail in details:
        array = by_rank[len(detail["shape"])]
        interpreter.resize_tensor_input(detail["index"], array.shape)
    interpreter.allocate_tensors()
    for detail in details:
        interpreter.set_tensor(detail["index"], by_rank[len(detail["shape"])])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
