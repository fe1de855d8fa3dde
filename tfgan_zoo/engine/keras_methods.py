"""Methods that a `GAN` has from `keras.Model`: they do what fits a GAN, or say what does."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.stream import array_source
from tfgan_zoo.engine import construction, frozen, input_checks, inputs
from tfgan_zoo.engine.fitting import named_spec
from tfgan_zoo.engine.keras_arguments import refuse_arguments
from tfgan_zoo.weights import loading


class KerasMethods:
    """`train_on_batch`, `predict`, `save` and those that are refused."""

    def train_on_batch(self, x, y=None, return_dict=False, **others):
        """Makes one training step: `n_critic` updates of the discriminator and one of the generator.

        Args:
            x, y: As for `fit`, but no data set: as many images as a step uses, batch_size * n_critic.
            return_dict: Whether to return a dictionary of logs; else their values, in order of names.

        Raises:
            ValueError, TypeError: As `fit`.
        """
        refuse_arguments("train_on_batch", KerasMethods.train_on_batch, others)
        self._assert_compile_called("train_on_batch")
        self._require_own_scope("train_on_batch")
        frozen.require_unchanged(self)
        source, batch_size = self._source_of(*inputs._split(self, x, y))
        data, _ = inputs.prepare(self, source, None, batch_size, False, 1, 0)
        self._steps_to_skip, self._batch_spec = 0, named_spec(data)
        self.make_train_function()
        data = self.distribute_strategy.experimental_distribute_dataset(data.take(1))
        logs = self.train_function(iter(data))
        logs = {name: float(np.mean(value)) for name, value in logs.items()}
        return logs if return_dict else [logs[name] for name in sorted(logs)]

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

    def save(self, filepath, overwrite=True, **options):
        """Saves networks, options and both optimizers in a `.keras` file."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise ValueError(
                "A GAN is saved in a .keras file, gan.save('model.keras'), its weights alone by "
                f"gan.save_weights('model.weights.h5'). Received: {str(filepath)!r}."
            )
        construction.check_saved(self)
        return super().save(filepath, overwrite=overwrite, **options)

    def save_own_variables(self, store):
        """The model's own state by name; networks and optimizers keep their variables themselves."""
        loading.save_state(self, store)

    def load_own_variables(self, store):
        loading.load_state(self, store)

    def quantize(self, *args, **options):
        raise NotImplementedError(
            "quantize() is not defined for a GAN, whose networks would train no further. Convert an "
            "exported model: tfgan_zoo.convert."
        )

    def evaluate(self, *args, **options):
        self._refuse_loss("evaluate")

    def test_on_batch(self, *args, **options):
        self._refuse_loss("test_on_batch")

    def test_step(self, data):
        self._refuse_loss("test_step")

    def compute_loss(self, *args, **options):
        self._refuse_loss("compute_loss")

    def _refuse_loss(self, method):
        raise NotImplementedError(
            f"A GAN has no loss that says how good its images are, so {method}() is not defined. "
            "Look at generate(), and score samples against held-out images: "
            "tfgan_zoo.evaluation.evaluate, or callbacks.Evaluate while training. The losses of the "
            "players are discriminator_loss and generator_loss."
        )

    # === Pieces ===

    def _source_of(self, images, labels):
        """A batch as a source, whose range is not guessed: a few images may well be bright."""
        if isinstance(images, tf.data.Dataset) or not hasattr(images, "__len__"):
            raise TypeError(
                "train_on_batch needs arrays of images. Give data sets to fit(). Received: "
                f"{type(images).__name__}."
            )
        images = np.asarray(images)
        input_checks.check_images(images, self.image_shape, guess=False)
        if len(images) % self.n_critic:
            raise ValueError(
                f"A step makes n_critic = {self.n_critic} updates of the discriminator, on images of "
                f"their own: give a multiple of {self.n_critic} images. Received: {len(images)}."
            )
        asked = {}
        if self.condition:
            asked = {self.condition.key: self.condition.checked(labels, len(images))}
        return array_source(images.astype(np.float32), **asked), len(images) // self.n_critic

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
