"""SNGAN: a discriminator of Lipschitz constant 1, by spectral normalization of every layer.

References: Miyato, Kataoka, Koyama and Yoshida, "Spectral Normalization for Generative Adversarial
Networks", 2018 (arXiv:1802.05957); with classes, Miyato and Koyama, "cGANs with Projection
Discriminator", 2018 (arXiv:1802.05637).
"""

import functools

import keras
from keras import layers, ops

from tfgan_zoo.layers import Conv2D, Conv2DTranspose, LeakyReLU, SpectralConv2D, SpectralDense
from tfgan_zoo.networks import resnet
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class SNGAN(GAN):
    """The spectrally normalized GAN, with the paper's residual or plain convolutional networks.

    Hinge loss, Adam(2e-4, beta_1=0, beta_2=0.9), 5 discriminator updates a step, batches of 64, normal
    latents of 128 numbers (section 4). With classes, the generator's batch normalization has a gain and
    a bias for each class, and the discriminator adds the inner product of its features and the class's
    vector. The authors' code also lets both rates fall to 0 in a straight line, and gives the generator
    batches of 128 images; here the rates stay, and both have the same batches.

    Args:
        num_classes: Int, or None for a model without labels. Labels are integers in [0, num_classes).
        network: "resnet_flat" (table 4, for 32x32: every block has `width` channels, and half as many in
            the discriminator), "resnet" (tables 5 and 6, for 48x48 and 128x128, and the authors' code
            for 64x64: `width` channels at the image, twice as many at each half of the size, up to
            16 times) or "cnn" (table 3).
        width: Int. The paper has 256 for "resnet_flat" and 64 for the others.
        generator_normalization: "batch", or None to leave batch normalization out.
        generator_channels: Ints. Of the first feature map and of each one of twice the side, of residual
            networks, where they are not those of `network` and `width`.
        discriminator_channels: Ints. Of each block of residual networks, likewise.
        discriminator_halvings: Int. How many blocks halve the feature map, the first ones. None: as
            `network` has it, and with `discriminator_channels` all but the last.
        discriminator_hidden: "inputs" or "outputs": the channels between a block's two convolutions are
            as many as its inputs', as in the authors' code, or as its outputs'.
        activated_shortcuts: Bool. Whether the discriminator's shortcuts come after a block's first ReLU,
            as where PyTorch's works in place (in github.com/kwotsin/mimicry and StudioGAN).
        upsampling: "nearest" or "bilinear", of residual generators.
        normalization_epsilon: Float. Added to the variance by batch normalization.
        generator_spectral_norm, discriminator_spectral_norm: "iterated": layers keep one singular
            vector, and each call makes a power iteration from it; "stored": they keep both, and calls
            take them as they are, as `torch.nn.utils.spectral_norm` does in evaluation; None: layers are
            not spectrally normalized.

    All other arguments: see `GAN`.

    Raises:
        ValueError: An unknown network or normalization, channels that do not fit the image, or an image
            that is not square with a side of 4 to 7 times a power of 2 (8 or more).
    """

    bounds = {"upsampling": ("nearest", "bilinear"), "discriminator_hidden": ("inputs", "outputs")}
    defaults = {
        "image_shape": (32, 32, 3),
        "latent_dim": 128,
        "objective": "hinge",
        "n_critic": 5,
        "num_classes": None,
        "network": "resnet_flat",
        "width": 256,
        "generator_normalization": "batch",
        "generator_channels": None,
        "discriminator_channels": None,
        "discriminator_halvings": None,
        "discriminator_hidden": "inputs",
        "activated_shortcuts": False,
        "upsampling": "nearest",
        "normalization_epsilon": 1e-5,
        "generator_spectral_norm": None,
        "discriminator_spectral_norm": "iterated",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.9)

    def build_generator(self):
        return resnet.generator(self, functools.partial(images_from, self))

    def build_discriminator(self):
        return resnet.discriminator(self, functools.partial(features_from, self))


# === Networks ===


def images_from(gan, latents, labels=None):
    """The generator's layers: latents `[B, D]` -> float32 images `[B, H, W, C]` in [-1, 1]."""
    condition = None if labels is None else ops.one_hot(labels, gan.num_classes)

    batch = resnet.batch_normalization(gan.normalization_epsilon)
    mode = gan.generator_spectral_norm
    dense = functools.partial(_by_class, mode=mode)

    def activate(x, condition=condition):
        kind = gan.generator_normalization
        return layers.ReLU()(resnet.normalized(x, kind, condition, dense, batch))

    build = _cnn_from if _is_cnn(gan.network) else _maps_from
    x = build(gan, latents, activate)
    x = _layer(Conv2D, mode)(gan.image_shape[-1], 3, padding="same")(x)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def features_from(gan, images):
    """The discriminator's layers up to its logits: float32 features `[B, F]` of images."""
    return (_cnn_features if _is_cnn(gan.network) else _resnet_features)(gan, images)


def _is_cnn(network):
    if network not in ("resnet_flat", "resnet", "cnn"):
        raise ValueError(
            f"network must be 'resnet_flat', 'resnet' or 'cnn'. Received: {network!r}."
        )
    return network == "cnn"


def _first_feature_map(gan, latents, channels):
    side, _ = resnet.base_resolution(gan.image_shape)
    dense = _layer(layers.Dense, gan.generator_spectral_norm)(side**2 * channels)
    return layers.Reshape((side, side, channels))(dense(latents))


def _layer(kind, mode):
    """A class of layers, or of the spectrally normalized ones in that mode."""
    if mode is None:
        return kind
    return functools.partial(SpectralConv2D if kind is Conv2D else SpectralDense, mode=mode)


def _by_class(units, mode):
    own = {"use_bias": False, "kernel_initializer": "zeros" if mode is None else "glorot_uniform"}
    return _layer(layers.Dense, mode)(units, **own)


# === Residual networks ===


def _maps_from(gan, latents, activate):
    first, *maps = resnet.generator_channels(gan, lambda: _generator_channels(gan))
    x = _first_feature_map(gan, latents, first)
    convolve = functools.partial(_convolve, mode=gan.generator_spectral_norm)
    for channels in maps:
        x = resnet.block_up(x, channels, convolve, activate, gan.upsampling)
    return activate(x, None)  # the last one is not told the class


def _generator_channels(gan):
    """Of the first feature map, and of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if gan.network == "resnet_flat":
        return [gan.width] * (doublings + 1)
    return [gan.width * min(16, 2 ** (doublings - level)) for level in range(doublings + 1)]


def _resnet_features(gan, x):
    blocks = resnet.discriminator_blocks(gan, lambda: _discriminator_blocks(gan))
    own = {"is_activated": gan.activated_shortcuts}
    convolve = functools.partial(_convolve, mode=gan.discriminator_spectral_norm)
    for level, (channels, is_halved) in enumerate(blocks):
        is_narrow = level and gan.discriminator_hidden == "inputs"
        hidden = x.shape[-1] if is_narrow else channels
        x = resnet.block_down(x, channels, convolve, is_halved, level == 0, hidden, **own)
    return resnet.global_sum_pooling(x)


def _discriminator_blocks(gan):
    """`(channels, whether it halves the feature map)` of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if gan.network == "resnet_flat":
        return [(gan.width // 2, level < 2) for level in range(4)]
    halving = [(gan.width * 2**level, True) for level in range(min(doublings + 1, 5))]
    # At 64x64 (snresnet_64.py of github.com/pfnet-research/sngan_projection) the last one halves too.
    return halving if doublings == 4 else [*halving, (gan.width * 16, False)]


def _convolve(x, channels, size, mode):
    own = {"padding": "same", "kernel_initializer": _initializer(size)}
    return _layer(Conv2D, mode)(channels, size, **own)(x)


def _initializer(size):
    """Glorot's, of twice the variance in the branch with the ReLUs (as in the authors' code)."""
    return keras.initializers.VarianceScaling(2.0 if size == 3 else 1.0, "fan_avg", "uniform")


# === Plain convolutional networks ===


def _cnn_from(gan, latents, activate):
    _, doublings = resnet.base_resolution(gan.image_shape)
    x = _first_feature_map(gan, latents, gan.width * 2**doublings)
    for level in reversed(range(doublings)):
        x = Conv2DTranspose(gan.width * 2**level, 4, strides=2, padding="same")(x)
        x = activate(x)
    return x


def _cnn_features(gan, x):
    _, doublings = resnet.base_resolution(gan.image_shape)
    own = {"padding": "same", "mode": gan.discriminator_spectral_norm}
    for level in range(doublings):
        for kernel, strides in ((3, 1), (4, 2)):
            x = SpectralConv2D(gan.width * 2**level, kernel, strides=strides, **own)(x)
            x = LeakyReLU(0.1)(x)
    x = SpectralConv2D(gan.width * 2**doublings, 3, **own)(x)
    return ops.cast(layers.Flatten()(LeakyReLU(0.1)(x)), "float32")


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "network": "cnn", "width": 32, "n_critic": 1}
_CNN = {"network": "cnn", "width": 64}
_RESNET = {"network": "resnet", "width": 64}
_STL = {"image_shape": (48, 48, 3)}
_64 = {"image_shape": (64, 64, 3), **_RESNET}
_128 = {"image_shape": (128, 128, 3), **_RESNET}

register(
    ("sngan_fashion_mnist", SNGAN, _SMALL, "fashion_mnist", 64, 5, (973_505, 180_961)),
    ("sngan_cifar10", SNGAN, {}, "cifar10", 64, 640, (4_276_739, 1_053_825)),
    ("sngan_cnn_cifar10", SNGAN, _CNN, "cifar10", 64, 640, (3_812_355, 2_935_873)),
    (
        "sngan_projection_cifar10",
        SNGAN,
        {"num_classes": 10},
        "cifar10",
        64,
        320,
        (4_304_387, 1_055_105),
    ),
    # The paper's 100,000 images of STL-10 are the split "unlabelled": 320 epochs of it, not 6,400.
    ("sngan_stl10", SNGAN, {**_STL, **_RESNET}, "stl10", 64, 6400, (4_878_083, 10_141_441)),
    ("sngan_cnn_stl10", SNGAN, {**_STL, **_CNN}, "stl10", 64, 6400, (5_133_315, 2_946_113)),
    ("sngan_celeb_a_64", SNGAN, _64, "celeb_a", 64, 197, (12_220_675, 10_141_441)),
    (
        "sngan_imagenet_64",
        SNGAN,
        {**_64, "num_classes": 1000},
        "imagenet_resized/64x64",
        64,
        62,
        (17_974_915, 11_165_441),
    ),
    (
        "sngan_imagenet_128",
        SNGAN,
        {**_128, "num_classes": 1000},
        "imagenet2012",
        64,
        112,
        (41_996_931, 30_041_857),
    ),
)
