"""Names of an earlier release, which work for one more, with a DeprecationWarning."""

import importlib
import sys
import warnings


def renamed(module, **names):
    """A module's `__getattr__` that knows its old names: `__getattr__ = renamed(__name__, Old="New")`.

    Args:
        module: The module's own name.
        names: New name by old name. A name with dots is that of a module or of something in it;
            others are names of the module itself.
    """

    def find(name):
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        path = names[name] if "." in names[name] else f"{module}.{names[name]}"
        home, _, new = path.rpartition(".")
        warn(f"{module}.{name}", path)
        return getattr(importlib.import_module(home), new)

    return find


def moved(module, new):
    """The `__getattr__` of a module that is now called `new`, and has the same names there."""

    def find(name):
        names = vars(importlib.import_module(new))
        if name not in names or name.startswith("__"):  # which the import system looks for
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name}", f"{new}.{name}")
        return names[name]

    return find


def renamed_attribute(old, new):
    """A property under an object's old name: `mean_style = renamed_attribute("mean_style", "w_avg")`."""

    def find(self):
        warn(f"{type(self).__name__}.{old}", new)
        return getattr(self, new)

    return Renamed(find)


class Renamed(property):
    """An old name, which `dir` should not have: Keras looks at all that it has when it saves a model."""


def warn(old, new):
    """Warns whoever used `old` that it is called `new` now."""
    tell(f"{old} is called {new} now; the old name goes with the next release.")


def tell(message, category=DeprecationWarning):
    """A warning at the caller's line: the first one outside of this package, of Keras and of Python's
    import system. By default Python shows deprecations in a user's own script alone."""
    frame, level = sys._getframe(1), 2
    while frame is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(frame):
    module = frame.f_globals.get("__name__", "").partition(".")[0]
    return module in (__name__.partition(".")[0], "keras", "importlib", "contextlib")
