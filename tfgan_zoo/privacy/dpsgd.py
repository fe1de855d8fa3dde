"""What a model is given to train with differential privacy."""

import keras

from tfgan_zoo.configurable import Configurable


class DPSGD(Configurable):
    """Differentially private stochastic gradient descent for the discriminator (Abadi et al. 2016).

    The gradient of the discriminator's loss of each real image, with the generated one beside it and the
    penalty on both, is cut to the length `l2_norm_clip`. These are summed over all replicas, normal
    noise of standard deviation `noise_multiplier * l2_norm_clip` is added once, and the sum is divided
    by `batch_size`. Nothing else reads real images, so all that a run gives out, generator and
    discriminator, is (epsilon, delta)-private: see `tfgan_zoo.privacy.spent`. What protects is one row
    of the data, an image with its label; somebody with k images has k times the epsilon, and more.

    Each image is in a batch by a draw of its own, with probability `batch_size / N` (Poisson sampling),
    as the accountant assumes: `fit` needs data whose number is known and that can be read in any order.

    Whoever knows the draws of noise can subtract it. They and those of the sampling follow from 128 bits
    of `os.urandom` that are kept in `checkpoints/secret.json` of a run (`callbacks.BackupAndRestore`),
    readable by the owner alone, so that a resumed run repeats its draws rather than spend twice. It is
    refused with other images, another batch size or other first weights, to whose sums the same noise
    would be added.
    They are in no model, export, card or `run.json`: hand out these, never the checkpoints.

    Two caveats. The generator of the noise, Threefry-2x32 with 20 rounds, is made for simulation; it has
    not been shown to be cryptographically secure. And noise that is added in float32 is no exact normal
    distribution: its last bits could tell more than epsilon says (Mironov 2012).

    Args:
        l2_norm_clip: Float. Length to which the gradient of an example is cut.
        noise_multiplier: Float. Standard deviation of the noise, in units of `l2_norm_clip`; 0 adds
            none, and epsilon is infinite.
        microbatches: Int. Into how many parts the rows of a replica are cut, which are computed one
            after the other to save memory; those without any row are skipped. Each example is cut alone
            all the same. None: parts of 16 rows.
        delta: Float in (0, 1) for which epsilon is told; None for 1 / (10 N), of N images.

    References: Abadi et al., "Deep Learning with Differential Privacy", 2016 (arXiv:1607.00133),
    algorithm 1; Mironov, "On Significance of the Least Significant Bits for Differential Privacy", 2012.
    """

    bounds = {
        "l2_norm_clip": "> 0",
        "noise_multiplier": ">= 0",
        "microbatches": "None or >= 1",
        "delta": "None or number (0, 1)",
    }

    def __init__(
        self,
        l2_norm_clip: float,
        noise_multiplier: float,
        microbatches: int | None = None,
        delta: float | None = None,
    ):
        self.l2_norm_clip = l2_norm_clip
        self.noise_multiplier = noise_multiplier
        self.microbatches = microbatches
        self.delta = delta


def get(value):
    """A `DPSGD` or None, of one, of its config, or of None.

    Raises:
        TypeError: Anything else.
    """
    if isinstance(value, dict):
        value = keras.saving.deserialize_keras_object(value)
    if value is not None and not isinstance(value, DPSGD):
        raise TypeError(
            "privacy must be None or a tfgan_zoo.privacy.DPSGD(l2_norm_clip=…, noise_multiplier=…). "
            f"Received: {value!r}."
        )
    return value
