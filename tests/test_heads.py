"""Variants whose discriminator says more than real or fake: loss terms, codes, routes of gradients."""

import numpy as np
import tensorflow as tf
from cases import make

from tfgan_zoo.layers import Draws
from tfgan_zoo.models.adversarial import Judged


def draws(count, update=0):
    return Draws(3, tf.constant(update, tf.int64), 0, count)


def log_softmax(logits):
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def judged(rng, latents=None, **heads):
    """Random outputs of a discriminator: `heads` are widths by name."""
    outputs = {
        name: rng.normal(size=(8, width)).astype(np.float32) for name, width in heads.items()
    }
    return Judged(None, {k: tf.constant(v) for k, v in outputs.items()}, latents)


# === ACGAN ===


def test_acgan_terms():
    """Against cross-entropies in float64, within 1e-6."""
    gan, rng = make("ACGAN", class_weight=0.5), np.random.default_rng(0)
    real, fake = (judged(rng, logits=1, class_logits=3) for _ in range(2))
    labels = rng.integers(0, 3, 8)
    terms = gan.discriminator_terms(real, fake, tf.constant(labels, tf.int32), draws(8))
    terms |= gan.generator_terms(fake, tf.constant(labels, tf.int32), draws(8))
    expected = {
        name: -log_softmax(outputs["class_logits"])[np.arange(8), labels].mean()
        for name, (_, outputs, _) in {"d_real_class": real, "d_fake_class": fake}.items()
    }
    expected["g_class"] = expected["d_fake_class"]
    for name, value in expected.items():
        assert terms[name][0] == 0.5
        np.testing.assert_allclose(terms[name][1], value, rtol=1e-6)
    right = real.outputs["class_logits"].numpy().argmax(axis=1) == labels
    assert terms["class_accuracy"][0] == 0.0
    np.testing.assert_allclose(terms["class_accuracy"][1], right.mean())


def test_acgan_scores_without_labels(tmp_path):
    """The discriminator is not told the class: the exported `score` takes images only, and names it."""
    gan = make("ACGAN")
    gan.compile()
    signatures = tf.saved_model.load(gan.export(tmp_path)).signatures
    assert list(signatures["score"].structured_input_signature[1]) == ["images"]
    assert set(signatures["generate"].structured_input_signature[1]) == {"seed", "label"}
    images = np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)).astype(np.float32)
    served = signatures["score"](images=images)
    assert served["class_logits"].shape == (5, 3) and served["logits"].shape == (5, 1)
    expected = gan.discriminator(images, training=False)
    np.testing.assert_allclose(served["class_logits"], expected["class_logits"], atol=1e-6)
