"""LSGAN: least squares in place of cross-entropy.

Reference: Mao et al., "Least Squares Generative Adversarial Networks", 2017 (arXiv:1611.04076).
"""

from tfgan_zoo.models.dcgan import DCGAN
from tfgan_zoo.presets import register


class LSGAN(DCGAN):
    """DCGAN's networks under the least squares objective, with targets 0, 1 and 1 (equation 9).

    The rates are DCGAN's 2e-4; the paper has 1e-3 for scenes of LSUN.

    All arguments: see `DCGAN` and `GAN`.
    """

    defaults = {"objective": "least_squares"}


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 64}

register(
    ("lsgan_fashion_mnist", LSGAN, _SMALL, "fashion_mnist", 64, 20, (833_985, 212_993)),
    (
        "lsgan_cifar10",
        LSGAN,
        {"image_shape": (32, 32, 3)},
        "cifar10",
        64,
        100,
        (4_926_595, 4_115_457),
    ),
)
