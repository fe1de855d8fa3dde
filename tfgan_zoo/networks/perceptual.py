"""Perceptual features: maps of a frozen network, in which images are compared as in its eyes.

References: Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015 (arXiv:1508.06576);
Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016
(arXiv:1603.08155).
"""

import contextlib
import functools
import random
from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from tfgan_zoo.metrics.extractors import efficientnet_lite0, torch_weights
from tfgan_zoo.networks import vgg
from tfgan_zoo.weights import named


class Network(NamedTuple):
    """A row of the table of networks.

    Attributes:
        maps: From symbolic images `[B, H, W, 3]` in [-1, 1] to all maps, `{name: map}`.
        load: Gives a model of some of these its published weights.
        content: `{name: weight}` of the maps in which contents are compared.
        style: `{name: weight}` of the maps in which styles are compared.
        encoder: Names of the maps of an encoder, the last of which is decoded; () where it is none.
        encoder_options: Of `maps`, for an encoder.
    """

    maps: Callable
    load: Callable
    content: dict
    style: dict
    encoder: tuple = ()
    encoder_options: dict = {}


def _vgg(variant, normalize, load, content, style):
    maps = functools.partial(vgg.maps, variant=variant, normalize=normalize)
    encoder = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    return Network(maps, load, content, style, encoder, {"padding": "reflect"})


def _torchvision(variant, **layers):
    load = functools.partial(vgg.load_torchvision, variant=variant)
    return _vgg(variant, vgg.of_torchvision, load, **layers)


# Weights of "vgg16" and "vgg19" have the ratio of the PyTorch example fast_neural_style; of the others
# they bring the distances of two photographs near 1 for contents, and near each other for styles.
_STYLE = dict.fromkeys(("relu1_2", "relu2_2", "relu3_3", "relu4_3"), 1e5)
_STYLE_OF_HED = {"relu1_2": 1.2e-5, "relu2_2": 0.01, "relu3_3": 0.3, "relu4_3": 180.0}
_networks = {
    "vgg16": _torchvision("vgg16", content={"relu2_2": 1.0}, style=_STYLE),
    "vgg19": _torchvision("vgg19", content={"relu2_2": 1.0}, style=_STYLE),
    "hed": _vgg("vgg16", vgg.of_caffe, vgg.load_hed, {"relu2_2": 1e-3}, _STYLE_OF_HED),
    "efficientnet_lite0": Network(
        lambda images: efficientnet_lite0.maps(
            efficientnet_lite0.normalize(127.5 * images + 127.5)
        ),
        lambda model: None,  # `maps` has given them
        {"expand3": 0.4},
        {"expand1": 500.0, "expand3": 2500.0, "expand5": 3e4, "expand11": 3.5e6},
        ("stem", "expand3", "expand5"),
    ),
}


def names():
    """The names of all networks."""
    return list(_networks)


def register(name, maps, content, style, encoder=()):
    """Adds a network of one's own, by whose name models can be made and saved.

    Args:
        name: Lower case, not taken yet.
        maps: From symbolic images `[B, H, W, 3]` in [-1, 1] to `{name: map}`, by layers that have their
            weights when they are made. A model that is called here serves too.
        content, style: `{name: weight}` of the maps in which contents and styles are compared.
        encoder: Names of the maps of `AdaIN`'s encoder, of which the last is decoded.

    Raises:
        ValueError: The name is taken.
    """
    if name in _networks:
        raise ValueError(f"Features named {name!r} are registered already.")
    _networks[name] = Network(maps, lambda model: None, dict(content), dict(style), tuple(encoder))


def get(name):
    """The `Network` of that name.

    Raises:
        TypeError: A Keras model, which no configuration can hold.
        ValueError: An unknown name.
    """
    if isinstance(name, keras.Model):
        raise TypeError(
            "A model saves its features by name. Give the network a name with "
            f"tfgan_zoo.networks.perceptual.register. Received: {name!r}."
        )
    if name not in _networks:
        raise ValueError(f"There are no features {name!r}. There are: {', '.join(_networks)}.")
    return _networks[name]


def load_once(name, network, is_loaded):
    """Reads the weights of a network, unless the state `is_loaded` says that its model was saved with
    them."""
    if not int(is_loaded.numpy()):
        get(name).load(network)
        is_loaded.assign(1)


def network(name, layers, **options):
    """A model of a network's maps, without published weights; `get(name).load` gives it these.

    Args:
        name: Of the table.
        layers: Names of the maps.
        options: Of `vgg.maps`, if it is one.

    Returns:
        `keras.Model` from images `[B, H, W, 3]` in [-1, 1] to `{layer: map}`.

    Raises:
        ValueError: An unknown name, or a layer that it does not have.
    """
    images = keras.Input([None, None, 3], name="images")
    found = get(name).maps(images, **options)
    return _of_layers(images, found, layers, repr(name))


def features(name, layers=None):
    """A frozen model from images to maps, made once for each `tf.distribute` strategy in scope.

    It is no part of the model that uses it if that keeps it out of Keras's sight, as
    `object.__setattr__` does, or asks for it where it needs it.

    Args:
        name: "vgg16" or "vgg19", torchvision's; "hed", VGG16 as trained to find edges, of the extra
            `perceptual`; "efficientnet_lite0", which the package has; a name that was registered; or a
            `keras.Model` of one input with maps among its layers.
        layers: Names of the maps; by default those of the network's losses, or what the model gives.

    Returns:
        `keras.Model` from float images `[B, H, W, 3]` in [-1, 1], of 8 pixels a side or more, to
        float32 maps, `{layer: [B, H', W', C']}`.

    Raises:
        FileNotFoundError: The weights are not here; the message says where they can be had.
        ImportError: What reads them is not installed.
        ValueError: An unknown name or layer.
    """
    if isinstance(name, keras.Model):
        found = {layer.name: layer.output for layer in name.layers}
        own = dict(zip(name.output_names, name.outputs, strict=True))
        return _of_layers(name.input, {**found, **own}, layers or list(own), repr(name.name))
    row = get(name)
    layers = tuple(layers or {**row.content, **row.style})
    return _made(name, layers, tf.distribute.get_strategy())


@functools.cache
def _made(name, layers, strategy):
    del strategy  # in scope, and with it all variables that are made here
    with tf.init_scope(), _by_itself():
        model = network(name, layers)
        get(name).load(model)
    model.trainable = False
    return model


@contextlib.contextmanager
def _by_itself():
    """Layers made within compute in float32, and leave names and initial weights of others alone."""
    state = random.getstate()  # of which Keras draws the seeds of initializers
    try:
        with torch_weights.float32(), named.fresh_names():
            yield
    finally:
        random.setstate(state)


def colours(images):
    """Images `[B, H, W, 3]` of colour or grey ones."""
    return images if images.shape[-1] == 3 else tf.repeat(images, 3, axis=-1)


def check_channels(model, channels):
    """Refuses a model whose images have other channels than 1 or 3, which no network of features reads.

    Raises:
        ValueError: The message names the model.
    """
    if channels not in (1, 3):
        raise ValueError(
            f"{model} compares images by features of colour: images need 1 or 3 channels. Received: "
            f"{channels}."
        )


def _of_layers(images, found, layers, who):
    if unknown := [layer for layer in layers if layer not in found]:
        raise ValueError(f"{who} has no map {unknown[0]!r}. It has: {', '.join(found)}.")
    return keras.Model(images, {layer: found[layer] for layer in layers}, name="features")


# === Losses ===


def perceptual_distance(maps, others, weights=None, distance="l2"):
    """The weighted sum of the mean distances of maps: a float32 scalar.

    Args:
        maps, others: `{layer: [B, H, W, C]}`.
        weights: `{layer: weight}`, or None: all maps, by 1.
        distance: "l2", squared differences, or "l1", their sizes.
    """
    measure = {"l1": tf.abs, "l2": tf.square}[distance]
    weights = dict.fromkeys(maps, 1.0) if weights is None else weights
    return tf.add_n(
        [
            weight * tf.reduce_mean(measure(_float(maps[layer]) - _float(others[layer])))
            for layer, weight in weights.items()
        ]
    )


def gram(maps):
    """Of a map `[B, H, W, C]` the products of its channels, summed over places and divided by H * W * C
    (Johnson et al., equation 3): float32 `[B, C, C]`."""
    shape = tf.shape(maps)
    rows = tf.reshape(_float(maps), [shape[0], shape[1] * shape[2], maps.shape[-1]])
    count = tf.cast(shape[1] * shape[2] * maps.shape[-1], tf.float32)
    return tf.matmul(rows, rows, transpose_a=True) / count


def total_variation(images):
    """The mean square of the differences of neighbours, down and to the right, of images `[B, H, W, C]`:
    a float32 scalar."""
    images = _float(images)
    down = images[:, 1:] - images[:, :-1]
    right = images[:, :, 1:] - images[:, :, :-1]
    return tf.reduce_mean(tf.square(down)) + tf.reduce_mean(tf.square(right))


def _float(maps):
    return tf.cast(maps, tf.float32)
