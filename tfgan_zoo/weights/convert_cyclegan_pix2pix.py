"""Checkpoints of pytorch-CycleGAN-and-pix2pix: see `translation_parts`."""

from tfgan_zoo.weights import translation_parts as parts_of
from tfgan_zoo.weights.source import Converted, Family


def _recognizes(source):
    found = parts_of.networks(source)
    generators = [tensors for name, tensors in found.items() if name[0] == "G"]
    is_cut = "F" in found or parts_of.training_options(source).get("model") in ("cut", "sincut")
    fits = [
        parts_of.is_unet(g) or (parts_of.is_residual(g) and not parts_of.filters(g))
        for g in generators
    ]
    return bool(fits) and all(fits) and not is_cut


def _convert(source):
    told, parts = parts_of.training_options(source), {}
    for name, tensors in parts_of.networks(source).items():
        read = {"G": parts_of.generator, "D": parts_of.discriminator}.get(name[0])
        parts |= {name: read(tensors)} if read else {}
    names, is_pix2pix = _names(parts), _is_pix2pix(parts, told)
    given = {ours: parts[name] for name, ours in names.items() if name in parts}
    found = {}
    for ours, part in given.items():
        found |= part.found(ours)
    variant = "Pix2Pix" if is_pix2pix else "CycleGAN"
    options = _options(given, told, is_pix2pix)
    return Converted(variant, options, found, [part.tensors for part in given.values()])


def _names(parts):
    """`{name in files: our network}`. A single generator's direction is forward."""
    backward = {"G_B": "ema_backward_generator", "D_B": "backward_discriminator"}
    if {"G_A", "G_B"} <= set(parts):
        return {"G_A": "ema_generator", "D_A": "discriminator", **backward}
    generator = next(name for name in ("G", "G_A", "G_B") if name in parts)
    return {generator: "ema_generator", f"D{generator[1:]}": "discriminator"}


def _is_pix2pix(parts, told):
    """Whether a single generator is one of pairs: so the training's options say, or what its
    discriminator is given; else a U-Net is."""
    if "G" not in parts:
        return False
    if told.get("model") in ("pix2pix", "colorization", "cycle_gan"):
        return told["model"] != "cycle_gan"
    if "D" in parts:
        return parts["D"].channels[0] == sum(parts["G"].channels)
    return parts["G"].options["network"] == "unet"


def _options(given, told, is_pix2pix):
    part = given["ema_generator"]
    shape = parts_of.shape(part, told)
    options = {**parts_of.merged(given), **shape, **parts_of.objective(told)}
    options |= {"dropout": _dropout(told, is_pix2pix)} if part.halvings else {"pad_to": 1}
    if is_pix2pix:
        return {**options, "innermost_dropout": False}
    if "target_channels" in shape:
        options["identity_weight"] = 0.0  # of what a generator makes of its own targets
    return {**options, "both_ways": "ema_backward_generator" in given}


def _dropout(told, is_pix2pix):
    """The rate of a U-Net, whose file does not tell it."""
    default = "False" if is_pix2pix else "True"
    return 0.0 if told.get("no_dropout", default) == "True" else 0.5


FAMILY = Family(
    "cyclegan_pix2pix",
    "pytorch-CycleGAN-and-pix2pix",
    "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
    "BSD 2-clause; terms of its published weights are not stated apart",
    _recognizes,
    _convert,
)
