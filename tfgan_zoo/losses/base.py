"""What every objective is."""

from tfgan_zoo.configurable import Configurable


class Objective(Configurable):
    """The losses of a discriminator and of a generator that play against each other.

    A subclass defines both, and is then an objective of models, saved with them:

    ```python
    class Squared(tfgan_zoo.losses.Objective):
        def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
            return tf.square(real_logits - 1) + tf.square(fake_logits + 1)

        def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
            return tf.square(fake_logits)
    ```

    Attributes:
        needs_real: Whether the generator's loss reads the real logits, which else may be None.
        batch_mean: Whether both losses read a mean over the batch; they then take `real_mean` and
            `fake_mean`, float32 scalars over all replicas, or None for the means of the logits given.
        per_example: Whether the generator's loss is `[B]`, which a regularizer may weight; a scalar
            otherwise.
    """

    needs_real = False
    batch_mean = False
    per_example = True

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        """The discriminator's loss, float32 `[B]`, of logits `[B]` or `[B, 1]`."""
        raise NotImplementedError(f"{type(self).__name__} must define discriminator().")

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        """The generator's loss, float32 `[B]`, of logits `[B]` or `[B, 1]`."""
        raise NotImplementedError(f"{type(self).__name__} must define generator().")
