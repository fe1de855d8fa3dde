"""Methods that a `GAN` has from `keras.Model`: they do what fits a GAN, or say what does."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.engine import construction, frozen, inputs
from tfgan_zoo.engine.fitting import Fitting
from tfgan_zoo.engine.keras_arguments import refuse_arguments
from tfgan_zoo.weights import loading


class KerasMethods(Fitting):
    """`train_on_batch`, `save` and those that are refused."""

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
        source, batch_size = self._source_of(inputs._split(self, x, y))
        data, _ = inputs.prepare(self, source, None, batch_size, False, 1, 0)
        self._steps_to_skip, self._batch_spec = 0, inputs.named_spec(data)
        self.make_train_function()
        data = self.distribute_strategy.experimental_distribute_dataset(data.take(1))
        logs = self.train_function(iter(data))
        logs = {name: float(np.mean(value)) for name, value in logs.items()}
        return logs if return_dict else [logs[name] for name in sorted(logs)]

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
        score = (
            "Look at generate(), and score samples against held-out images: "
            "tfgan_zoo.evaluation.evaluate, or callbacks.Evaluate while training."
            if hasattr(self, "generate")
            else "Look at translate(), or callbacks.TranslationGrid while training, and score pictures "
            "of held-out images: tfgan_zoo.evaluation.evaluate_translation."
        )
        raise NotImplementedError(
            f"A GAN has no loss that says how good its images are, so {method}() is not defined. "
            f"{score} The losses of the players are discriminator_loss and generator_loss."
        )

    # === Pieces ===

    def _source_of(self, parts):
        """A batch as a source, whose range is not guessed: a few images may well be bright."""
        images = parts["images"]
        if isinstance(images, tf.data.Dataset) or not hasattr(images, "__len__"):
            raise TypeError(
                "train_on_batch needs arrays of images. Give data sets to fit(). Received: "
                f"{type(images).__name__}."
            )
        arrays = inputs.checked_arrays(self, parts, guess=False)
        images = arrays["images"]
        count = self.batches_per_step
        if len(images) % count:
            raise ValueError(
                f"A step makes n_critic = {count} updates of the discriminator, on images of their own: "
                f"give a multiple of {count} images. Received: {len(images)}."
            )
        return inputs.arrays_as_source(arrays), len(images) // count
