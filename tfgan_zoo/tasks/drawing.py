"""Images of the averaged generator by one graph: op by op, small models take seven times as long."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.tasks.pixels import quantized, to_uint8


def draw(gan, latents, labels, truncations, batch_size):
    """Images of rows that are checked already, `batch_size` at a time.

    Args:
        gan: A `GAN`, whose `render` draws them.
        latents: float32 `[n, D]`.
        labels: Labels or texts `[n]`; None for a model without.
        truncations: Floats `[n]`.
        batch_size: Int.

    Yields:
        uint8 `[B, H, W, C]`.

    Raises:
        ValueError: Images that hold NaN.
    """
    rows = {"latents": latents}
    if labels is not None:
        rows["labels"] = labels
    if truncations.min() < 1:
        rows["truncation"] = np.float32(truncations)
    run = (lambda **part: _pixels(gan, part)) if gan.run_eagerly else _graph(gan, rows)
    for start in range(0, len(latents), batch_size):
        part = {name: tf.convert_to_tensor(x[start:][:batch_size]) for name, x in rows.items()}
        pixels, has_nan = run(**part)
        yield to_uint8(gan.render(**part)) if has_nan else pixels.numpy()


def _pixels(gan, part):
    """uint8 images, and whether the floats that they were hold NaN."""
    images = gan.render(**part)
    return quantized(images), tf.reduce_any(tf.math.is_nan(images))


def _graph(gan, rows):
    """`_pixels` of any number of such rows, traced anew where the model has other networks."""
    networks = tuple(gan.networks().values())
    if gan._graphs[0] != networks:
        object.__setattr__(gan, "_graphs", (networks, {}))  # untracked by Keras
    graphs, names = gan._graphs[1], tuple(rows)
    if names not in graphs:
        specs = {
            name: tf.TensorSpec([None, *x.shape[1:]], tf.convert_to_tensor(x[:1]).dtype, name=name)
            for name, x in rows.items()
        }
        graph = tf.function(lambda **given: _pixels(gan, given), autograph=False)
        graphs[names] = graph.get_concrete_function(**specs)
    return graphs[names]
