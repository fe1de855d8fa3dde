"""Calls and `predict` of a model from images to images: what they are given is looked at first."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.tasks import further_inputs
from tfgan_zoo.tasks.pictures import as_floats
from tfgan_zoo.tasks.served_translation import ServedTranslation


class TranslationCalls(ServedTranslation):
    """`model(images, …)` and `predict`, as Keras has them, of an `ImageToImage`."""

    def __call__(self, images, *args, **kwargs):
        """See `call`; further inputs may be given as `translate` takes them."""
        names = {wanted.name for wanted in self.further_inputs()}
        if names & kwargs.keys() or isinstance(images, (dict, tuple)):
            found = dict(further_inputs.named(self, images))
            asked = {**found, **{name: kwargs.pop(name) for name in names & kwargs.keys()}}
            images = further_inputs.as_tensors(self, asked)
        return super().__call__(images, *args, **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Translations forward, float32 `[N, H, W, O]` in [-1, 1].

        Args:
            x: Images, floats `[N, H, W, C]` in [-1, 1]; for a model with further inputs a dictionary or
                a tuple of these too, see `translate`; or a data set of batches, as `fit` reads it.
            batch_size, verbose, steps, callbacks: As in Keras.

        Raises:
            TypeError, ValueError: Images of another dtype, shape or range.
        """
        return super().predict(self._asked_of(x), batch_size, verbose, steps, callbacks)

    def predict_on_batch(self, x):
        """Translations of a batch, of arrays as for `predict`."""
        asked = self._asked_of(x)
        images = asked["images"] if isinstance(asked, dict) else asked
        return super().predict(asked, batch_size=len(images), verbose=0)

    def predict_step(self, data):
        names = ["images", *(wanted.name for wanted in self.further_inputs())]
        if isinstance(data, tuple) and len(data) > 1 and len(names) > 1:
            raise ValueError(
                f"{type(self).__name__} takes {', '.join(names)}. Give predict batches that are "
                f"dictionaries with these. Received: {len(data)} parts."
            )
        if isinstance(data, tuple):
            data = data[0]  # what is behind are targets, as for `fit`
        if isinstance(data, dict):
            left = data.keys() - (self.batch_inputs().keys() - set(names))
            data = {name: data[name] for name in left}
        return self(data, training=False)

    # === Pieces ===

    def _asked_of(self, x):
        """Arrays, checked, alone or as a dictionary with the further inputs; data sets as they are."""
        if not isinstance(x, (tuple, list, dict)) and not hasattr(x, "shape") and x is not None:
            return x
        parts = dict(further_inputs.named(self, np.asarray(x) if isinstance(x, list) else x))
        images = np.asarray(parts.pop("images", ()))
        if images.ndim != 4 or images.dtype.kind != "f":
            raise TypeError(
                "predict needs floats in [-1, 1], [N, height, width, channels]; translate() takes files "
                f"and uint8 too. Received: {images.dtype} {images.shape}."
            )
        images = as_floats(images, self._channels("forward"))
        if not self.further_inputs():
            further_inputs.check_names(self, parts)
            return images
        rows = further_inputs.rows(self, parts, len(images))
        return {"images": images, **further_inputs.batched(rows)}

    def _check_images(self, images, direction):
        """Of a call: what can be told of tensors that may be symbols."""
        dtype, channels = keras.backend.standardize_dtype(images.dtype), self._channels(direction)
        if "float" not in dtype:
            raise TypeError(
                "Images of a call must be floats in [-1, 1]; translate() takes uint8 too. Received: "
                f"dtype {dtype}."
            )
        if len(images.shape) != 4 or images.shape[-1] not in (channels, None):
            raise ValueError(
                f"Images of a call must be [N, height, width, {channels}]. Received shape: "
                f"{tuple(images.shape)}."
            )
        return tf.convert_to_tensor(images)
