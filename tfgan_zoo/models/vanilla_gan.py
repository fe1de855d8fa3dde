"""The first GAN, fully connected.

Reference: Goodfellow et al., "Generative Adversarial Nets", 2014 (arXiv:1406.2661), and the settings
that its authors published for MNIST.
"""

import math

import keras
from keras import layers

from tfgan_zoo.layers import Dropout, Maxout
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class VanillaGAN(GAN):
    """A generator of rectified linear units against a discriminator of maxout units with dropout.

    Both are trained by SGD with momentum (section 5), the generator to raise the logarithm of D(G(z)),
    which the paper advises in section 3. Batches have 100 images. Within the networks pixels lie in
    [0, 1], as in the paper: in [-1, 1] a digit's black ground is the discriminator's largest input, and
    it wins for good within an epoch. Left out: the rise of the momentum to 0.7, the decay of
    the rates by 4e-6 a batch, and biases that start from the mean image. The authors' code also halves
    the discriminator's loss and draws normal latents.

    Args:
        width: Int. Units of each of the generator's two hidden layers.
        maxout_units, maxout_pieces: Ints. Size of the discriminator's two hidden layers.
        dropout: Float in [0, 1). Rate before the last two layers of the discriminator.
        input_dropout: Float in [0, 1). Rate among the pixels that the discriminator sees.

    All other arguments: see `GAN`.
    """

    defaults = {
        "image_shape": (28, 28, 1),
        "latent_distribution": "uniform",
        "g_learning_rate": 0.1,
        "d_learning_rate": 0.1,
        "dropout": 0.5,
        "input_dropout": 0.2,
        "width": 1200,
        "maxout_units": 240,
        "maxout_pieces": 5,
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.SGD(learning_rate, momentum=0.5)

    def build_generator(self):
        x = latents = keras.Input([self.latent_dim], name="latents")
        for _ in range(2):
            x = layers.Dense(self.width, activation="relu", kernel_initializer=_uniform(0.05))(x)
        x = layers.Dense(math.prod(self.image_shape), kernel_initializer=_uniform(0.05))(x)
        x = layers.Rescaling(0.5)(
            layers.Reshape(self.image_shape)(x)
        )  # tanh(x / 2) = 2 sigmoid(x) - 1
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return keras.Model(latents, images, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        x = layers.Rescaling(0.5, offset=0.5)(layers.Flatten()(images))
        x = Dropout(self.input_dropout)(x)
        for _ in range(2):
            x = Maxout(self.maxout_units, self.maxout_pieces, _uniform(0.005))(x)
            x = Dropout(self.dropout)(x)
        logits = layers.Dense(
            1, kernel_initializer=_uniform(0.005), dtype="float32", name="logits"
        )(x)
        return keras.Model(images, logits, name="discriminator")


def _uniform(limit):
    return keras.initializers.RandomUniform(-limit, limit)


# === Presets ===

register(
    ("vanilla_gan_fashion_mnist", VanillaGAN, {}, "fashion_mnist", 100, 50, (2_503_984, 1_231_441)),
    ("vanilla_gan_mnist", VanillaGAN, {}, "mnist", 100, 50, (2_503_984, 1_231_441)),
)
