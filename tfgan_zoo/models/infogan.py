"""InfoGAN: some of the latents are codes that can be read off the image.

Reference: Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets", 2016 (arXiv:1606.03657; equations 5 and 6, and appendix C.1).
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_zoo import losses
from tfgan_zoo.layers import Conv2D, Conv2DTranspose, Dropout, LeakyReLU
from tfgan_zoo.models.dcgan import activated, head, normal
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN
from tfgan_zoo.tasks.sampling import latents_from_seeds


class InfoGAN(GAN):
    """A generator whose first latents are codes, and a discriminator with a head that finds them.

    Latents are, side by side: one-hot categorical codes, continuous codes, uniform over [-1, 1), and
    noise, uniform too. Both players lower the mean of -log Q(code | image), the bound on mutual
    information of equation 5 without the constant entropy of the codes. Networks and rates are those of
    appendix C.1, for MNIST; there Q's deviation of continuous codes is held at 1 (the authors' code).

    Args:
        categorical_codes: Int, 1 or more. How many of them.
        categories: Int K. Each is one of [0, K), all as likely.
        continuous_codes: Int, 0 or more.
        information_weight: Float. The factor of the categorical codes' term, lambda in equation 6.
        continuous_weight: Float. That of the continuous codes' term.
        learned_deviation: Whether Q tells a deviation for each continuous code.
        width: Int. Channels of the larger hidden feature map; the smaller one has twice as many.
        units, code_units: Ints. Units of the fully connected layers, and of the one that only Q has.
        generator_normalization, discriminator_normalization: "batch" or None.

    All other arguments: see `GAN`. `latent_dim` counts the codes too.

    Raises:
        ValueError: Sides that are not multiples of 4, codes that leave no latents for noise, or latents
            that are not uniform.
    """

    defaults = {
        "image_shape": (28, 28, 1),
        "latent_dim": 74,
        "latent_distribution": "uniform",
        "categorical_codes": 1,
        "categories": 10,
        "continuous_codes": 2,
        "information_weight": 1.0,
        "continuous_weight": 1.0,
        "learned_deviation": False,
        "g_learning_rate": 1e-3,
        "width": 64,
        "units": 1024,
        "code_units": 128,
        "dropout": 0.0,
        "generator_normalization": "batch",
        "discriminator_normalization": "batch",
    }

    def build_networks(self):
        _check(self)
        super().build_networks()

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        return keras.Model(latents, _images(self, latents), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, _outputs(self, images), name="discriminator")

    # === Codes ===

    @property
    def code_dim(self):
        """Int. How many of the latents, the first ones, are codes."""
        return self.categorical_codes * self.categories + self.continuous_codes

    def sample_latents(self, rng):
        return self._latents(rng.uniform([self._uniform_size]))

    def latents_for(self, seeds):
        uniform = latents_from_seeds(seeds, self._uniform_size, "uniform")
        return self._latents((uniform + 1) / 2)

    def truncate(self, latents, truncation):
        """Scales the noise, see `GAN.truncate`; codes stay as they are."""
        noise = super().truncate(latents[:, self.code_dim :], truncation)
        return tf.concat([latents[:, : self.code_dim], noise], axis=1)

    def traverse(self, code, values, seed=0):
        """Images of one seed that differ in one code alone.

        Args:
            code: Int. Categorical codes count first, then continuous ones.
            values: For a categorical code ints in [0, K); for a continuous one floats, in training
                from [-1, 1).
            seed: Int. Of the other codes and the noise.

        Returns:
            uint8 `[len(values), H, W, C]`.
        """
        latents = np.repeat(self.latents_for([seed]).numpy(), len(values), axis=0)
        return self._rendered(self.with_codes(latents, code, values), None)

    def with_codes(self, latents, code, values):
        """Latents `[B, D]` with these values `[B]` of one code, float32; see `traverse`."""
        latents, values = np.array(latents, np.float32), np.asarray(values)
        codes = self.categorical_codes + self.continuous_codes
        if not 0 <= code < codes:
            raise ValueError(f"code must lie in [0, {codes}). Received: {code!r}.")
        if code >= self.categorical_codes:
            latents[:, self.code_dim - codes + code] = values
            return latents
        if not np.isin(values, range(self.categories)).all():
            raise ValueError(
                f"The values of a categorical code are integers in [0, {self.categories}). "
                f"Received: {values.tolist()}."
            )
        block = slice(code * self.categories, (code + 1) * self.categories)
        latents[:, block] = np.eye(self.categories)[values.astype(int)]
        return latents

    def endpoints(self):
        """Those of `GAN`, and `generate_from_codes`: `seed` int64 `[B]` for the noise, `category` int32
        `[B, categorical codes]`, and `code` float32 `[B, continuous codes]` where there are such."""
        inputs = [
            tf.TensorSpec([None], tf.int64, name="seed"),
            tf.TensorSpec([None, self.categorical_codes], tf.int32, name="category"),
        ]
        if self.continuous_codes:
            inputs.append(tf.TensorSpec([None, self.continuous_codes], tf.float32, name="code"))
        return {**super().endpoints(), "generate_from_codes": (self._serve_codes, inputs)}

    def classes_of_inputs(self):
        return {**super().classes_of_inputs(), "category": self.categories}

    def _serve_codes(self, seed, category, *code):
        noise = self.latents_for(seed)[:, self.code_dim :]
        latents = tf.concat([self._one_hot(category), *code, noise], axis=1)
        return {"images": self.render(latents)}

    @property
    def _uniform_size(self):
        return self.latent_dim - self.categorical_codes * (self.categories - 1)

    def _latents(self, uniform):
        """Latents `[B, D]` of values from [0, 1): one for each categorical code, then all others."""
        count = self.categorical_codes
        categories = tf.cast(uniform[:, :count] * self.categories, tf.int32)
        return tf.concat([self._one_hot(categories), 2 * uniform[:, count:] - 1], axis=1)

    def _one_hot(self, categories):
        codes = tf.one_hot(categories, self.categories)
        return tf.reshape(codes, [-1, self.categorical_codes * self.categories])

    # === Losses ===

    def discriminator_terms(self, real, fake, batch, rng):
        terms = super().discriminator_terms(real, fake, batch, rng)
        return {**terms, **self._information_terms("d", fake)}

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        return {**terms, **self._information_terms("g", fake)}

    def _information_terms(self, player, fake):
        """-log Q of the codes, summed over an image's codes and averaged over the images."""
        size = self.categorical_codes * self.categories
        logits = tf.reshape(fake.outputs["category_logits"], [-1, self.categories])
        codes = tf.reshape(fake.latents[:, :size], [-1, self.categories])
        loss = losses.categorical_mutual_information_loss(logits, codes)
        loss = self.categorical_codes * tf.reduce_mean(loss)
        terms = {f"{player}_category": (self.information_weight, loss)}
        if self.continuous_codes:
            mean = fake.outputs["code_mean"]
            deviation = fake.outputs.get("code_log_deviation", tf.zeros_like(mean))
            codes = fake.latents[:, size : self.code_dim]
            loss = losses.gaussian_mutual_information_loss(mean, deviation, codes)
            terms[f"{player}_code"] = (self.continuous_weight, tf.reduce_mean(loss))
        return terms


def _check(gan):
    height, width, _ = gan.image_shape
    if height % 4 or width % 4:
        raise ValueError(
            f"InfoGAN needs sides that are multiples of 4. Received: image_shape={gan.image_shape}."
        )
    if gan.latent_distribution != "uniform":
        raise ValueError(f"InfoGAN's latents are uniform. Received: {gan.latent_distribution!r}.")
    if gan.categorical_codes < 1 or gan.continuous_codes < 0 or gan.latent_dim <= gan.code_dim:
        raise ValueError(
            f"InfoGAN needs one categorical code at least, and a latent_dim above the {gan.code_dim} "
            f"values of its codes. Received: latent_dim={gan.latent_dim}, categorical_codes="
            f"{gan.categorical_codes}, continuous_codes={gan.continuous_codes}."
        )


# === Networks ===


def _images(gan, x):
    """The generator's layers: latents `[B, D]` -> float32 images `[B, H, W, C]` in [-1, 1]."""
    height, width, channels = gan.image_shape
    shape = (height // 4, width // 4, 2 * gan.width)
    bias = gan.generator_normalization is None
    for units in (gan.units, math.prod(shape)):
        x = layers.Dense(units, use_bias=bias, kernel_initializer=normal())(x)
        x = activated(x, gan.generator_normalization)
    common = {"strides": 2, "padding": "same", "kernel_initializer": normal()}
    x = Conv2DTranspose(gan.width, 4, use_bias=bias, **common)(layers.Reshape(shape)(x))
    x = activated(x, gan.generator_normalization)
    x = Conv2DTranspose(channels, 4, **common)(x)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def _outputs(gan, x):
    """The discriminator's layers: images `[B, H, W, C]` -> its logits, and Q's parameters by name."""
    normalization = gan.discriminator_normalization
    common = {"padding": "same", "kernel_initializer": normal()}
    x = LeakyReLU(0.1)(Conv2D(gan.width, 4, strides=2, **common)(x))
    x = Conv2D(2 * gan.width, 4, strides=2, use_bias=normalization is None, **common)(x)
    x = layers.Flatten()(activated(x, normalization, LeakyReLU(0.1)))
    x = Dropout(gan.dropout)(_dense(x, gan.units, normalization))
    outputs = {"logits": head(x, 1, "logits")}
    x = _dense(x, gan.code_units, normalization)
    sizes = {"category_logits": gan.categorical_codes * gan.categories}
    if gan.continuous_codes:
        sizes["code_mean"] = gan.continuous_codes
        if gan.learned_deviation:
            sizes["code_log_deviation"] = gan.continuous_codes
    return outputs | {name: head(x, size, name) for name, size in sizes.items()}


def _dense(x, units, normalization):
    x = layers.Dense(units, use_bias=normalization is None, kernel_initializer=normal())(x)
    return activated(x, normalization, LeakyReLU(0.1))


# === Presets ===

_SMALL = {"width": 32, "units": 512}

register(
    ("infogan_mnist", InfoGAN, {}, "mnist", 128, 11, (6_645_121, 6_690_893)),
    ("infogan_mnist_small", InfoGAN, _SMALL, "mnist", 128, 11, (1_684_161, 1_707_949)),
    (
        "infogan_fashion_mnist_small",
        InfoGAN,
        _SMALL,
        "fashion_mnist",
        128,
        11,
        (1_684_161, 1_707_949),
    ),
)
