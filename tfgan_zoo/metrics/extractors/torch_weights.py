"""Weights that were published for PyTorch: where the file lies, what it holds, where that goes."""

import contextlib
import os
import pathlib
import re

import keras
import numpy as np

from tfgan_zoo import downloads
from tfgan_zoo.extras import needed_by

_TO_KERAS = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}  # OIHW to HWIO; [out, in] to [in, out]; vectors


def find(path, variable, url, sha256):
    """The file with the weights: `path`, or what the environment names, or a download.

    Args:
        path: Of the file, or None.
        variable: The environment variable that gives the path where `path` is None.
        url: Of the published file. It is fetched, into `<TFGAN_ZOO_HOME>/files`, only if neither gives
            a path and the environment has TFGAN_ZOO_DOWNLOAD=1: no measure downloads by surprise.
        sha256: Of the published file; a download with another one is refused.

    Returns:
        A `pathlib.Path`.

    Raises:
        FileNotFoundError: No path and no leave to download, or no file there.
        OSError: It cannot be fetched, or has another SHA-256.
    """
    path, name = path or os.environ.get(variable), url.rsplit("/", 1)[-1]
    if not path and os.environ.get("TFGAN_ZOO_DOWNLOAD") == "1":
        path = downloads.kept(url, sha256)
    if not path or not pathlib.Path(path).is_file():
        raise FileNotFoundError(
            f"The weights {name} are needed. Received: {f'no file at {path}' if path else 'no path'}. "
            f"Download {url} (SHA-256 {sha256}), then pass its path or set {variable} to it; or set "
            f"TFGAN_ZOO_DOWNLOAD=1 and neither, to have it downloaded."
        )
    return pathlib.Path(path)


def read(path):
    """The arrays of a file by their names in PyTorch, `{name: array}`.

    Args:
        path: Of a .pth file with a state dict, which needs torch, or of an .npz file with the same
            names and layouts, which does not.

    Raises:
        ValueError: Another kind of file.
        ImportError: A .pth file without torch.
    """
    path = pathlib.Path(path)
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return dict(arrays)
    if path.suffix != ".pth":
        raise ValueError(f"Weights are read from .pth and .npz files. Received: {path}.")
    with needed_by(f"Reading {path}"):
        import torch
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}


def assign(model, state, ignored):
    """Gives a model the weights of a state dict, exactly those; its layers have the names in PyTorch.

    Args:
        model: `keras.Model` of convolutions, batch normalisations and dense layers.
        state: `{name: array}` in PyTorch's layouts.
        ignored: Regular expression: what the file may hold beside the model's weights.

    Raises:
        ValueError: A weight that is missing, that is too much, or that has another shape.
    """
    variables = dict(_variables(model))
    missing = [name for name in variables if name not in state]
    unknown = [n for n in state if n not in variables and not re.search(ignored, n)]
    if missing or unknown:
        raise ValueError(
            f"The {len(variables)} weights of {model.name} are needed, and no others. Received: "
            f"{len(state)} arrays; missing: {_some(missing)}; not expected: {_some(unknown)}."
        )
    for name, variable in variables.items():
        variable.assign(_to_keras(np.asarray(state[name]), variable.shape, name))


def _variables(model):
    """Pairs of a name in PyTorch and a variable."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield f"{layer.name}.weight", layer.gamma
            yield f"{layer.name}.bias", layer.beta
            yield f"{layer.name}.running_mean", layer.moving_mean
            yield f"{layer.name}.running_var", layer.moving_variance
        elif layer.weights:
            yield f"{layer.name}.weight", layer.kernel
            if layer.use_bias:
                yield f"{layer.name}.bias", layer.bias


def _to_keras(array, shape, name):
    axes = _TO_KERAS[len(shape)]
    expected = tuple(shape[axes.index(axis)] for axis in range(len(shape)))
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected}. Received: {array.shape}.")
    return array.transpose(axes)


def _some(names, most=3):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(sorted(names)[:most]) or "none") + more


@contextlib.contextmanager
def float32():
    """Layers made within compute in float32, under any global policy: numbers are to be compared."""
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)
