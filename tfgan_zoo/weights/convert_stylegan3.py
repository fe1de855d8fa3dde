"""Networks of StyleGAN3's authors, pickled modules of PyTorch: generator, average, discriminator."""

import itertools
import types

import numpy as np

from tfgan_zoo.layers import FilteredLeakyReLU
from tfgan_zoo.layers.signals import filters, signals
from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.convert_stylegan2_ada_pytorch import (
    FILTERS,
    at,
    holds,
    modules,
    of_styles,
    plain,
    read,
    setting,
)
from tfgan_zoo.weights.source import Family, layout, listed
from tfgan_zoo.weights.stylegan2 import converted, shapes_of_mapping
from tfgan_zoo.weights.torch_values import Array

_LEFT_OUT = {**FILTERS, r"\.(up|down)_filter$": "filters, which are those that the options give"}
_DEFAULTS = {  # of arguments that a file has where they are others
    "channel_base": 32768,
    "channel_max": 512,
    "num_layers": 14,
    "num_critical": 2,
    "first_cutoff": 2.0,
    "first_stopband": 2.0**2.1,
    "last_stopband_rel": 2.0**0.3,
    "margin_size": 10,
    "output_scale": 0.25,
    "conv_kernel": 3,
    "filter_size": 6,
    "lrelu_upsampling": 2,
    "use_radial_filters": False,
    "conv_clamp": 256.0,
    "magnitude_ema_beta": 0.999,
}
_OURS = {"conv_clamp": "g_conv_clamp", "magnitude_ema_beta": "magnitude_momentum"}
_OTHERS = {"w_dim", "img_resolution", "img_channels", "num_fp16_res"}
_LAYER = r"synthesis\.(L(\d+)_\d+_\d+)\.weight"


def _recognizes(source):
    return holds(modules(source), "synthesis.input.affine")


def _convert(source):
    parts = modules(source)
    tensors, settings = read(parts, _of_generator, _LEFT_OUT)
    found = converted(tensors, settings, "StyleGAN3", _shapes, _synthesis)
    for name in tensors.keys() - {"discriminator"}:
        _check_layers(parts[name], tensors[name], types.SimpleNamespace(**found.options))
    return found


# === Options ===


def _of_generator(module):
    """What no tensor tells, as options of our class."""
    given = pytorch.attributes(at(module, "synthesis")).get("_init_kwargs", {})
    if unknown := given.keys() - _DEFAULTS.keys() - _OTHERS:
        raise ValueError(
            f"Its synthesis network has arguments that are not known: {listed(unknown)}."
        )
    edge, colours = (setting(module, "synthesis", f"img_{x}") for x in ("resolution", "channels"))
    options = {name: plain(given.get(name, default)) for name, default in _DEFAULTS.items()}
    options = {_OURS.get(name, name): value for name, value in options.items()}
    return {**of_styles(module), **options, "image_shape": (edge, edge, colours)}


def _shapes(tensors):
    """What the tensors of a generator tell, as options of our class."""
    last = f"synthesis.{_layers(tensors)[-1]}"
    return {
        "style_dim": tensors.shape(f"{last}.affine.weight")[1],
        **shapes_of_mapping(tensors),
    }


def _layers(tensors):
    """The names of the layers, in their order."""
    found = sorted((int(match[2]), match[1]) for match in tensors.found(_LAYER))
    return [name for _, name in found]


def _check_layers(module, tensors, options):
    """Refuses layers that are sampled or filtered in another way than the options say."""
    names = _layers(tensors)
    if len(names) != options.num_layers + 1:
        raise ValueError(f"It has {len(names)} layers, and num_layers is {options.num_layers}.")
    first, *inner, image = signals(options)
    pairs = itertools.pairwise([first, first, *inner])
    for name, (before, after) in zip(names, pairs, strict=False):
        given = FilteredLeakyReLU(after.size, **filters(options, before, after))
        for end in ("up", "down"):
            ours, theirs = getattr(given, f"{end}_filter"), f"synthesis.{name}.{end}_filter"
            theirs = tensors[theirs] if theirs in tensors else np.ones(1)
            if np.shape(theirs) != ours.shape or not np.allclose(theirs, ours, atol=1e-6):
                raise ValueError(f"The {end}_filter of {name} is not that which its options give.")
    for name, signal in zip(names, (first, *inner, image), strict=True):
        size = setting(module, f"synthesis.{name}", "out_size")
        size = size.numpy() if isinstance(size, Array) else size
        if np.any(np.asarray(size) != signal.size):
            raise ValueError(f"{name} gives maps of {size}, and its options {signal.size}.")


# === Layers, in the order in which our networks are made ===


def _synthesis(tensors):
    start = "synthesis.input"
    yield (
        "waves",
        {
            "kernel": layout(tensors[f"{start}.weight"]),
            "frequencies": tensors[f"{start}.freqs"],
            "phases": tensors[f"{start}.phases"],
            "transform": tensors[f"{start}.transform"],
            **_style(tensors, start),
        },
    )
    for name in _layers(tensors):
        layer = f"synthesis.{name}"
        yield (
            "alias_free_conv2d",
            {
                "kernel": layout(tensors[f"{layer}.weight"]),
                "bias": tensors[f"{layer}.bias"],
                "magnitude": tensors[f"{layer}.magnitude_ema"],
                **_style(tensors, layer),
            },
        )


def _style(tensors, layer):
    return {
        "style_kernel": layout(tensors[f"{layer}.affine.weight"]),
        "style_bias": tensors[f"{layer}.affine.bias"],
    }


FAMILY = Family(
    "stylegan3",
    "StyleGAN3 (NVlabs/stylegan3)",
    "https://github.com/NVlabs/stylegan3",
    "NVIDIA Source Code License (non-commercial)",
    _recognizes,
    _convert,
)
