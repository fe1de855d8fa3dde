"""Checks of a model's arguments, before anything is built."""

import inspect

from tfgan_zoo import augment, kinds, losses, numbers, penalties
from tfgan_zoo.presets import near


def signature(defaults):
    """The signature of a model class, from its table of defaults."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [inspect.Parameter(name, kind, default=value) for name, value in defaults.items()]
    )


def resolve(cls, arguments, options):
    """All options of a model of class `cls`, defaults filled in and checked.

    Raises:
        TypeError: An option that the class does not have, or given twice.
        ValueError: A value outside its range.
    """
    for name in options:
        if name not in cls.defaults:
            raise TypeError(
                f"{cls.__name__} has no argument {name!r}.{near(name, cls.defaults)} "
                f"It takes: {', '.join(cls.defaults)}."
            )
    bound = signature(cls.defaults).bind(*arguments, **options)
    resolved = {**cls.defaults, **bound.arguments}
    resolved = {name: _plain(cls, name, value) for name, value in resolved.items()}
    _check(cls.__name__, resolved)
    _check_effects(cls, resolved, bound.arguments)
    return resolved


def _check_effects(cls, options, given):
    """Refuses options that would be taken and change nothing; a weight of 0 that is given says that the
    penalty be left out."""
    for name in cls.unused_options:
        if options[name] != cls.defaults[name]:
            raise ValueError(
                f"{cls.__name__}: {name} has no effect, since its networks do not use it. "
                f"Received: {name}={options[name]!r}. Leave it out."
            )
    without_weight = options["penalty_weight"] == 0 and "penalty_weight" not in given
    if options["penalty"] is not None and without_weight:
        raise ValueError(
            f"{cls.__name__}: penalty={options['penalty']!r} has no effect with penalty_weight=0. Give "
            "the weight that its paper has (10 for gradient_penalty), or penalty=None."
        )


def _plain(cls, name, value):
    """An option as plain Python, which a config can keep; one of a wrong kind raises ValueError."""
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
    require(fits, "channel_base", f"{edge} or more, or maps of the image's edge have no channel")
    augment.check(options["augment"])
    expected = "None or (low, high) with 0 <= low < high <= 1"
    require(_is_balance(options["balance"]), "balance", expected)
    if options["balance"] is not None:
        options["balance"] = tuple(float(bound) for bound in options["balance"])
    if options["penalty"] is not None:
        penalties.get(options["penalty"])
    smoothable = hasattr(losses.get(options["objective"], warn=False), "label_smoothing")
    expected = f"0 with objective={options['objective']!r}, whose loss has no labels to smooth"
    require(smoothable or not options["label_smoothing"], "label_smoothing", expected)


def _is_balance(value):
    if value is None:
        return True
    if not isinstance(value, tuple) or len(value) != 2 or not all(map(numbers.is_number, value)):
        return False
    return 0 <= value[0] < value[1] <= 1
