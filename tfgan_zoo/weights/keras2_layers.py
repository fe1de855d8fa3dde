"""Layers of Keras 2, and of TensorFlow.js, as layers of Keras 3, by their configurations.

What is listed here is all that is made: a Lambda, whose function a file holds as code, and classes of
somebody's own are refused by name. Initial weights, and what only training reads (regularizers,
constraints, whether a layer is frozen), are left out.
"""

import inspect
import re

from keras import layers

from tfgan_zoo.layers import BilinearUpsampling, Dropout, PixelShuffle

_SAME = (  # classes of Keras 3 of the same name and arguments
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D",
    "Conv2DTranspose", "Cropping2D", "Dense", "DepthwiseConv2D", "ELU", "Embedding", "Flatten",
    "GlobalAveragePooling2D", "GlobalMaxPooling2D", "LayerNormalization", "LeakyReLU", "MaxPooling2D",
    "Maximum", "Minimum", "Multiply", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape",
    "SeparableConv2D", "Softmax", "Subtract", "UpSampling2D", "ZeroPadding2D",
)  # fmt: skip
CLASSES = {**{name: getattr(layers, name) for name in _SAME}, "Dropout": Dropout}
_FORMER = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_ARGUMENTS = {"LeakyReLU": {"alpha": "negative_slope"}}  # {class: {theirs: ours}}
_VARIABLES = {"DepthwiseConv2D": {"depthwise_kernel": "kernel"}}
_LEFT = (
    r"trainable|batch_input_shape|input_dtype|input_length|seed|"
    r".*_(initializer|regularizer|constraint)"
)
_ONLY = {  # arguments that have one value here
    "data_format": "channels_last",
    "dtype": "float32",
    "interpolation": ("nearest", "bilinear"),
    "mask_zero": False,
    "noise_shape": None,
    "renorm": False,
}
_GONE = {"groups": 1}  # and where Keras 3 has no such argument
_ACTIVATIONS = (  # that are computed as they were
    "elu", "exponential", "gelu", "leaky_relu", "linear", "relu", "relu6", "selu", "sigmoid", "softmax",
    "softplus", "softsign", "swish", "tanh",
)  # fmt: skip
_SHUFFLE = r"PixelShuffle(\d+)x"  # of idealo's and UpscalerJS's ESRGAN, as is MultiplyBeta
_BETA = 0.2


def layer_of(record):
    """The layer of a record of an architecture: `{"class_name": …, "config": {…}}`.

    Raises:
        ValueError: A class that is not listed, or an option that would be computed otherwise.
    """
    kind, config = record["class_name"].rpartition(">")[2], dict(record["config"])
    name = config.pop("name", None) or record["name"]
    if kind == "MultiplyBeta":
        return layers.Rescaling(config.get("beta", _BETA), name=name)
    if match := re.fullmatch(_SHUFFLE, kind):
        return PixelShuffle(config.get("scale", int(match[1])), name=name)
    kind = _FORMER.get(kind, kind)
    if kind not in CLASSES:
        raise ValueError(
            f"The layer {name!r} is a {kind}, which is code or a class of its authors' own, and no "
            f"code of a file is run. Layers of these classes are read: {', '.join(sorted(CLASSES))}."
        )
    try:
        options = _options(kind, config)
        if options.get("interpolation") == "bilinear":  # Keras 3's needs known sides
            return BilinearUpsampling(options.get("size", 2), name=name)
        return CLASSES[kind](name=name, **options)
    except ValueError as error:
        raise ValueError(f"The layer {name!r}, a {kind}: {error}") from error


def variable_of(layer, name):
    """What a variable of a Keras 2 layer is called in the layer that was made of it."""
    return _VARIABLES.get(type(layer).__name__, {}).get(name, name)


def _options(kind, config):
    found, taken = {}, inspect.signature(CLASSES[kind]).parameters
    only = _ONLY | {key: value for key, value in _GONE.items() if key not in taken}
    for key, value in config.items():
        key, value = _ARGUMENTS.get(kind, {}).get(key, key), _plain(value)
        if re.fullmatch(_LEFT, key):
            continue
        if key in only and not _is_only(only[key], _policy(value) if key == "dtype" else value):
            raise ValueError(f"{key} is {value!r}, and {only[key]!r} is read.")
        if "activation" in key:
            _check_activation(value)
        if key in taken:
            found[key] = _axis(kind, key, value)
        elif key not in only:
            raise ValueError(f"Keras 3 has no argument {key}, which is {value!r}.")
    return found


def _is_only(allowed, value):
    return value in allowed if isinstance(allowed, tuple) else value == allowed


def _check_activation(value):
    if value is not None and value not in _ACTIVATIONS:
        raise ValueError(f"the activation {value!r} is not one of {', '.join(_ACTIVATIONS)}.")


def _axis(kind, key, value):
    """Keras 3 normalizes over a number, Keras 2 wrote a list with it."""
    is_list = kind == "BatchNormalization" and key == "axis" and isinstance(value, list | tuple)
    if not is_list:
        return value
    (axis,) = value
    return axis


def _policy(value):
    """The name of a dtype policy, which is a name or an object."""
    return value["config"]["name"] if isinstance(value, dict) else value


def _plain(value):
    """A value without the wrappers of a SavedModel: tuples are objects there."""
    if isinstance(value, dict) and value.get("class_name") in ("__tuple__", "TensorShape"):
        return tuple(_plain(item) for item in value["items"])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def plain(record):
    """A record of an architecture without these wrappers.

    Raises:
        ValueError: No dictionary.
    """
    if not isinstance(record, dict):
        raise ValueError(f"An architecture is a dictionary. Received: {type(record).__name__}.")
    return _plain(record)
