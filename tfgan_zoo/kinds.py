"""Of what kind an option of a model is, and in which range."""

import math
import re
from typing import NamedTuple

from tfgan_zoo import numbers

# Options of all models. A class whose option has another range says so in its own `bounds`.
BOUNDS = {
    **dict.fromkeys(("latent_dim", "n_critic"), ">= 1"),
    **dict.fromkeys(("gradient_accumulation_steps", "width", "widths", "image_shape"), ">= 1"),
    **dict.fromkeys(("g_learning_rate", "d_learning_rate"), "> 0"),
    **dict.fromkeys(("ema_decay", "dropout"), "[0, 1)"),
    "minibatch_discrimination": ">= 0",
    "latent_distribution": ("normal", "uniform"),
    "seed": "[0, 2**31)",
    "num_classes": ">= 1",
    "upsampling": ("transpose", "resize", "pixel_shuffle"),
    "network": ("resnet_flat", "resnet", "cnn"),
    "generator_normalization": ("batch", None),
    "discriminator_normalization": ("batch", "layer", None),
    "attention_size": "None or >= 1",
    "discriminator_attention_size": "None or >= 1",
    **dict.fromkeys(
        ("embedding_dim", "code_dim", "text_dim", "condition_dim", "style_dim"), ">= 1"
    ),
    **dict.fromkeys(("discriminator_layers", "discriminator_width", "mapping_layers"), ">= 1"),
    **dict.fromkeys(("categorical_codes", "categories", "units", "code_units"), ">= 1"),
    **dict.fromkeys(("encoder_units", "discriminator_units", "maxout_units"), ">= 1"),
    **dict.fromkeys(("maxout_pieces", "blocks", "expansion", "group_width"), ">= 1"),
    **dict.fromkeys(("channel_base", "channel_max", "path_length_every"), ">= 1"),
    **dict.fromkeys(("path_length_shrink", "fade_in_steps", "stable_steps"), ">= 1"),
    "text_length": ">= 1",
    "vocabulary_size": ">= 2",
    "continuous_codes": ">= 0",
    **dict.fromkeys(("class_weight", "orthogonal_weight", "information_weight"), ">= 0"),
    **dict.fromkeys(("continuous_weight", "drift_weight", "path_length_weight"), ">= 0"),
    **dict.fromkeys(("d_rotation_weight", "g_rotation_weight", "kl_weight"), ">= 0"),
    **dict.fromkeys(("contrastive_weight", "lambda_k"), ">= 0"),
    **dict.fromkeys(("temperature", "clip_value"), "> 0"),
    "gamma": "> 0",
    "style_mixing": "[0, 1]",
    "path_length_decay": "(0, 1]",
    **dict.fromkeys(("input_dropout", "beta_1", "rho"), "[0, 1)"),
    "epsilon": "> 0",
}
_INTERVAL = re.compile(r"([\[(])(\S+), (\S+)([\])])|(>=|>) (\S+)")
_SCHEDULE = (
    " A schedule belongs to an optimizer: compile({player}_optimizer="
    "keras.optimizers.Adam(schedule))."
)


class Kind(NamedTuple):
    """What an option must be.

    Attributes:
        expected: In words, for a message.
        number: `int` or `float` for numbers, `bool` or `str` for these, or None for anything.
        interval: `[0, 1)`, `>= 1` or the like, which a number must lie in, or "".
        choices: The values allowed, or ().
        is_optional: Whether None is allowed.
        is_sequence: Whether it is a tuple of such numbers or strings.
    """

    expected: str
    number: type | None
    interval: str = ""
    choices: tuple = ()
    is_optional: bool = False
    is_sequence: bool = False


def kind_of(default, bound=""):
    """The kind of an option, of its default and of its row in a table of bounds.

    Args:
        default: A number, bool, string, None, or a tuple of numbers or strings.
        bound: A tuple of all values allowed; or text: an interval such as "[0, 1)", ">= 1" or "> 0",
            "number" before it where integers are the default and floats allowed, "string" in its place,
            "sequence" before it for several such values where None is the default, "None or" before it
            where None is allowed too.
    """
    if isinstance(bound, tuple):
        return Kind(f"one of {', '.join(map(repr, bound))}", str, choices=bound)
    is_optional = default is None or bound.startswith("None or")
    is_sequence = isinstance(default, (tuple, list)) or "sequence" in bound
    bound = bound.replace("sequence ", "")
    bound, is_any_number = bound.removeprefix("None or").strip(), "number" in bound
    interval = bound.removeprefix("number").strip()
    sample = _sample(default) if isinstance(default, (tuple, list)) else default
    if interval == "string":
        number, interval = str, ""
    elif default is None and not is_any_number:
        number = int if interval else None
    else:
        known = type(sample) in (int, float, bool, str)  # a class of a user's own may have others
        number = float if is_any_number else type(sample) if known else None
    words = {int: "an integer", float: "a number", bool: "True or False", str: "a string"}
    if is_sequence:
        words = {int: "integers", float: "numbers", str: "strings"}
    expected = " ".join(filter(None, [words.get(number, "anything"), _in_words(interval)]))
    expected = f"a sequence of {expected}" if is_sequence else expected
    expected = f"None or {expected}" if is_optional else expected
    return Kind(expected, number, interval, (), is_optional, is_sequence)


def _sample(values):
    """One that stands for all values of a sequence, or None where they are of several kinds, or none."""
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return float(values[0])
    return values[0] if len(kinds) == 1 else None


def _in_words(interval):
    return f"in {interval}" if interval[:1] in "[(" and interval else interval


def converted(kind, value):
    """The value as plain Python; one that is not of the kind raises ValueError, without a message."""
    value = numbers.plain(value)
    value = value.tolist() if hasattr(value, "tolist") else value
    if kind.choices:
        is_plain = isinstance(value, (str, int, type(None))) and not isinstance(value, bool)
        return _require(is_plain and value in kind.choices, value)
    if kind.number is None or (value is None and kind.is_optional):
        return value
    if not kind.is_sequence:
        return _one(kind, value)
    _require(isinstance(value, (tuple, list)) and len(value) > 0, value)
    return tuple(_one(kind, numbers.plain(item)) for item in value)


def _one(kind, value):
    if kind.number in (bool, str):
        return _require(isinstance(value, kind.number), value)
    fits = numbers.is_integer(value) if kind.number is int else numbers.is_number(value)
    return _require(fits and math.isfinite(value) and _lies_in(kind.interval, value), value)


def _lies_in(interval, value):
    if not interval:
        return True
    left, low, high, right, sign, bound = _INTERVAL.fullmatch(interval).groups()
    if sign:
        return value >= _number(bound) if sign == ">=" else value > _number(bound)
    above = value >= _number(low) if left == "[" else value > _number(low)
    return above and (value <= _number(high) if right == "]" else value < _number(high))


def _number(text):
    base, _, power = text.partition("**")
    return float(base) ** float(power or 1)


def _require(condition, value):
    if not condition:
        raise ValueError
    return value


def hint(kind, name, value):
    """What to do where a near thing was given."""
    if value is None and kind.number in (int, float) and not kind.is_sequence:
        return " 0 leaves it out." if _lies_in(kind.interval, 0) and name != "seed" else ""
    if name in ("g_learning_rate", "d_learning_rate") and hasattr(value, "get_config"):
        return _SCHEDULE.format(player=name[0])
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return ""
    return " Give it without quotes." if isinstance(value, str) else ""
