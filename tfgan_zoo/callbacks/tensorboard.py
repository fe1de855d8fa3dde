"""Event files for TensorBoard without TensorBoard, which `tf.summary.scalar` and `.image` need."""

import tensorflow as tf

_Metadata = tf.compat.v1.SummaryMetadata
_SCALAR, _IMAGES = 1, 3  # DataClass of summary.proto: DATA_CLASS_SCALAR, DATA_CLASS_BLOB_SEQUENCE


class Writer:
    """Writes scalars and images into an event file of its own in `directory`."""

    def __init__(self, directory):
        self._writer = tf.summary.create_file_writer(str(directory))

    def scalar(self, name, value, step):
        self._write(name, tf.constant(value, tf.float32), step, "scalars", _SCALAR)

    def image(self, name, image, step):
        """Writes one image, uint8 `[H, W, C]`."""
        height, width, _ = image.shape
        content = [str(width), str(height), tf.io.encode_png(image).numpy()]
        self._write(name, tf.constant(content), step, "images", _IMAGES)

    def _write(self, name, value, step, plugin, data_class):
        metadata = _Metadata(
            plugin_data=_Metadata.PluginData(plugin_name=plugin), data_class=data_class
        )
        with self._writer.as_default():
            tf.summary.write(name, value, step=step, metadata=metadata)

    def close(self):
        self._writer.close()
