"""Minibatch discrimination against numpy, and in a model."""

import numpy as np
import pytest
import tensorflow as tf
from cases import WITHOUT_BATCH_STATISTICS, make

from tfgan_zoo.layers import MinibatchDiscrimination

PLAIN = {**WITHOUT_BATCH_STATISTICS, "seed": 5}
RANDOM = np.random.default_rng(0)


def test_minibatch_discrimination_does_not_know_the_order():
    layer, x = MinibatchDiscrimination(3), RANDOM.normal(size=(6, 4)).astype(np.float32)
    found, order = layer(x, training=True).numpy(), [3, 5, 0, 1, 4, 2]
    np.testing.assert_allclose(layer(x[order], training=True), found[order], rtol=1e-5)
    layer.kernel.assign(RANDOM.normal(size=layer.kernel.shape))
    apart = layer(1e3 * x, training=True)[:, 4:]
    np.testing.assert_allclose(apart, 1, atol=1e-6)  # each is near to itself alone
    same = layer(np.repeat(x[:1], 6, axis=0), training=True)[:, 4:]
    np.testing.assert_allclose(same, 6, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_minibatch_discrimination(dtype):
    layer = MinibatchDiscrimination(3, size=2, momentum=0.75, dtype=dtype)
    x = RANDOM.normal(size=(6, 4)).astype(np.float32)
    found = layer(tf.constant(x), training=True)
    m = (np.float64(x) @ np.float64(layer.kernel)).reshape(6, 3, 2)
    expected = np.exp(-np.abs(m[:, None] - m[None]).sum(axis=-1)).sum(axis=1)
    tolerance = {"rtol": 1e-5} if dtype == "float32" else {"rtol": 5e-3, "atol": 5e-3}
    np.testing.assert_allclose(np.float64(found), np.hstack([x, expected]), **tolerance)
    assert found.dtype == layer.compute_dtype
    moved = 0.75 + 0.25 * expected.mean(axis=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), moved, rtol=tolerance["rtol"])
    alone = np.asarray(layer(tf.constant(x[:1])))
    np.testing.assert_array_equal(alone, layer(tf.constant(x))[:1])  # no batch mates at inference
    assert (
        MinibatchDiscrimination.from_config(layer.get_config()).get_config() == layer.get_config()
    )
    assert layer.compute_output_shape((None, 4)) == (None, 7)


def test_minibatch_discrimination_in_a_model(images, tmp_path):
    """A batch of one image again and again can be told from a varied one."""
    gan = make("DCGAN", minibatch_discrimination=5, **PLAIN)
    plain = make("DCGAN", **PLAIN)
    inputs = [n.discriminator.get_layer("logits").kernel.shape[0] for n in (gan, plain)]
    assert inputs[0] == inputs[1] + 5
    gan.compile()
    gan.fit(images, batch_size=16, verbose=0)
    same = tf.repeat(tf.constant(images[:1]), 16, axis=0)
    varied = tf.concat([same[:1], tf.constant(images[1:16])], axis=0)
    logits = [gan.discriminator_logits(batch, {})[0, 0].numpy() for batch in (same, varied)]
    assert logits[0] != logits[1]
    assert gan.export(tmp_path, "model").exists()
