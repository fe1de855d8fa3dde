"""The contrast of images and texts, of TextGAN."""

import tensorflow as tf


def contrastive_loss(images, texts, same, temperature):
    """How far each image is from being the nearest to its text, and each text to its image.

    The mean of two cross-entropies, of the softmax of cosines / temperature over the texts of the batch
    and over its images (AttnGAN, eq. 10 to 13, of whole sentences).

    Args:
        images, texts: Floats `[B, D]`, row i of the one belonging to row i of the other.
        same: Bools `[B, B]`: which texts are equal, and not to be told apart.
        temperature: Float.

    Returns:
        float32 `[B]`.
    """
    images, texts = (tf.nn.l2_normalize(tf.cast(x, tf.float32), 1) for x in (images, texts))
    logits = tf.matmul(images, texts, transpose_b=True) / temperature
    is_own = tf.eye(logits.shape[0], dtype=tf.bool)
    logits = tf.where(same & ~is_own, -1e9, logits)
    own = tf.linalg.diag_part(logits)
    over = tf.reduce_logsumexp(logits, axis=1) + tf.reduce_logsumexp(logits, axis=0)
    return 0.5 * over - own
