"""What a caller of a client asks for, checked before it is sent."""

import difflib
import math
import os
import pathlib
import re

import numpy as np

from tfgan_zoo import numbers
from tfgan_zoo.serving import png
from tfgan_zoo.serving.arrays import objects

_NAME = re.compile(r"[^/:?#%\s]+")


def seeds(n, seed):
    """int64 `[n]`: the seeds given, or `n` from one of them, or from one that is drawn."""
    if not np.ndim(seed):
        return numbers.seeds_from(seed, n)
    found = numbers.seeds("seed", seed)
    if n not in (None, len(found)):
        raise ValueError(f"n={n} does not fit {len(found)} seeds.")
    return found


_FILES = "_bytes"  # at the end of the names of inputs
_DEFAULTS = {"label": 0, "truncation": 1.0, "text": None}


def conditions(model, names, n, given):
    """Columns of the inputs besides the seeds, `{name: array [n]}`, by what the model takes.

    Args:
        model: Its name.
        names: The names of its inputs.
        n: Int. Images asked for.
        given: `{name: value or None}` of label, truncation and text.

    Raises:
        ValueError: One that the model does not take, or texts that are missing.
    """
    found = {}
    for name, value in given.items():
        if name in names:
            value = _DEFAULTS[name] if value is None else value
            if value is None:
                raise ValueError(f"{model} draws from texts: give texts.")
            found[name] = column(name, value, n)
        elif value is not None:
            raise ValueError(f"{model} takes no {name}. Received: {value!r}.")
    return found


def column(name, value, n):
    """One value of an input for each of `n` images; see `Client.generate`."""
    if name == "label":
        return numbers.classes("labels", value, n)
    return numbers.truncations(value, n) if name == "truncation" else texts(value, n)


def translated(model, names, images, given):
    """The inputs of a translation, `{name: array [n]}`.

    Args:
        model: Its name.
        names: The names of its inputs, "image_bytes" among them.
        images: See `pictures`.
        given: `{name: value}` of the others, classes or pictures, one for all images or one for each; by
            the names of inputs or of arguments, see `argument`.

    Raises:
        ValueError: One that the model does not take, or that is missing.
    """
    names = {argument(name): name for name in set(names) - {"image_bytes"}}
    given = {argument(name): value for name, value in given.items()}
    if set(given) != set(names):
        wanted, received = (" and ".join(["pictures", *sorted(found)]) for found in (names, given))
        raise ValueError(f"{model} takes {wanted}. Received: {received}.")
    found = {"image_bytes": objects(pictures(images))}
    n = len(found["image_bytes"])
    for name, value in given.items():
        is_files = names[name].endswith(_FILES)
        column = _files(name, value, n) if is_files else numbers.classes(name, value, n)
        found[names[name]] = np.broadcast_to(column, [n])
    return found


def argument(name):
    """The argument of `translate` for an input: of files, such as `style_bytes`, it is `styles`."""
    return f"{name.removesuffix(_FILES)}s" if name.endswith(_FILES) else name


def _files(name, value, n):
    found = pictures(value)
    if len(found) not in (1, n):
        raise ValueError(
            f"{name} must be one for all or one for each of {n} pictures. Received: {len(found)}."
        )
    return objects(found)


def pictures(images):
    """The bytes of image files, a list: of bytes, paths, or uint8 arrays `[H, W, C]`, one or several."""
    is_one = isinstance(images, (bytes, str, os.PathLike)) or getattr(images, "ndim", 0) == 3
    return [_picture(image) for image in ([images] if is_one else images)]


def _picture(image):
    if isinstance(image, bytes):
        return image
    if isinstance(image, (str, os.PathLike)):
        return pathlib.Path(image).read_bytes()
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3:
        raise ValueError(
            "A picture must be bytes, a path, or uint8 [H, W, C]. Received: "
            f"{array.dtype} {array.shape}."
        )
    return png.encode(array)


def texts(values, n):
    """Bytes in UTF-8 `[n]`, dtype object, of one string for all, or one for each."""
    # An array of objects keeps the zeros at the end of a string.
    values = np.atleast_1d(np.asarray(values, object)).tolist()
    wrong = [value for value in values if not isinstance(value, (str, bytes))]
    if wrong:
        raise ValueError(f"texts must be strings. Received: {wrong[0]!r}.")
    array = objects([v.encode() if isinstance(v, str) else bytes(v) for v in values])
    if array.shape not in ((1,), (n,)):
        raise ValueError(
            f"texts must be one for all or one for each of {n}. Received {len(array)}."
        )
    return np.broadcast_to(array, [n])


def seconds(value):
    """A time-out."""
    number = numbers.plain(value)
    if not numbers.is_number(number) or not 0 < number < math.inf:
        raise ValueError(f"timeout must be a positive number of seconds. Received: {value!r}.")
    return float(number)


def near(name, known):
    """ " Did you mean …?" where a known name is near, else nothing."""
    found = difflib.get_close_matches(str(name), list(known), 1)
    return f" Did you mean {found[0]!r}?" if found else ""


def name(argument, value):
    """The name of a model or a label, which stands in URLs; others raise ValueError."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(
            f"{argument} must be a name without blanks, '/', ':', '?', '#' and '%'. Received: {value!r}."
        )
    return value
