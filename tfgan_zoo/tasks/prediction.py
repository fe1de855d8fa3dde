"""`predict` of a `GAN`: from latents to images, in batches."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.tasks.sampling import Sampling


class Prediction(Sampling):
    """`predict`, as Keras has it."""

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Images of the averaged generator, float32 `[N, H, W, C]` in [-1, 1].

        Args:
            x: Latents, floats `[N, latent_dim]`; for a model with labels or texts `(latents, labels)`,
                or a dictionary with "latents" and "labels" or "texts"; or a data set of batches.
            batch_size, verbose, steps, callbacks: As in Keras.

        Raises:
            ValueError: Latents or labels of a wrong shape or range, or labels that are missing.
        """
        return super().predict(self._asked_of(x), batch_size, verbose, steps, callbacks)

    def predict_on_batch(self, x):
        """Images of a batch, of arrays as for `predict`. Keras would draw it on every replica."""
        return self.predict(x, batch_size=len(_latents_and_labels(x)[0]), verbose=0)

    def predict_step(self, data):
        alone = isinstance(data, (tuple, list)) and len(data) == 1
        latents, labels = _latents_and_labels(data[0] if alone else data)
        if self.condition:
            labels = self.condition.in_graph(labels, None)
        return self.render(latents, labels)

    # === Pieces ===

    def _asked_of(self, x):
        """Arrays as a dictionary, checked; a data set as it is, checked batch by batch."""
        if not isinstance(x, (tuple, list, dict)) and not hasattr(x, "shape") and x is not None:
            return x
        latents, labels = _latents_and_labels(x)
        latents = np.asarray(latents)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or not len(latents):
            raise ValueError(
                f"predict needs latents of shape [N, {self.latent_dim}]. Received shape "
                f"{latents.shape}. For images of seeds, use generate()."
            )
        latents = np.asarray(self.checked_latents(latents), np.float32)
        if not self.condition:
            self._refuse_labels(labels)
            return {"latents": latents}
        key = self.condition.key
        if labels is None:
            raise ValueError(f"The model draws from {key}: give predict (latents, {key}).")
        return {"latents": latents, key: tf.constant(self.condition.given(labels, len(latents)))}

    def _refuse_labels(self, labels):
        if labels is not None:
            raise ValueError(f"{type(self).__name__} takes latents alone, no labels or texts.")


def _latents_and_labels(x):
    if isinstance(x, dict):
        unknown = sorted(x.keys() - {"latents", "labels", "texts"})
        if unknown:
            raise ValueError(f"Give 'latents' and 'labels' or 'texts'. Received also: {unknown}.")
        return x.get("latents", ()), x.get("labels", x.get("texts"))
    is_rows = isinstance(x, (tuple, list)) and len(x) > 0 and np.ndim(x[0]) == 1
    if not isinstance(x, (tuple, list)) or is_rows or not x:
        return () if x is None else x, None
    if len(x) > 2:
        raise ValueError(f"Give latents, and labels or texts. Received {len(x)} parts.")
    return x if len(x) == 2 else (x[0], None)
