"""Adversarial losses and their companions, as pure functions: see `tfgan_zoo.losses`."""

import math

import tensorflow as tf


def flat_logits(logits, name: str | None) -> tf.Tensor:
    """Logits `[B]` or `[B, 1]` as float32 `[B]`."""
    logits = tf.cast(logits, tf.float32)
    rank = logits.shape.rank
    if rank not in (1, 2) or (rank == 2 and logits.shape[1] != 1):
        raise ValueError(f"{name} must have shape [B] or [B, 1]; received {logits.shape}.")
    return tf.reshape(logits, [-1])


def logits_pair(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Both as float32 `[B]`."""
    real, fake = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    # Before they are flattened: one discriminator cannot give [B] for real and [B, 1] for fake.
    _require_same_shape(real, fake, "real_logits", "fake_logits")
    return flat_logits(real, "real_logits"), flat_logits(fake, "fake_logits")


def _require_same_shape(first, second, first_name, second_name):
    if not first.shape.is_compatible_with(second.shape):
        raise ValueError(
            f"{first_name} and {second_name} must have the same shape; "
            f"received {first.shape} and {second.shape}."
        )


def _require_matrix(tensor, name):
    if tensor.shape.rank != 2:
        raise ValueError(f"{name} must have rank 2; received shape {tensor.shape}.")


def _mean_over_example(values):
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))


# === Adversarial losses ===


def minimax_discriminator_loss(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """Cross-entropy of real against 1 and fake against 0: Goodfellow et al. 2014, eq. 1, negated.

    `label_smoothing` in [0, 1) lowers the target of the real images alone, to `1 - label_smoothing`
    (one-sided: Salimans et al. 2016, section 3.4).
    """
    real, fake = logits_pair(real_logits, fake_logits)
    targets = tf.ones_like(real) - label_smoothing
    return tf.nn.sigmoid_cross_entropy_with_logits(targets, real) + tf.nn.softplus(fake)


def minimax_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """The saturating loss log(1 - sigmoid(D(G(z)))), below zero: Goodfellow et al. 2014, eq. 1."""
    return -tf.nn.softplus(flat_logits(fake_logits, "fake_logits"))


def non_saturating_discriminator_loss(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """`minimax_discriminator_loss`: the non-saturating game differs in the generator's loss alone."""
    return minimax_discriminator_loss(real_logits, fake_logits, label_smoothing)


def non_saturating_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """The non-saturating loss -log(sigmoid(D(G(z)))): Goodfellow et al. 2014, section 3."""
    return tf.nn.softplus(-flat_logits(fake_logits, "fake_logits"))


def least_squares_discriminator_loss(
    real_logits: tf.Tensor,
    fake_logits: tf.Tensor,
    real_target: float = 1.0,
    fake_target: float = 0.0,
) -> tf.Tensor:
    """Half the squared distances of the logits to their targets: LSGAN, Mao et al. 2017, eq. 2."""
    real, fake = logits_pair(real_logits, fake_logits)
    return 0.5 * (tf.square(real - real_target) + tf.square(fake - fake_target))


def least_squares_generator_loss(fake_logits: tf.Tensor, target: float = 1.0) -> tf.Tensor:
    """Half the squared distance of fake logits to `target`: LSGAN, Mao et al. 2017, eq. 2."""
    return 0.5 * tf.square(flat_logits(fake_logits, "fake_logits") - target)


def wasserstein_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """D(G(z)) - D(x), D Lipschitz by other means: WGAN, Arjovsky et al. 2017, eq. 3, negated."""
    real, fake = logits_pair(real_logits, fake_logits)
    return fake - real


def wasserstein_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """-D(G(z)): WGAN, Arjovsky et al. 2017, algorithm 1."""
    return -flat_logits(fake_logits, "fake_logits")


def hinge_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))): SNGAN, Miyato et al. 2018, eq. 16, negated."""
    real, fake = logits_pair(real_logits, fake_logits)
    return tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake)


def hinge_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """-D(G(z)), the same as Wasserstein's: SNGAN, Miyato et al. 2018, eq. 17, negated."""
    return wasserstein_generator_loss(fake_logits)


def relativistic_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-log(sigmoid(D(x) - D(G(z)))) pair by pair: RSGAN, Jolicoeur-Martineau 2018, section 4.1."""
    real, fake = logits_pair(real_logits, fake_logits)
    return tf.nn.softplus(fake - real)


def relativistic_generator_loss(fake_logits: tf.Tensor, real_logits: tf.Tensor) -> tf.Tensor:
    """-log(sigmoid(D(G(z)) - D(x))), pairs as in `relativistic_discriminator_loss`."""
    real, fake = logits_pair(real_logits, fake_logits)
    return tf.nn.softplus(real - fake)


def relativistic_average_discriminator_loss(
    real_logits: tf.Tensor,
    fake_logits: tf.Tensor,
    real_mean: tf.Tensor | None = None,
    fake_mean: tf.Tensor | None = None,
) -> tf.Tensor:
    """-log(sigmoid(D(x) - fake_mean)) - log(1 - sigmoid(D(G(z)) - real_mean)).

    The means are scalars. Left out, they are those of the logits given, which under `tf.distribute`
    is one replica's share: pass the means over all replicas for the loss of the global batch.
    RaSGAN: Jolicoeur-Martineau 2018, section 4.3.
    """
    real, fake = logits_pair(real_logits, fake_logits)
    return _above_average(real, fake, real_mean, fake_mean)


def relativistic_average_generator_loss(
    fake_logits: tf.Tensor,
    real_logits: tf.Tensor,
    real_mean: tf.Tensor | None = None,
    fake_mean: tf.Tensor | None = None,
) -> tf.Tensor:
    """`relativistic_average_discriminator_loss` with the parts of real and fake exchanged."""
    real, fake = logits_pair(real_logits, fake_logits)
    return _above_average(fake, real, fake_mean, real_mean)


def _above_average(high, low, high_mean, low_mean):
    high_mean = tf.reduce_mean(high) if high_mean is None else tf.cast(high_mean, tf.float32)
    low_mean = tf.reduce_mean(low) if low_mean is None else tf.cast(low_mean, tf.float32)
    return tf.nn.softplus(low_mean - high) + tf.nn.softplus(low - high_mean)


# === Companions of an adversarial loss ===


def auxiliary_classifier_loss(class_logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of class logits `[B, K]` against integer labels `[B]` in [0, K).

    A label out of range is an error on a CPU, but NaN on a GPU and under XLA.
    ACGAN: Odena et al. 2017, eq. 3, negated, for real or for fake images.
    """
    class_logits, labels = tf.cast(class_logits, tf.float32), tf.convert_to_tensor(labels)
    _require_matrix(class_logits, "class_logits")
    _require_same_shape(class_logits[:, 0], labels, "class_logits[:, 0]", "labels")
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, class_logits)


def categorical_mutual_information_loss(code_logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """-log Q(c | x) for a categorical code, where Q is the softmax of `code_logits`, `[B, K]`.

    `codes` is `[B]` integers in [0, K), or one-hot `[B, K]` of any dtype.
    InfoGAN: Chen et al. 2016, eq. 5, negated, without the constant entropy H(c).
    """
    codes = tf.convert_to_tensor(codes)
    if codes.shape.rank != 2:
        return auxiliary_classifier_loss(code_logits, codes)
    code_logits, codes = tf.cast(code_logits, tf.float32), tf.cast(codes, tf.float32)
    _require_same_shape(code_logits, codes, "code_logits", "codes")
    return tf.nn.softmax_cross_entropy_with_logits(codes, code_logits)


def gaussian_mutual_information_loss(
    mean: tf.Tensor, log_stddev: tf.Tensor, codes: tf.Tensor
) -> tf.Tensor:
    """-log Q(c | x) for continuous codes, where Q is a diagonal Gaussian. All three are `[B, D]`.

    The log likelihoods of an example's D codes are summed; eq. 5 as for categorical codes.
    """
    mean, log_stddev, codes = (tf.cast(value, tf.float32) for value in (mean, log_stddev, codes))
    _require_matrix(mean, "mean")
    _require_same_shape(mean, log_stddev, "mean", "log_stddev")
    _require_same_shape(mean, codes, "mean", "codes")
    error = (codes - mean) * tf.exp(-log_stddev)
    constant = 0.5 * math.log(2.0 * math.pi)
    return tf.reduce_sum(0.5 * tf.square(error) + log_stddev + constant, axis=1)


def cycle_consistency_loss(images: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference over an example's pixels: one direction of the cycle.

    Both are `[B, ...]`, of one shape and range. CycleGAN: Zhu et al. 2017, eq. 2, adds both ways.
    """
    images, reconstructed = tf.cast(images, tf.float32), tf.cast(reconstructed, tf.float32)
    _require_same_shape(images, reconstructed, "images", "reconstructed")
    return _mean_over_example(tf.abs(images - reconstructed))


def combine_adversarial_loss(
    main_loss: tf.Tensor, adversarial_loss: tf.Tensor, weight: tf.Tensor
) -> tf.Tensor:
    """`main_loss + weight * adversarial_loss`, with no gradient through the scalar `weight`.

    Losses of one shape are added as they are; others, `[B, ...]`, are first averaged over all axes
    but the first. A `ValueError` says so where their B differ.
    """
    main, adversarial = tf.cast(main_loss, tf.float32), tf.cast(adversarial_loss, tf.float32)
    if not main.shape.is_compatible_with(adversarial.shape):
        main, adversarial = _mean_over_example(main), _mean_over_example(adversarial)
        _require_same_shape(main, adversarial, "main_loss by example", "adversarial_loss")
    return main + tf.stop_gradient(tf.cast(weight, tf.float32)) * adversarial


def gradient_ratio_weight(
    main_gradients: tf.Tensor,
    adversarial_gradients: tf.Tensor,
    ratio: float = 1.0,
    epsilon: float = 1e-6,
) -> tf.Tensor:
    """The weight that makes the main gradient `ratio` times as long as the adversarial one.

    Both are lists of the gradients of a loss by the same variables, with None where there is none.
    Returns |main| / (|adversarial| + epsilon) / ratio, a float32 scalar without a gradient, for
    `combine_adversarial_loss`. After Rippel and Bourdev 2017 (arXiv 1705.05823).
    """
    weight = _global_norm(main_gradients) / (_global_norm(adversarial_gradients) + epsilon) / ratio
    return tf.stop_gradient(weight)


def _global_norm(gradients):
    gradients = [tf.cast(gradient, tf.float32) for gradient in gradients if gradient is not None]
    if not gradients:
        return tf.zeros([])
    # Squares of large gradients overflow, so the largest entry is divided out, unless it is zero.
    largest = tf.reduce_max([tf.reduce_max(tf.abs(gradient)) for gradient in gradients])
    scale = tf.where(largest > 0.0, largest, 1.0)
    return scale * tf.linalg.global_norm([gradient / scale for gradient in gradients])
