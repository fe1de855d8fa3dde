"""Checkpoints of CUT and FastCUT: residual generators, most of them anti-aliased.

Files, names and places are those of pytorch-CycleGAN-and-pix2pix; filters of blurs are layers there, and
tensors of the file. Without any, names alone do not tell these files from CycleGAN's: `train_opt.txt`
beside them does, or `family="cut"`.
"""

import numpy as np

from tfgan_zoo.weights import translation_parts as parts_of
from tfgan_zoo.weights.source import Converted, Family, by_layers

_TAPS = {3: (1, 2, 1), 4: (1, 3, 3, 1)}
_FILTERS = "filters of blurs, which are (1, 2, 1) and (1, 3, 3, 1) here too"
_MODELS = ("cut", "fastcut")
_LAYERS = "0,4,8,12,16"  # whose maps are compared


def _recognizes(source):
    found = parts_of.networks(source)
    generators = [tensors for name, tensors in found.items() if name == "G"]
    is_told = parts_of.training_options(source).get("model") in _MODELS or "F" in found
    return bool(generators) and all(
        parts_of.is_residual(g) and (is_told or parts_of.filters(g)) for g in generators
    )


def _convert(source):
    told, files = parts_of.training_options(source), parts_of.networks(source)
    parts, made = _parts(files), {}
    for network, part in parts.items():
        _check_filters(part.tensors)
        made |= part.found(network)
    options = parts_of.merged(parts) | parts_of.shape(parts["ema_generator"], told)
    options |= parts_of.objective(told) | _resampling(parts) | {"pad_to": 1}
    del options["network"]
    given = [part.tensors for part in parts.values()]
    if "F" in files:
        made |= _projector(files["F"], options, told)
        given.append(files["F"])
    variant = "FastCUT" if told.get("CUT_mode", "CUT").lower() == "fastcut" else "CUT"
    return Converted(variant, options, made, given)


def _parts(files):
    generator = next((files[name] for name in ("G", "G_A") if name in files), None)
    if generator is None or not parts_of.is_residual(generator):
        raise ValueError("There is no residual generator, which CUT's are; no others are read.")
    parts = {"ema_generator": parts_of.residual(generator)}
    if "D" in files:
        parts["discriminator"] = parts_of.discriminator(files["D"])
    given, made = parts["ema_generator"].channels
    if given != made:
        raise ValueError(f"CUT makes as many channels as it is given: {given}. Received: {made}.")
    return parts


def _resampling(parts):
    """Whether the networks blur, and how the generator enlarges."""
    generator = parts["ema_generator"]
    blocks = min(int(m[1]) for m in generator.tensors.found(r"model\.(\d+)\.conv_block\..*"))
    places = parts_of.filters(generator.tensors)
    blurs = {network: bool(parts_of.filters(part.tensors)) for network, part in parts.items()}
    blurs["ema_generator"] = any(place < blocks for place in places)
    if len(set(blurs.values())) > 1 and parts["discriminator"].options["patch"] > 1:
        raise ValueError(
            "The generator and the discriminator must both halve maps by a blur, or both by strides. "
            f"Received: {blurs}. Give the generator's file alone."
        )
    is_bilinear = any(place > blocks for place in places)
    return {
        "antialias": blurs["ema_generator"],
        "upsampling": "bilinear" if is_bilinear else "transpose",
    }


def _check_filters(tensors):
    tensors.leave(r"\.filt$", _FILTERS)
    for place in parts_of.filters(tensors):
        name = f"model.{place}.filt"
        found = np.asarray(tensors[name])
        taps = np.array(_TAPS.get(found.shape[-1], (0,)), float)
        wanted = np.outer(taps, taps) / max(taps.sum(), 1) ** 2
        if found.shape[-2:] != wanted.shape or not any(
            np.allclose(found, gain * wanted, atol=1e-4) for gain in (1, 4)
        ):
            raise ValueError(f"{name} is another filter than (1, 2, 1) or (1, 3, 3, 1).")


def _projector(tensors, options, told):
    """The two layers for each map; they are left out where other maps are compared than ours."""
    count = tensors.count(r"mlp_(\d+)\..*")
    widths = [tensors.shape(f"mlp_{n}.0.weight")[1] for n in range(count)]
    width = options["width"]
    ours = [options["image_shape"][-1], 2 * width, *[4 * width] * min(3, 1 + options["blocks"])]
    layers = told.get("nce_layers", _LAYERS).replace(" ", "")
    if not options["antialias"] or layers != _LAYERS or widths != ours:
        tensors.leave(".", "the projector of other maps than ours, with which training goes on")
        return {}
    options["projection_units"] = tensors.shape("mlp_0.0.weight")[0]
    rows = [("dense", f"mlp_{n}.{place}") for place in (0, 2) for n in range(count)]
    return by_layers(tensors, "projector", rows)


FAMILY = Family(
    "cut",
    "CUT and FastCUT (contrastive-unpaired-translation)",
    "https://github.com/taesungp/contrastive-unpaired-translation",
    "BSD 2-clause; terms of its published weights are not stated apart",
    _recognizes,
    _convert,
)
