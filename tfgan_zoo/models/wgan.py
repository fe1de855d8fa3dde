"""WGAN with weight clipping.

Reference: Arjovsky, Chintala and Bottou, "Wasserstein GAN", 2017 (arXiv:1701.07875), algorithm 1.
"""

import keras

from tfgan_zoo.models.dcgan import DCGAN
from tfgan_zoo.penalties import clip_weights
from tfgan_zoo.presets import register


class WGAN(DCGAN):
    """DCGAN's networks, a critic in place of the discriminator, its weights clipped after each update.

    The defaults are algorithm 1's: 5 critic updates a step, RMSprop(5e-5), batches of 64; and as in the
    authors' code (github.com/martinarjovsky/WassersteinGAN) RMSprop is that of PyTorch and latents are
    normal. That code also makes 100 updates of the critic in each of the first 25 steps and in every
    500th, and clips before an update; here there are always `n_critic`, and what is clipped is the
    outcome of an update, as in the paper.

    Args:
        clip_value: Float. The critic's weights are kept within [-clip_value, clip_value].
        rho: Float in [0, 1). Decay of RMSprop's mean square.
        epsilon: Float. What RMSprop adds to the mean square, under the root: 1e-16 there is PyTorch's
            1e-8 outside. Gradients of clipped critics are small beside Keras's 1e-7, which would slow
            some layers to a tenth.

    All other arguments: see `DCGAN` and `GAN`.
    """

    defaults = {
        "objective": "wasserstein",
        "n_critic": 5,
        "g_learning_rate": 5e-5,
        "d_learning_rate": 5e-5,
        "latent_distribution": "normal",
        "clip_value": 0.01,
        "rho": 0.99,
        "epsilon": 1e-16,
    }

    before = {"rho": 0.9, "epsilon": 1e-7}

    def default_optimizer(self, learning_rate):
        return keras.optimizers.RMSprop(learning_rate, rho=self.rho, epsilon=self.epsilon)

    def after_discriminator_update(self, logs):
        clip_weights(self.discriminator.trainable_variables, self.clip_value)


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 64}

register(
    ("wgan_fashion_mnist", WGAN, _SMALL, "fashion_mnist", 64, 100, (833_985, 212_993)),
    (
        "wgan_cifar10",
        WGAN,
        {"image_shape": (32, 32, 3)},
        "cifar10",
        64,
        500,
        (4_926_595, 4_115_457),
    ),
)
