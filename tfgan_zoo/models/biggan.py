"""BigGAN: large residual networks, latents and classes at every level.

Reference: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", 2019 (arXiv:1809.11096).
"""

import keras
from keras import layers

from tfgan_zoo import penalties
from tfgan_zoo.networks import biggan, resnet
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
        conditioning: What gains and biases are linear in: "hierarchical", the class embedding and a part
            of the latents; "embedding", the class embedding alone, while all latents make the first
            feature map; or "class", a vector of its own for each class, not spectrally normalized, and
            without an embedding.
        generator_spectral_norm, discriminator_spectral_norm: "iterated": layers keep one singular
            vector, and each call makes a power iteration from it; "stored": they keep both, and calls
            take them as they are, as `torch.nn.utils.spectral_norm` does in evaluation; None: layers are
            not spectrally normalized.
        generator_channels: Ints. Of the first feature map and of each one of twice the side, where they
            are not the paper's multiples of `width`.
        discriminator_channels: Ints. Of each block, likewise.
        discriminator_halvings: Int. How many blocks halve the feature map, the first ones. None: as in
            the paper, and with `discriminator_channels` all but the last.
        discriminator_hidden: "outputs" or "inputs": the channels between a block's two convolutions are
            as many as its outputs', or as its inputs'.
        activated_shortcuts: Bool. Whether the discriminator's shortcuts come after a block's first ReLU,
            as where PyTorch's works in place (github.com/POSTECH-CVLab/PyTorch-StudioGAN).
        discriminator_normalization: "batch", before each activation and before a shortcut's convolution,
            or None.
        generator_activation, discriminator_activation: "relu", "leaky_relu" (of slope 0.1), "elu" or
            "gelu". None: ReLU.
        attention_blocks, discriminator_attention_blocks: Ints. Numbers of the blocks, from 0 on, whose
            feature maps attend to themselves, in place of those of one size.
        normalization_epsilon, last_normalization_epsilon: Floats. Added to the variance by batch
            normalization, within the blocks and after them.

    All other arguments: see `GAN`.

    Raises:
        ValueError: Latents that cannot be split into parts of one length, a generator without a feature
            map of `attention_size`, an unknown normalization, or an image that is not square with a side
            of 4 to 7 times a power of 2 (8 or more).
    """

    truncates = True
    bounds = {
        "conditioning": ("hierarchical", "embedding", "class"),
        "discriminator_hidden": ("inputs", "outputs"),
        "discriminator_normalization": ("batch", None),
    }
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
        "conditioning": "hierarchical",
        "generator_spectral_norm": "iterated",
        "discriminator_spectral_norm": "iterated",
        "generator_channels": None,
        "discriminator_channels": None,
        "discriminator_halvings": None,
        "discriminator_hidden": "outputs",
        "activated_shortcuts": False,
        "discriminator_normalization": None,
        "generator_activation": None,
        "discriminator_activation": None,
        "attention_blocks": None,
        "discriminator_attention_blocks": None,
        "normalization_epsilon": 1e-5,
        "last_normalization_epsilon": 1e-5,
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999)

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        labels = resnet.label_input(self.num_classes)
        images = self.images_from(latents, biggan.embedded(self, labels))
        return keras.Model([latents, labels], images, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        labels = resnet.label_input(self.num_classes)
        activate = resnet.discriminator_activation(self)
        features = resnet.global_sum_pooling(self.feature_maps(images), activate)
        mode = self.discriminator_spectral_norm
        logits = resnet.logits_of(features, labels, self.num_classes, "orthogonal", mode)
        return keras.Model([images, labels], logits, name="discriminator")

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        if not self.orthogonal_weight:
            return terms
        penalty = penalties.orthogonal_penalty(self.regularized_kernels())
        return {**terms, "orthogonal": (self.orthogonal_weight, penalty)}

    def regularized_kernels(self):
        """The generator's kernels, of rank 2 and more, without the shared class embedding."""
        is_shared = self.conditioning != "class"
        shared = self.generator.get_layer(biggan.EMBEDDING).kernel if is_shared else None
        weights = self.generator.trainable_weights
        return [w.value for w in weights if len(w.shape) > 1 and w is not shared]

    # === Networks ===

    def images_from(self, latents, embedding):
        """The generator's layers: float32 images of latents `[B, D]` and class vectors `[B, E]`."""
        first, *sizes = biggan.channels(self)
        parts = [latents, *[None] * len(sizes)]
        if self.conditioning == "hierarchical":
            parts = biggan.split(latents, len(sizes) + 1)
        x = biggan.first_feature_map(self, parts[0], first)
        convolve = biggan.convolution(self.generator_spectral_norm)
        for level, (size, part) in enumerate(zip(sizes, parts[1:], strict=True)):
            condition = embedding if part is None else layers.Concatenate()([embedding, part])
            x = resnet.block_up(x, size, convolve, biggan.activation(self, condition))
            x = biggan.generator_attention(self, x, level)
        return biggan.to_rgb(self, x)

    def feature_maps(self, x):
        """The discriminator's layers up to its last feature maps: images -> `[B, h, w, C]`."""
        convolve = biggan.convolution(self.discriminator_spectral_norm)
        blocks = resnet.discriminator_blocks(self, lambda: biggan.discriminator_blocks(self))
        own = {"is_activated": self.activated_shortcuts}
        own["activate"] = resnet.discriminator_activation(self)
        own["normalize"] = resnet.discriminator_normalization(self)
        for level, (size, is_halved) in enumerate(blocks):
            hidden = x.shape[-1] if self.discriminator_hidden == "inputs" else size
            x = resnet.block_down(x, size, convolve, is_halved, level == 0, hidden, **own)
            x = biggan.discriminator_attention(self, x, level, is_halved)
        return x


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
