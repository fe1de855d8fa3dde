"""The penalties by name."""

import functools
from typing import Any

from tfgan_zoo.configurable import look_up
from tfgan_zoo.penalties import functions
from tfgan_zoo.penalties.base import Penalty


class GradientPenalty(Penalty):
    """Slopes of 1 between real and generated images: WGAN-GP, Gulrajani et al. 2017, equation 3.

    Args:
        weight: Float. 10 in the paper.
        every: Int k. Taken at every k-th update of the discriminator, k times as strong.
        one_sided: Bool. Whether slopes below 1 go free (WGAN-LP, Petzka et al. 2018).
    """

    bounds = {"one_sided": ""}

    def __init__(self, weight: float = 10.0, every: int = 1, one_sided: bool = False):
        super().__init__(weight, every)
        self.one_sided = one_sided

    @property
    def name(self):
        return "one_sided_gradient_penalty" if self.one_sided else "gradient_penalty"

    def values(self, critic, real, fake, uniform):
        alpha = uniform((1,) * (real.shape.rank - 1))
        return functions.gradient_penalty(critic, real, fake, alpha, one_sided=self.one_sided)


class DRAGAN(Penalty):
    """Slopes of 1 around real images: DRAGAN, Kodali et al. 2017.

    Args:
        weight: Float. 10 in the paper.
        every: Int k. Taken at every k-th update of the discriminator, k times as strong.
    """

    reads_batch = True

    def values(self, critic, real, fake, uniform, stddev=None):
        noise = uniform(tuple(real.shape[1:]))
        alpha = uniform((1,) * (real.shape.rank - 1))
        return functions.dragan_penalty(critic, real, noise, alpha, stddev)


class R1(Penalty):
    """Half the squared slope at real images: Mescheder et al. 2018, equation 9.

    Args:
        weight: Float, gamma of the paper, where it is 10. None: `penalties.r1_weight` of the model's
            images, which is for batches of 32.
        every: Int k. Taken at every k-th update of the discriminator, k times as strong; 16 in
            StyleGAN2.
    """

    bounds = {"weight": "None or number >= 0"}

    def build(self, model):
        if self.weight is None:
            vars(self)["weight"] = functions.r1_weight(model.image_shape)

    def values(self, critic, real, fake, uniform):
        return functions.r1_penalty(critic, real)


class R2(Penalty):
    """Half the squared slope at generated images: Mescheder et al. 2018, equation 10.

    Args:
        weight: Float, gamma of the paper, where it is 10.
        every: Int k. Taken at every k-th update of the discriminator, k times as strong.
    """

    def values(self, critic, real, fake, uniform):
        return functions.r2_penalty(critic, fake)


class R1R2(Penalty):
    """`R1` and `R2` together: R3GAN, Huang et al. 2024.

    Args:
        weight: Float, gamma of the paper, which it chooses for each data set (0.05 to 150).
        every: Int k. Taken at every k-th update of the discriminator, k times as strong.
    """

    def values(self, critic, real, fake, uniform):
        return functions.r1_r2_penalty(critic, real, fake)


PENALTIES = {
    "gradient_penalty": GradientPenalty,
    "one_sided_gradient_penalty": functools.partial(GradientPenalty, one_sided=True),
    "dragan": DRAGAN,
    "r1": R1,
    "r2": R2,
    "r1_r2": R1R2,
}


def get(identifier: Any) -> Penalty | None:
    """The penalty that an identifier stands for.

    Args:
        identifier: None; a name in `PENALTIES`; or a `Penalty`, which is copied, or its config.

    Raises:
        TypeError: Something else.
        ValueError: An unknown name, of which near ones are told.
    """
    return None if identifier is None else look_up(identifier, PENALTIES, Penalty, "penalty")
