"""The arguments of `load`, checked before anything is read."""

import numbers
import os

from tfgan_zoo.datasets.listing import printable


def checked(name_or_path, split, image_size, batch_size, crop, channels, cache, on_unreadable):
    """`image_size` as (height, width) or None.

    Raises:
        TypeError, ValueError: An argument that cannot be used; the message names it.
    """
    if not isinstance(name_or_path, (str, os.PathLike)) or not os.fspath(name_or_path):
        raise TypeError(
            "The data are a name, a folder or a file, as a string or path. Received: "
            f"{name_or_path!r}."
        )
    if not isinstance(split, str) or not split:
        is_size = isinstance(split, (numbers.Integral, tuple, list))
        meant = f" Did you mean image_size={split}?" if is_size else ""
        raise TypeError(
            f"split, the second argument, is a string such as 'train'. Received: {split!r}.{meant}"
        )
    for name, value, allowed in (
        ("crop", crop, ("center", "random")),
        ("channels", channels, (None, 1, 3, 4)),
        ("cache", cache, ("auto", True, False)),
        ("on_unreadable", on_unreadable, ("raise", "skip")),
    ):
        if not any(value is known or value == known for known in allowed):
            raise ValueError(f"{name} must be one of {allowed}. Received: {value!r}.")
    check_numbers(batch_size=batch_size)
    size = _size(image_size)
    if crop == "random" and size is None:
        raise ValueError("crop='random' needs image_size, the size of the window.")
    return size


def check_numbers(**values):
    """Refuses what are no integers in their range."""
    bounds = {"bit_depth": (9, 16), "max_pixels": (1, 2**27), "seed": (-(2**63), 2**63)}
    for name, value in values.items():
        low, high = bounds.get(name, (1, None))
        is_good = _is_int(value) and value >= low and (high is None or value <= high)
        if not is_good:
            expected = f"an integer from {low}" + (f" to {high}" if high else " up")
            raise ValueError(f"{name} must be {expected}. Received: {value!r}.")


def _size(image_size):
    if image_size is None:
        return None
    edges = (image_size,) * 2 if _is_int(image_size) else image_size
    try:
        edges = tuple(edges)
    except TypeError:
        edges = ()
    if len(edges) != 2 or not all(_is_int(edge) and edge >= 1 for edge in edges):
        raise ValueError(
            "image_size must be an integer from 1 up, or two of them, (height, width). Received: "
            f"{image_size!r}."
        )
    return tuple(int(edge) for edge in edges)


def _is_int(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def no_data_at(path):
    """Why a path can be no data."""
    if path.is_file():
        return f"{printable(path)} is a file. Give a folder of images or an .npz file."
    return f"There is no folder of images or .npz file at {printable(path)}."


def hint_of_folder(name, path, named):
    """A sentence for a name that is also that of a folder, or nothing."""
    if path.is_dir():
        return (
            f" There is a folder {printable(name)} here: to read it, write './{printable(name)}'."
        )
    if named.is_dir():
        return f" There is a folder {printable(named)}: to read its images, give that path."
    return ""
