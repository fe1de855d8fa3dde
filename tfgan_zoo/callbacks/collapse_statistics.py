"""What `CollapseMonitor` measures: how much images vary, and the gradients of the players."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.metrics import ms_ssim_diversity

_PAIRS = 256  # of which MS-SSIM is the mean
_LEAST_SIDE = 11  # pixels of its window
# Logits above are an answer of "real"; other objectives only say which of two is more so.
_BORDERS = {"hinge": 0.0, "least_squares": 0.5} | dict.fromkeys(("minimax", "non_saturating"), 0.0)

# === Images ===


def sample_images(images, labels, n):
    """`n` of the images, drawn once and for all, since data may lie in the order of its classes."""
    images = np.asarray(images)
    in_bytes = images.dtype == np.uint8
    if images.ndim != 4 or len(images) < 2 or not (in_bytes or images.dtype.kind == "f"):
        raise ValueError(
            "real_images must be two or more, [N, H, W, C], uint8 or floats in [-1, 1]. Received: "
            f"{images.dtype} {images.shape}."
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"There are {len(images)} real_images and {len(labels)} real_labels.")
    rows = np.sort(np.random.default_rng(0).permutation(len(images))[:n])
    floats = images[rows].astype(np.float32) / (127.5 if in_bytes else 1) - in_bytes
    if not np.abs(floats).max() <= 1.001:  # nor NaN
        raise ValueError(f"real_images must lie in [-1, 1]. Received {np.abs(floats).max():g}.")
    found = {"images": floats}
    return found if labels is None else found | {"labels": np.asarray(labels)[rows]}


def encoded(condition, real):
    """What `sample_images` gave, with labels or texts as the networks take them."""
    if condition is None:
        return {"images": real["images"]}
    values = condition.checked(real["labels"], len(real["labels"]))
    return {"images": real["images"], condition.key: condition.encode(tf.constant(values)).numpy()}


def image_statistics(images, extract):
    """Distance and length of features, mean MS-SSIM and number of classes, or None for these."""
    found = extract(images)
    features, classes = found if isinstance(found, tuple) else (found, None)
    features = np.asarray(features, np.float64).reshape(len(images), -1)
    large = min(images.shape[1:3]) >= _LEAST_SIDE
    return {
        "distance": _mean_distance(features),
        "length": float(np.sqrt((features**2).sum(axis=1).mean())),
        "ms_ssim": ms_ssim_diversity(images, _PAIRS) if large else None,
        "modes": None if classes is None else len(np.unique(np.argmax(classes, axis=1))),
    }


def _mean_distance(features):
    """The mean Euclidean distance of two different rows."""
    features, count = features - features.mean(axis=0), len(features)
    squares = (features**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * features @ features.T, 0.0)
    return float(np.sqrt(distances).sum() / (count * (count - 1)))


def extractor_of(extractor):
    """A function from uint8 images to features, or to features and probabilities."""
    if isinstance(extractor, str):
        from tfgan_zoo.metrics import extractors  # which takes its time to import

        extractor = extractors.get(extractor)
    if extractor is None:
        return lambda images: images
    if not callable(extractor):
        raise ValueError(f"extractor must give features of images. Received: {extractor!r}.")
    return extractor


# === Players ===


def keeping_statistics(gan, measure):
    """What `measure()` returns, as NumPy; the moving statistics are what they were before."""
    before = [np.array(variable.numpy()) for variable in gan._statistics]
    try:
        return {name: value.numpy() for name, value in measure().items()}
    finally:
        for variable, value in zip(gan._statistics, before, strict=True):
            variable.assign(value)


def gradient_statistics(gan, real):
    """Norms of the players' gradients, and shares of images that the discriminator classifies and ranks
    right, with the random numbers of the next update."""
    batch = {name: tf.constant(values)[:, None] for name, values in real.items()}
    batch = {name: tf.repeat(v, gan.batches_per_step, axis=1) for name, v in batch.items()}
    found = {f"{p.prefix}_gradient": _norm(gan, p.name, batch) for p in gan.players()}
    zero = tf.constant(0)
    rows, rng = gan.rows_of_update(gan.player("discriminator"), batch, zero, zero)
    with rng.active():
        fake_logits = gan.discriminate_generated(rows, rng).logits
        real_logits = gan.discriminate_images(rows["images"], rows, rng).logits
    wins = {"d_ranking_accuracy": real_logits > fake_logits}
    if (border := _BORDERS.get(gan.objective.name)) is not None:
        wins |= {"real_accuracy": real_logits > border, "fake_accuracy": fake_logits < border}
    return found | {k: tf.reduce_mean(tf.cast(win, tf.float32)) for k, win in wins.items()}


def _norm(gan, player, batch):
    """The norm of a player's gradient, without the factors of loss scaling and of replicas."""
    turn = [player.name for player in gan.players_in_turn()].index(player)
    gradients, *_ = gan.gradients_of(player, batch, tf.constant(turn), tf.constant(0))
    scale = gan.optimizer_of(player).scale_loss(tf.constant(1.0)) / gan._replicas
    return tf.linalg.global_norm(gradients) / scale
