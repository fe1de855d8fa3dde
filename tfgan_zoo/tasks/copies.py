"""Copies and configurations of networks that are given to a `GAN`."""

import contextlib
import inspect
import json

import keras
from keras.src.saving.serialization_lib import SafeModeScope

from tfgan_zoo import precision
from tfgan_zoo.tasks.building import building, full_precision

NETWORKS = ("generator", "discriminator")  # those that may be given
_OURS = ("keras", "tfgan_zoo")

# === Copies ===


def averaged_copy(network):
    """A network of the same layers and weights that computes in float32, for the moving average.

    Raises:
        TypeError: A class whose configuration does not describe it.
    """
    kind = type(network).__name__
    try:
        config = _with_policy(network.get_config(), precision.of_averages())
        with full_precision(), _classes_of(network), SafeModeScope(safe_mode=False):
            copy = _made(type(network), config)  # in this process, where its code runs already
    except Exception as error:  # of whatever kind a class of a user's own raises
        raise TypeError(
            f"The generator {network.name!r} cannot be copied, and its moving average is a copy of it: "
            f"{type(error).__name__}: {error} Its class {kind} needs a get_config() that names the "
            "arguments of its constructor."
        ) from error
    return copy


def require_same_weights(network, copy):
    """Refuses a copy with other weights, once it is built."""
    shapes = [[tuple(v.shape) for v in each.variables] for each in (network, copy)]
    if shapes[0] != shapes[1]:
        raise TypeError(
            f"The generator {network.name!r} cannot be copied, and its moving average is a copy of it: "
            f"the copy that the configuration of {type(network).__name__} makes has other weights. "
            "get_config() must name all arguments of its constructor."
        )


def _made(cls, config):
    """An object of a configuration; Keras gives more than some constructors take."""
    try:
        return cls.from_config(config)
    except TypeError:
        if issubclass(cls, keras.Sequential) or _is_complete(cls, config):
            raise
        parameters = inspect.signature(cls.__init__).parameters
        return cls(**{name: value for name, value in config.items() if name in parameters})


def _is_complete(cls, config):
    """Whether the constructor of a class takes all that Keras gives it."""
    try:
        inspect.signature(cls.__init__).bind(None, **config)
    except TypeError:
        return False
    return True


@contextlib.contextmanager
def _classes_of(network):
    """The classes of a user's own layers, registered or not, are found within."""
    classes = {type(layer).__name__: type(layer) for layer in _own_layers(network)}
    with keras.saving.custom_object_scope(classes):
        yield


def _own_layers(network):
    """The layers, and the network itself, whose classes are neither Keras's nor the zoo's."""
    layers = network._flatten_layers()
    return [layer for layer in layers if type(layer).__module__.partition(".")[0] not in _OURS]


def _with_policy(config, name):
    """A configuration in which all layers have the dtype policy of that name."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": name}}
        return {key: _with_policy(value, name) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_policy(value, name) for value in config)
    return config


# === Configuration ===


def as_config(cls, arguments):
    """Arguments, in which networks are their configurations."""
    return {
        name: serialized(cls, value) if isinstance(value, keras.Model) else value
        for name, value in arguments.items()
    }


def serialized(cls, network):
    """The configuration of a given network, from which a saved model makes it anew.

    Raises:
        TypeError: A layer that a file cannot hold; the message names it.
    """
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            _refuse(cls, layer, "a Lambda layer is Python code. Make it a class of layers")
    for layer in _own_layers(network):
        kind = type(layer)
        name = keras.saving.get_registered_name(kind)
        if keras.saving.get_registered_object(name) is not kind:
            decorator = '@keras.saving.register_keras_serializable(package="…")'
            _refuse(cls, layer, f"its class is not registered. Put {decorator} before the class")
        own = kind.from_config.__func__ is not keras.Model.from_config.__func__
        if not own and not _is_functional(layer) and not _is_complete(kind, layer.get_config()):
            _refuse(cls, layer, "its constructor must take **kwargs and give them to its base's")
    try:
        config = keras.saving.serialize_keras_object(network)
        config = {k: v for k, v in config.items() if k not in ("build_config", "compile_config")}
        return json.loads(json.dumps(config))
    except Exception as error:  # of whatever kind a class of a user's own raises
        raise TypeError(f"{cls.__name__} cannot be saved: {network.name!r}: {error}") from error


def _is_functional(layer):
    return getattr(layer, "_functional", None) is not None or hasattr(layer, "_inputs_struct")


def _refuse(cls, layer, why):
    raise TypeError(
        f"{cls.__name__} cannot be saved: in its networks is the layer {layer.name!r}, a "
        f"{type(layer).__name__}: {why}."
    )


def restored(policy, config):
    """The arguments of a model with this dtype policy; networks that are configurations are made."""
    networks = {name: config[name] for name in NETWORKS if isinstance(config.get(name), dict)}
    if not networks:
        return config
    if policy.name == "float32":
        networks = _with_policy(networks, policy.name)
    with building(policy, config.get("seed", 0)):
        made = {
            name: keras.saving.deserialize_keras_object(network)
            for name, network in networks.items()
        }
    return {**config, **made}
