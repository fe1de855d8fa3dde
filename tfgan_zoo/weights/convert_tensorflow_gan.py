"""Checkpoints of TF-GAN's examples for MNIST and CIFAR-10, which TensorFlow names by scopes.

The files have no architecture: it is that of `tensorflow_gan.examples`, whose names are checked.
"""

import re

from tfgan_zoo import bundles
from tfgan_zoo.weights.keras2_models import converted
from tfgan_zoo.weights.source import Family

_SCOPE = re.compile(r"(Generator/)+")  # the example for CIFAR-10 opens it within `gan_model`'s
_LEFT = {
    r"(^|/)(Adam(_\d+)?|RMSProp(_\d+)?|Momentum|beta\d_power(_\d+)?)$": "state of the optimizers",
    r"^global_step$": "the number of the step",
    r"^Discriminator/": "the discriminator, of which a new one is made",
}
_MNIST, _CIFAR = {"epsilon": 0.001}, {"epsilon": 1e-5}


def _prefix(source):
    """The path of the last checkpoint, without the ending of its files; None where there is none."""
    steps = {
        file: re.search(r"-(\d+)\.index$", file.name) for file in source.matching(r".+\.index")
    }
    if not steps:
        return None
    last = max(steps, key=lambda file: int(steps[file][1]) if steps[file] else -1)
    return last.with_suffix("")


def _recognizes(source):
    prefix = _prefix(source)
    if prefix is None:
        return False
    names = bundles.reader(prefix).get_variable_to_shape_map()
    return any(_SCOPE.match(name) for name in names)


def _convert(source):
    prefix = _prefix(source)
    source.note({file.name: file for file in bundles.files_of(prefix)})
    reader = bundles.reader(prefix)
    arrays = {name: bundles.tensor(reader, name) for name in reader.get_variable_to_shape_map()}
    arrays = {_SCOPE.sub("", name, count=1): array for name, array in arrays.items()}
    if "g_fc1/kernel" in arrays:
        rows = _cifar(arrays)
    elif "conv2d_transpose_1/kernel" in arrays:
        rows = _mnist(arrays)
    else:
        raise ValueError("It is none of the examples for MNIST and CIFAR-10, which are read.")
    if "embedding" in arrays:
        arrays["embedding/embeddings"] = arrays.pop("embedding")
    return converted(_record(rows), arrays, left_out=_LEFT)


# === Networks ===


def _mnist(arrays):
    if "Discriminator/dense_2/kernel" in arrays:
        raise ValueError(
            "It is the example of InfoGAN, whose codes have a distribution of their own. Those without "
            "codes are read."
        )
    rows = [_input("latents", arrays["dense/kernel"].shape[0])]
    rows += [_dense("dense", arrays), *_normalized("batch_normalization", _MNIST)]
    second = "dense_1"
    if "embedding" in arrays:  # a class adds to the first layer's maps
        second, joined = "dense_2", rows[-1][0]
        count, size = arrays["embedding"].shape
        rows.append(_input("labels", None))
        rows.append(("embedding", "Embedding", {"input_dim": count, "output_dim": size}))
        rows.append(_dense("dense_1", arrays))
        rows.append(("conditioned", "Add", {}, [joined, "dense_1"]))
    rows += [_dense(second, arrays), *_normalized("batch_normalization_1", _MNIST)]
    width = arrays["conv2d_transpose/kernel"].shape[3]
    rows.append(("maps", "Reshape", {"target_shape": [7, 7, width]}))
    for number in ("", "_1"):
        rows.append(_convolution("Conv2DTranspose", f"conv2d_transpose{number}", arrays, 2))
        name = f"batch_normalization_{2 if not number else 3}"
        rows += _normalized(name, _MNIST)
    return [*rows, _convolution("Conv2D", "conv2d", arrays, 1), _activation("tanh", "tanh")]


def _cifar(arrays):
    rows = [_input("latents", arrays["g_fc1/kernel"].shape[0])]
    rows += [_dense("g_fc1", arrays), *_normalized("g_bn1", _CIFAR)]
    width = arrays["g_dconv2/kernel"].shape[3]
    rows.append(("maps", "Reshape", {"target_shape": [4, 4, width]}))
    for number in (2, 3):
        rows.append(_convolution("Conv2DTranspose", f"g_dconv{number}", arrays, 2))
        rows += _normalized(f"g_bn{number}", _CIFAR)
    last = _convolution("Conv2DTranspose", "g_dconv4", arrays, 2)
    return [*rows, last, _activation("tanh", "tanh")]


def _input(name, size):
    shape = [None] if size is None else [None, size]
    return (name, "InputLayer", {"batch_input_shape": shape})


def _dense(name, arrays):
    options = {"units": arrays[f"{name}/kernel"].shape[1], "use_bias": f"{name}/bias" in arrays}
    return (name, "Dense", options)


def _convolution(kind, name, arrays, strides):
    shape = arrays[f"{name}/kernel"].shape
    options = {"kernel_size": shape[:2], "strides": strides, "padding": "same"}
    return (name, kind, {"filters": shape[2 if kind == "Conv2DTranspose" else 3], **options})


def _normalized(name, options):
    return [(name, "BatchNormalization", options), _activation(f"relu_of_{name}", "relu")]


def _activation(name, function):
    return (name, "Activation", {"activation": function})


def _record(rows):
    """A functional architecture: of `(name, class, options)`, each after the one before it, or with the
    names of those that it takes."""
    layers, before, inputs = [], None, []
    for name, kind, options, *given in rows:
        nodes = (
            []
            if kind == "InputLayer"
            else [[[each, 0, 0, {}] for each in (given or [[before]])[0]]]
        )
        layers.append(
            {"class_name": kind, "config": {"name": name, **options}, "inbound_nodes": nodes}
        )
        inputs += [[name, 0, 0]] if kind == "InputLayer" else []
        before = name
    config = {"layers": layers, "input_layers": inputs, "output_layers": [[before, 0, 0]]}
    return {"class_name": "Functional", "config": config}


FAMILY = Family(
    "tensorflow_gan",
    "TF-GAN (tensorflow-gan), its examples for MNIST and CIFAR-10",
    "https://github.com/tensorflow/gan",
    "that of whoever trained it (the code: Apache-2.0)",
    _recognizes,
    _convert,
)
