"""Networks that are given to a `GAN`: what follows from them, and what they are called with."""

import inspect

import keras
import tensorflow as tf

from tfgan_zoo.tasks import copies
from tfgan_zoo.tasks.building import building

NETWORKS = copies.NETWORKS


def implied(cls, policy, given):
    """Options that follow from given networks: `latent_dim` and `image_shape`, where they are not given.

    A network that was not built yet is built here, in this dtype policy.

    Args:
        cls: The class of the model.
        policy: Its dtype policy.
        given: `{option: value}` as the constructor was called.

    Raises:
        TypeError: No Keras model.
        ValueError: An option that is not given and cannot be seen.
    """
    networks = given_models(cls, given)
    options = {**cls.defaults, **given}
    found = {}
    if "generator" in networks and "latent_dim" not in given:
        found["latent_dim"] = _size_of_latents(cls, networks["generator"])
        options |= found
    if networks and "image_shape" not in given:
        with building(policy, options["seed"]):
            shape = _shape_of_images(cls.__name__, options, networks)
        if not shape or None in shape:
            raise ValueError(
                f"{cls.__name__}: image_shape cannot be seen in the given networks. Give "
                "image_shape=(height, width, channels)."
            )
        found["image_shape"] = shape
    return found


def given_models(cls, given):
    """The networks among the arguments of a constructor, `{name: network}`.

    Raises:
        TypeError: No Keras model.
        ValueError: One model for both.
    """
    networks = {name: given[name] for name in NETWORKS if given.get(name) is not None}
    for name, network in networks.items():
        _require_model(cls, name, network)
    if len(networks) == 2 and networks["generator"] is networks["discriminator"]:
        raise ValueError(f"{cls.__name__}: generator and discriminator are the same object.")
    return networks


def without_own(cls, found, base):
    """The inherited options of a class without the networks that it makes itself, in place of those of
    the class that takes them, `base`."""
    return {
        name: value
        for name, value in found.items()
        if name not in NETWORKS or getattr(cls, f"build_{name}") is getattr(base, f"build_{name}")
    }


def required(model, name):
    """The network that a model was given.

    Raises:
        NotImplementedError: There is none, and the class makes none.
    """
    network = given(model, name)
    if network is None:
        raise NotImplementedError(
            f"{type(model).__name__} has no {name}: give {name}=…, a Keras model, or define "
            f"build_{name}() in a class of your own."
        )
    return network


def _require_model(cls, name, network):
    if not isinstance(network, keras.Model):
        kind = (
            "the class"
            if inspect.isclass(network)
            else "the function"
            if inspect.isroutine(network)
            else ""
        )
        made = " Call it, and give what it returns." if kind else ""
        raise TypeError(
            f"{cls.__name__}: {name} must be a Keras model, keras.Model or keras.Sequential. Received: "
            f"{' '.join(filter(None, [kind, repr(network)]))}.{made}"
        )


def _size_of_latents(cls, generator):
    inputs = known_inputs(generator)
    shape = inputs[0].shape if inputs else (None, None)
    if len(shape) != 2 or shape[1] is None:
        raise ValueError(
            f"{cls.__name__}: latent_dim cannot be seen in the generator{_told(inputs)}. Give "
            "latent_dim, the length of the latents [B, latent_dim] that it takes."
        )
    return shape[1]


def _told(inputs):
    return f", whose first input has shape {inputs[0].shape}" if inputs else ""


def _shape_of_images(model, options, networks):
    if "generator" in networks:
        inputs = _inputs(options, "generator")
        _check_inputs(model, "generator", networks["generator"], inputs)
        outputs = outputs_of("generator", networks["generator"], inputs)
        return tuple(outputs.shape[1:]) if isinstance(outputs, keras.KerasTensor) else ()
    inputs = known_inputs(networks["discriminator"])
    return tuple(inputs[0].shape[1:]) if inputs else ()


def _inputs(options, name):
    """The inputs of a network as symbols: latents or images, and labels for a model with classes."""
    shape = options["image_shape"] if name == "discriminator" else (options["latent_dim"],)
    labels = [] if options.get("num_classes") is None else [keras.KerasTensor((None,), "int32")]
    return [keras.KerasTensor((None, *shape), "float32"), *labels]


def known_inputs(network):
    """The input tensors of a functional or sequential model, or None where they are not known."""
    try:
        return list(network.inputs) or None
    except (AttributeError, ValueError):
        return None


def outputs_of(name, network, inputs):
    """What a network gives for symbolic inputs, a list; it is built where it was not.

    Raises:
        ValueError: It cannot be called with them.
    """
    inputs = inputs if len(inputs) > 1 else inputs[0]
    try:
        if not network.built or not network.variables:
            network(
                keras.tree.map_structure(lambda x: tf.zeros((2, *x.shape[1:]), x.dtype), inputs)
            )
        return network.compute_output_spec(inputs)
    except Exception as error:  # of whatever kind a network of a user's own raises
        shapes = keras.tree.map_structure(lambda x: f"{x.dtype} {x.shape}", inputs)
        raise ValueError(
            f"The {name} cannot be called with {shapes}: {type(error).__name__}: {error}"
        ) from error


def adopt(gan):
    """Builds the networks that a model was given, and asks the discriminator whether it takes labels.

    Returns:
        `{name: symbolic outputs}` of the given networks.

    Raises:
        ValueError: A network that cannot be called with what the model gives it.
    """
    options = {name: getattr(gan, name) for name in ("latent_dim", "image_shape", "num_classes")}
    inputs = {name: _inputs(options, name) for name in NETWORKS if given(gan, name) is not None}
    if "discriminator" in inputs:
        takes = takes_labels(gan.discriminator, inputs["discriminator"])
        gan.conditional_discriminator = takes
        inputs["discriminator"] = inputs["discriminator"][: 1 + takes]
    for name, tensors in inputs.items():
        _check_inputs(type(gan).__name__, name, getattr(gan, name), tensors)
    return {name: outputs_of(name, getattr(gan, name), x) for name, x in inputs.items()}


def _check_inputs(model, name, network, wanted):
    """Refuses a functional model of other inputs than it will be called with."""
    known, what = known_inputs(network), "latents" if name == "generator" else "images"
    if known is None:
        return
    if isinstance(getattr(network, "_inputs_struct", None), dict):
        raise ValueError(
            f"{model}: the {name} takes a dictionary. Make it keras.Model({what}, …), or "
            f"keras.Model([{what}, labels], …) for a model with classes."
        )
    if len(known) != len(wanted):
        asked = f"[{what}, labels], since num_classes is given" if len(wanted) == 2 else what
        hint = " Give num_classes, if the second is labels." if len(known) == 2 else ""
        raise ValueError(
            f"{model}: the {name} takes {len(known)} inputs, and would be given {asked}.{hint}"
        )
    for found, expected in zip(known, wanted, strict=True):
        fits = tf.TensorShape(found.shape).is_compatible_with(expected.shape)
        if not fits and not (expected.shape == (None,) and tuple(found.shape) == (None, 1)):
            given = f"int labels {expected.shape}" if expected.dtype == "int32" else expected.shape
            option = "latent_dim" if name == "generator" else "image_shape"
            raise ValueError(
                f"{model}: the {name} takes an input of shape {tuple(found.shape)}, and would be given "
                f"{given}. See {option}, or make the {name} for it."
            )


def takes_labels(network, inputs):
    """Whether a network takes the second of two inputs too."""
    if len(inputs) == 1:
        return False
    if known := known_inputs(network):
        return len(known) > 1
    try:
        outputs_of("discriminator", network, inputs)
    except ValueError:
        return False
    return True


def given(gan, name):
    """The network of that name that the model was given, or None."""
    return getattr(gan, name, None) if name in type(gan).defaults else None


def average_of(gan):
    """The network that keeps the moving average of a given generator: a copy in float32."""
    copy = copies.averaged_copy(gan.generator)
    options = {name: getattr(gan, name) for name in ("latent_dim", "num_classes")}
    outputs_of("copy of the generator", copy, _inputs({**options, "image_shape": ()}, "generator"))
    copies.require_same_weights(gan.generator, copy)
    return copy


def arguments(gan, options):
    """The options of a model with the networks that it was given."""
    named = [name for name in NETWORKS if name in type(gan).defaults]
    return {**options, **{name: getattr(gan, name) for name in named}}
