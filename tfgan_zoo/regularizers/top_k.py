"""The generator learns from its best images only."""

import tensorflow as tf

from tfgan_zoo.regularizers.scheduled import Scheduled


class TopK(Scheduled):
    """The generator's loss is that of the images which the discriminator holds for the most real.

    Of several replicas each keeps that share of its own images, which is not the best share of the whole
    batch: with few images on a replica the two differ.

    Args:
        share: Float in (0, 1]. The share of images that are kept; 0.5 in the paper.
        steps: Int. Steps, from the first with this regularizer, in which the share falls there from 1,
            by the same factor in each; with 0 it is there from the start.

    Reference: Sinha et al., "Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad
    Samples", 2020 (arXiv:2002.06224), section 3.
    """

    reads = "replica"
    bounds = {"share": "(0, 1]", "steps": ">= 0"}

    def __init__(self, share: float = 0.5, steps: int = 0):
        self.share = share
        self.steps = steps

    def build(self, model):
        objective = getattr(model, "objective", None)
        if not getattr(objective, "per_example", True):
            raise ValueError(
                f"TopK needs a generator's loss with one value for each image, which {objective!r} "
                "does not give."
            )
        super().build(model)

    def example_weights(self, model, fake):
        """1 for the highest logits, 0 for others, as many 1s as the share at this step."""
        if self.share == 1:
            return None
        logits = tf.reduce_mean(fake.logits, axis=1)
        share = tf.pow(self.share, self.progress(model))
        kept = tf.maximum(1.0, tf.floor(logits.shape[0] * share + 1e-4))
        order = tf.argsort(tf.argsort(logits, direction="DESCENDING", stable=True), stable=True)
        return tf.cast(tf.cast(order, tf.float32) < kept, tf.float32)
