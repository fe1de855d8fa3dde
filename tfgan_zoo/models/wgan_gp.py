"""WGAN with gradient penalty.

Reference: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017 (arXiv:1704.00028).
"""

import keras

from tfgan_zoo.models.dcgan import DCGAN
from tfgan_zoo.presets import register


class WGANGP(DCGAN):
    """WGAN whose critic is held to gradients of length 1 between real and generated images.

    The defaults are algorithm 1's: weight 10, 5 critic updates a step, Adam(1e-4, 0, 0.9), batches of
    64. The critic has no batch normalization, since the penalty is on each image's own gradient
    (section 4). All arguments: see `DCGAN` and `GAN`.
    """

    defaults = {
        "latent_dim": 128,
        "latent_distribution": "normal",
        "objective": "wasserstein",
        "penalty": "gradient_penalty",
        "n_critic": 5,
        "g_learning_rate": 1e-4,
        "d_learning_rate": 1e-4,
        "discriminator_normalization": None,
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.9)


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 64}

register(
    ("wgan_gp_fashion_mnist", WGANGP, _SMALL, "fashion_mnist", 64, 100, (1_009_601, 212_865)),
    (
        "wgan_gp_cifar10",
        WGANGP,
        {"image_shape": (32, 32, 3)},
        "cifar10",
        64,
        500,
        (5_155_971, 4_114_689),
    ),
    (
        "wgan_gp_celeb_a_64",
        WGANGP,
        {"image_shape": (64, 64, 3)},
        "celeb_a",
        64,
        100,
        (19_313_795, 17_231_105),
    ),
)
