"""Names that a caller gives, and those that may have been meant."""

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

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
