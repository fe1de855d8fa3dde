"""Checkpoints of StarGAN: the generator alone, or with its discriminator.

Attributes are given as zeros and ones there. No file says whether an image has one alone, as with the
expressions of RaFD, so `multi_label` is on; `from_checkpoint(path, multi_label=False)` takes one class.
"""

import re

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers

_FILE = r"(\d+)-([GD])\.ckpt"
_STATISTICS = "statistics that the authors' code never uses: it takes those of each image"


def _networks(source):
    """`{"G", "D": Tensors}` of the last step in the folder, or of the one file."""
    files = {}
    for file in sorted(source.matching(_FILE), key=lambda file: int(file.name.split("-")[0])):
        files[re.fullmatch(_FILE, file.name)[2]] = file
    if not files and len(others := source.matching(r".*\.(ckpt|pth)")) == 1:
        files = {"G": others[0]}
    return {name: Tensors(pytorch.state_dict(source.tree(file))) for name, file in files.items()}


def _recognizes(source):
    tensors = _networks(source).get("G", {})
    return "main.0.weight" in tensors and bool(tensors.found(r"main\.\d+\.main\.0\.weight"))


def _convert(source):
    found = _networks(source)
    rows, options = _generator(found["G"])
    tensors = by_layers(found["G"], "ema_generator", rows)
    if "D" in found:
        rows, own = _discriminator(found["D"])
        tensors |= by_layers(found["D"], "discriminator", rows)
        options |= own
    return Converted("StarGAN", {**options, "multi_label": True}, tensors, list(found.values()))


def _generator(tensors):
    tensors.leave(r"\.running_(mean|var)$", _STATISTICS)
    places = [int(match[1]) for match in tensors.found(r"main\.(\d+)\.weight")]
    places = sorted(n for n in places if len(tensors.shape(f"main.{n}.weight")) == 4)
    blocks = sorted(int(match[1]) for match in tensors.found(r"main\.(\d+)\.main\.0\.weight"))
    steps = [("conv2d", f"main.{n}", f"main.{n + 1}") for n in places[:3]]
    for block in blocks:
        steps += [
            ("conv2d", f"main.{block}.main.{n}", f"main.{block}.main.{n + 1}") for n in (0, 3)
        ]
    steps += [("conv2d_transpose", f"main.{n}", f"main.{n + 1}") for n in places[3:-1]]
    rows = []
    for kind, prefix, norm in steps:
        rows += [(kind, prefix), ("instance_normalization", norm)]
    rows.append(("conv2d", f"main.{places[-1]}"))
    width, given = tensors.shape("main.0.weight")[:2]
    made = tensors.shape(f"main.{places[-1]}.weight")[0]
    options = {"width": width, "blocks": len(blocks), "num_classes": given - made}
    return rows, options | {"image_shape": (128, 128, made)}


def _discriminator(tensors):
    count = len(tensors.found(r"main\.(\d+)\.weight"))
    rows = [("conv2d", f"main.{2 * n}") for n in range(count)]
    rows += [("conv2d", "conv2"), ("conv2d", "conv1")]
    width, channels = tensors.shape("main.0.weight")[:2]
    sides = [side * 2**count for side in tensors.shape("conv2.weight")[2:]]
    options = {"image_shape": (*sides, channels), "discriminator_width": width}
    return rows, {**options, "discriminator_layers": count}


FAMILY = Family(
    "stargan",
    "StarGAN",
    "https://github.com/yunjey/stargan",
    "MIT",
    _recognizes,
    _convert,
)
