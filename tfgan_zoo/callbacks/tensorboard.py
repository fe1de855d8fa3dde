"""Event files for TensorBoard without TensorBoard, which `tf.summary.scalar` and `.image` need.

They are files of records. TensorFlow's own writer of events loses them without a word where a disk is
full; that of records does not.
"""

import socket
import time
import uuid

import tensorflow as tf

from tfgan_zoo.files import local, told

_Metadata = tf.compat.v1.SummaryMetadata
_SCALAR, _IMAGES = 1, 3  # DataClass of summary.proto: DATA_CLASS_SCALAR, DATA_CLASS_BLOB_SEQUENCE


class Writer:
    """Writes scalars and images into an event file of its own in `directory`.

    Each event has its time, or, unless `timed`, the time at which the file was begun: how long the steps
    of a private run took tells how many images were drawn for them.

    Raises:
        OSError: The disk is full, …; the message names the file.
    """

    def __init__(self, directory, timed=True):
        begun = int(time.time())
        self._now = time.time if timed else lambda: float(begun)
        name = f"events.out.tfevents.{begun}.{socket.gethostname()}.{uuid.uuid4().hex[:8]}.v2"
        self._path = local(directory) / name
        with told(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = tf.io.TFRecordWriter(str(self._path))
        self._add(tf.compat.v1.Event(file_version="brain.Event:2"))

    def scalar(self, name, value, step):
        self._write(name, tf.make_tensor_proto(value, tf.float32), step, "scalars", _SCALAR)

    def image(self, name, image, step):
        """Writes one image, uint8 `[H, W, C]`."""
        height, width, _ = image.shape
        content = [b"%d" % width, b"%d" % height, tf.io.encode_png(image).numpy()]
        self._write(name, tf.make_tensor_proto(content, tf.string), step, "images", _IMAGES)

    def _write(self, name, value, step, plugin, data_class):
        metadata = _Metadata(
            plugin_data=_Metadata.PluginData(plugin_name=plugin), data_class=data_class
        )
        summary = tf.compat.v1.Summary()
        summary.value.add(tag=name, tensor=value, metadata=metadata)
        self._add(tf.compat.v1.Event(step=step, summary=summary))

    def _add(self, event):
        event.wall_time = self._now()
        with told(self._path):
            self._writer.write(event.SerializeToString())
            self._writer.flush()  # for those who look on

    def close(self):
        with told(self._path):
            self._writer.close()
