"""What the constructor of a model refuses: settings of Keras, and networks that could not be trained."""

import inspect

import keras

from tfgan_zoo import numbers

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def checked_policy(model, dtype):
    """The dtype policy of a model, by default Keras's own; one that it cannot train in is refused.

    Raises:
        ValueError: Another policy, or another floatx or image data format of Keras.
    """
    for name, wanted in (("floatx", "float32"), ("image_data_format", "channels_last")):
        value = getattr(keras.config, name)()
        if value != wanted:
            raise ValueError(
                f"{model} needs {name} {wanted!r}, and keras.config.{name}() is {value!r}. Call "
                f"keras.config.set_{name}({wanted!r})."
            )
    given = "keras.config.dtype_policy()" if dtype is None else "dtype"
    try:
        policy = keras.dtype_policies.get(dtype)
    except (TypeError, ValueError):
        policy = dtype
    if type(policy) is not keras.DTypePolicy or policy.name not in POLICIES:
        raise ValueError(
            f"{model}: {given} must be {', '.join(map(repr, POLICIES[:-1]))} or {POLICIES[-1]!r}. "
            f"Received: {getattr(policy, 'name', policy)!r}."
        )
    return policy


# === A constructor of a subclass's own ===


def own_arguments(cls, given):
    """The arguments of a subclass's own constructor, `{name: value}`, as it was called; or None where it
    names none, and so takes the options. `get_config` then holds these, so that a saved model can be
    made anew; `check_saved` refuses what it could not."""
    signature = inspect.signature(cls.__init__)
    named = [p.name for p in signature.parameters.values() if p.kind not in _MANY][1:]
    if not set(named) - {"name", "dtype"}:
        return None
    args, kwargs = given
    bound = signature.bind(None, *args, **kwargs)
    bound.apply_defaults()
    found = {name: numbers.plain(bound.arguments[name]) for name in named}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found |= {key: numbers.plain(item) for key, item in value.items()}
        elif kind is inspect.Parameter.VAR_POSITIONAL and value:
            found[f"*{name}"] = list(value)
    return found


def check_saved(gan):
    """Refuses to write a config that could not make the model anew, before a file is begun. A class with
    its own `from_config` knows better.

    Raises:
        TypeError: A constructor without `**kwargs`, or an argument without a name or of a kind that a
            file cannot hold, such as a network of a class that Keras does not know.
    """
    cls, config = type(gan), gan.get_config()
    own_from_config = not cls.from_config.__module__.startswith("tfgan_zoo.")
    if own_from_config or own_arguments(cls, gan._given) is None:
        return
    parameters = inspect.signature(cls.__init__).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        raise TypeError(
            f"{cls.__name__} cannot be saved: its constructor must take **kwargs, name and dtype, "
            "and hand them to super().__init__(**kwargs)."
        )
    for name, value in config.items():
        if name.startswith("*"):
            raise TypeError(
                f"{cls.__name__} cannot be saved: the arguments {name}={value!r} have no names. Give "
                "them by name."
            )
        if not _is_plain(value):
            raise TypeError(
                f"{cls.__name__} cannot be saved: its argument {name}={value!r} is no number, string, "
                "bool, None, or a list or dictionary of these. Override get_config and from_config."
            )


def _is_plain(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))
