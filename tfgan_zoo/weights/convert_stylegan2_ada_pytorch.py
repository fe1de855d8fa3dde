"""Networks of StyleGAN2-ADA's authors, pickled modules of PyTorch: generator, average, discriminator."""

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.pickled import Object
from tfgan_zoo.weights.source import Family, Tensors
from tfgan_zoo.weights.stylegan2 import converted

NETWORKS = {"generator": "G", "ema_generator": "G_ema", "discriminator": "D"}
_BLOCK = "synthesis.b4.conv1.affine"
FILTERS = {r"resample_filter$": "copies of the filter, and those of layers that do not resample"}


# === Files ===


def modules(source):
    """`{"generator": module, …}` of those that the one file has."""
    trees = list(source.trees().values())
    tree = trees[0] if len(trees) == 1 else {}
    if isinstance(tree, Object):
        tree = {"G_ema": tree}
    found = {name: tree.get(theirs) for name, theirs in NETWORKS.items()}
    return {name: module for name, module in found.items() if isinstance(module, Object)}


def _recognizes(source):
    return holds(modules(source), _BLOCK)


def is_generator(module):
    """Whether a pickled module is a generator of theirs."""
    return _has(module, "mapping") and _has(module, _BLOCK)


def holds(parts, path):
    """Whether each generator of `modules` has a mapping network and that module, and a discriminator of
    theirs, if there is one, is StyleGAN2's."""
    generators = [m for name, m in parts.items() if name != "discriminator"]
    wholes = [_has(m, "mapping") and _has(m, path) for m in generators]
    is_known = "discriminator" not in parts or _has(parts["discriminator"], "b4.out")
    return bool(wholes) and all(wholes) and is_known


def _convert(source):
    return converted(*read(modules(source), of_generator, FILTERS))


def read(parts, of_generator, left_out):
    """The `Tensors` of modules, `{name: module}`, and the options that no tensor tells."""
    tensors = {name: Tensors(pytorch.state_dict(m), left_out) for name, m in parts.items()}
    settings = {}
    for name, module in parts.items():
        settings |= _of_discriminator(module) if name == "discriminator" else of_generator(module)
    return tensors, settings


def _has(module, path):
    return at(module, path) is not None


def at(module, path):
    """The module of that path; None where there is none."""
    for name in path.split("."):
        module = pytorch.children(module).get(name) if module is not None else None
    return module


def setting(module, path, name):
    """An attribute of a module within, as a plain value."""
    return plain(pytorch.attributes(at(module, path)).get(name))


def plain(value):
    """A number of NumPy's as one of Python's."""
    return value.item() if isinstance(value, np.generic) else value


def of_generator(module):
    """What no tensor of StyleGAN2's generator tells, as options of our class."""
    return {
        **of_styles(module),
        "g_activation": setting(module, "synthesis.b4.conv1", "activation"),
        "g_conv_clamp": setting(module, "synthesis.b4.conv1", "conv_clamp"),
    }


def of_styles(module):
    """What no tensor of a generator's mapping network tells, as options of our class."""
    momentum = setting(module, "mapping", "w_avg_beta")
    if momentum is None:
        raise ValueError("Its mapping network keeps no average of styles (w_avg_beta is None).")
    return {
        "latent_dim": int(setting(module, "mapping", "z_dim")),
        "w_avg_momentum": float(momentum),
        **_of_mapping(module, ""),
    }


def _of_mapping(module, player):
    first = at(module, "mapping.fc0")
    if first is None:
        return {}
    activation = pytorch.attributes(first)["activation"]
    return {
        f"{player}mapping_learning_rate_multiplier": float(pytorch.attributes(first)["bias_gain"]),
        f"{player}mapping_activation": activation,
    }


def _of_discriminator(module):
    blocks = [name for name in pytorch.children(module) if name not in ("b4", "mapping")]
    found = {
        "d_activation": setting(module, "b4.conv", "activation"),
        "d_conv_clamp": setting(module, "b4.conv", "conv_clamp"),
        **_of_mapping(module, "d_"),
    }
    others = {setting(module, f"{block}.conv0", "activation") for block in blocks}
    if others - {found["d_activation"]}:
        raise ValueError("The discriminator's last layers have another activation than its blocks.")
    if _has(module, "b4.mbstd"):
        found["stddev_group_size"] = setting(module, "b4.mbstd", "group_size")
    return found


FAMILY = Family(
    "stylegan2_ada_pytorch",
    "StyleGAN2-ADA in PyTorch (NVlabs/stylegan2-ada-pytorch)",
    "https://github.com/NVlabs/stylegan2-ada-pytorch",
    "NVIDIA Source Code License (non-commercial)",
    _recognizes,
    _convert,
)
