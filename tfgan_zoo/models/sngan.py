"""SNGAN: a discriminator of Lipschitz constant 1, by spectral normalization of every layer.

References: Miyato, Kataoka, Koyama and Yoshida, "Spectral Normalization for Generative Adversarial
Networks", 2018 (arXiv:1802.05957); with classes, Miyato and Koyama, "cGANs with Projection
Discriminator", 2018 (arXiv:1802.05637).
"""

import functools

import keras

from tfgan_zoo.networks import resnet, sngan
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
        discriminator_normalization: "batch", before each activation and before a shortcut's convolution,
            or None.
        discriminator_pooling: "sum" or "mean", of each channel over its places, or "flatten". None: as
            the paper's network has it.
        generator_activation, discriminator_activation: "relu", "leaky_relu" (of slope 0.1), "elu" or
            "gelu". None: as the paper's network has it.
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

    bounds = {
        "upsampling": ("nearest", "bilinear"),
        "discriminator_hidden": ("inputs", "outputs"),
        "discriminator_normalization": ("batch", None),
    }
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
        "discriminator_normalization": None,
        "discriminator_pooling": None,
        "generator_activation": None,
        "discriminator_activation": None,
        "normalization_epsilon": 1e-5,
        "generator_spectral_norm": None,
        "discriminator_spectral_norm": "iterated",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.9)

    def build_generator(self):
        return resnet.generator(self, functools.partial(sngan.images_from, self))

    def build_discriminator(self):
        return resnet.discriminator(self, functools.partial(sngan.features_from, self))


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
