"""Names of arguments that a method does not have, with those that were meant."""

import functools
import inspect

from tfgan_zoo.presets import near

_MEANT = {
    **dict.fromkeys(
        ("num", "count", "number", "num_images", "num_samples", "size"), ("n", "steps")
    ),
    **dict.fromkeys(("label", "labels", "classes", "class_label", "y"), ("labels", "label")),
    **dict.fromkeys(("text", "texts", "prompt", "prompts", "caption"), ("texts", "text")),
    **dict.fromkeys(("seeds", "random_seed", "start"), ("seed", "seeds", "start_seed")),
    **dict.fromkeys(("truncation_psi", "psi"), ("truncation",)),
}


def suggesting(method):
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
