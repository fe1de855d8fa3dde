"""Checkpoints of FastGAN's authors, and of what was made of their code."""

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.fastgan import fill_generator, generator_options
from tfgan_zoo.weights.residual import Filling
from tfgan_zoo.weights.source import Converted, Family, Tensors

_BUFFERS = ("_u", "_v", "running_mean", "running_var", "num_batches_tracked")
_DECODERS = ("decoder_big", "decoder_small", "decoder_part")


def _recognizes(source):
    (tree,) = source.trees().values()
    g = tree.get("g") if isinstance(tree, dict) else None
    names = {name.removeprefix("module.") for name in pytorch.state_dict(g)}
    return {"init.init.0.weight_orig", "to_128.weight_orig", "to_big.weight_orig"} <= names


def _convert(source):
    (tree,) = source.trees().values()
    arrays = pytorch.state_dict(tree["g"])
    current = Tensors(arrays)
    options, given, found = generator_options(current), [], {}
    options["generator_blocks"] = "alternating"
    if tree.get("g_ema"):
        found |= _generator(current, "generator", options)
        given.append(current)
    average = Tensors(_averaged(arrays, tree["g_ema"]) if tree.get("g_ema") else arrays)
    found |= _generator(average, "ema_generator", options)
    given.append(average)
    if tree.get("d"):
        critic = Tensors(pytorch.state_dict(tree["d"]))
        given.append(critic)
        found |= _discriminator(critic, options)
        found |= _decoder(critic)
        options |= _critic_options(critic)
    return Converted("FastGAN", options, found, given)


def _averaged(arrays, values):
    """The state of the generator with averaged parameters: a list of them, in the order of the state's,
    which has statistics and singular vectors besides."""
    names = [name for name in arrays if not name.endswith(_BUFFERS)]
    if len(names) != len(values):
        raise ValueError(f"g_ema has {len(values)} tensors, and g has {len(names)} parameters.")
    averaged = {name: value.numpy() for name, value in zip(names, values, strict=True)}
    for name, value in averaged.items():
        if np.shape(value) != np.shape(arrays[name]):
            raise ValueError(
                f"g_ema has shape {np.shape(value)} in the place of {name}, {np.shape(arrays[name])}."
            )
    return {**arrays, **averaged}


def _generator(tensors, network, options):
    filling = fill_generator(tensors, network, "", options)
    filling.layer("spectral_conv2d", "to_128")
    filling.layer("spectral_conv2d", "to_big")
    return filling.found


# === Discriminator ===


def _critic_options(tensors):
    return {
        "discriminator_width": tensors.shape("down_64.main.0.weight_orig")[0] // 8,
        "decoder_width": tensors.shape("decoder_big.main.4.1.weight_orig")[0] // 2,
        "discriminator_spectral_norm": "stored",
    }


def _discriminator(tensors, options):
    filling = Filling(tensors, "discriminator", "stored")
    conv = lambda prefix: filling.layer("spectral_conv2d", prefix)  # noqa: E731
    conv("down_from_big.0")
    if options["image_shape"][0] == 1024:
        conv("down_from_big.2")
        filling.normalization("down_from_big.3")
    for halvings in (4, 8, 16, 32, 64):
        for part in ("main.0", "main.3", "direct.1"):
            head, _, place = part.partition(".")
            conv(f"down_{halvings}.{part}")
            filling.normalization(f"down_{halvings}.{head}.{int(place) + 1}")
        if halvings >= 16:
            for place in (1, 3):
                conv(f"se_{halvings // 8}_{halvings}.main.{place}")
    conv("rf_big.0")
    filling.normalization("rf_big.1")
    conv("down_from_small.0")
    for place in (2, 3, 4):
        conv(f"down_from_small.{place}.main.0")
        filling.normalization(f"down_from_small.{place}.main.1")
    conv("rf_big.3")
    conv("rf_small")
    return filling.found


def _decoder(tensors):
    filling = Filling(tensors, "decoder", "stored")
    for name in _DECODERS:
        for place in (1, 2, 3, 4):
            filling.layer("spectral_conv2d", f"{name}.main.{place}.1")
            filling.normalization(f"{name}.main.{place}.2")
        filling.layer("spectral_conv2d", f"{name}.main.5")
    return filling.found


FAMILY = Family(
    "fastgan",
    "FastGAN",
    "https://arxiv.org/abs/2101.04775",
    "GPL 3 (of the authors' code; weights are mostly those of others, with terms of their own)",
    _recognizes,
    _convert,
)
