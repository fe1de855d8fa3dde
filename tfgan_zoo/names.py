"""Names that a caller gives, and those that may have been meant."""

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

import numpy as np

_Method = TypeVar("_Method", bound=Callable)
_MEANT = {
    **dict.fromkeys(
        ("num", "count", "number", "num_images", "num_samples", "size"), ("n", "steps")
    ),
    **dict.fromkeys(("label", "labels", "classes", "class_label", "y"), ("labels", "label")),
    **dict.fromkeys(("text", "texts", "prompt", "prompts", "caption"), ("texts", "text")),
    **dict.fromkeys(("seeds", "random_seed", "start"), ("seed", "seeds", "start_seed")),
    **dict.fromkeys(("truncation_psi", "psi"), ("truncation",)),
}


def near(name, names):
    """A sentence that asks whether a known name was meant, or nothing where none is near."""
    matches = difflib.get_close_matches(str(name), list(names), n=3)
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?" if matches else ""


def numbered(values, class_names):
    """Names of classes as their numbers, whether they are written in upper or lower case, where that
    leaves one class; what are no names as it is.

    Raises:
        ValueError: A name that no class has; near ones are listed.
    """
    names = strings(values)
    if names is None:
        return values
    known = [_known(name, class_names) for name in names.ravel().tolist()]
    return np.reshape(places(known, class_names), names.shape)


def strings(values):
    """One string or several as an array; None for other values. Bytes are read as UTF-8."""
    try:
        array = np.asarray(values)
    except ValueError:  # of several lengths
        return None
    if array.dtype.kind in "US" and not hasattr(
        values, "dtype"
    ):  # numbers among strings become strings
        objects = np.asarray(values, object)
        if not all(isinstance(value, (str, bytes)) for value in objects.flat):
            return None
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    is_text = array.dtype.kind in "UO" and all(isinstance(value, str) for value in array.flat)
    return array if is_text and array.size else None


def _known(name, class_names):
    """The one class of that name in another case, or the name as it is."""
    alike = [known for known in class_names if known.casefold() == name.casefold()]
    return alike[0] if name not in class_names and len(alike) == 1 else name


def places(names, class_names):
    """The place of each of the names among the class names, a tuple or list.

    Raises:
        ValueError: A name that is not there; near ones are listed.
    """
    unknown = [name for name in names if name not in class_names]
    if unknown:
        shown = ", ".join(class_names[:10]) + (", …" if len(class_names) > 10 else "")
        raise ValueError(
            f"There is no class {unknown[0]!r}.{near(unknown[0], class_names)} The classes are: {shown}."
        )
    return [class_names.index(name) for name in names]


def suggesting(method: _Method) -> _Method:
    """The method, which answers an unknown argument with the name that was meant."""
    parameters = list(inspect.signature(method).parameters)[1:]

    @functools.wraps(method)
    def called(*args, **kwargs):
        for name in set(kwargs) - set(parameters):
            meant = next((m for m in _MEANT.get(name, ()) if m in parameters), None)
            hint = f" Did you mean {meant!r}?" if meant else near(name, parameters)
            raise TypeError(
                f"{method.__name__} has no argument {name!r}.{hint} It takes: {', '.join(parameters)}."
            )
        return method(*args, **kwargs)

    return called
