"""What objectives, penalties and regularizers share: arguments, comparison, configuration, names."""

import collections
import functools
import inspect

import keras

from tfgan_zoo import kinds
from tfgan_zoo.names import near


class Configurable:
    """An object that is told by its class and its arguments.

    A subclass keeps each argument of its `__init__` in an attribute of the same name; it is then
    compared, printed, saved by Keras and made again from its config, without more code. Its arguments
    do not change once they are set. A subclass is registered with Keras when it is defined, under the
    first part of its module's name.

    Its dictionary `bounds` says which values an argument takes, as `tfgan_zoo.kinds.kind_of` describes;
    "" stands for those of the kind of its default. An argument that `bounds` does not name is taken as
    it is.

    Example:

    ```python
    class Scaled(tfgan_zoo.penalties.R1):
        bounds = {"scale": "> 0"}

        def __init__(self, weight=10.0, every=1, scale=2.0):
            super().__init__(weight, every)
            self.scale = scale
    ```
    """

    bounds = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable(package=cls.__module__.split(".")[0])(cls)

    @property
    def name(self):
        """The name of the class in snake case."""
        return snake_case(type(self).__name__)

    def arguments(self):
        """The arguments that the object was made with, `{name: value}`."""
        if type(self).get_config is not Configurable.get_config:
            return self.get_config()
        missing = [name for name in parameters(type(self)) if not hasattr(self, name)]
        if missing:
            raise NotImplementedError(
                f"{type(self).__name__} must keep its argument {missing[0]!r} in an attribute of that "
                "name, or define get_config()."
            )
        return {name: getattr(self, name) for name in parameters(type(self))}

    def get_config(self):
        return self.arguments()

    @classmethod
    def from_config(cls, config):
        return cls(**{name: _restored(value) for name, value in config.items()})

    def copy(self):
        """A new object of the same class and arguments, without any state."""
        return type(self).from_config(self.arguments())

    def __setattr__(self, name, value):
        if name in parameters(type(self)):
            if name in vars(self) and vars(self)[name] != value:
                raise AttributeError(
                    f"{type(self).__name__}.{name} is set when the object is made, and does not change. "
                    f"Make a new one: {type(self).__name__}({name}={value!r})."
                )
            value = _checked(type(self), name, value)
        super().__setattr__(name, value)

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return self.arguments() == other.arguments()

    def __hash__(self):
        try:
            return hash((type(self), *self.arguments().items()))
        except TypeError:  # an argument such as a list
            return hash(type(self))

    def __repr__(self):
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{type(self).__name__}({arguments})"


@functools.cache
def parameters(cls):
    """The arguments of a class and their defaults, those that `**kwargs` hands to a base included."""
    found = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        own = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        named = [p for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        found = {**{p.name: p.default for p in named}, **found}
        if all(p.kind is not p.VAR_KEYWORD for p in own):
            break
    return found


def snake_case(name):
    """`R1R2` -> "r1_r2", `DiffAugment` -> "diff_augment", `ADA` -> "ada"."""
    words = [""]
    for before, letter, after in zip(" " + name, name, name[1:] + " ", strict=False):
        begins = letter.isupper() and (not before.isupper() or after.islower())
        words = [*words, letter] if begins else [*words[:-1], words[-1] + letter]
    return "_".join(filter(None, words)).lower()


def look_up(identifier, table, base, what):
    """The object that an identifier of `get` stands for.

    Args:
        identifier: A name of the table; an object of class `base`, which is copied; a class, which
            stands for its object with defaults; or a config, as `keras.saving.serialize_keras_object`
            makes it.
        table: `{name: class}`.
        base: The class of which it must be.
        what: How it is called in messages.

    Raises:
        TypeError: Anything else, or an object of another class.
        ValueError: An unknown name, or one of a class that has no defaults.
    """
    found = identifier
    if isinstance(identifier, str):
        found = _named(identifier, table, what)
    elif isinstance(identifier, dict):
        found = keras.saving.deserialize_keras_object(identifier)
    elif inspect.isclass(identifier) and issubclass(identifier, base):
        found = _with_defaults(identifier, what)
    if not isinstance(found, base):
        raise TypeError(
            f"{what} must be a name ({', '.join(table)}), an object of a subclass of "
            f"{base.__name__}, or its config. Received: {identifier!r}."
        )
    return found.copy() if found is identifier else found


def _named(name, table, what):
    if name not in table:
        meant = near(snake_case(name), table)
        raise ValueError(
            f"There is no {what} called {name!r}.{meant} There are: {', '.join(table)}."
        )
    return _with_defaults(table[name], what)


def _with_defaults(make, what):
    needed = [p.name for p in inspect.signature(make).parameters.values() if p.default is p.empty]
    if needed:
        values = ", ".join(f"{name}=…" for name in needed)
        raise ValueError(f"The {what} has no defaults. Make an object: {make.__name__}({values}).")
    return make()


def _checked(cls, name, value):
    """An argument as plain Python; one outside its bounds raises ValueError."""
    bounds = collections.ChainMap(*(vars(base).get("bounds", {}) for base in cls.__mro__))
    default = parameters(cls)[name]
    if name not in bounds:
        is_tuple = isinstance(value, list) and isinstance(default, tuple)
        return tuple(value) if is_tuple else value  # JSON knows no tuples
    is_needed = default is inspect.Parameter.empty
    kind = kinds.kind_of(0.0 if is_needed else default, bounds[name])
    try:
        value = kinds.converted(kind, value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{cls.__name__}: {name} must be {kind.expected}. Received: {name}={value!r}."
        ) from None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if isinstance(default, float) and is_whole else value


def _restored(value):
    """A value of a config; where it is the config of an object, that."""
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    return [_restored(item) for item in value] if isinstance(value, list) else value
