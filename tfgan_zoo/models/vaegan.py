"""VAE/GAN: an auto-encoder whose error is measured in the discriminator's features.

Reference: Larsen, Sønderby, Larochelle and Winther, "Autoencoding beyond pixels using a learned
similarity metric", 2016 (arXiv:1512.09300; equations 6 to 8, algorithm 1, table 1), and the settings
that its authors published.
"""

import copy
import math
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_zoo.engine.players import Player
from tfgan_zoo.layers import Conv2D, Conv2DTranspose, Dropout
from tfgan_zoo.models.dcgan import activated
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN, full_precision
from tfgan_zoo.tasks.sampling import to_uint8


class VAEGAN(GAN):
    """A variational auto-encoder whose decoder is the generator of a GAN.

    The encoder lowers the divergence of its latents from the normal prior, and half the squared error of
    a reconstruction in a hidden layer of the discriminator; no gradient of the game reaches it. The
    decoder lowers gamma times that error, and plays against the discriminator with reconstructions and
    with images of the prior; the discriminator, which tells both from real images, learns nothing from
    the error (algorithm 1). Sums are over features and latents, means over images.

    Discriminator, encoder and generator are updated in this order, each with latents drawn anew and by
    RMSprop(3e-4), on batches of 64. The encoder's rate is `g_learning_rate`; another optimizer for it
    is given by `compile(optimizers={"encoder": …})`. The authors' code updates all three by gradients of
    one pass; it also has weight decay, and leaves out updates of a player that is ahead by a margin.

    Args:
        gamma: Float above 0. The factor of the error for the decoder; the authors' is 1e-5 for faces.
        width: Int. Channels of the discriminator's first feature map, 32 in the paper.
        encoder_units, discriminator_units: Ints. Units of the fully connected layers, 2048 and 512.
        generator_normalization: "batch" or None, of encoder and decoder.
        discriminator_normalization: "batch" or None.

    All other arguments: see `GAN`.

    Raises:
        ValueError: Sides that are odd, gamma of 0 or below, or an objective that is not of
            cross-entropy: "non_saturating" or "minimax".
    """

    defaults = {
        "latent_dim": 128,
        "g_learning_rate": 3e-4,
        "d_learning_rate": 3e-4,
        "gamma": 1e-5,
        "width": 32,
        "encoder_units": 2048,
        "discriminator_units": 512,
        "dropout": 0.0,
        "generator_normalization": "batch",
        "discriminator_normalization": "batch",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.RMSprop(learning_rate)

    def player_optimizer(self, player, learning_rate):
        optimizer = super().player_optimizer(player, learning_rate)
        if player == "discriminator" or self.dtype_policy.name != "mixed_float16":
            return optimizer
        # Losses with sums over features: Keras's 2**15 would skip their first updates.
        return keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=2.0**8)

    def build_networks(self):
        _check(self)
        super().build_networks()
        self.encoder = self.build_encoder()
        with full_precision():
            self.ema_encoder = self.build_encoder()

    def build_encoder(self):
        """Makes a network from images to the mean and the logarithm of the variance of their latents."""
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, _encoded(self, images), name="encoder")

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        return keras.Model(latents, _decoded(self, latents), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, _discriminated(self, images), name="discriminator")

    def players(self):
        """The discriminator, the encoder and the generator, each with a loss of its own."""
        discriminator, generator = super().players()
        encoder = Player("encoder", [self.encoder], self.encoder_loss, self.g_learning_rate)
        return [discriminator, encoder, generator]

    def ema_pairs(self):
        return [*super().ema_pairs(), (self.ema_encoder, self.encoder)]

    def networks(self):
        return {**super().networks(), "encoder": self.encoder, "ema_encoder": self.ema_encoder}

    def compile_from_config(self, config):
        super().compile_from_config(config)
        if "optimizers" not in config:  # an older version had one for generator and encoder
            self.g_optimizer.load_own_variables = lambda store: warnings.warn(
                "The file is of an older version: the optimizers of generator and encoder begin anew.",
                stacklevel=2,
            )

    # === Losses ===

    def discriminator_loss(self, batch, rng):
        loss, logs = super().discriminator_loss(batch, rng)
        rebuilt = self.synthesize(self._posterior(batch["images"], rng)[0], batch, rng)
        logits = self.discriminate_images(rebuilt, batch, rng).logits
        rebuilt = tf.reduce_mean(tf.nn.softplus(logits))  # -log(1 - D), as of other images
        return loss + rebuilt, {**logs, "d_rebuilt": rebuilt}

    def encoder_loss(self, batch, rng):
        """The divergence from the prior and the error of reconstructions, and what to log."""
        latents, divergence = self._posterior(batch["images"], rng)
        rebuilt = self.synthesize(latents, batch, rng)
        error, _ = self._feature_error(rebuilt, batch, rng)
        return divergence + error, {"divergence": divergence}

    def generator_loss(self, batch, rng):
        loss, logs = super().generator_loss(batch, rng)
        rebuilt = self.synthesize(self._posterior(batch["images"], rng)[0], batch, rng)
        error, logits = self._feature_error(rebuilt, batch, rng)
        game = tf.reduce_mean(self.objective.generator(logits))
        terms = {"g_rebuilt": game, "feature_error": error}
        return loss + game + self.gamma * error, {**logs, **terms}

    def _posterior(self, images, rng):
        """Latents `[B, D]` of images, drawn, and the mean divergence of equation 2 from the prior."""
        outputs = self.encoder(images, training=True)
        mean, log_variance = outputs["mean"], outputs["log_variance"]
        latents = mean + tf.exp(0.5 * log_variance) * rng.normal([self.latent_dim])
        terms = tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance
        return latents, 0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))

    def _feature_error(self, rebuilt, batch, rng):
        """-log p of real features under a normal distribution around the rebuilt ones, but for its
        constant: equation 7; and the logits of what is rebuilt. Both are augmented alike, or the
        augmentation would be an error."""
        real, fake = (
            self.discriminate_images(images, batch, random)
            for images, random in ((batch["images"], copy.copy(rng)), (rebuilt, rng))
        )
        squares = tf.square(real.outputs["features"] - fake.outputs["features"])
        return 0.5 * tf.reduce_mean(tf.reduce_sum(squares, axis=[1, 2, 3])), fake.logits

    # === Use ===

    def encode(self, images, batch_size=64):
        """Mean latents of float images `[N, H, W, C]` in [-1, 1], float32 `[N, D]`."""
        images = np.asarray(images, np.float32)
        starts = range(0, len(images), batch_size)
        parts = [self._encoded(images[start : start + batch_size]) for start in starts]
        return np.concatenate(parts)

    def reconstruct(self, images, batch_size=64):
        """What the averaged networks make of float images `[N, H, W, C]`, uint8 of the same shape."""
        latents = self.encode(images, batch_size)
        starts = range(0, len(latents), batch_size)
        parts = [self.render(latents[start : start + batch_size]) for start in starts]
        return to_uint8(np.concatenate(parts))

    def endpoints(self):
        """Those of `GAN`; `encode` and `reconstruct`, from `images` to `latents` and to `images`."""
        images = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        own = {
            "encode": (self._serve_encode, [images]),
            "reconstruct": (self._serve_rebuilt, [images]),
        }
        return {**super().endpoints(), **own}

    def _encoded(self, images):
        return self.ema_encoder(images, training=False)["mean"]

    def _serve_encode(self, images):
        return {"latents": self._encoded(images)}

    def _serve_rebuilt(self, images):
        return {"images": self.render(self._encoded(images))}

    def served_scores(self, images, label=None):
        return {"logits": super().served_scores(images, label)["logits"]}  # features would be large


def _check(gan):
    height, width, _ = gan.image_shape
    if height % 2 or width % 2:
        raise ValueError(
            f"VAEGAN needs sides that are even. Received: image_shape={gan.image_shape}."
        )
    if gan.gamma <= 0:
        raise ValueError(f"VAEGAN: gamma must be above 0. Received: {gan.gamma}.")
    if gan.objective.name not in ("non_saturating", "minimax"):
        raise ValueError(
            f"VAEGAN's objective is 'non_saturating' or 'minimax'. Received: {gan.objective!r}."
        )


# === Networks ===


def _halvings(image_shape):
    """1 to 3: how often images are halved, while both sides are even and above 4."""
    height, width, _ = image_shape
    count = 1
    while count < 3 and not (height >> count) % 2 and not (width >> count) % 2:
        if min(height, width) >> count <= 4:
            break
        count += 1
    return count


def _convolution(x, channels, normalization):
    """A 5x5 convolution of half the size; it is normalised by who calls."""
    return Conv2D(channels, 5, strides=2, padding="same", use_bias=normalization is None)(x)


def _dense(x, units, normalization):
    x = layers.Dense(units, use_bias=normalization is None)(x)
    return activated(x, normalization)


def _encoded(gan, x):
    """The encoder's layers: images `[B, H, W, C]` -> float32 mean and log variance, `[B, D]`."""
    normalization = gan.generator_normalization
    for level in range(_halvings(gan.image_shape)):
        channels = 2 ** (level + 1) * gan.width
        x = activated(_convolution(x, channels, normalization), normalization)
    x = _dense(layers.Flatten()(x), gan.encoder_units, normalization)
    names = ("mean", "log_variance")
    return {name: layers.Dense(gan.latent_dim, dtype="float32", name=name)(x) for name in names}


def _decoded(gan, x):
    """The decoder's layers: latents `[B, D]` -> float32 images `[B, H, W, C]` in [-1, 1]."""
    count, normalization = _halvings(gan.image_shape), gan.generator_normalization
    height, width, channels = gan.image_shape
    shape = (height >> count, width >> count, 8 * gan.width)
    x = layers.Reshape(shape)(_dense(x, math.prod(shape), normalization))
    for factor in (8, 4, 1)[-count:]:
        x = Conv2DTranspose(
            factor * gan.width, 5, strides=2, padding="same", use_bias=normalization is None
        )(x)
        x = activated(x, normalization)
    x = Conv2D(channels, 5, padding="same")(x)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def _discriminated(gan, x):
    """The discriminator's layers: images `[B, H, W, C]` -> logits, and `features`, the last layer's."""
    normalization = gan.discriminator_normalization
    x = Conv2D(gan.width, 5, padding="same", activation="relu")(x)
    factors = (4, 8, 8)[: _halvings(gan.image_shape)]
    for factor in factors[:-1]:
        x = activated(_convolution(x, factor * gan.width, normalization), normalization)
    x = _convolution(x, factors[-1] * gan.width, normalization)
    features = layers.Activation("linear", dtype="float32", name="features")(x)
    x = layers.Flatten()(activated(x, normalization))
    x = Dropout(gan.dropout)(_dense(x, gan.discriminator_units, normalization))
    return {"logits": layers.Dense(1, dtype="float32", name="logits")(x), "features": features}


# === Presets ===

_SMALL = {
    "image_shape": (28, 28, 1),
    "latent_dim": 32,
    "width": 8,
    "encoder_units": 256,
    "discriminator_units": 128,
    "gamma": 1e-3,
}

register(
    ("vaegan_fashion_mnist", VAEGAN, _SMALL, "fashion_mnist", 64, 10, (164_505, 459_793)),
    ("vaegan_mnist", VAEGAN, _SMALL, "mnist", 64, 10, (164_505, 459_793)),
    ("vaegan_celeb_a_64", VAEGAN, {}, "celeb_a", 64, 25, (4_693_155, 10_953_857)),
)
