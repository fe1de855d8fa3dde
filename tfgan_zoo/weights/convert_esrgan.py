"""Checkpoints of ESRGAN, Real-ESRGAN and BasicSR: RRDBNet in three namings, and SRVGGNetCompact."""

import math
import re

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers, unshuffled

NETWORK = "ema_generator"
_PARTS = ("params_ema", "params")  # of BasicSR; the average comes first
_STARTS = ("conv_first.weight", "model.0.weight", "body.0.weight")
_DENSE = [f"conv{number}" for number in range(1, 6)]


def _states(source):
    """The state dict of the one file, and how BasicSR calls it, or None."""
    (tree,) = source.trees().values()
    if not isinstance(tree, dict):
        return {}, None
    part = next((part for part in _PARTS if isinstance(tree.get(part), dict)), None)
    return (tree[part] if part else tree), part


def _recognizes(source):
    if len(source.trees()) != 1:
        return False
    names = set(_states(source)[0])
    is_compact = any(re.fullmatch(r"body\.\d+\.weight", str(name)) for name in names)
    is_dense = any(re.search(r"rdb1\.conv1\.", str(name), re.IGNORECASE) for name in names)
    return bool(names.intersection(_STARTS)) and (is_compact or is_dense)


def _convert(source):
    state, part = _states(source)
    tensors = Tensors(pytorch.state_dict(state))
    if "body.0.weight" in tensors:
        return _compact(tensors)
    return _residual_dense(tensors, "ESRGAN" if part is None else "RealESRGAN")


# === RRDBNet ===


def _residual_dense(tensors, variant):
    first, blocks, trunk, ups, last = _naming(tensors)
    dense = [f"{block}.{rdb}.{conv}" for block, rdb, conv in blocks]
    names = [first, *dense, trunk, *ups, last[0]]
    rows = [*(("conv2d", name) for name in names), ("conv2d:pixels_made", last[1])]
    width, channels = tensors.shape(f"{first}.weight")[:2]
    made = tensors.shape(f"{last[1]}.weight")[:1][0]
    scale, variant = _scale(channels, made, len(ups), variant)
    options = {
        "scale": scale,
        "image_shape": (64, 64, made),
        "width": width,
        "blocks": len(blocks) // 15,
        "growth": tensors.shape(f"{dense[0]}.weight")[0],
        "pretraining_steps": None,
    }
    found = by_layers(tensors, NETWORK, rows)
    if channels != made:
        found[f"{NETWORK}/conv2d/kernel"] = unshuffled(found[f"{NETWORK}/conv2d/kernel"], 2, 2)
    return Converted(variant, options, found, [tensors])


def _naming(tensors):
    """The names of all convolutions: the first, those of blocks, the trunk's, those that enlarge, and
    the two last ones."""
    if "model.0.weight" in tensors:  # ESRGAN's first code
        count = tensors.count(r"model\.1\.sub\.(\d+)\.RDB1\..*")
        blocks = [
            (f"model.1.sub.{n}", *names) for n in range(count) for names in _rdbs("RDB", ".0")
        ]
        rest = [f"model.{match[1]}" for match in tensors.found(r"model\.(\d+)\.weight")][1:]
        return "model.0", blocks, f"model.1.sub.{count}", rest[:-2], rest[-2:]
    is_old = "trunk_conv.weight" in tensors
    stem, rdb = ("RRDB_trunk", "RDB") if is_old else ("body", "rdb")
    count = tensors.count(rf"{stem}\.(\d+)\.{rdb}1\..*")
    blocks = [(f"{stem}.{n}", *names) for n in range(count) for names in _rdbs(rdb, "")]
    up, last = (
        ("upconv", ["HRconv", "conv_last"]) if is_old else ("conv_up", ["conv_hr", "conv_last"])
    )
    ups = [f"{up}{n}" for n in (1, 2) if f"{up}{n}.weight" in tensors]
    return "conv_first", blocks, "trunk_conv" if is_old else "conv_body", ups, last


def _rdbs(rdb, suffix):
    return [(f"{rdb}{number}", f"{conv}{suffix}") for number in (1, 2, 3) for conv in _DENSE]


def _scale(channels, made, enlargements, variant):
    """The factor, and the class that computes so: pixels become channels first in Real-ESRGAN's x2."""
    unshuffled = math.isqrt(channels // made)
    if unshuffled == 1 and enlargements in (1, 2):
        if enlargements == 1:
            variant = "ESRGAN"  # whose x2 enlarges once
        return 2**enlargements, variant
    if unshuffled == 2 and enlargements == 2:
        return 2, "RealESRGAN"
    raise ValueError(
        f"RRDBNet of {channels} channels given, {made} made and {enlargements} enlargements: enlargers "
        "by 2 and by 4 are read."
    )


# === SRVGGNetCompact ===


def _compact(tensors):
    count = tensors.count(r"body\.(\d+)\.weight")
    places = range(0, count, 2)
    if any(len(tensors.shape(f"body.{n + 1}.weight")) != 1 for n in places[:-1]):
        raise ValueError(
            "SRVGGNetCompact without slopes: its activation is ReLU or LeakyReLU, and the file does not "
            "say which. Those with act_type 'prelu' are read, as all published ones are."
        )
    rows = [("conv2d", f"body.{n}") for n in places[:-1]]
    rows += [("p_re_lu", f"body.{n + 1}") for n in places[:-1]]
    rows.append(("conv2d:pixels_made", f"body.{places[-1]}"))
    width, channels = tensors.shape("body.0.weight")[:2]
    options = {
        "network": "srvgg",
        "scale": math.isqrt(tensors.shape(f"body.{places[-1]}.weight")[0] // channels),
        "image_shape": (64, 64, channels),
        "width": width,
        "blocks": len(places) - 2,
        "pretraining_steps": None,
    }
    found = by_layers(tensors, NETWORK, rows)
    for name in ("kernel", "bias"):
        name = f"{NETWORK}/pixels_made/{name}"
        found[name] = unshuffled(found[name], options["scale"], -1)
    return Converted("RealESRGAN", options, found, [tensors])


FAMILY = Family(
    "esrgan",
    "ESRGAN, Real-ESRGAN and BasicSR",
    "https://github.com/xinntao/Real-ESRGAN",
    "BSD 3-clause (Real-ESRGAN), Apache-2.0 (ESRGAN, BasicSR)",
    _recognizes,
    _convert,
)
