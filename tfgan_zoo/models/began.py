"""BEGAN: the discriminator is an auto-encoder, and the two players are kept in balance.

Reference: Berthelot, Schumm and Metz, "BEGAN: Boundary Equilibrium Generative Adversarial Networks",
2017 (arXiv:1703.10717; sections 3.3 to 3.5).
"""

import math

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import Clip, Conv2D, Dropout
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class BEGAN(GAN):
    """A discriminator that rebuilds images: an image's logit is minus its error L, mean |v - D(v)|.

    The discriminator minimises L(x) - k L(G(z)), the generator L(G(z)), and after each update k moves by
    lambda_k (gamma L(x) - L(G(z))) within [0, 1] (section 3.4), both errors being those of the
    discriminator's batch. Logged beside the losses are both errors, k, and the measure of convergence
    L(x) + |gamma L(x) - L(G(z))| (section 3.4.1). What the paper leaves open is as in the usual code
    (github.com/carpedm20/BEGAN-tensorflow): every convolution but the last has exponential linear
    units, nothing follows the last, and Adam has beta_1 of 0.9; drawn images are clipped to [-1, 1].
    The paper's optional skip connections and its falling rate are left out. Batches have 16 images.

    Args:
        width: Int. The paper's n: channels of generator and decoder; the encoder's grow by n a level.
        code_dim: Int. Length of the auto-encoder's code, the paper's N_h.
        gamma: Float in [0, 1]. The diversity ratio: how large L(G(z)) may be beside L(x).
        lambda_k: Float. The rate of k.
        beta_1: Float in [0, 1). Of Adam.
        output_activation: None, or "tanh": what generated and rebuilt images pass.
        strided_activation: "elu", or None: what follows the encoder's strided convolutions.

    All other arguments: see `GAN`.

    Raises:
        ValueError: An objective other than "wasserstein", which the difference of errors is; an
            activation that is not among those.
    """

    bounds = {
        "gamma": "[0, 1]",
        "output_activation": (None, "tanh"),
        "strided_activation": (None, "elu"),
    }
    defaults = {
        "latent_dim": 64,
        "latent_distribution": "uniform",
        "objective": "wasserstein",
        "dropout": 0.0,
        "g_learning_rate": 1e-4,
        "d_learning_rate": 1e-4,
        "width": 128,
        "code_dim": 64,
        "gamma": 0.5,
        "lambda_k": 0.001,
        "beta_1": 0.9,
        "output_activation": None,
        "strided_activation": "elu",
    }

    before = {"output_activation": "tanh", "strided_activation": None, "beta_1": 0.5}

    @classmethod
    def from_config(cls, config):
        """A whole configuration without activations is of a model that was saved before there were these
        options, and keeps the networks that it had."""
        is_before = "lambda_k" in config and "output_activation" not in config
        return super().from_config({**(cls.before if is_before else {}), **config})

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=self.beta_1)

    def build_networks(self):
        _check(self)
        super().build_networks()
        self.k = self.add_state("k")

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        return keras.Model(latents, _decoded(self, latents, "images"), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        code = layers.Dense(self.code_dim)(_encoded(self, images))
        rebuilt = _decoded(self, code, "reconstructions")
        logits = MinusError(dtype="float32", name="logits")([images, rebuilt])
        outputs = {"logits": logits, "reconstructions": rebuilt}
        return keras.Model(images, outputs, name="discriminator")

    def discriminator_loss(self, batch, rng):
        """What is logged as d_loss is L(x) - k L(G(z)) too."""
        loss, logs = super().discriminator_loss(batch, rng)
        return loss, logs | {"d_loss": logs["real_error"] - self.k.value * logs["fake_error"]}

    def discriminator_terms(self, real, fake, batch, rng):
        """The adversarial loss, L(x) - L(G(z)), becomes L(x) - k L(G(z))."""
        terms = super().discriminator_terms(real, fake, batch, rng)
        errors = {"real_error": real.logits, "fake_error": fake.logits}
        errors = {name: -tf.reduce_mean(logits) for name, logits in errors.items()}
        weights = {"real_error": 0.0, "fake_error": 1.0 - self.k.value}
        return {**terms, **{name: (weights[name], errors[name]) for name in errors}}

    def after_discriminator_update(self, logs):
        distance = self.gamma * logs["real_error"] - logs["fake_error"]
        self.k.assign(tf.clip_by_value(self.k + self.lambda_k * distance, 0.0, 1.0))
        logs |= {
            "convergence": logs["real_error"] + tf.abs(distance),
            "k": tf.identity(self.k.value),
        }


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class MinusError(keras.layers.Layer):
    """Minus the mean absolute difference of two images `[B, H, W, C]`, `[B, 1]`."""

    def call(self, inputs):
        images, rebuilt = inputs
        return -tf.reduce_mean(tf.abs(images - rebuilt), axis=[1, 2, 3])[:, None]

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)


# === Networks ===


def _check(gan):
    if gan.objective.name != "wasserstein":
        raise ValueError(f"BEGAN's objective is 'wasserstein'. Received: {gan.objective!r}.")


def _sizes(image_shape):
    """Height and width of the feature maps, smallest first: halved while they are even and above 8."""
    sizes = [tuple(image_shape[:2])]
    while min(sizes[0]) > 8 and not (sizes[0][0] % 2 or sizes[0][1] % 2):
        sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
    return sizes


def _decoded(gan, x, name):
    """The generator's and the decoder's layers: `[B, D]` -> float32 images."""
    sizes = _sizes(gan.image_shape)
    shape = (*sizes[0], gan.width)
    x = layers.Reshape(shape)(layers.Dense(math.prod(shape))(x))
    for level in range(len(sizes)):
        x = _convolved(layers.UpSampling2D(2)(x) if level else x, gan.width)
    x = Conv2D(gan.image_shape[-1], 3, padding="same")(x)
    if name == "images" and not gan.output_activation:
        return Clip(dtype="float32", name=name)(x)
    return layers.Activation(gan.output_activation, dtype="float32", name=name)(x)


def _encoded(gan, x):
    """The encoder's layers but the last: images `[B, H, W, C]` -> `[B, D]`."""
    x = Conv2D(gan.width, 3, padding="same", activation="elu")(x)
    levels = len(_sizes(gan.image_shape))
    for level in range(1, levels + 1):
        x = _convolved(x, level * gan.width)
        if level < levels:
            options = {"strides": 2, "padding": "same", "activation": gan.strided_activation}
            x = Conv2D(level * gan.width, 3, **options)(x)
    return Dropout(gan.dropout)(layers.Flatten()(x))


def _convolved(x, channels):
    for _ in range(2):
        x = Conv2D(channels, 3, padding="same", activation="elu")(x)
    return x


# === Presets ===

# At the paper's rates k hardly leaves 0 in thousands of steps, and all images become one gray spot,
# whose error is small because its contrast is: a faster k and a gamma near 1 prevent it.
_SMALL = {
    "image_shape": (28, 28, 1),
    "width": 64,
    "code_dim": 32,
    "latent_dim": 32,
    "gamma": 0.9,
    "lambda_k": 0.02,
    "g_learning_rate": 4e-4,
    "d_learning_rate": 4e-4,
}
_LARGE = {"image_shape": (128, 128, 3)}

register(
    ("began_fashion_mnist", BEGAN, _SMALL, "fashion_mnist", 64, 25, (325_633, 1_660_513)),
    ("began_mnist", BEGAN, _SMALL, "mnist", 64, 25, (325_633, 1_660_513)),
    ("began_celeb_a_64", BEGAN, {}, "celeb_a", 16, 25, (1_716_611, 13_405_379)),
    ("began_celeb_a_128", BEGAN, _LARGE, "celeb_a", 16, 25, (2_011_779, 23_221_443)),
)
