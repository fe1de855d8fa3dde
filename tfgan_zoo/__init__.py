"""GANs for Keras and TensorFlow: `fit` them, load them, serve them."""

import importlib.abc
import importlib.util
import sys

__version__ = "0.1.0"

_MODULES = (
    "augment",
    "callbacks",
    "datasets",
    "evaluation",
    "export",
    "latent",
    "layers",
    "losses",
    "metrics",
    "models",
    "penalties",
    "pictures",
    "presets",
    "serving",
    "training",
)
_MODELS = (
    "GAN",
    "ACGAN",
    "BEGAN",
    "BigGAN",
    "BigGANDeep",
    "ConditionalGAN",
    "DCGAN",
    "InfoGAN",
    "LSGAN",
    "ProGAN",
    "R3GAN",
    "SAGAN",
    "SNGAN",
    "SSGAN",
    "StyleGAN",
    "StyleGAN2",
    "TextGAN",
    "VAEGAN",
    "VanillaGAN",
    "WGAN",
    "WGANGP",
)
__all__ = [*_MODULES, *_MODELS, "from_preset", "list_presets"]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "models" if name in _MODELS else "presets"
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__():
    return sorted([*globals(), *__all__])


class _ModelsAfterKeras(importlib.abc.MetaPathFinder):
    """Imports the models when Keras is imported, which finds the class of a `.keras` file only then.

    So the client and `--help` do not import TensorFlow; the client runs where it is not installed.
    """

    _is_looking = False

    def find_spec(self, name, path=None, target=None):
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


def _import_models():
    if importlib.util.find_spec("tensorflow") is not None:
        importlib.import_module(f"{__name__}.models")


if sys.modules.get("keras"):
    _import_models()
else:
    sys.meta_path.insert(0, _ModelsAfterKeras())
