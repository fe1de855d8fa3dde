"""From an architecture of layers and its arrays to a model of the zoo with networks of its own."""

import keras
import numpy as np
from keras import layers

from tfgan_zoo import numbers, trust
from tfgan_zoo.weights.keras2_graphs import Architecture, require_unique_names
from tfgan_zoo.weights.keras2_layers import variable_of
from tfgan_zoo.weights.source import Converted, Tensors

TAKES = (
    "generator",
    "num_classes",
    "value_range",
)  # arguments of `from_checkpoint` that are read here
_RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1)}


def converted(
    architecture, arrays, generator=None, num_classes=None, value_range=None, left_out=()
):
    """What a file of layers holds: a generator from latents to images, or an enlarger of images.

    Args:
        architecture: A record of Keras 2; None where the file has weights alone.
        arrays: `{"layer/variable": array}`.
        generator: A Keras model of the same layers, for weights alone.
        num_classes: Int. How many of a generator's inputs are a class, one-hot, behind the latents;
            None: they are latents all, or labels have an input of their own, whose embedding says it.
        value_range: `(low, high)` of the pixels that it makes, and of those that an enlarger takes;
            None: that of its last activation.
        left_out: See `Tensors`.

    Raises:
        ValueError: What cannot be told from the file, or no such network.
    """
    if num_classes is not None:
        num_classes = numbers.integer("num_classes", num_classes)
    if generator is not None:
        check_generator(generator)
        calls, shapes = generator, [(None, *given.shape[1:]) for given in generator.inputs]
        activation = None
    elif architecture is None:
        raise ValueError(
            "It holds weights alone, and not what computes with them. Give generator=, a Keras model of "
            "the same layers by the same names, or the file that model.save wrote."
        )
    else:
        calls = Architecture(architecture)
        shapes = [given.shape for given in calls.inputs]
        activation = calls.activation()
    if len(calls.outputs) != 1:
        raise ValueError(
            f"It gives {len(calls.outputs)} outputs. Networks that give images alone are read."
        )
    value_range = _checked_range(value_range, activation)
    with trust.bounded(sum(map(np.size, arrays.values()))):
        variant, options = _networks(calls, shapes, num_classes, value_range)
    tensors = Tensors(arrays, left_out)
    _set_weights(options["generator"], tensors)
    return Converted(variant, options, {}, [tensors])


def _networks(calls, shapes, num_classes, value_range):
    """The class of the zoo, and its options: new networks of the layers."""
    if [len(shape) for shape in shapes] == [4]:
        if num_classes is not None:
            raise ValueError(
                f"num_classes is {num_classes}, and it takes images of shape {shapes[0]}, and no "
                "classes. Leave it out."
            )
        return "SuperResolution", {"generator": _enlarger(calls, shapes[0], value_range)}
    network, options = _generator(calls, shapes, num_classes, value_range)
    critic = discriminator(network.output_shape[1:], options["num_classes"])
    return "GAN", {"generator": network, "discriminator": critic, **options}


def _checked_range(given, activation):
    found = given if given is not None else _RANGES.get(activation)
    if found is None:
        raise ValueError(
            f"It ends in the activation {activation}, which does not say which pixels are black and "
            "white. Give value_range=(low, high): (0, 255), (0, 1) or (-1, 1)."
        )
    values = [numbers.plain(value) for value in found] if np.ndim(found) == 1 else []
    if not (
        len(values) == 2
        and all(map(numbers.is_number, values))
        and np.isfinite(values).all()
        and values[0] < values[1]
    ):
        raise ValueError(
            "value_range must be (low, high), two finite numbers of which high is larger. Received: "
            f"{given!r}."
        )
    return tuple(map(float, values))


def check_generator(network):
    """Refuses what is no network that weights can be read into."""
    if not isinstance(network, keras.Sequential | keras.Model):
        raise ValueError(
            f"generator must be a Keras model of the same layers. Received: {network!r}."
        )
    try:
        inputs, outputs = network.inputs, network.outputs
    except (AttributeError, ValueError):  # of a sequential model
        inputs = outputs = None
    if not inputs or not outputs:
        raise ValueError(
            f"The given generator {network.name!r}, a {type(network).__name__}, knows no shape of its "
            "input. Give a functional or sequential model that begins with keras.Input."
        )


def _set_weights(network, tensors):
    """Gives the arrays to the network's variables, all of them.

    Raises:
        ValueError: An array that is missing or of another shape.
    """
    parts = list(network._flatten_layers(include_self=False))
    require_unique_names(part.name for part in parts if _own(part))
    for layer in parts:
        names = {variable_of(layer, name.rpartition("/")[2]): name for name in _of(layer, tensors)}
        for variable in _own(layer):
            name = names.get(variable.name, f"{layer.name}/{variable.name}")
            array = tensors[name]
            if array.shape != tuple(variable.shape):
                raise ValueError(
                    f"{name} has shape {list(array.shape)}, and its layer {list(variable.shape)}."
                )
            variable.assign(array)


def _own(layer):
    return layer._trainable_variables + layer._non_trainable_variables


def _of(layer, tensors):
    return [name for name in tensors if name.rpartition("/")[0] == layer.name]


# === Networks ===


def _generator(calls, shapes, num_classes, value_range):
    """The network from latents, and labels, to images in [-1, 1], and its options."""
    tables = calls.embeddings() if isinstance(calls, Architecture) else {}
    if len(shapes) == 2 and len(tables) == 1:
        (place,), (found,) = tables.keys(), tables.values()
        if num_classes not in (None, found):
            raise ValueError(f"num_classes is {num_classes}, and its embedding has {found} rows.")
        return _labelled(calls, shapes, place, found, value_range)
    if len(shapes) != 1 or not _is_vector(shapes[0]):
        raise ValueError(
            f"Its inputs have shapes {', '.join(map(str, shapes))}. Read are generators of latents "
            "(None, size), which may have a class behind them as one-hot values, or beside them a label "
            "that an Embedding takes; and enlargers of images."
        )
    size = shapes[0][1] - (num_classes or 0)
    if size < 1:
        raise ValueError(f"num_classes is {num_classes}, and its input has {shapes[0][1]} values.")
    given = inputs = keras.Input([size], name="latents")
    if num_classes is not None:
        labels = keras.Input([], dtype="int32", name="labels")
        one_hot = keras.ops.one_hot(labels, num_classes)
        given = layers.Concatenate(name="latents_and_class")([inputs, one_hot])
        inputs = [inputs, labels]
    made = _scaled(_images(calls(given), given), value_range, (-1, 1), "images")
    return keras.Model(inputs, made, name="generator"), {"num_classes": num_classes}


def _labelled(calls, shapes, place, num_classes, value_range):
    """The same of a network with an input for labels, the one at a place."""
    if not _is_vector(shapes[1 - place]) or shapes[place][1:] not in ((), (1,)):
        raise ValueError(
            f"Its inputs have shapes {', '.join(map(str, shapes))}, and the labels' is {place}."
        )
    latents = keras.Input(shapes[1 - place][1:], name="latents")
    given = labels = keras.Input([], dtype="int32", name="labels")
    if shapes[place][1:]:
        given = layers.Reshape((1,), name="column_of_labels")(labels)
    made = _images(calls(*((latents, given) if place else (given, latents))), latents)
    images = _scaled(made, value_range, (-1, 1), "images")
    return keras.Model([latents, labels], images, name="generator"), {"num_classes": num_classes}


def _is_vector(shape):
    return len(shape) == 2 and shape[1] is not None


def _enlarger(calls, shape, value_range):
    """The network from images in [-1, 1] to larger ones."""
    images = keras.Input(shape[1:], name="images")
    made = _images(calls(_scaled(images, (-1, 1), value_range, "pixels")), images)
    return keras.Model(images, _scaled(made, value_range, (-1, 1), "translated"), name="generator")


def _images(outputs, inputs):
    """What a network gives, which must be images."""
    (made,) = outputs if isinstance(outputs, list) else [outputs]
    if len(made.shape) != 4:
        raise ValueError(
            f"It gives values of shape {made.shape} for inputs of shape {inputs.shape}. Expected are "
            "images, (None, height, width, channels): a classifier or a discriminator is not read."
        )
    return made


def _scaled(x, given, wanted, name):
    """Values from one range in another."""
    if given == wanted:
        return x
    scale = (wanted[1] - wanted[0]) / (given[1] - given[0])
    return layers.Rescaling(scale, wanted[0] - scale * given[0], name=name)(x)


def discriminator(shape, num_classes):
    """A new network from images (and labels) to logits: convolutions that halve the sides to 4 or less,
    as DCGAN's, without normalization; labels by projection (Miyato and Koyama 2018,
    arXiv:1802.05637)."""
    images = x = keras.Input(shape, name="images")
    width, number = 64, 0
    while max(x.shape[1:3]) > 4:
        weights = keras.initializers.RandomNormal(0.0, 0.02, seed=number)
        x = layers.Conv2D(width, 4, 2, "same", kernel_initializer=weights)(x)
        x, width, number = layers.LeakyReLU(0.2)(x), min(2 * width, 512), number + 1
    x, weights = layers.Flatten()(x), keras.initializers.RandomNormal(0.0, 0.02, seed=number)
    logits = layers.Dense(1, kernel_initializer=weights, name="logits")(x)
    if num_classes is None:
        return keras.Model(images, logits, name="discriminator")
    labels = keras.Input([], dtype="int32", name="labels")
    weights = keras.initializers.RandomNormal(0.0, 0.02, seed=number + 1)
    rows = layers.Embedding(num_classes, x.shape[-1], weights, name="classes")(labels)
    logits = layers.Add()([logits, layers.Dot(-1)([x, rows])])
    return keras.Model([images, labels], logits, name="discriminator")
