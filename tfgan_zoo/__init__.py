"""GANs for Keras and TensorFlow: `fit` them, load them, serve them."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys

import lazy_loader

__version__ = "0.1.0"

_find, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # __init__.pyi names all


def __getattr__(name):
    if name in ("pictures", "training"):  # modules of an earlier release, which say what to use
        return importlib.import_module(f"{__name__}.{name}")
    return _find(name)


_PARTS = (
    "configurable",
    "engine",
    "layers",
    "losses",
    "networks",
    "penalties",
    "privacy",
    "regularizers",
    "tasks",
    "watermark",
)
_WITH_KERAS = {f"{__name__}.{part}" for part in _PARTS}  # parts of which the models are made


class _ModelsAfterKeras(importlib.abc.MetaPathFinder):
    """Imports the models when Keras is imported, which finds the class of a `.keras` file only then.

    So the client and `--help` do not import TensorFlow; the client runs where it is not installed.
    """

    _is_looking = False

    def find_spec(self, name, path=None, target=None):
        if name in _WITH_KERAS and _has_tensorflow():
            importlib.import_module("keras")  # and so the models, which import this part themselves
            return importlib.machinery.ModuleSpec(name, _Loaded())
        if name != "keras" or self._is_looking:
            return None
        self._is_looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_looking = False
        if spec is not None:  # somebody may only ask whether there is Keras, as TensorFlow does
            run = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self._load(run, module)
        return spec

    def _load(self, run, module):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        run(module)
        _import_models()


class _Loaded(importlib.abc.Loader):
    """Of a module that was loaded while it was looked for."""

    def create_module(self, spec):
        return importlib.import_module(spec.name)

    def exec_module(self, module):
        pass


def _has_tensorflow():
    return importlib.util.find_spec("tensorflow") is not None


def _import_models():
    if _has_tensorflow():
        importlib.import_module(f"{__name__}.models")
        importlib.import_module(f"{__name__}.forensics")  # whose class is found in a file too


if sys.modules.get("keras"):
    _import_models()
else:
    sys.meta_path.insert(0, _ModelsAfterKeras())
