"""The objectives by name."""

import warnings
from typing import Any

from tfgan_zoo.configurable import look_up
from tfgan_zoo.losses import functions
from tfgan_zoo.losses.base import Objective
from tfgan_zoo.losses.function_pair import FunctionPair


class _Smoothed(Objective):
    """An objective with labels, of which those of real images may be lowered."""

    bounds = {"label_smoothing": "[0, 1)"}

    def __init__(self, label_smoothing=0.0):
        self.label_smoothing = label_smoothing


class Minimax(_Smoothed):
    """The game of Goodfellow et al. 2014, equation 1, with the saturating generator's loss.

    Args:
        label_smoothing: Float in [0, 1). The target of real images is 1 minus this (one-sided: Salimans
            et al. 2016, section 3.4).
    """

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.minimax_discriminator_loss(real_logits, fake_logits, self.label_smoothing)

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.minimax_generator_loss(fake_logits)


class NonSaturating(_Smoothed):
    """`Minimax`, but the generator maximises log D(G(z)): Goodfellow et al. 2014, section 3.

    Args:
        label_smoothing: Float in [0, 1). The target of real images is 1 minus this.
    """

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.non_saturating_discriminator_loss(
            real_logits, fake_logits, self.label_smoothing
        )

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.non_saturating_generator_loss(fake_logits)


class LeastSquares(_Smoothed):
    """Squared distances to the targets 1, 0 and 1: LSGAN, Mao et al. 2017, equation 9.

    Args:
        label_smoothing: Float in [0, 1). The target of real images is 1 minus this.
    """

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        target = 1.0 - self.label_smoothing
        return functions.least_squares_discriminator_loss(real_logits, fake_logits, target)

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.least_squares_generator_loss(fake_logits)


class Wasserstein(Objective):
    """The difference of mean scores: WGAN, Arjovsky et al. 2017. The critic is to be Lipschitz."""

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.wasserstein_discriminator_loss(real_logits, fake_logits)

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.wasserstein_generator_loss(fake_logits)


class Hinge(Objective):
    """The hinge loss of SNGAN, Miyato et al. 2018, equations 16 and 17."""

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.hinge_discriminator_loss(real_logits, fake_logits)

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.hinge_generator_loss(fake_logits)


class Relativistic(Objective):
    """Pairs of a real and a generated image: RSGAN, Jolicoeur-Martineau 2018, section 4.1."""

    needs_real = True

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.relativistic_discriminator_loss(real_logits, fake_logits)

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.relativistic_generator_loss(fake_logits, real_logits)


class RelativisticAverage(Objective):
    """Each image against the average of the other side: RaSGAN, Jolicoeur-Martineau 2018, section 4.3.

    The averages are those of the whole batch: replicas meet in the loss.
    """

    needs_real = True
    batch_mean = True

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        return functions.relativistic_average_discriminator_loss(
            real_logits, fake_logits, real_mean, fake_mean
        )

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        return functions.relativistic_average_generator_loss(
            fake_logits, real_logits, real_mean, fake_mean
        )


OBJECTIVES: dict[str, type[Objective]] = {
    "minimax": Minimax,
    "non_saturating": NonSaturating,
    "least_squares": LeastSquares,
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "relativistic": Relativistic,
    "relativistic_average": RelativisticAverage,
}
_RENAMED = {"modified": "non_saturating"}


def get(identifier: Any, warn: bool = True) -> Objective:
    """The objective that an identifier stands for.

    Args:
        identifier: A name in `OBJECTIVES`; an `Objective`, which is copied, or its config; or a pair of
            functions `(d_loss, g_loss)`, see `FunctionPair`.
        warn: Whether an old name warns.

    Raises:
        TypeError: Something else.
        ValueError: An unknown name, of which near ones are told; functions that cannot be called as
            `FunctionPair` calls them.
    """
    if isinstance(identifier, str) and identifier in _RENAMED:
        new = _RENAMED[identifier]
        if warn:
            text = f"The objective {identifier!r} is called {new!r} now."
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        identifier = new
    if isinstance(identifier, (tuple, list)):
        if len(identifier) != 2:
            raise ValueError(
                f"objective as functions must be the pair (d_loss, g_loss). Received: {identifier!r}."
            )
        return FunctionPair(*identifier)
    return look_up(identifier, OBJECTIVES, Objective, "objective")
