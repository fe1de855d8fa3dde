"""A detector of generated images, which also says which model may have drawn one.

References: Wang et al., "CNN-generated images are surprisingly easy to spot... for now", 2020
(arXiv:1912.11035); Yu et al., "Attributing Fake Images to GANs: Learning and Analyzing GAN
Fingerprints", 2019 (arXiv:1811.08180).
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.forensics import calibration, networks, scores
from tfgan_zoo.forensics.served import ServedDetector
from tfgan_zoo.weights import named

REAL, NONE_OF_THESE = "real", "none of these"
_BATCH = 250
_STATE = {  # what calibration sets: its value before it
    "scale": 1.0,
    "offset": 0.0,
    "threshold": np.inf,
    "source_temperature": 1.0,
    "source_threshold": np.inf,
    "is_calibrated": 0.0,
}


class Detection(NamedTuple):
    """What a detector says of N images.

    Attributes:
        probability: float64 `[N]`, of being generated, if as many images were generated as `prior` says.
        logits: float64 `[N]`: calibrated, for a prior of 0.5; what `threshold` is compared with.
        is_generated: Bools `[N]`: logits above the threshold.
        source_probabilities: float64 `[N, K]`: of each known source, if one of them drew it; None where
            the detector knows none.
        sources: Strings `[N]`: "real" where `is_generated` is False, else the likeliest source, or "none
            of these"; None likewise.
    """

    probability: np.ndarray
    logits: np.ndarray
    is_generated: np.ndarray
    source_probabilities: np.ndarray | None
    sources: np.ndarray | None


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Detector(ServedDetector, keras.Model):
    """A `keras.Model` from images to logits: `compile`, `fit`, `calibrate`, `detect`, `save`, `export`.

    It is trained on float32 images `[B, H, W, C]` in [-1, 1] with int labels `[B]`: 0 for a real image,
    k for one that `sources[k - 1]` drew; without sources 1 for any. `forensics.batches` makes such data
    of uint8 images, `forensics.train` does everything. The loss is the binary cross-entropy of being
    generated and, with sources, the cross-entropy of the source over generated images.

    Called on images it gives what the network says, not calibrated: a dictionary of `logits` `[B]` and,
    with sources, `source_logits` `[B, K]`.

    Args:
        image_shape: `(height, width, channels)`; others are refused.
        features: "convolutions", or "spectrum" for a logistic regression on the radially averaged power
            spectrum, the baseline.
        width: Int. Channels of the first convolution.
        sources: Names of the models that are to be told apart, strings; none without attribution.
        trained_on: What the detector knows, for people: a sentence that `tfgan-zoo detect` prints.

    Raises:
        ValueError: Features of another name; a source twice, or called "real" or "none of these".
    """

    def __init__(
        self,
        image_shape: tuple = (28, 28, 1),
        features: str = "convolutions",
        width: int = 16,
        sources: Sequence[str] = (),
        trained_on: str = "",
        name: str = "detector",
        dtype: str | None = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if features not in networks.BODIES:
            known = ", ".join(networks.BODIES)
            raise ValueError(f"features must be one of {known}. Received: {features!r}.")
        sources = _checked_sources(sources)
        self.image_shape = tuple(numbers.integer("image_shape", side) for side in image_shape)
        self.features, self.sources, self.trained_on = features, sources, trained_on
        self.width = numbers.integer("width", width)
        self.state = {
            key: self.add_weight(name=key, initializer="zeros", trainable=False, dtype="float32")
            for key in _STATE
        }
        for key, value in _STATE.items():
            self.state[key].assign(value)
        with named.fresh_names():
            self.network = networks.network(self.image_shape, features, width, len(sources))
        self.accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
        self.built = True

    def call(self, images, training=False):
        return self.network(images, training=training)

    # === Training ===

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if sample_weight is not None:
            raise ValueError("A Detector takes no sample weights: give other images.")
        is_generated = tf.cast(tf.reshape(y, [-1]) > 0, tf.float32)
        logits = y_pred["logits"]
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(is_generated, logits))
        if not self.sources:
            return loss
        labels = tf.maximum(tf.cast(tf.reshape(y, [-1]), tf.int32) - 1, 0)
        rows = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, y_pred["source_logits"])
        return loss + tf.math.divide_no_nan(
            tf.reduce_sum(is_generated * rows), tf.reduce_sum(is_generated)
        )

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        self.accuracy.update_state(tf.reshape(y, [-1]) > 0, y_pred["logits"])
        return self.get_metrics_result()

    def calibrate(self, images, labels, false_positives=0.01, sources_kept=0.95):
        """Fits what makes logits probabilities, and both thresholds, on images that were held out.

        Args:
            images: uint8 `[N, H, W, C]`.
            labels: Ints `[N]`, as for `fit`.
            false_positives: Float in (0, 1): the share of real images that may be called generated.
            sources_kept: Float in (0, 1): the share of images of known sources that keep their likeliest
                one; the others are of "none of these".

        Returns:
            The `scores.Rate` of false positives among these real images.

        Raises:
            ValueError: Images of one kind alone, too few of them, or a detector that learned nothing.
        """
        labels = np.asarray(labels)
        raw = self._raw(images)
        scale, offset = calibration.platt(raw["logits"], labels > 0)
        logits = scale * raw["logits"] + offset
        threshold = scores.threshold_at(logits[labels == 0], false_positives)
        found = {"scale": scale, "offset": offset, "threshold": threshold, "is_calibrated": 1.0}
        if self.sources:
            rows = raw["source_logits"][labels > 0]
            heat = calibration.temperature(rows, labels[labels > 0] - 1)
            found["source_temperature"] = heat
            largest = _softmax(rows / heat).max(axis=1)
            found["source_threshold"] = float(np.quantile(largest, 1 - sources_kept))
        for key, value in found.items():
            self.state[key].assign(value)
        return scores.rate_above(logits[labels == 0], threshold)

    # === Answers ===

    def detect(self, images, prior=0.5):
        """Says of each image how probably it is generated, and what may have drawn it.

        Args:
            images: uint8 `[N, H, W, C]`.
            prior: Float in (0, 1): the share of generated images among those that are asked about. The
                probability holds for that share alone.

        Returns:
            `Detection`.

        Raises:
            TypeError: Images of another dtype.
            ValueError: Images of another shape; a detector that was not calibrated; another prior.
        """
        if not 0 < prior < 1:
            raise ValueError(f"prior must lie between 0 and 1. Received: {prior!r}.")
        state = {key: float(variable.numpy()) for key, variable in self.state.items()}
        if not state["is_calibrated"]:
            raise ValueError(
                "The detector is not calibrated. Call calibrate(images, labels) first."
            )
        raw = self._raw(images)
        logits = state["scale"] * raw["logits"] + state["offset"]
        probability = 0.5 * (1 + np.tanh(0.5 * (logits + np.log(prior / (1 - prior)))))
        is_generated = logits > state["threshold"]
        each, names = None, None
        if self.sources:
            each = _softmax(raw["source_logits"] / state["source_temperature"])
            known = each.max(axis=1) >= state["source_threshold"]
            names = np.where(known, np.array(self.sources)[each.argmax(axis=1)], NONE_OF_THESE)
            names = np.where(is_generated, names, REAL)
        return Detection(probability, logits, is_generated, each, names)

    def _raw(self, images):
        """What the network says of uint8 images, float64 arrays by name."""
        images = np.asarray(images)
        if images.dtype != np.uint8:
            raise TypeError(
                f"Images must be uint8, as files have them. Received dtype {images.dtype}. Generated "
                "floats are rounded first, as real images were, or the rounding would be what is found."
            )
        if images.ndim != 4 or images.shape[1:] != self.image_shape or not len(images):
            raise ValueError(
                f"Images must be [N, {', '.join(map(str, self.image_shape))}], which this detector was "
                f"trained on. Received shape {images.shape}."
            )
        parts = [
            self.network(tf.cast(images[i : i + _BATCH], tf.float32) / 127.5 - 1, training=False)
            for i in range(0, len(images), _BATCH)
        ]
        return {
            key: np.concatenate([np.asarray(part[key], np.float64) for part in parts])
            for key in parts[0]
        }

    def get_config(self):
        return {
            "image_shape": list(self.image_shape),
            "features": self.features,
            "width": self.width,
            "sources": list(self.sources),
            "trained_on": self.trained_on,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }


def _softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _checked_sources(sources):
    if isinstance(sources, str) or not all(isinstance(name, str) for name in sources):
        raise ValueError(f"sources must be a list of names. Received: {sources!r}.")
    names = tuple(sources)
    bad = [name for name in names if names.count(name) > 1 or name in (REAL, NONE_OF_THESE)]
    if bad:
        raise ValueError(
            f"Sources have names of their own, other than {REAL!r} and {NONE_OF_THESE!r}. Received: "
            f"{bad[0]!r}{' twice' if names.count(bad[0]) > 1 else ''}."
        )
    return names
