"""Checks of a model's arguments, before anything is built."""

import inspect

import keras

from tfgan_zoo import kinds, losses, penalties, privacy, regularizers
from tfgan_zoo.configurable import Configurable
from tfgan_zoo.engine import legacy
from tfgan_zoo.presets import near


def _regularizers(values):
    """Regularizers of a list of them, their names or configs."""
    is_list = isinstance(values, (list, tuple))
    found = tuple(regularizers.get(value) for value in (values if is_list else [values]))
    names = [regularizer.name for regularizer in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"There are two regularizers named {min(twice)!r}. Give one of them.")
    return found


_OBJECTS = {
    "objective": losses.get,
    "penalty": penalties.get,
    "regularizers": _regularizers,
    "privacy": privacy.get,
}


def signature(defaults):
    """The signature of a model class, from its table of defaults."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [inspect.Parameter(name, kind, default=value) for name, value in defaults.items()]
    )


def resolve(cls, arguments, options, implied=lambda given: {}):
    """All options of a model of class `cls`, defaults filled in and checked.

    Args:
        cls: The class.
        arguments, options: What its constructor was given, by place and by name.
        implied: From `{name: value}` of what was given to options that follow from it.

    Raises:
        TypeError: An option that the class does not have, or given twice.
        ValueError: A value outside its range.
    """
    for name in options:
        if name not in cls.defaults and name not in legacy.OLD:
            raise TypeError(
                f"{cls.__name__} has no argument {name!r}.{near(name, cls.defaults)} "
                f"It takes: {', '.join(cls.defaults)}."
            )
    given = legacy.translated(cls, options)
    bound = signature(cls.defaults).bind(*arguments, **given)
    resolved = {**cls.defaults, **bound.arguments, **implied(bound.arguments)}
    resolved = {name: _plain(cls, name, value) for name, value in resolved.items()}
    _check(cls.__name__, resolved)
    _check_effects(cls, resolved)
    return resolved


def as_config(options):
    """Options as JSON has them: objects as Keras's configurations of them."""
    return {name: _as_config(value) for name, value in options.items()}


def current_config(cls, config):
    """The configuration of a model of any version, as this version writes it."""
    config = legacy.translated(cls, config, warn=False)
    made = {name: make(config[name]) for name, make in _OBJECTS.items() if name in config}
    return as_config({**config, **made})


def _as_config(value):
    if isinstance(value, (list, tuple)) and any(isinstance(item, Configurable) for item in value):
        return [_as_config(item) for item in value]
    return keras.saving.serialize_keras_object(value) if isinstance(value, Configurable) else value


def _check_effects(cls, options):
    """Refuses options that would be taken and change nothing."""
    for name in cls.unused_options:
        if options[name] != cls.defaults[name]:
            raise ValueError(
                f"{cls.__name__}: {name} has no effect, since its networks do not use it. "
                f"Received: {name}={options[name]!r}. Leave it out."
            )


def _plain(cls, name, value):
    """An option as plain Python, which a config can keep; one of a wrong kind raises ValueError."""
    if name in _OBJECTS:
        return _OBJECTS[name](value)
    kind = kinds.kind_of(cls.defaults[name], {**kinds.BOUNDS, **cls.bounds}.get(name, ""))
    try:
        value = kinds.converted(kind, value)
    except (TypeError, ValueError, OverflowError):
        shape = "(height, width, channels), all positive integers"
        expected = shape if name == "image_shape" else kind.expected
        raise ValueError(
            f"{cls.__name__}: {name} must be {expected}. Received: {name}={value!r}."
            f"{kinds.hint(kind, name, value)}"
        ) from None
    return tuple(value) if isinstance(value, list) else value  # JSON knows no tuples


def _check(model, options):
    def require(condition, name, expected):
        if not condition:
            received = f"Received: {name}={options[name]!r}."
            raise ValueError(f"{model}: {name} must be {expected}. {received}")

    shape_is_good = len(options["image_shape"]) == 3
    require(shape_is_good, "image_shape", "(height, width, channels), three integers")
    edge = max(options["image_shape"][:2])
    fits = options.get("channel_base", edge) >= edge
    require(
        fits, "channel_base", f"{edge} or more, or feature maps of the image's edge have no channel"
    )
