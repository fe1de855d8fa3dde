"""What every penalty is."""

from tfgan_zoo.configurable import Configurable


class Penalty(Configurable):
    """A term of the discriminator's loss, of its gradients at images.

    A subclass defines `values`, and is then a penalty of models, saved with them:

    ```python
    class Flat(tfgan_zoo.penalties.Penalty):
        def values(self, critic, real, fake, uniform):
            return tf.square(tf.reshape(critic(real), [-1]))
    ```

    Args:
        weight: Float. Factor of the mean of `values`.
        every: Int k. The penalty is taken at every k-th update of the discriminator, k times as strong
            (lazy regularization, StyleGAN2, Karras et al. 2020, section 3.1).

    Attributes:
        reads_batch: Whether `values` takes `stddev`, the standard deviation of all values of the real
            images of the whole batch, a float32 scalar: replicas meet to compute it.
    """

    bounds = {"weight": "number >= 0", "every": ">= 1"}
    reads_batch = False

    def __init__(self, weight: float | None = 10.0, every: int = 1):
        self.weight = weight
        self.every = every

    def build(self, model):
        """Called once, when a model is made with the penalty."""

    def values(self, critic, real, fake, uniform):
        """The penalty of each example, float32 `[B]`, without the weight.

        Args:
            critic: Gives logits `[B, 1]` of images `[B, H, W, C]`.
            real, fake: float32 `[B, H, W, C]`, as the discriminator sees them.
            uniform: `uniform(shape)` returns new draws from [0, 1), float32 `[B, *shape]`, at each call.
        """
        raise NotImplementedError(f"{type(self).__name__} must define values().")
