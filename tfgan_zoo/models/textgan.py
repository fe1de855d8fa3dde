"""Text to image: a GAN whose discriminator also judges whether text and image match.

Reference: Reed et al., "Generative Adversarial Text to Image Synthesis", 2016 (arXiv:1605.05396), with
the conditioning augmentation of Zhang et al., "StackGAN", 2017 (arXiv:1612.03242), and the contrast of
images and texts of Xu et al., "AttnGAN", 2018 (arXiv:1711.10485).
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import (
    BatchNormalization,
    ConditioningAugmentation,
    Conv2D,
    EmbeddingBag,
    LeakyReLU,
)
from tfgan_zoo.losses.texts import contrastive_loss
from tfgan_zoo.models.dcgan import DCGAN, images_from
from tfgan_zoo.penalties import R1
from tfgan_zoo.presets import register
from tfgan_zoo.regularizers import DiffAugment
from tfgan_zoo.tasks.conditions import Texts
from tfgan_zoo.tasks.gan import full_precision

_OF_TEXT = ("texts", "text_embeddings")
_TEXTS = [
    *("red apple", "dog face", "blue heart", "black sun with rays"),
    *("smiling face with open mouth", "automobile", "clock face three oclock", "tulip"),
]


class TextGAN(DCGAN):
    """Draws images of texts, of which it learns from pairs of images and captions.

    A text is a bag of words, of pairs of words and of triples of letters (`conditions.tokens`); a
    small encoder, trained with the discriminator, makes an embedding of it. Three kinds of pairs are
    judged (GAN-CLS, algorithm 1 of the paper): a real image with its text, a real image with the text
    of its neighbour in the batch, and a generated image with the text it was made of. Both players
    have a contrastive term beside, by which an image is to be nearer to its text than to those of
    the batch, and a text to its image. The generator sees a normal draw around a learned mean of the
    embedding while it trains, the mean itself afterwards.

    Example:

    ```python
    gan = tfgan_zoo.TextGAN(image_shape=(32, 32, 3), width=64)
    gan.compile()
    gan.fit(images, texts, batch_size=64, epochs=100)  # texts: strings [N]
    apples = gan.generate(4, seed=0, texts="red apple")
    ```

    Equal texts within a batch are not held against each other: such a neighbour is no wrong text, and
    such a pair is left out of the contrast.

    Args:
        vocabulary_size: Int. Rows of the table of embeddings, which tokens share by their hash.
        text_length: Int. Tokens that are read of a text, see `conditions.tokens`.
        text_dim: Int. Length of a text's embedding.
        condition_dim: Int. Length of what either network makes of the embedding.
        kl_weight: Float. The factor of the divergence of the generator's draws around its means from
            standard normal ones, a mean over the dimensions (2 in the code of StackGAN's authors).
        contrastive_weight: Float. The factor of the contrast, for both players; 0 has none. Of several
            replicas each contrasts its own rows only: with fewer texts to be told apart than in the
            same batch on one replica, the task is easier and the result another.
        temperature: Float. By what cosines are divided there (AttnGAN: gamma_3 = 10).
        default_texts: List of strings, drawn where no texts are given: image i has number
            (seed + i) % len(default_texts).

    All other arguments: see `DCGAN` and `GAN`.
    """

    unused_options = ("dropout", "minibatch_discrimination")
    defaults = {
        "latent_distribution": "normal",
        "vocabulary_size": 8192,
        "text_length": 256,
        "text_dim": 256,
        "condition_dim": 128,
        "kl_weight": 2.0,
        "contrastive_weight": 1.0,
        "temperature": 0.1,
        "default_texts": _TEXTS,
    }

    @property
    def condition(self):
        return Texts(self.vocabulary_size, self.text_length, self.default_texts)

    def build_networks(self):
        self.condition.checked(self.default_texts, len(self.default_texts))
        super().build_networks()
        self.text_encoder = self.build_text_encoder()
        with full_precision():
            self.ema_text_encoder = self.build_text_encoder()

    def build_text_encoder(self):
        """Makes a network from token ids `[B, text_length]` to float32 embeddings `[B, text_dim]`."""
        tokens = keras.Input([self.text_length], dtype="int32", name="tokens")
        return keras.Model(tokens, _embeddings(self, tokens), name="text_encoder")

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        texts = keras.Input([self.text_dim], name="text_embeddings")
        condition = ConditioningAugmentation(self.condition_dim, name="condition")(texts)
        images = images_from(self, layers.Concatenate()([latents, condition]))
        return keras.Model([latents, texts], images, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        texts = keras.Input([self.text_dim], name="text_embeddings")
        outputs = _judgement(self, _map_from(self, images), texts)
        return keras.Model([images, texts], outputs, name="discriminator")

    def players(self):
        """The text encoder belongs to the discriminator, by whose loss it learns."""
        discriminator, generator = super().players()
        return [discriminator._replace(networks=[self.discriminator, self.text_encoder]), generator]

    def ema_pairs(self):
        return [*super().ema_pairs(), (self.ema_text_encoder, self.text_encoder)]

    def networks(self):
        own = ("text_encoder", "ema_text_encoder")
        return super().networks() | {name: getattr(self, name) for name in own}

    # === Losses ===

    def batch_options(self):
        own = {"contrastive_weight": False} if self.contrastive_weight else {}
        return super().batch_options() | own

    def discriminator_loss(self, batch, rng):
        return super().discriminator_loss(self.embedded(batch), rng)

    def generator_loss(self, batch, rng):
        return super().generator_loss(self.embedded(batch), rng)

    def discriminator_terms(self, real, fake, batch, rng):
        terms = super().discriminator_terms(real, fake, batch, rng)
        places = neighbours(batch["texts"].shape[0])
        wrong = {**batch, **{name: tf.gather(batch[name], places) for name in _OF_TEXT}}
        logits = self.discriminator_logits(real.images, wrong)
        loss = self.objective.discriminator
        # Wrong texts get half of what the loss gives to generated images, as in GAN-CLS.
        more = loss(real.logits, logits) - loss(real.logits, fake.logits)
        is_wrong = tf.reduce_any(tf.not_equal(wrong["texts"], batch["texts"]), axis=1)
        terms["wrong_texts"] = (0.5, tf.reduce_mean(tf.where(is_wrong, more, 0.0)))
        return terms | self._contrast(real, batch)

    def generator_terms(self, fake, batch, rng):
        moments = self.generator.get_layer("condition").moments(batch["text_embeddings"])
        own = {"kl": (self.kl_weight, tf.reduce_mean(divergence(*moments)))}
        return super().generator_terms(fake, batch, rng) | own | self._contrast(fake, batch)

    def _contrast(self, output, batch):
        if not self.contrastive_weight:
            return {}
        tokens = batch["texts"]
        same = tf.reduce_all(tf.equal(tokens[:, None], tokens[None]), axis=-1)
        pair = output.outputs["projection"], batch["text_embeddings"]
        name = "d_contrast" if output.latents is None else "g_contrast"
        values = contrastive_loss(*pair, same, self.temperature)
        return {name: (self.contrastive_weight, tf.reduce_mean(values))}

    # === Images ===

    def embedded(self, batch):
        """The batch with token ids for "texts", int32 `[B, L]`, and "text_embeddings" beside."""
        if "text_embeddings" in batch:
            return batch
        tokens = self.condition.encode(batch["texts"])
        return {**batch, "texts": tokens, "text_embeddings": self.text_encoder(tokens)}

    def generator_inputs(self, latents, batch):
        return [latents, self.embedded(batch)["text_embeddings"]]

    def discriminator_inputs(self, images, batch):
        return [images, self.embedded(batch)["text_embeddings"]]

    def call(self, latents, labels=None, training=False):
        if not training:
            return self.render(latents, labels)
        return self.generator(self.generator_inputs(latents, {"texts": labels}), training=True)

    def inputs_of_average(self, latents, labels):
        return [latents, self.ema_text_encoder(self.condition.encode(labels))]

    def served_scores(self, images, label=None):
        return {"logits": super().served_scores(images, label)["logits"]}


# === Losses ===


def neighbours(count):
    """Whose text is the wrong one for each of `count` images, ints `[count]`.

    Two rows exchange their texts, so that replicas and accumulation, where their parts have an even
    number of rows, exchange the same ones as the whole; an odd last row takes the first one's.
    """
    rows = np.arange(count) ^ 1
    rows[rows >= count] = 0
    return rows


def divergence(mean, log_variance):
    """KL divergence of normal draws from standard ones, by dimension (StackGAN, eq. 2)."""
    return 0.5 * (tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance)


# === Networks ===


def _normal():
    return keras.initializers.RandomNormal(stddev=0.02)


def _embeddings(gan, tokens):
    """The encoder's layers. All embeddings are of one length, which keeps the generator's inputs
    as they are while the encoder learns."""
    x = EmbeddingBag(gan.vocabulary_size, gan.text_dim)(tokens)
    x = layers.Dense(gan.text_dim)(x)
    x = layers.Dense(gan.text_dim)(LeakyReLU(0.2)(x))
    return layers.LayerNormalization(epsilon=1e-5, center=False, scale=False, dtype="float32")(x)


def _map_from(gan, x):
    """Images `[B, H, W, C]` -> a feature map that is not larger than 4 on its shorter side."""
    level, width = 0, gan.width
    while level == 0 or (min(x.shape[1:3]) > 4 and not any(side % 2 for side in x.shape[1:3])):
        # The first feature map is not normalised, so that the data's mean and scale can be learned.
        x = _convolved(gan, x, width, 4, 2, gan.discriminator_normalization if level else None)
        level, width = level + 1, min(2 * width, 8 * gan.width)
    return x


def _convolved(gan, x, channels, kernel_size, strides, normalization):
    options = {"use_bias": normalization is None, "kernel_initializer": _normal()}
    x = Conv2D(channels, kernel_size, strides, "same", **options)(x)
    if normalization == "batch":
        x = BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    elif normalization is not None:
        raise ValueError(
            f"discriminator_normalization must be 'batch' or None. Received: {normalization!r}."
        )
    return LeakyReLU(0.2)(x)


def _judgement(gan, x, texts):
    """What the discriminator says: of image and text together, and the image's own place among texts."""
    projection = layers.Dense(gan.text_dim, dtype="float32", name="projection")(layers.Flatten()(x))
    _, height, width, channels = x.shape
    texts = layers.Dense(gan.condition_dim, kernel_initializer=_normal())(texts)
    texts = layers.RepeatVector(height * width)(LeakyReLU(0.2)(texts))
    texts = layers.Reshape((height, width, gan.condition_dim))(texts)
    x = layers.Concatenate()([x, texts])
    x = _convolved(gan, x, channels, 1, 1, gan.discriminator_normalization)
    logits = layers.Dense(1, kernel_initializer=_normal(), dtype="float32", name="logits")
    return {"logits": logits(layers.Flatten()(x)), "projection": projection}


# === Presets ===

_SMALL = {
    **{"image_shape": (32, 32, 3), "width": 48},
    # Of the recipes tried, the one whose hearts are hearts; a text's few images call for augmentation.
    **{"regularizers": [DiffAugment("translation,cutout")], "upsampling": "resize"},
    "penalty": R1(1.0, every=4),
}
_LARGE = {"image_shape": (64, 64, 3)}
# Captions of 27 words, see saved_models/avatars.mjs; R1 as for `dcgan_avatars_32`.
_AVATARS = {
    **{"image_shape": (32, 32, 3), "width": 32, "penalty": R1(1.0, every=4)},
    **{"vocabulary_size": 1024, "text_length": 128, "text_dim": 128, "condition_dim": 64},
    "default_texts": (
        "happy face, light skin, long blond hair, glasses, red clothes",
        "sad face, dark skin, short black hair, yellow clothes",
        "happy face, brown skin, short brown hair, beard, green clothes",
        "happy face, light skin, long auburn hair, blue hat, blue clothes",
        "sad face, light skin, short red hair, sunglasses, green clothes",
        "happy face, dark skin, long blue hair, earrings, yellow clothes",
        "happy face, brown skin, short green hair, red clothes",
        "sad face, light skin, long black hair, purple hat, blue clothes",
    ),
}

register(
    ("textgan_emoji_32", TextGAN, _SMALL, "noto_emoji64", 64, 94, (1_346_483, 1_256_049)),
    ("textgan_avatars_32", TextGAN, _AVATARS, "avatars32", 64, 30, (611_235, 463_201)),
    ("textgan_emoji_64", TextGAN, _LARGE, "noto_emoji64", 64, 600, (21_017_987, 16_445_441)),
)
