"""Serving: an embedded server with TensorFlow Serving's protocol, a client, and configuration files.

It knows SavedModels and servers, never model classes.
"""

import importlib

_HOMES = {
    "Client": "client",
    "AsyncClient": "client",
    "verify": "golden",
    "StatusError": "statuses",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
