"""Serving: an embedded server with TensorFlow Serving's protocol, a client, and configuration files.

It knows SavedModels and servers, never model classes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(
    __name__, __file__
)  # __init__.pyi names all
