"""The generators of super-resolution: residual-in-residual dense blocks, and a compact network.

References: Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018
(arXiv:1809.00219, section 3.1); Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution
with Pure Synthetic Data", 2021 (arXiv:2107.10833, section 3.3), whose authors' code has the compact
one (SRVGGNetCompact).
"""

import keras
from keras import layers

from tfgan_zoo.layers import Conv2D, LeakyReLU, NearestUpsampling2D, PixelShuffle, PixelUnshuffle

_SLOPE = 0.25  # at first, of what is negative
_HE = 2 / (
    1 + _SLOPE**2
)  # by which the variance stays (He et al. 2015, arXiv:1502.01852, equation 15)
ENLARGEMENTS = {2: (2,), 3: (3,), 4: (2, 2)}  # {scale: the steps by which maps are enlarged}


def fan_in(scale=1 / 3, distribution="uniform"):
    """Initial weights of variance `scale` over the inputs of a unit; 1/3 is PyTorch's own."""
    return keras.initializers.VarianceScaling(scale, "fan_in", distribution)


def convolution(x, channels, size=3, **options):
    """A convolution that keeps the size, with PyTorch's initial weights where none are given."""
    initializer = options.pop("kernel_initializer", None) or fan_in()
    return Conv2D(channels, size, padding="same", kernel_initializer=initializer, **options)(x)


def rrdb(channels, width, blocks, growth, scale, unshuffle, name):
    """A network from images `[B, H, W, channels]` to float32 ones `[B, scale * H, scale * W, channels]`.

    Within it images have values in [0, 1], as those of the authors, whose weights have the same shapes.

    Args:
        channels: Int.
        width: Int. Channels of the maps, 64 in the papers.
        blocks: Int. Residual-in-residual dense blocks: 23, or 6.
        growth: Int. Channels that each convolution of a dense block adds: 32.
        scale: Int in (2, 3, 4).
        unshuffle: Whether pixels become channels first, and maps are enlarged four times whatever the
            scale is, as Real-ESRGAN does for 2. Sides are then multiples of 4 / scale.
        name: Of the network.
    """
    images = keras.Input([None, None, channels], name="images")
    x = _to_unit(images)
    if unshuffle and scale < 4:
        x = PixelUnshuffle(4 // scale)(x)
    x = first = convolution(x, width)
    for _ in range(blocks):
        inner = x
        for _ in range(3):
            inner = _dense_block(inner, width, growth)
        x = _added(x, inner)
    x = layers.Add()([first, convolution(x, width)])
    for factor in ENLARGEMENTS[4 if unshuffle else scale]:
        x = LeakyReLU(0.2)(convolution(NearestUpsampling2D(factor)(x), width))
    x = LeakyReLU(0.2)(convolution(x, width))
    made = convolution(x, channels, **_exact("pixels_made"))
    return keras.Model(images, _from_unit(made), name=name)


def _dense_block(x, width, growth):
    """Five convolutions, each of all maps before it; the initial weights are a tenth of He's."""
    maps, options = [x], {"kernel_initializer": fan_in(0.02, "untruncated_normal")}
    for _ in range(4):
        joined = layers.Concatenate()(maps) if len(maps) > 1 else x
        maps.append(LeakyReLU(0.2)(convolution(joined, growth, **options)))
    return _added(x, convolution(layers.Concatenate()(maps), width, **options))


def _added(x, residual):
    return layers.Add()([x, layers.Rescaling(0.2)(residual)])


def srvgg(channels, width, convolutions, scale, name):
    """The compact network: `[B, H, W, channels]` -> float32 `[B, scale * H, scale * W, channels]`.

    All its convolutions are at the small size; what it makes is added to the nearest neighbours. Initial
    weights keep the variance of maps, as He's do; by PyTorch's own, which the authors have, the maps of
    16 layers shrink to a thousandth, and hours pass before it learns.

    Args:
        channels: Int.
        width: Int. Channels of the maps, 64.
        convolutions: Int. Inner convolutions, 16 or 32.
        scale: Int in (2, 3, 4).
        name: Of the network.
    """
    images = keras.Input([None, None, channels], name="images")
    unit = x = _to_unit(images)
    for _ in range(1 + convolutions):
        x = prelu(convolution(x, width, kernel_initializer=fan_in(_HE, "untruncated_normal")))
    x = convolution(x, scale**2 * channels, **_exact("pixels_made"))
    x = PixelShuffle(scale, **_exact("pixels_shuffled"))(x)
    base = NearestUpsampling2D(scale, **_exact("pixels_repeated"))(unit)
    made = layers.Add(**_exact("pixels_added"))([x, base])
    return keras.Model(images, _from_unit(made), name=name)


def prelu(x):
    """A map through a parametric ReLU with a slope for each channel, a quarter at first."""
    initial = keras.initializers.Constant(_SLOPE)
    return layers.PReLU(alpha_initializer=initial, shared_axes=[1, 2])(x)


def _exact(name):
    """Options of a layer of pixels: half precision has fewer levels than they."""
    return {"dtype": "float32", "name": name}


def _to_unit(images):
    """Images in [-1, 1] as values in [0, 1]."""
    return layers.Rescaling(0.5, 0.5, **_exact("pixels_given"))(images)


def _from_unit(x):
    return layers.Rescaling(2.0, -1.0, dtype="float32", name="translated")(x)
