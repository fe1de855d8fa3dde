"""Checks of a model's arguments, before anything is built."""

import inspect

from tfgan_zoo import augment, losses, penalties
from tfgan_zoo.presets import near

_NOT_NEGATIVE = (
    "penalty_weight",
    "instance_noise",
    "instance_noise_steps",
    "consistency_real",
    "consistency_fake",
    "latent_consistency_d",
    "latent_consistency_g",
    "latent_consistency_noise",
    "lecam",
    "top_k_steps",
)


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
    _check(cls.__name__, resolved)
    resolved = {  # JSON knows no tuples
        name: tuple(value) if isinstance(value, list) else value for name, value in resolved.items()
    }
    resolved["image_shape"] = tuple(int(size) for size in resolved["image_shape"])
    if resolved["balance"] is not None:
        resolved["balance"] = tuple(float(bound) for bound in resolved["balance"])
    return resolved


def _check(model, options):
    def require(condition, name, expected):
        if not condition:
            received = f"Received: {name}={options[name]!r}."
            raise ValueError(f"{model}: {name} must be {expected}. {received}")

    shape = options["image_shape"]
    shape_is_good = isinstance(shape, (tuple, list)) and len(shape) == 3 and min(shape) > 0
    require(shape_is_good, "image_shape", "(height, width, channels), all positive")
    for name in ("latent_dim", "n_critic", "penalty_every", "gradient_accumulation_steps"):
        require(_is_int(options[name]) and options[name] >= 1, name, "a positive integer")
    for name in ("ema_decay", "label_smoothing", "dropout", "lecam_decay"):
        require(0 <= options[name] < 1, name, "in [0, 1)")
    for name in _NOT_NEGATIVE:
        require(options[name] >= 0, name, "zero or more")
    for name in ("g_learning_rate", "d_learning_rate", "ada_images"):
        require(options[name] > 0, name, "above zero")
    unrolled = options["unrolled_steps"]
    require(_is_int(unrolled) and unrolled >= 0, "unrolled_steps", "an integer, zero or more")
    require(0 < options["top_k"] <= 1, "top_k", "in (0, 1]")
    augment.check(options["augment"])
    require(_is_int(options["seed"]) and 0 <= options["seed"] < 2**31, "seed", "in [0, 2**31)")
    latents = ("normal", "uniform")
    require(options["latent_distribution"] in latents, "latent_distribution", f"one of {latents}")
    balance = options["balance"]
    balance_is_good = balance is None or (len(balance) == 2 and 0 <= balance[0] < balance[1] <= 1)
    require(balance_is_good, "balance", "None or (low, high) with 0 <= low < high <= 1")
    if options["penalty"] is not None:
        penalties.get(options["penalty"])
    smoothable = losses.get(options["objective"]).smoothable
    expected = f"0 with objective={options['objective']!r}, whose loss has no labels to smooth"
    require(smoothable or not options["label_smoothing"], "label_smoothing", expected)


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)
