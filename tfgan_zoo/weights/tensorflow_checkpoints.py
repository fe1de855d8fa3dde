"""Checkpoints that TensorFlow writes, read as arrays: no graph of theirs is loaded."""

import contextlib
import pathlib

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError


def files_of(prefix):
    """The files of a checkpoint: its index and its data."""
    prefix = pathlib.Path(prefix)
    return sorted(prefix.parent.glob(f"{prefix.name}.index")) + sorted(
        prefix.parent.glob(f"{prefix.name}.data-*")
    )


@contextlib.contextmanager
def reader(prefix):
    """A reader of TensorFlow's of the checkpoint with that prefix.

    Raises:
        ValueError: Files that cannot be read, or with fewer bytes than their shapes need.
    """
    try:
        found = tf.train.load_checkpoint(str(prefix))
        shapes = found.get_variable_to_shape_map()
        values = sum(float(np.prod(shape, dtype=np.float64)) for shape in shapes.values())
        size = sum(file.stat().st_size for file in files_of(prefix))
        if values > size:
            raise ValueError(f"{prefix} has {values:.0f} values in {size} bytes.")
        yield found
    except (tf.errors.OpError, DecodeError, RuntimeError) as error:
        raise ValueError(f"{prefix} cannot be read: {error}") from error
