"""What every regularizer is."""

import contextlib

from tfgan_zoo.configurable import Configurable


class Regularizer(Configurable):
    """A change to the game of a model's players. A subclass overrides the hooks that it needs:

    ```python
    class LogitNorm(tfgan_zoo.regularizers.Regularizer):
        bounds = {"weight": "number >= 0"}

        def __init__(self, weight=0.001):
            self.weight = weight

        def discriminator_terms(self, model, real, fake, batch, rng):
            return {"logit_norm": (self.weight, tf.reduce_mean(tf.square(real.logits)))}
    ```

    Its arguments are attributes of the same names, which its config holds; it is registered with Keras
    when it is defined. State, which is saved and restored with the model, is made in `build`.

    `real` and `fake` are what the discriminator says of images: their `images` `[B, H, W, C]`, as it saw
    them, `logits` `[B, 1]` (`[B, P]` of patches) and `outputs`; generated ones also have `latents`
    `[B, D]` and `originals`, the images before they were augmented. `batch` is a dictionary of tensors;
    `rng.normal(shape)` and `rng.uniform(shape, low, high)` give draws `[B, *shape]`.

    Attributes:
        reads: What a loss reads together: None for single examples; "replica" for the rows of one
            replica's share; "global" for the whole batch, where replicas meet in the loss. One that is
            not None is refused with gradient accumulation.
    """

    reads = None

    def build(self, model):
        """Called once, when a model is made: adds state, `self.x = model.add_state("mine/x")`, and
        refuses a model that the regularizer cannot work with."""

    def check_compile(self, model):
        """Called at the end of `compile()`; refuses optimizers that the regularizer cannot work with."""

    def before_training(self, model):
        """Called at the start of `fit`; makes or reads what training alone needs."""

    @property
    def weighs_examples(self):
        """Whether it defines `example_weights`, whose sum is that of several rows."""
        return type(self).example_weights is not Regularizer.example_weights

    def augment_images(self, model, images, rng):
        """Real or generated images `[B, H, W, C]` as the discriminator is to see them."""
        return images

    def discriminator_terms(self, model, real, fake, batch, rng):
        """Terms of the discriminator's loss, `{name: (weight, float32 scalar)}`; one whose weight is
        None is only logged."""
        return {}

    def generator_terms(self, model, fake, batch, rng):
        """Terms of the generator's loss, as `discriminator_terms`."""
        return {}

    def example_weights(self, model, fake):
        """Weights float32 `[B]` of images in the generator's adversarial loss; None for its mean.

        The loss is `sum(weights * values) / sum(weights)` of one replica's rows. Several replicas take
        the mean of theirs, which is not that of one where their weights have other sums. Refused with
        gradient accumulation.
        """
        return None

    def generator_scope(self, model, batch, rng):
        """A context manager within which the generator's loss is taken."""
        return contextlib.nullcontext()

    def after_discriminator_update(self, model, logs):
        """Called after each update of the discriminator; `logs`: float32 scalars of the global batch."""

    def skip_update(self, model, player):
        """Whether the update of that player is left out: False, or a bool scalar tensor."""
        return False

    def _log(self, logs, name):
        """A log that the regularizer needs."""
        if name not in logs:
            raise ValueError(
                f"{type(self).__name__} needs {name!r} in the logs of discriminator_loss(). "
                f"Received: {', '.join(logs) or 'none'}. A discriminator_loss() of your own must log it "
                "as the inherited one logs the terms of discriminator_terms()."
            )
        return logs[name]
