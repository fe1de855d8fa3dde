"""BigGAN: large residual networks, latents and classes at every level.

Reference: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", 2019 (arXiv:1809.11096).
"""

import keras
from keras import layers, ops

from tfgan_zoo import penalties
from tfgan_zoo.layers import SpectralDense
from tfgan_zoo.networks import resnet
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class BigGAN(GAN):
    """The large class-conditional GAN.

    The latents are split into one part for the first feature map and one for each block; gain and bias
    of every batch normalization in a block are linear in its part and in a class embedding that all
    share. Hinge loss with projection, Adam(beta_1=0, beta_2=0.999) with rates of 5e-5 and 2e-4, 2
    discriminator updates a step, batches of 2048, an average of the generator with decay 0.9999 (section
    3 and appendix C). Images are drawn from the average, with `truncation`, and an export re-estimates
    its batch statistics where it is given `standing_statistics`, the number of batches to do so from.

    The paper's batch statistics are those of the whole batch; here each replica has its own, of its
    rows. The authors' code has an epsilon of 1e-6 in Adam, where it is Keras's 1e-7 here, begins the
    average at step 20,000, and trains on CIFAR-10 without orthogonal regularization.

    Args:
        num_classes: Int. Labels are integers in [0, num_classes).
        width: Int. The factor of all numbers of channels (ch in the paper, 96 there).
        embedding_dim: Int. Length of the class embedding.
        attention_size: Int. The side of the feature maps that attend to themselves; the discriminator
            has one where it is at most half of the image's side. None: no attention.
        discriminator_attention_size: Int. The side of the discriminator's, where it is another than the
            generator's, as at 256x256; None: the same.
        orthogonal_weight: Float. Factor of the orthogonal regularization of the generator (equation 3),
            on all of its kernels but the shared embedding.
        generator_normalization: "batch", or None for the gains and biases alone.

    All other arguments: see `GAN`.

    Raises:
        ValueError: Latents that cannot be split into parts of one length, a generator without a feature
            map of `attention_size`, an unknown normalization, or an image that is not square with a side
            of 4 to 7 times a power of 2 (8 or more).
    """

    truncates = True
    defaults = {
        "image_shape": (128, 128, 3),
        "latent_dim": 120,
        "objective": "hinge",
        "n_critic": 2,
        "g_learning_rate": 5e-5,
        "d_learning_rate": 2e-4,
        "ema_decay": 0.9999,
        "num_classes": 1000,
        "width": 96,
        "embedding_dim": 128,
        "attention_size": 64,
        "discriminator_attention_size": None,
        "orthogonal_weight": 1e-4,
        "generator_normalization": "batch",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999)

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        labels = resnet.label_input(self.num_classes)
        images = self.images_from(latents, embedded(self, labels))
        return keras.Model([latents, labels], images, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        labels = resnet.label_input(self.num_classes)
        features = resnet.global_sum_pooling(self.feature_maps(images))
        logits = resnet.logits_of(features, labels, self.num_classes, "orthogonal")
        return keras.Model([images, labels], logits, name="discriminator")

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        if not self.orthogonal_weight:
            return terms
        penalty = penalties.orthogonal_penalty(self.regularized_kernels())
        return {**terms, "orthogonal": (self.orthogonal_weight, penalty)}

    def regularized_kernels(self):
        """The generator's kernels, of rank 2 and more, without the shared class embedding."""
        shared = self.generator.get_layer(EMBEDDING).kernel
        weights = self.generator.trainable_weights
        return [w.value for w in weights if len(w.shape) > 1 and w is not shared]

    # === Networks ===

    def images_from(self, latents, embedding):
        """The generator's layers: float32 images of latents `[B, D]` and class vectors `[B, E]`."""
        parts = split(latents, len(channels(self)))
        conditions = [layers.Concatenate()([embedding, part]) for part in parts[1:]]
        x = first_feature_map(self, parts[0])
        for size, condition in zip(channels(self)[1:], conditions, strict=True):
            x = resnet.block_up(x, size, convolve, activation(self, condition))
            x = resnet.self_attention(x, self.attention_size, "orthogonal")
        return to_rgb(self, x)

    def feature_maps(self, x):
        """The discriminator's layers up to its last feature maps: images -> `[B, h, w, C]`."""
        for level, (size, is_halved) in enumerate(_discriminator_blocks(self)):
            x = resnet.block_down(x, size, convolve, is_halved, is_first=level == 0)
            if is_halved:
                x = resnet.self_attention(x, discriminator_attention_size(self), "orthogonal")
        return x


# === Networks: pieces of the generator that BigGAN-deep has too ===

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

convolve = resnet.spectral_convolution("orthogonal")


def channels(gan):
    """Of the generator's first feature map, and of each one of twice the side."""
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
    """The shared class embedding, `[B, embedding_dim]`; not spectrally normalized."""
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


def first_feature_map(gan, x):
    side, _ = resnet.base_resolution(gan.image_shape)
    resnet.check_attention(gan)
    shape = (side, side, channels(gan)[0])
    x = SpectralDense(side * side * shape[-1], kernel_initializer="orthogonal")(x)
    return layers.Reshape(shape)(x)


def activation(gan, condition):
    """`activate` of `residual`, with gains and biases linear in a condition `[B, D]`."""

    def dense(units):
        return SpectralDense(units, use_bias=False, kernel_initializer="orthogonal")

    def activate(x):
        kind = gan.generator_normalization
        return layers.ReLU()(resnet.normalized(x, kind, condition, dense))

    return activate


def to_rgb(gan, x):
    """Float32 images in [-1, 1] of the last feature maps."""
    x = convolve(activation(gan, None)(x), gan.image_shape[-1], 3)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def discriminator_attention_size(gan):
    """The side of the discriminator's feature map that attends to itself, or None."""
    own = gan.discriminator_attention_size
    return gan.attention_size if own is None else own


def _discriminator_blocks(gan):
    """`(channels, whether it halves the feature map)` of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if doublings < 4:
        return [(_FLAT * gan.width, level < 2) for level in range(4)]
    multiples = _DISCRIMINATOR[doublings]
    return [(gan.width * multiple, level < doublings) for level, multiple in enumerate(multiples)]


# === Presets ===

_SMALL = {
    "image_shape": (28, 28, 1),
    "latent_dim": 60,
    "num_classes": 10,
    "width": 12,
    "embedding_dim": 32,
    "attention_size": 14,
    "n_critic": 1,
    "g_learning_rate": 2e-4,
    "ema_decay": 0.999,
}
_CIFAR = {
    "image_shape": (32, 32, 3),
    "latent_dim": 128,
    "num_classes": 10,
    "width": 64,
    "attention_size": None,
    "n_critic": 4,
    "g_learning_rate": 2e-4,
}
_SMALL_CIFAR = {**_CIFAR, "latent_dim": 80, "width": 32, "embedding_dim": 64, "n_critic": 2}
_SMALL_CIFAR |= {"ema_decay": 0.999}
_256 = {
    "image_shape": (256, 256, 3),
    "latent_dim": 140,
    "attention_size": 128,
    "discriminator_attention_size": 64,
}
_512 = {"image_shape": (512, 512, 3), "latent_dim": 128}

register(
    ("biggan_fashion_mnist", BigGAN, _SMALL, "fashion_mnist", 64, 3, (160_930, 151_826)),
    ("biggan_cifar10_small", BigGAN, _SMALL_CIFAR, "cifar10", 50, 100, (1_111_427, 1_055_105)),
    ("biggan_cifar10", BigGAN, _CIFAR, "cifar10", 50, 500, (4_373_251, 4_207_361)),
    (
        "biggan_imagenet_64",
        BigGAN,
        {"image_shape": (64, 64, 3)},
        "imagenet_resized/64x64",
        2048,
        450,
        (70_239_108, 45_500_449),
    ),
    ("biggan_imagenet_128", BigGAN, {}, "imagenet2012", 2048, 450, (70_433_988, 87_982_370)),
    ("biggan_imagenet_256", BigGAN, _256, "imagenet2012", 2048, 450, (82_097_604, 99_225_890)),
    ("biggan_imagenet_512", BigGAN, _512, "imagenet2012", 2048, 450, (82_296_804, 99_401_282)),
)
