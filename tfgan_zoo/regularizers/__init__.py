"""Regularizers against overfitting and collapse, as objects that a model takes in a list.

    gan = tfgan_zoo.DCGAN(regularizers=[ADA(target=0.6), LeCam()])

Each owns its arguments, its state, its hooks and its config; a subclass of `Regularizer` of your own
works the same way. A name in `REGULARIZERS` stands for an object with its defaults. Their hooks are
called in the order of the list: what changes images, changes them in that order.
"""

from typing import Any

from tfgan_zoo.configurable import look_up
from tfgan_zoo.regularizers.ada import ADA as ADA
from tfgan_zoo.regularizers.balance import Balance as Balance
from tfgan_zoo.regularizers.base import Regularizer as Regularizer
from tfgan_zoo.regularizers.blur import Blur as Blur
from tfgan_zoo.regularizers.class_shares import ClassShares as ClassShares
from tfgan_zoo.regularizers.consistency import BalancedConsistency as BalancedConsistency
from tfgan_zoo.regularizers.diff_augment import DiffAugment as DiffAugment
from tfgan_zoo.regularizers.fingerprint import Fingerprint as Fingerprint
from tfgan_zoo.regularizers.instance_noise import InstanceNoise as InstanceNoise
from tfgan_zoo.regularizers.latent_consistency import LatentConsistency as LatentConsistency
from tfgan_zoo.regularizers.lecam import LeCam as LeCam
from tfgan_zoo.regularizers.top_k import TopK as TopK
from tfgan_zoo.regularizers.unrolled import Unrolled as Unrolled

REGULARIZERS: dict[str, type[Regularizer]] = {
    "ada": ADA,
    "diff_augment": DiffAugment,
    "balanced_consistency": BalancedConsistency,
    "latent_consistency": LatentConsistency,
    "lecam": LeCam,
    "top_k": TopK,
    "unrolled": Unrolled,
    "instance_noise": InstanceNoise,
    "balance": Balance,
    "blur": Blur,
    "class_shares": ClassShares,
    "fingerprint": Fingerprint,
}


def get(identifier: Any) -> Regularizer:
    """The regularizer that an identifier stands for.

    Args:
        identifier: A name in `REGULARIZERS`; or a `Regularizer`, of which a copy is made, so that two
            models do not share its state; or its config.

    Raises:
        TypeError: Something else.
        ValueError: An unknown name, of which near ones are told.
    """
    return look_up(identifier, REGULARIZERS, Regularizer, "regularizer")
