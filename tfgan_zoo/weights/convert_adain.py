"""Checkpoints of pytorch-AdaIN: a decoder, and the VGG beside it, which all decoders share."""

import re

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers, layout

_VGG = "vgg_normalised.pth"
_DECODER = r"decoder(?:_iter_(\d+))?\.pth(?:\.tar)?"
_LAST = 29  # conv4_1
_PLACES = {2: "1_1", 5: "1_2", 9: "2_1", 12: "2_2", 16: "3_1", 19: "3_2", 22: "3_3", 25: "3_4"}
_PLACES[_LAST] = "4_1"
_DECODED = (1, 5, 8, 11, 14, 18, 21, 25, 28)
_WIDTHS = (64, 128, 256, 512)  # VGG's own
# What our VGG does with images in [-1, 1] before its first convolution: see `networks.vgg`.
SHIFT, SCALE = np.array([-0.030, -0.088, -0.188]), np.array([0.458, 0.448, 0.450])


def _networks(source):
    """`{"decoder", "vgg": Tensors}` of what is there: the decoder of the last iteration, and the VGG in
    the folder or beside the file."""
    trees, beside = {}, source.path.parent / _VGG
    if source.path.is_file():
        trees = {_kind(source.tree(source.path)): source.path}
        if "decoder" in trees and beside.is_file():
            trees["vgg"] = beside
    else:
        for file in sorted(source.matching(_DECODER), key=_iteration):
            trees["decoder"] = file
        if _VGG in source.files:
            trees["vgg"] = source.files[_VGG]
    return {kind: Tensors(pytorch.state_dict(source.tree(file))) for kind, file in trees.items()}


def _kind(tree):
    return "vgg" if "0.weight" in tree else "decoder"


def _iteration(file):
    """Of two files that with the larger one is later; "decoder.pth" is the last."""
    number = re.fullmatch(_DECODER, file.name)[1]
    return (number is None, int(number or 0))


def _recognizes(source):
    found = _networks(source)
    is_decoder = {f"{n}.weight" for n in _DECODED} == {
        name for name in found.get("decoder", {}) if name.endswith("weight")
    }
    is_vgg = found.get("vgg", Tensors({})).shape("0.weight")[2:] == (1, 1)
    return is_decoder or (is_vgg and "decoder" not in found)


def _convert(source):
    found = _networks(source)
    if set(found) != {"decoder", "vgg"}:
        raise ValueError(
            f"AdaIN needs its decoder and {_VGG} in one folder. There is: {', '.join(found)}."
        )
    source.files.setdefault(_VGG, source.path.parent / _VGG)
    decoder, vgg = found["decoder"], found["vgg"]
    widths = tuple(vgg.shape(f"{place}.weight")[0] for place in (2, 9, 16, _LAST))
    options = {"image_shape": (256, 256, 3), "pad_to": 1}
    if widths != _WIDTHS:
        options["widths"] = widths
    tensors = _decoded(decoder) | _encoder(vgg)
    tensors["state/encoder_is_loaded"] = np.int64(1)
    return Converted("AdaIN", options, tensors, [decoder, vgg])


def _decoded(tensors):
    """The decoder, whose images are in [0, 1] there."""
    found = by_layers(tensors, "ema_generator", [("conv2d", str(place)) for place in _DECODED])
    last = f"ema_generator/conv2d_{len(_DECODED) - 1}"
    found[f"{last}/kernel"] = 2 * found[f"{last}/kernel"]
    found[f"{last}/bias"] = 2 * found[f"{last}/bias"] - 1
    return found


def _encoder(tensors):
    """The encoder; its first convolution, of single pixels in [0, 1], becomes a part of the next one."""
    tensors.leave(r"^(3[0-9]|[4-9][0-9])\.", "layers beyond relu4_1, which AdaIN does not use")
    rows = [(f"conv2d:conv{name}", str(place)) for place, name in _PLACES.items()]
    found = by_layers(tensors, "encoder", rows)
    colours = np.float64(layout(tensors["0.weight"])[0, 0]) / 2  # [3, 3], of x + 1
    added = colours.sum(0) + np.float64(tensors["0.bias"])
    kernel = np.float64(found["encoder/conv1_1/kernel"])
    added = added + SHIFT @ colours  # x is what our VGG makes of images, times SCALE, plus SHIFT
    found["encoder/conv1_1/bias"] = found["encoder/conv1_1/bias"] + kernel.sum((0, 1)).T @ added
    found["encoder/conv1_1/kernel"] = (SCALE[:, None] * colours) @ kernel
    return found


FAMILY = Family(
    "adain",
    "pytorch-AdaIN",
    "https://github.com/naoto0804/pytorch-AdaIN",
    "MIT",
    _recognizes,
    _convert,
)
