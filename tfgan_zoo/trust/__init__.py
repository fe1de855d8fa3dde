"""What a model from elsewhere may do: a SavedModel is a program, and a `.keras` file names classes.

A graph may read and write files, call out to the network, or run Python, in a signature as well as in
what runs while it is loaded. `check` looks at every op of a SavedModel before it is loaded, those of all
functions included, and refuses what is not known to compute only. It is no sandbox: a model that passes
can still take memory and time without bounds, and TensorFlow's own kernels may have faults.
"""

import importlib

_HOMES = {
    "UntrustedModelError": "errors",
    "check": "saved_models",
    "check_graphs": "saved_models",
    "allowed_ops": "ops",
    "load_keras": "keras_files",
    "load_network": "keras_files",
    "check_class": "keras_files",
    "bounded": "sizes",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
