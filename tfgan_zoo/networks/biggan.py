"""Layers and numbers of channels that BigGAN and BigGAN-deep share.

They read the options of their model, which `models.biggan.BigGAN` describes.
"""

import functools

import keras
from keras import layers, ops

from tfgan_zoo.layers import SpectralDense
from tfgan_zoo.networks import resnet

EMBEDDING = "class_embedding"
# Multiples of the width, by the number of doublings: of the first feature map and of each block's
# (tables 4 to 6; for 64x64 the first author's code, github.com/ajbrock/BigGAN-PyTorch, where
# google/compare_gan has 2, 4, 8, 16 and 16 in the discriminator). Smaller images have one width
# throughout, as in the former for 32x32; the latter has half of it in the discriminator.
_GENERATOR = {
    4: (16, 16, 8, 4, 2),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
    7: (16, 16, 8, 8, 4, 2, 1, 1),
}
_DISCRIMINATOR = {
    4: (1, 2, 4, 8, 16),
    5: (1, 2, 4, 8, 16, 16),
    6: (1, 2, 4, 8, 8, 16, 16),
    7: (1, 1, 2, 4, 8, 8, 16, 16),
}
_FLAT = 4

convolution = functools.partial(resnet.spectral_convolution, "orthogonal")


def channels(gan):
    """Of the generator's first feature map, and of each one of twice the side."""
    return resnet.generator_channels(gan, lambda: _channels(gan))


def _channels(gan):
    _, doublings = resnet.base_resolution(gan.image_shape)
    default = (_FLAT,) * (doublings + 1) if doublings < 4 else None
    multiples = _GENERATOR.get(doublings, default)
    if multiples is None:
        raise ValueError(
            f"{type(gan).__name__} has networks for images with a side of 8 to 896. Received: "
            f"image_shape={gan.image_shape}."
        )
    return [gan.width * multiple for multiple in multiples]


def embedded(gan, labels):
    """The shared class embedding, `[B, embedding_dim]`, not spectrally normalized; or one-hot labels."""
    if gan.conditioning == "class":
        return ops.one_hot(labels, gan.num_classes)
    initializer = keras.initializers.Orthogonal()
    table = layers.Dense(
        gan.embedding_dim, use_bias=False, kernel_initializer=initializer, name=EMBEDDING
    )
    return table(ops.one_hot(labels, gan.num_classes))


def split(latents, count):
    """Parts of one length, `count` of them: `[B, D]` -> a list of `[B, D / count]`."""
    size = latents.shape[-1]
    if size % count:
        raise ValueError(
            f"latent_dim must be a multiple of {count}, one part for the first feature map and one for "
            f"each block. Received: latent_dim={size}."
        )
    return ops.split(latents, count, axis=-1)


def first_feature_map(gan, x, channels):
    side, _ = resnet.base_resolution(gan.image_shape)
    if gan.attention_blocks is None:
        resnet.check_attention(gan)
    shape = (side, side, channels)
    own = {"kernel_initializer": "orthogonal", "mode": gan.generator_spectral_norm}
    x = SpectralDense(side * side * channels, **own)(x)
    return layers.Reshape(shape)(x)


def activation(gan, condition, batch=None):
    """`activate` of `residual`, with gains and biases linear in a condition `[B, D]`; for `batch` see
    `resnet.normalized`."""
    own = {"use_bias": False, "kernel_initializer": "orthogonal"}
    own["mode"] = gan.generator_spectral_norm
    dense = lambda units: SpectralDense(units, **own)  # noqa: E731
    epsilon = gan.last_normalization_epsilon if condition is None else gan.normalization_epsilon
    batch = batch or resnet.batch_normalization(epsilon)

    def activate(x):
        kind = gan.generator_normalization
        by = resnet.by_class if gan.conditioning == "class" else dense
        x = resnet.normalized(x, kind, condition, by, batch)
        return resnet.activation(gan.generator_activation)(x)

    return activate


def to_rgb(gan, x, batch=None, made=None):
    """Float32 images in [-1, 1] of the last feature maps, the first of `made` channels."""
    convolve, channels = convolution(gan.generator_spectral_norm), gan.image_shape[-1]
    x = convolve(activation(gan, None, batch)(x), made or channels, 3)
    x = x if made is None else x[..., :channels]
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def generator_attention(gan, x, number, is_last=True):
    """Self-attention where it follows the block of that number, the last of its level or not."""
    blocks, size = gan.attention_blocks, gan.attention_size if is_last else None
    return _attention(x, blocks, size, number, gan.generator_spectral_norm)


def discriminator_attention(gan, x, number, is_last=True):
    """Likewise, in the discriminator."""
    own = gan.discriminator_attention_size
    size = (gan.attention_size if own is None else own) if is_last else None
    blocks = gan.discriminator_attention_blocks
    return _attention(x, blocks, size, number, gan.discriminator_spectral_norm)


def _attention(x, blocks, size, number, mode):
    if blocks is not None:
        size = x.shape[1] if number in blocks else None
    return resnet.self_attention(x, size, "orthogonal", mode)


def discriminator_blocks(gan):
    """`(channels, whether it halves the feature map)` of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if doublings < 4:
        return [(_FLAT * gan.width, level < 2) for level in range(4)]
    multiples = _DISCRIMINATOR[doublings]
    return [(gan.width * multiple, level < doublings) for level, multiple in enumerate(multiples)]
