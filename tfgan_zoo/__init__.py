"""GANs for Keras and TensorFlow: `fit` them, load them, serve them."""

import importlib
import os
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


# Keras finds the class of a `.keras` file only where it was imported. The command line imports the
# models when a command needs them, so that `--help` need not wait for TensorFlow. While Python looks
# for the module of `python -m tfgan_zoo`, its first argument is "-m".
if os.path.basename(*sys.argv[:1] or [""]) not in ("tfgan-zoo", "-m"):
    importlib.import_module(f"{__name__}.models")
