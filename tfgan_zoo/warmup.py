"""Requests that a server runs before it says that a model is available."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving import png, protos


def write(model, batch_sizes, path):
    """Requests of each size to every signature of a model, with zeros, or with files of a black picture,
    which take as little room."""
    endpoints, name = model.served(), model.name
    names = ["", *endpoints]  # the empty name is the default signature
    signatures = [next(iter(endpoints.values())), *endpoints.values()]
    black = np.zeros(model.image_shape, np.uint8)
    picture = png.encode(black) if "translate" in endpoints else b""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature_name, (_, signature) in zip(names, signatures, strict=True):
            for size in batch_sizes:
                log = protos.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name, request.model_spec.signature_name = name, signature_name
                for spec in signature:
                    shape = [size, *_known(spec.shape[1:], model.image_shape)]
                    _fill(request.inputs[spec.name], spec, shape, picture)
                writer.write(log.SerializeToString())


def _known(shape, image_shape):
    """The shape with the image's sides where it has none."""
    return [side or known for side, known in zip(shape, image_shape, strict=False)]


def _fill(message, spec, shape, picture):
    """A tensor of zeros, which takes no room: values that are left out are zero; of files, a picture."""
    message.dtype = spec.dtype.as_datatype_enum
    for length in shape:
        message.tensor_shape.dim.add(size=length)
    if picture and spec.dtype == tf.string:
        message.string_val.extend([picture] * shape[0])
