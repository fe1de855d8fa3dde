"""What a user writes on the command line, as Python values."""

import ast
import enum
import re
from typing import Annotated

import typer

Trust = Annotated[
    bool,
    typer.Option(
        "--trust-model",
        help="Load a model whose graph could reach files, the network or Python.",
    ),
]


class Direction(enum.StrEnum):
    """Of a model from images to images."""

    forward = enum.auto()
    backward = enum.auto()


_RANGE = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19}))?")
_MOST = 1_000_000
_PIXELS = 2**25  # of `datasets.decoding.MAX_PIXELS`, which TensorFlow would be imported for
EDGE = 5792  # of a square of so many


_FAMILIES = {
    "objective": "least_squares(label_smoothing=0.1)",
    "penalty": "r1(weight=1.0, every=16)",
    "regularizers": "ada(target=0.6),lecam",
    "privacy": "dpsgd(l2_norm_clip=1.0, noise_multiplier=1.1)",
}


def overrides(preset, settings):
    """`["width=4"]` -> `{"width": 4}`, each value of the type of the model's default."""
    from tfgan_zoo import presets
    from tfgan_zoo.engine.legacy import OLD
    from tfgan_zoo.presets import near

    defaults, found = presets.get_preset(preset).model_class.defaults, {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--set needs KEY=VALUE. Received: {setting!r}.")
        if key not in {**OLD, **defaults}:
            raise ValueError(f"{preset} has no option {key!r}.{near(key, defaults)}")
        if key in _FAMILIES:
            found[key] = _objects(key, text)
        else:
            found[key] = _typed(key, text, {**OLD, **defaults}[key])
    return found


def _objects(key, text):
    """An objective, a penalty or a list of regularizers: "r1(weight=1, every=4)", "ada,lecam(0.3)"."""
    inner = text.strip().removeprefix("[").removesuffix("]") if text.strip()[:1] == "[" else text
    try:
        written = [_written(key, node) for node in ast.parse(f"[{inner}]", mode="eval").body.elts]
    except (SyntaxError, AttributeError):
        raise ValueError(
            f"--set {key} needs a name, or a name with arguments such as {_FAMILIES[key]}. Received: "
            f"{text!r}."
        ) from None
    found = [_object(key, *parts) for parts in written]
    if key == "regularizers":
        return [value for value in found if value is not None]
    if len(found) != 1:
        raise ValueError(f"--set {key} needs one value. Received: {text!r}.")
    return found[0]


def _written(key, node):
    """The name that is written, and its arguments: None where there are no parentheses."""
    if isinstance(node, ast.Name):
        return None if node.id == "none" else node.id, None, None
    if isinstance(node, ast.Constant) and node.value is None:
        return None, None, None
    if any(keyword.arg is None for keyword in node.keywords):
        raise SyntaxError("a dictionary of arguments")
    args = [_value(f"{key}: {node.func.id}", value) for value in node.args]
    given = {k.arg: _value(f"{key}: {node.func.id}: {k.arg}", k.value) for k in node.keywords}
    return node.func.id, args, given


def _value(what, node):
    """A number, string or list of these, as it is written; also nan and inf, which bounds refuse."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(what, node.operand)
        return -value if isinstance(value, (int, float)) else _refuse_value(what, node)
    if isinstance(node, ast.Name) and node.id in ("nan", "inf"):
        return float(node.id)
    if isinstance(node, (ast.List, ast.Tuple)):
        found = [_value(what, item) for item in node.elts]
        return found if isinstance(node, ast.List) else tuple(found)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _refuse_value(what, node)


def _refuse_value(what, node):
    raise ValueError(
        f"--set {what} needs a number, a string or a list of these. Received: {ast.unparse(node)}."
    )


def _object(key, name, args, options):
    """A name, or that of a class, as a name; with arguments, the object that it stands for."""
    from tfgan_zoo import configurable, losses, penalties, privacy, regularizers
    from tfgan_zoo.names import near

    table = {
        "objective": losses.OBJECTIVES,
        "penalty": penalties.PENALTIES,
        "regularizers": regularizers.REGULARIZERS,
        "privacy": {"dpsgd": privacy.DPSGD},
    }[key]
    name = {getattr(made, "__name__", known): known for known, made in table.items()}.get(
        name, name
    )
    if key == "privacy" and (args is None or name not in table) and name is not None:
        raise ValueError(f"--set privacy needs none, or {_FAMILIES[key]}. Received: {name!r}.")
    if args is None or name not in table:  # an unknown name the model refuses, with near ones
        return name
    known = configurable.parameters(getattr(table[name], "func", table[name]))  # of a partial
    for option in options.keys() - known.keys():
        there = f"There are: {', '.join(known)}."
        raise ValueError(f"--set {key}: {name} has no {option!r}.{near(option, known)} {there}")
    try:
        return table[name](*args, **options)
    except TypeError as error:
        raise ValueError(f"--set {key}: {error}.") from None


def setting(key, value):
    """KEY=VALUE as `overrides` reads it, of a value as `run.json` keeps it."""
    if key not in _FAMILIES:
        return f"{key}={value}"
    return f"{key}={','.join(map(str, _calls(key, value)))}"


def _calls(key, value):
    """How each of the objects is written: "r1(weight=1.0, every=4)", or its name alone."""
    from tfgan_zoo import losses, penalties, privacy, regularizers

    rooms = {"objective": losses, "penalty": penalties, "regularizers": regularizers}
    get = {**rooms, "privacy": privacy}[key].get
    for given in value if key == "regularizers" else [value]:
        if not isinstance(given, dict):
            yield given
            continue
        found = get(given)
        arguments = [f"{name}={value!r}" for name, value in found.arguments().items()]
        yield f"{found.name}({', '.join(arguments)})"


def _typed(key, text, default):
    """The value that `text` writes, of the type of `default`, or None."""
    from tfgan_zoo.kinds import BOUNDS

    if text == "None":
        return None
    if isinstance(default, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    kind = type(default)
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is float and "number" in BOUNDS.get(key, ""):
        return value
    if default is not None and type(value) is not kind:
        raise ValueError(
            f"--set {key} needs a value like {default!r}, of type {kind.__name__}. "
            f"Received: {text!r}."
        )
    return value


def texts(given, count):
    """The text of all images, or a list of one for each of `count`; None for no texts."""
    if not given:
        return None
    if len(given) not in (1, count):
        raise ValueError(f"Give one text, or one for each of {count} images, not {len(given)}.")
    return given if len(given) > 1 else given[0]


def numbers(text):
    """ "0-3,7" -> [0, 1, 2, 3, 7]; a million of them at most, each of 64 bits."""
    found = []
    for part in text.split(","):
        written = _RANGE.fullmatch(part.strip())
        if not written:
            raise ValueError(f"Numbers are written as 0-15 or 3,7,20-29. Received: {text!r}.")
        first, last = int(written[1]), int(written[2] or written[1])
        if first > last:
            raise ValueError(f"A range goes from the smaller to the larger. Received: {part!r}.")
        if last >= 2**63 or len(found) + last - first >= _MOST:
            raise ValueError(f"A million numbers below 2**63 at most. Received: {part!r}.")
        found += range(first, last + 1)
    return found


def ranges(numbers):
    """[0, 1, 2, 7] -> "0-2,7", which `numbers` reads."""
    runs = []
    for number in map(int, numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def labels(text, count):
    """The class of all images, or a list of one for each of `count` seeds; None for no text.

    Classes are written as numbers, "0-9", or as names of the model's classes, "orange,lemon". One seed
    has one class, whose name may have commas.
    """
    if not text:
        return None
    if _is_numbers(text):
        found = numbers(text)
    else:
        found = [name.strip() for name in (text.split(",") if count > 1 else [text])]
    if len(found) not in (1, count):
        raise ValueError(f"Give one label, or one for each of {count} seeds, not {len(found)}.")
    return found if len(found) > 1 else found[0]


def named(labels, class_names):
    """Labels with numbers as the names that they are of a model whose classes are named by numbers, as
    the folders "1" to "3" are. Of all other models they stay places in the order of the classes."""
    by_number = class_names and any(
        name.isdigit() and name != str(place) for place, name in enumerate(class_names)
    )
    if labels is None or not by_number:
        return labels
    return [str(label) for label in labels] if isinstance(labels, list) else str(labels)


def size(text):
    """ "256x128" or "256" -> (256, 128) or (256, 256), no larger than pictures that are read; None of
    None."""
    found = text and re.fullmatch(r"([0-9]{1,6})(?:x([0-9]{1,6}))?", text)
    if text is not None and not found:
        raise ValueError(f"A size is HEIGHTxWIDTH, such as 256x256. Received: {text!r}.")
    height, width = (int(found[1]), int(found[2] or found[1])) if found else (1, 1)
    if not 0 < height * width <= _PIXELS:
        raise ValueError(f"A size has 1 to {_PIXELS:,} pixels. Received: {text!r}.")
    return found and (height, width)


def watermark(key, **options):
    """The `Watermark` of a key file, or None without; options that are None are its own."""
    given = {name: value for name, value in options.items() if value is not None}
    if key is None:
        unused(
            "only with --watermark-key.", **{f"watermark_{name}": v for name, v in given.items()}
        )
        return None
    from tfgan_zoo.cli import console

    console.import_zoo()
    from tfgan_zoo.watermark import Watermark, read_key

    return Watermark(read_key(key), **given)


def asked(label, text):
    """The class, by number or name, or the text that is to be drawn; None for the model's own choice."""
    if label is not None and text is not None:
        raise ValueError("Give --label or --text, not both: a model takes the one or the other.")
    return labels(label, 1) if text is None else text


def unused(why, **given):
    """Refuses options that would do nothing here: those that are given at all."""
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if names:
        raise ValueError(f"{' and '.join(names)}: {why}")


def _is_numbers(text):
    return not any(character.isalpha() for character in text)
