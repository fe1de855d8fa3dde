"""Network snapshots of R3GAN's authors: pickled modules of PyTorch."""

import re

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.pickled import Object
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers, layout

_NETWORKS = {"generator": "G", "ema_generator": "G_ema", "discriminator": "D"}
_FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
_BLOCK = r"(Model\.MainLayers\.\d+\.Layers\.\d+)\.NonLinearity(\d)\.Bias"
_STAGE = r"Model\.MainLayers\.(\d+)\..*"


def _recognizes(source):
    wholes = [pytorch.children(module).get("Model") for module in _modules(source).values()]
    return bool(wholes) and all(m and "MainLayers" in pytorch.children(m) for m in wholes)


def _modules(source):
    """`{"generator": module, …}` of those that the one file has."""
    (tree,) = source.trees().values()
    tree = {"G_ema": tree} if isinstance(tree, Object) else tree
    found = {name: tree.get(theirs) for name, theirs in _NETWORKS.items()}
    return {name: module for name, module in found.items() if isinstance(module, Object)}


def _convert(source):
    given = {name: _tensors(module) for name, module in _modules(source).items()}
    tensors = {}
    for name, found in given.items():
        read = _discriminator if name == "discriminator" else _generator
        tensors |= read(found, name)
    return Converted("R3GAN", _options(given), tensors, list(given.values()))


def _tensors(module):
    """The tensors of a network, biases by the names of their convolutions."""
    arrays = {}
    for name, array in pytorch.state_dict(module).items():
        name = re.sub(_BLOCK, r"\1.LinearLayer\2.Layer.bias", name)
        arrays[name] = array
        if name.endswith("Resampler.Kernel") and not np.allclose(array / np.sum(array), _FILTER):
            raise ValueError(f"{name} is no filter of [1, 3, 3, 1], as all published ones are.")
    return Tensors(arrays, {r"Resampler\.Kernel$": "copies of the filter [1, 3, 3, 1]"})


# === Options ===


def _options(given):
    generator = given.get("ema_generator") or given.get("generator")
    if generator is None:
        raise ValueError("It holds no generator.")
    stages = range(generator.count(_STAGE))
    shapes = [generator.shape(_first(stage, "LinearLayer2")) for stage in stages]
    widths = [generator.shape(_first(stage, "LinearLayer1"))[1] for stage in stages]
    groups = {shape[1] for shape in shapes}
    expansions = {shape[0] / width for shape, width in zip(shapes, widths, strict=True)}
    if len(groups) > 1 or len(expansions) > 1:
        raise ValueError(
            f"Stages differ in expansion {expansions} or in channels a group {groups}."
        )
    coarsest = generator.shape(_name(0, 0, "Basis"))[1:]
    embedding = generator.shape("Model.EmbeddingLayer.weight")
    inputs = generator.shape(_name(0, 0, "LinearLayer.weight"))[1]
    latents = inputs - (embedding[0] if embedding else 0)
    if embedding and embedding[0] != latents:
        raise ValueError(f"Maps of classes have {embedding[0]} values, and latents {latents}.")
    sides = (side * 2 ** (len(widths) - 1) for side in coarsest)
    return {
        "image_shape": (*sides, generator.shape("Model.AggregationLayer.Layer.weight")[0]),
        "latent_dim": latents,
        "widths": tuple(widths),
        "blocks": generator.count(r"Model\.MainLayers\.0\.Layers\.(\d+)\..*") - 1,
        "expansion": int(expansions.pop()),
        "group_width": groups.pop(),
        "num_classes": embedding[1] if embedding else None,
    }


def _name(stage, place, rest):
    return f"Model.MainLayers.{stage}.Layers.{place}.{rest}"


def _first(stage, layer):
    return _name(stage, 1, f"{layer}.Layer.weight")


# === Networks ===


def _generator(tensors, network):
    rows = []
    if "Model.EmbeddingLayer.weight" in tensors:
        rows.append(("dense", "Model.EmbeddingLayer"))
    rows.append(("dense", _name(0, 0, "LinearLayer")))
    for stage in range(tensors.count(_STAGE)):
        rows += _transition(tensors, stage, 0) if stage else []
        rows += _blocks(tensors, stage, 1)
    rows.append(("conv2d", "Model.AggregationLayer.Layer"))
    basis = np.transpose(tensors[_name(0, 0, "Basis")], (1, 2, 0))
    return by_layers(tensors, network, rows) | {f"{network}/basis_maps/basis": basis}


def _discriminator(tensors, network):
    rows, last = [("conv2d", "Model.ExtractionLayer.Layer")], tensors.count(_STAGE) - 1
    for stage in range(last + 1):
        blocks = _blocks(tensors, stage, 0)
        rows += blocks + (_transition(tensors, stage, len(blocks) // 3) if stage < last else [])
    place = len(blocks) // 3
    found = by_layers(tensors, network, rows)
    basis = layout(tensors[_name(last, place, "Basis.weight")])  # [H, W, 1, C] of [C, 1, H, W]
    found[f"{network}/basis_products/basis"] = basis[:, :, 0]
    is_conditional = "Model.EmbeddingLayer.weight" in tensors
    linear = "dense" if is_conditional else "logits"
    found[f"{network}/{linear}/kernel"] = layout(tensors[_name(last, place, "LinearLayer.weight")])
    if is_conditional:
        found[f"{network}/dense_1/kernel"] = layout(tensors["Model.EmbeddingLayer.weight"])
    return found


def _transition(tensors, stage, place):
    """The convolution between stages of other widths."""
    prefix = _name(stage, place, "LinearLayer.Layer")
    return [("conv2d", prefix)] if f"{prefix}.weight" in tensors else []


def _blocks(tensors, stage, first):
    """The layers of a stage's residual blocks."""
    rows = []
    while _name(stage, first, "LinearLayer1.Layer.weight") in tensors:
        kinds = ("conv2d", "grouped_conv2d", "conv2d")
        for number, kind in enumerate(kinds, 1):
            rows.append((kind, _name(stage, first, f"LinearLayer{number}.Layer")))
        first += 1
    return rows


FAMILY = Family(
    "r3gan",
    "R3GAN",
    "https://github.com/brownvc/R3GAN",
    "not stated; the code has NVIDIA's headers: take it as non-commercial",
    _recognizes,
    _convert,
)
