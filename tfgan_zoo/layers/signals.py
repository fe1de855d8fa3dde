"""How finely the feature maps of StyleGAN3 are sampled, and which frequencies they hold.

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423,
section 3).
"""

from typing import NamedTuple

import numpy as np


class Signal(NamedTuple):
    """A feature map as a continuous signal that is sampled. The unit of length is the image's edge.

    Attributes:
        size: Edge of the map, with its margin.
        channels: Int.
        rate: Samples for each unit of length: the image's edge, or that by a power of two.
        cutoff: Frequencies from this one on are damped.
        half_width: Half the width of the transition to those that are stopped.
        is_critical: Whether the cutoff is that of the image, half its edge.
    """

    size: int
    channels: int
    rate: int
    cutoff: float
    half_width: float
    is_critical: bool


def signals(options):
    """The `Signal`s that the layers of a generator give, of which the last is the image.

    Args:
        options: An object with arguments of `StyleGAN3` for attributes.

    Raises:
        ValueError: They do not fit together.
    """
    height, edge, colours = options.image_shape
    layers, critical = options.num_layers, options.num_critical
    if height != edge or critical >= layers:
        raise ValueError(
            "StyleGAN3 needs square images and num_critical below num_layers. Received: image_shape="
            f"{options.image_shape}, num_critical={critical}, num_layers={layers}."
        )
    places = np.arange(layers + 1)
    way = np.minimum(places / (layers - critical), 1)
    cutoffs = _geometric(options.first_cutoff, edge / 2, way)
    stopbands = _geometric(options.first_stopband, edge / 2 * options.last_stopband_rel, way)
    rates = _rates(stopbands, edge)
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    if min(half_widths) <= 0:
        raise ValueError(
            f"Each layer must stop frequencies above its cutoff. Received: cutoffs {cutoffs.round(2)}, "
            f"stopbands {stopbands.round(2)}; see first_cutoff, first_stopband and last_stopband_rel."
        )
    sizes = rates + 2 * options.margin_size
    sizes[-2:] = edge
    channels = np.rint(np.minimum(options.channel_base / 2 / cutoffs, options.channel_max))
    channels[-1] = colours
    columns = (sizes, channels, rates, cutoffs, half_widths, places >= layers - critical)
    kinds = (int, int, int, float, float, bool)
    rows = zip(*columns, strict=True)
    return [Signal(*(kind(x) for kind, x in zip(kinds, row, strict=True))) for row in rows]


def _geometric(first, last, way):
    return first * (last / first) ** way


def _rates(stopbands, edge):
    """The image's own rate, halved as often as frequencies below the stopbands allow."""
    rates = edge * np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands / edge, 1))))
    if (rates != np.rint(rates)).any():
        raise ValueError(
            f"The image's edge, {edge}, must be divisible by 2 as often as sampling rates are halved. "
            f"Received: stopbands {stopbands.round(2)}, rates {rates}; see first_stopband."
        )
    return rates


def filters(options, before, after):
    """Arguments of `FilteredLeakyReLU` between two `Signal`s, beside `size`."""
    between = options.lrelu_upsampling * max(before.rate, after.rate)
    return {
        "rates": (before.rate, between, after.rate),
        "cutoffs": (before.cutoff, after.cutoff),
        "half_widths": (before.half_width, after.half_width),
        "filter_size": options.filter_size,
        "radial": options.use_radial_filters and not after.is_critical,
        "clamp": options.g_conv_clamp,
    }
