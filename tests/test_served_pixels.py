"""What a model draws is what it serves: in half precision, and whatever the size of the batch."""

import numpy as np
import pytest
import tensorflow as tf
from cases import asked_for, make

import tfgan_zoo
from tfgan_zoo import export


@pytest.mark.parametrize("variant", ["DCGAN", "StyleGAN2", "TextGAN", "VAEGAN", "ACGAN", "R3GAN"])
def test_half_precision_draws_what_its_export_serves(variant):
    """To the pixel; while the network in training computes in half precision, and differs."""
    gan = make(variant, dtype="mixed_bfloat16")
    for average, network in gan.ema_pairs():
        network.set_weights([3 * weight for weight in network.get_weights()])
        average.set_weights(network.get_weights())
    served = export.bare_copy(gan, "served")
    options = {gan.condition.key: asked_for(gan, np.arange(8) % 3)} if gan.condition else {}
    ours, theirs = (model.generate(8, seed=5, **options) for model in (gan, served))
    np.testing.assert_array_equal(ours, theirs)
    assert np.ptp(ours) > 4
    kinds = {layer.compute_dtype for layer in gan.generator.layers}
    assert "bfloat16" in kinds and "bfloat16" not in {
        x.compute_dtype for x in gan.ema_generator.layers
    }


def test_batches_of_another_size_change_a_level_at_most():
    """Kernels sum in another order: README's bound is one level of 255, in one value of 1,000."""
    gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    whole = gan.generate(64, seed=0).astype(int)
    for size in (1, 7, 32):
        parts = [gan.generate(min(size, 64 - i), seed=i) for i in range(0, 64, size)]
        difference = np.abs(whole - np.concatenate(parts))
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
    served = tf.saved_model.load(str(tfgan_zoo.presets.published(gan.name))).signatures["generate"]
    images = served(seed=tf.range(64, dtype=tf.int64))["images"].numpy()
    difference = np.abs(whole - tfgan_zoo.tasks.sampling.to_uint8(images))
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
