"""Networks that are given to a `SuperResolution`: what follows from them, and what they must be."""

import keras
import tensorflow as tf

from tfgan_zoo.tasks import copies, own_networks
from tfgan_zoo.tasks.building import building
from tfgan_zoo.tasks.given import check_logits

_PROBE = (12, 20)  # sides of symbolic images


def implied(cls, policy, given):
    """Options that follow from given networks, where they are not given: `scale` and the channels of
    `image_shape`, and without a discriminator `pretraining_steps=None`.

    Args:
        cls: The class of the model.
        policy: Its dtype policy.
        given: `{option: value}` as the constructor was called.

    Raises:
        TypeError: No Keras model.
        ValueError: A generator that does not make larger images of images of any size.
    """
    networks = own_networks.given_models(cls, given)
    found = {}
    if "generator" not in networks:
        return found
    network = networks["generator"]
    channels = _channels(cls, network, given.get("image_shape"))
    made = _made(cls, policy, network, channels, given.get("seed", 0))
    if "scale" not in given:
        found["scale"] = made[1] // _PROBE[0]
    if "image_shape" not in given:
        sides = _sides(networks.get("discriminator"), found.get("scale", given.get("scale")))
        found["image_shape"] = (*(sides or cls.defaults["image_shape"][:2]), channels)
    if "discriminator" not in networks and "pretraining_steps" not in given:
        found["pretraining_steps"] = None
    return found


def _channels(cls, network, image_shape):
    known = own_networks.known_inputs(network)
    if known is None:
        return (image_shape or cls.defaults["image_shape"])[-1]
    shapes = [tuple(given.shape) for given in known]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1:3] != (None, None):
        raise ValueError(
            f"{cls.__name__}: the generator must take images of any size, an input of shape (None, "
            f"None, None, channels). It takes {', '.join(map(str, shapes))}."
        )
    return shapes[0][-1]


def _made(cls, policy, network, channels, seed):
    """The shape of what a generator makes of images of a size."""
    with building(policy, seed):
        images = keras.KerasTensor((None, *_PROBE, channels), "float32")
        made = own_networks.outputs_of("generator", network, [images])
    shape = tuple(made.shape) if isinstance(made, keras.KerasTensor) else ()
    scales = {made / given for made, given in zip(shape[1:3], _PROBE, strict=False) if made}
    is_larger = len(shape) == 4 and scales and shape[1:3] == tuple(max(scales) * n for n in _PROBE)
    if not is_larger or max(scales) < 2 or max(scales) % 1 or shape[-1] != channels:
        raise ValueError(
            f"{cls.__name__}: the generator must make images with a whole number of times as many rows "
            "and columns, 2 or more, and the same channels. Of images of shape "
            f"{(None, *_PROBE, channels)} it makes {shape}."
        )
    return shape


def _sides(discriminator, scale):
    """The sides of images to train on, where a given discriminator takes targets of known ones."""
    known = None if discriminator is None else own_networks.known_inputs(discriminator)
    sides = tuple(known[0].shape[1:3]) if known else ()
    if len(sides) != 2 or None in sides or any(side % scale for side in sides):
        return None
    return tuple(side // scale for side in sides)


def adopt(model):
    """Builds the networks that a model was given.

    Raises:
        ValueError: A generator of another scale or channels, or a discriminator that takes no targets or
            gives no logits.
    """
    name = type(model).__name__
    if own_networks.given(model, "generator") is not None:
        made = _made(
            type(model), model.dtype_policy, model.generator, model.image_shape[-1], model.seed
        )
        if made[1] != model.scale * _PROBE[0]:
            raise ValueError(
                f"{name}: the generator makes images {made[1] // _PROBE[0]} times as large, and scale "
                f"is {model.scale}."
            )
        _require_any_size(name, model.generator, model.image_shape[-1])
    if own_networks.given(model, "discriminator") is None:
        return
    if model.pretraining_steps is None:
        raise ValueError(
            f"{name}: pretraining_steps=None trains without a discriminator, and one is given."
        )
    targets = keras.KerasTensor((None, *model.target_shape), "float32")
    outputs = own_networks.outputs_of("discriminator", model.discriminator, [targets])
    logits = outputs.get("logits") if isinstance(outputs, dict) else outputs
    if not isinstance(logits, keras.KerasTensor) or not tf.as_dtype(logits.dtype).is_floating:
        raise ValueError(
            f"{name}: the discriminator must give logits, floats of any shape, or a dictionary with "
            f'such "logits". It gives: {outputs}.'
        )
    check_logits(name, model.discriminator)


def _require_any_size(name, network, channels):
    """Refuses a network of whose layers one needs known sides: `translate` and exports have none."""
    images = tf.TensorSpec([None, None, None, channels], tf.float32)
    try:
        graph = tf.function(lambda x: network(x, training=False), autograph=False)
        graph.get_concrete_function(images)
    except Exception as error:  # of whatever kind a layer raises
        first = str(error).partition("\n")[0]
        raise ValueError(
            f"{name}: the generator must take images of any size, and fails where sides are unknown: "
            f"{type(error).__name__}: {first:.300} (for UpSampling2D(interpolation='bilinear') there is "
            "tfgan_zoo.layers.BilinearUpsampling)."
        ) from error


def average_of(model):
    """The network that keeps the moving average of a given generator: a copy in float32."""
    copy = copies.averaged_copy(model.generator)
    images = keras.KerasTensor((None, *_PROBE, model.image_shape[-1]), "float32")
    own_networks.outputs_of("copy of the generator", copy, [images])
    copies.require_same_weights(model.generator, copy)
    return copy
