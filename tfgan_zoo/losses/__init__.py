"""Adversarial objectives and their companions: pure functions, and objects that pair two of them.

Every loss is to be minimised and is float32 `[B]`, one value an example; the caller reduces it.
Inputs may be of any float dtype and are cast to float32 first. Logits are unbounded scores `[B]` or
`[B, 1]`; the caller reshapes scores of patches, `[B, H, W, 1]`, to `[B * H * W]`. Another shape, or
real and fake logits of different shapes, is a `ValueError` that tells what came.

An `Objective` pairs the losses of the two players. `get` makes one of a name in `OBJECTIVES`, or of a
pair of functions of your own:

    objective = losses.get("hinge")  # or losses.Hinge()
    discriminator_loss = objective.discriminator(real_logits, fake_logits)
    generator_loss = objective.generator(fake_logits)
"""

import warnings

from tfgan_zoo.losses import functions
from tfgan_zoo.losses.function_pair import FunctionPair as FunctionPair
from tfgan_zoo.losses.functions import auxiliary_classifier_loss as auxiliary_classifier_loss
from tfgan_zoo.losses.functions import (
    categorical_mutual_information_loss as categorical_mutual_information_loss,
)
from tfgan_zoo.losses.functions import combine_adversarial_loss as combine_adversarial_loss
from tfgan_zoo.losses.functions import cycle_consistency_loss as cycle_consistency_loss
from tfgan_zoo.losses.functions import (
    gaussian_mutual_information_loss as gaussian_mutual_information_loss,
)
from tfgan_zoo.losses.functions import gradient_ratio_weight as gradient_ratio_weight
from tfgan_zoo.losses.functions import hinge_discriminator_loss as hinge_discriminator_loss
from tfgan_zoo.losses.functions import hinge_generator_loss as hinge_generator_loss
from tfgan_zoo.losses.functions import (
    least_squares_discriminator_loss as least_squares_discriminator_loss,
)
from tfgan_zoo.losses.functions import least_squares_generator_loss as least_squares_generator_loss
from tfgan_zoo.losses.functions import minimax_discriminator_loss as minimax_discriminator_loss
from tfgan_zoo.losses.functions import minimax_generator_loss as minimax_generator_loss
from tfgan_zoo.losses.functions import (
    non_saturating_discriminator_loss as non_saturating_discriminator_loss,
)
from tfgan_zoo.losses.functions import (
    non_saturating_generator_loss as non_saturating_generator_loss,
)
from tfgan_zoo.losses.functions import (
    relativistic_average_discriminator_loss as relativistic_average_discriminator_loss,
)
from tfgan_zoo.losses.functions import (
    relativistic_average_generator_loss as relativistic_average_generator_loss,
)
from tfgan_zoo.losses.functions import (
    relativistic_discriminator_loss as relativistic_discriminator_loss,
)
from tfgan_zoo.losses.functions import relativistic_generator_loss as relativistic_generator_loss
from tfgan_zoo.losses.functions import (
    wasserstein_discriminator_loss as wasserstein_discriminator_loss,
)
from tfgan_zoo.losses.functions import wasserstein_generator_loss as wasserstein_generator_loss
from tfgan_zoo.losses.objectives import OBJECTIVES as OBJECTIVES
from tfgan_zoo.losses.objectives import Hinge as Hinge
from tfgan_zoo.losses.objectives import LeastSquares as LeastSquares
from tfgan_zoo.losses.objectives import Minimax as Minimax
from tfgan_zoo.losses.objectives import NonSaturating as NonSaturating
from tfgan_zoo.losses.objectives import Objective as Objective
from tfgan_zoo.losses.objectives import Relativistic as Relativistic
from tfgan_zoo.losses.objectives import RelativisticAverage as RelativisticAverage
from tfgan_zoo.losses.objectives import Wasserstein as Wasserstein
from tfgan_zoo.losses.objectives import get as get

_RENAMED = {
    "modified_discriminator_loss": "non_saturating_discriminator_loss",
    "modified_generator_loss": "non_saturating_generator_loss",
}


def __getattr__(name):
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"losses.{name} is called losses.{_RENAMED[name]} now.", DeprecationWarning, stacklevel=2
    )
    return getattr(functions, _RENAMED[name])
