"""What servers answer for a detector, and what `export` asks of it."""

import tensorflow as tf

from tfgan_zoo.tasks.picture_bytes import picture
from tfgan_zoo.tasks.pixels import quantized

_OUT_OF_RANGE = 1.001  # images beyond it are no pixels in [-1, 1]


class ServedDetector:
    """The endpoints of a `Detector`, and the parts of a model of the zoo that it does not have."""

    condition, num_classes, defaults, _unexported = None, None, {}, ()

    def networks(self):
        """`{name: network}`, whose weights an export has."""
        return {"network": self.network}

    def ema_pairs(self):
        return []

    def endpoints(self):
        """What `export` writes: `{name: (function, input signature)}`.

        `detect` takes float32 images `[B, H, W, C]` in [-1, 1], rounds them to 256 levels as files have
        them, and answers `probability` `[B]`, for a prior of 0.5; `logits` `[B]`, calibrated;
        `is_generated` `[B]`, bools, by the threshold; and, with sources, `source_probabilities` `[B, K]`
        in the order of `sources`. `detect_bytes` takes the bytes of image files, strings `[B]`. A row
        with NaN or values beyond [-1, 1], and a file that is no picture, of another size, or with
        colours where the detector knows grey, is answered with NaN and False.
        """
        images = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        contents = tf.TensorSpec([None], tf.string, name="image_bytes")
        found = {"detect": (self._serve_tensors, [images])}
        if self.image_shape[-1] in (1, 3):
            found["detect_bytes"] = (self._serve_bytes, [contents])
        return found

    served = endpoints

    def export(self, path, name=None, version=None, **options):
        """Writes `<path>/<name>/<version>/`, a SavedModel for servers. See `tfgan_zoo.export.export`.

        Raises:
            ValueError: A detector that was not calibrated; and as `tfgan_zoo.export.export`.
        """
        from tfgan_zoo.export import export  # gRPC and its messages, which only exporting needs

        if not self.state["is_calibrated"].numpy():
            raise ValueError(
                "A detector is calibrated before it is served: calibrate(images, labels)."
            )
        return export(self, path, name, version, **options)

    def _serve_tensors(self, images):
        fits = tf.reduce_all(tf.abs(images) <= _OUT_OF_RANGE, axis=[1, 2, 3])  # False for NaN
        return self._answers(tf.where(fits[:, None, None, None], images, 0.0), fits)

    def _serve_bytes(self, image_bytes):
        height, width, channels = self.image_shape

        def read(contents):
            fits, decoded = picture(contents, 3, height * width)
            blank = (tf.zeros([height, width, channels]), False)
            return tf.cond(fits, lambda: self._fitting(decoded()), lambda: blank)

        specs = (tf.TensorSpec(self.image_shape, tf.float32), tf.TensorSpec([], tf.bool))
        images, fits = tf.map_fn(read, image_bytes, fn_output_signature=specs)
        return self._answers(tf.ensure_shape(images, [None, *self.image_shape]), fits)

    def _fitting(self, image):
        """The image with the detector's channels, and whether size and channels are those."""
        height, width, channels = self.image_shape
        fits = tf.reduce_all(tf.shape(image)[:2] == [height, width])
        if channels == 1:
            fits &= tf.reduce_all(image == image[..., :1])
        blank = tf.zeros(self.image_shape)
        image = tf.cond(fits, lambda: image[..., :channels], lambda: blank)
        return tf.ensure_shape(image, self.image_shape), fits

    def _answers(self, images, fits):
        pixels = tf.cast(quantized(images), tf.float32) / 127.5 - 1
        raw, state = self.network(pixels, training=False), self.state
        nan = tf.constant(float("nan"))
        logits = state["scale"] * raw["logits"] + state["offset"]
        answers = {
            "probability": tf.where(fits, tf.sigmoid(logits), nan),
            "logits": tf.where(fits, logits, nan),
            "is_generated": fits & (logits > state["threshold"]),
        }
        if self.sources:
            each = tf.nn.softmax(raw["source_logits"] / state["source_temperature"])
            answers["source_probabilities"] = tf.where(fits[:, None], each, nan)
        return answers
