"""What changes over training steps, from the regularizer's own first one."""

import tensorflow as tf

from tfgan_zoo.regularizers.base import Regularizer


class Scheduled(Regularizer):
    """A regularizer whose argument `steps` says in how many training steps it is where it goes; 0 means
    from the start. Steps that the model made before it had the regularizer do not count."""

    def build(self, model):
        if self.steps:
            self.began = model.add_state(f"{self.name}/began", -1, "int64")  # -1: not yet

    def progress(self, model):
        """A number in [0, 1], float32."""
        if not self.steps:
            return 1.0
        done = tf.cast(model.iterations.value - self.began.value, tf.float32)
        return tf.where(self.began.value < 0, 0.0, tf.minimum(1.0, done / self.steps))

    def after_discriminator_update(self, model, logs):
        if self.steps:
            now, began = model.iterations.value, self.began.value
            self.began.assign(tf.where(began < 0, now, began))
