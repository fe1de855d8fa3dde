"""The discriminator of Projected GAN: a frozen projection of images, and a head for each of its maps.

They read the options of their model, which `models.projected_gan.ProjectedGAN` describes.

Reference: Sauer, Chitta, Müller and Geiger, "Projected GANs Converge Faster", 2021 (arXiv:2111.01007,
section 3).
"""

import keras
from keras import layers, ops

from tfgan_zoo.layers import BilinearResize, LeakyReLU, SpectralConv2D
from tfgan_zoo.networks import perceptual
from tfgan_zoo.networks.fastgan import normalized

PROJECTIONS = ("scales", "channels", "none")
_LAST_SIDE = 4  # the least side of the feature map that a head's logits are of
_LARGEST_STRIDE = 32  # of feature maps that are not halved
_WIDTHS = (1, 2, 4, 8)  # of a head's last feature maps, in widths


def projection(gan, images):
    """Images `[B, H, W, C]` -> feature maps, the finest first: a frozen network's, mixed at random."""
    images = images if images.shape[-1] == 3 else ops.repeat(images, 3, axis=-1)
    if images.shape[1] < gan.feature_side:
        images = BilinearResize(gan.feature_side)(images)
    network = perceptual.network(gan.features, gan.feature_layers)
    network.name = "features"
    found = list(network(images).values())
    if gan.projection == "none":
        return found
    found = [
        _mixed(maps, gan.projection_width << level) for level, maps in enumerate(found)
    ]  # of channels
    return found if gan.projection == "channels" else _scales_mixed(found)


def _scales_mixed(found):
    """Feature maps of twice the side, each with what the coarser ones give it."""
    x, mixed = None, []
    for level, maps in reversed(list(enumerate(found))):
        x = maps if x is None else layers.Add()([x, maps])
        x = BilinearResize(2 * x.shape[1], aligned=True)(x)
        x = _mixed(x, x.shape[-1] // 2 if level else x.shape[-1])
        mixed.insert(0, x)
    return mixed


def _mixed(x, channels):
    """A 1x1 convolution with the random weights that PyTorch's have at first."""
    reach = x.shape[-1] ** -0.5
    uniform = [keras.initializers.RandomUniform(-reach, reach) for _ in range(2)]
    return layers.Conv2D(channels, 1, kernel_initializer=uniform[0], bias_initializer=uniform[1])(x)


# === Heads ===


def logits_from(gan, found, side, labels=None):
    """Float32 logits `[B, P]` of patches, of feature maps; `side`: of the images they are of."""
    if small := [maps.shape[1] for maps in found if maps.shape[1] < _LAST_SIDE]:
        raise ValueError(
            f"{type(gan).__name__}: heads need feature maps of {_LAST_SIDE}x{_LAST_SIDE} or more. Give "
            f"other feature_layers, or a larger feature_side. Received maps with a side of {small[0]}."
        )
    made = [_head(gan, maps, side // maps.shape[1], labels) for maps in found]
    return layers.Concatenate(dtype="float32", name="logits")(made)


def halvings(side, stride):
    """How often a head halves a feature map of that side and of that stride."""
    most = max(side // _LAST_SIDE, 1).bit_length() - 1
    return min(len(_WIDTHS), most, max(_LARGEST_STRIDE // stride, 1).bit_length() - 1)


def _head(gan, x, stride, labels):
    mode, kind = gan.discriminator_spectral_norm, gan.discriminator_normalization
    count = halvings(x.shape[1], stride)
    for width in _WIDTHS[len(_WIDTHS) - count :]:
        channels = width * gan.discriminator_width
        x = SpectralConv2D(channels, 4, strides=2, padding="same", mode=mode)(x)
        x = LeakyReLU(0.2)(normalized(x, kind))
    own = {"padding": "valid", "use_bias": False, "mode": mode}
    if labels is None:
        return layers.Flatten()(SpectralConv2D(1, 4, **own)(x))
    x = ops.cast(SpectralConv2D(gan.class_map_dim, 4, **own)(x), "float32")
    classes = ops.cast(_class_map(gan, labels), "float32")
    products = ops.sum(x * classes[:, None, None], axis=-1) / gan.class_map_dim**0.5
    return ops.reshape(products, (-1, products.shape[1] * products.shape[2]))


def _class_map(gan, labels):
    table = layers.Dense(gan.embedding_dim, use_bias=False, kernel_initializer=_table())
    embedded = table(ops.one_hot(labels, gan.num_classes))
    return LeakyReLU(0.2)(layers.Dense(gan.class_map_dim)(embedded))


def _table():
    return keras.initializers.RandomNormal(stddev=1.0)


def embedded(gan, labels):
    """The vector of a class that the generator's batch normalization is linear in, `[B, latent_dim]`."""
    table = layers.Dense(
        gan.latent_dim, use_bias=False, kernel_initializer=_table(), name="class_embedding"
    )
    return table(ops.one_hot(labels, gan.num_classes))
