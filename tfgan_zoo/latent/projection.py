"""Projection: the point of a latent space whose image is most like a given one.

References: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020 (appendix D:
Adam and its learning rate); Zhu et al., "Generative Visual Manipulation on the Natural Image Manifold",
2016, for latents of a DCGAN and for an encoder as the start.
"""

import functools
import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import progress
from tfgan_zoo.latent.spaces import Space
from tfgan_zoo.metrics import extractors

_SMALL = 32  # a side up to which grey images are read by the small classifier
_EXPECTED = "Images must be uint8 in [0, 255] or floats in [-1, 1], [N, height, width, channels]."


class Projection(NamedTuple):
    """What `project` found.

    Attributes:
        points: float32 `[N, …]` of the space.
        images: uint8 `[N, H, W, C]`, those of the points.
        losses: float32 `[steps + 1, N]`, of the start that was the best in the end; row 0 is before
            the first step. The points are those of the lowest loss.
    """

    points: np.ndarray
    images: np.ndarray
    losses: np.ndarray


def project(
    gan: keras.Model,
    images: ArrayLike,
    space: str | None = None,
    *,
    labels: ArrayLike | None = None,
    steps: int = 300,
    learning_rate: float = 0.1,
    restarts: int = 2,
    candidates: int = 256,
    extractor: str | None = None,
    pixel_weight: float = 1.0,
    seed: int = 0,
) -> Projection:
    """Finds points of a latent space whose images are like the given ones.

    The loss is a perceptual distance plus `pixel_weight` times the mean squared difference of pixels
    in [-1, 1]. The images of `candidates` seeds are drawn, those most like each image are where
    its `restarts` optimisations by Adam start, and the best result is kept. In w and w+ the mean
    style is a candidate too; if the model has `encode`, its latents always are a start.

    Args:
        gan: `GAN`.
        images: uint8, or floats in [-1, 1], `[N, H, W, C]`, of the model's image_shape.
        space: "z", "w" or "w+"; see `Space`.
        labels: What the images show, for a model with labels or texts; see `Space.images`.
        steps: Int. Updates of each optimisation; 0 takes the best start as it is.
        learning_rate: Float. Of Adam, after a ramp over the first 5 % of the steps and before one down
            over the last 25 %.
        restarts: Int. Optimisations for each image.
        candidates: Int, `restarts` or more. Seeds from which the starts are chosen.
        extractor: Name of the extractor of the perceptual distance; see `default_extractor`.
        pixel_weight: Float.
        seed: Int. The first seed of the candidates.

    Returns:
        `Projection`.

    Raises:
        TypeError, ValueError: Images of another shape, dtype or range; an option out of range.
    """
    space = Space(gan, space)
    targets = _checked_images(images, gan.image_shape)
    _check_options(steps, learning_rate, restarts, candidates, pixel_weight)
    labels = space.labels(labels, len(targets))
    measure = extractors.get(extractor or default_extractor(gan.image_shape))
    difference = _difference(measure, pixel_weight)
    starts = _starts(space, targets, labels, difference, restarts, candidates, seed)
    repeated = [None if x is None else np.repeat(x, restarts, axis=0) for x in (targets, labels)]
    points, losses = _optimized(space, starts, *repeated, difference, steps, learning_rate)
    best = losses.min(axis=0).reshape(-1, restarts).argmin(axis=1)
    rows = np.arange(len(targets)) * restarts + best
    return Projection(points[rows], space.images(points[rows], labels), losses[:, rows])


def default_extractor(image_shape):
    """The name of the perceptual distance that suits images of a shape.

    Grey images of up to 32 pixels: the small classifier of Fashion-MNIST. Others: LPIPS where the
    weights of VGG16 are here (see `tfgan_zoo.metrics.extractors.lpips`) and the images are RGB of 16
    pixels or more; else EfficientNet-Lite0.
    """
    height, width, channels = image_shape
    if channels == 1 and max(height, width) <= _SMALL:
        return "lenet_fashion_mnist"
    if channels == 3 and min(height, width) >= 16:
        try:
            return extractors.get("lpips").name
        except (FileNotFoundError, ImportError):
            pass
    return "efficientnet_lite0"


def _difference(measure, pixel_weight):
    """From float images in [-1, 1] and targets to the loss of each, `[N]`."""

    def difference(images, targets):
        pixels = tf.reduce_mean((images - targets) ** 2, axis=[1, 2, 3])
        likeness = measure.between((images + 1) * 127.5, (targets + 1) * 127.5)
        return likeness + pixel_weight * pixels

    return difference


# === Starts ===


def _starts(space, targets, labels, difference, restarts, candidates, seed):
    """The points where the optimisations of each target start, `[N * restarts, …]`."""
    points = space.from_seeds(seed + np.arange(candidates))
    if space.name != "z":
        points = np.concatenate([points.mean(axis=0, keepdims=True), points])
    drawn = functools.cache(lambda label: _drawn(space, points, label))
    difference, encoded, found = tf.function(difference), None, []
    if hasattr(space.gan, "encode"):
        encoded = space.from_latents(space.gan.encode(targets))
    for number, target in enumerate(targets):
        label = None if labels is None else labels[number]
        parts = [difference(part, tf.broadcast_to(target, part.shape)) for part in drawn(label)]
        chosen = points[np.argsort(np.concatenate(parts), kind="stable")[:restarts]]
        if encoded is not None:
            chosen = np.concatenate([encoded[number : number + 1], chosen])[:restarts]
        found.append(chosen)
    return np.concatenate(found)


def _drawn(space, points, label, batch_size=64):
    """Float images of the candidates in batches, of one label."""
    parts = [points[k : k + batch_size] for k in range(0, len(points), batch_size)]
    labels = [None if label is None else tf.fill([len(part)], label) for part in parts]
    return [space.render(tf.constant(p), y) for p, y in zip(parts, labels, strict=True)]


# === Optimisation ===


def _optimized(space, starts, targets, labels, difference, steps, learning_rate):
    """The points with the lowest loss on the path from each start, and all losses `[steps + 1, N]`."""
    points = keras.Variable(space.likely(tf.constant(starts)), dtype="float32")
    best = keras.Variable(points.numpy(), dtype="float32")
    lowest = keras.Variable(np.full(len(starts), np.inf), dtype="float32")
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.999)
    optimizer.build([points])
    targets = tf.constant(targets)
    labels = None if labels is None else tf.constant(labels)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            losses = difference(space.render(points.value, labels), targets)
            total = tf.reduce_sum(losses)  # so that no image's gradient depends on the others
        gradient = tape.gradient(total, points.value)
        lower = losses < lowest.value
        wide = tf.reshape(lower, [-1] + [1] * len(space.shape))
        best.assign(tf.where(wide, points.value, best.value))
        lowest.assign(tf.where(lower, losses, lowest.value))
        optimizer.apply([gradient], [points])
        points.assign(space.likely(points.value))
        return losses

    found = []
    for number in range(steps + 1):  # the last one is there for its losses; its update is not used
        progress.advanced(number, steps)
        optimizer.learning_rate.assign(learning_rate * _ramp(number / max(steps, 1)))
        found.append(step().numpy())
    return best.numpy(), np.stack(found)


def _ramp(share):
    """The share of the learning rate at a share of the steps, as StyleGAN2's projector has it."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1.0 - share) / 0.25))
    return down * min(1.0, share / 0.05)


# === Checks ===


def _checked_images(images, image_shape):
    """float32 images in [-1, 1], if they are such as the model draws."""
    images = np.asarray(images)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(f"{_EXPECTED} Received dtype {images.dtype}.")
    if images.ndim != 4 or images.shape[1:] != tuple(image_shape) or not len(images):
        wanted = ", ".join(map(str, ("N", *image_shape)))
        raise ValueError(f"The model draws images [{wanted}]. Received shape {images.shape}.")
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 127.5 - 1
    low, high = float(images.min()), float(images.max())
    if not (low >= -1.001 and high <= 1.001):
        raise ValueError(
            f"{_EXPECTED} Received floats in [{low:g}, {high:g}]. For [0, 255] give "
            "images.astype('uint8'), for [0, 1] images * 2 - 1."
        )
    return images.astype(np.float32)


def _check_options(steps, learning_rate, restarts, candidates, pixel_weight):
    if steps < 0 or restarts < 1 or candidates < restarts:
        raise ValueError(
            "steps must be 0 or more, restarts 1 or more, and candidates no fewer than restarts. "
            f"Received: steps={steps}, restarts={restarts}, candidates={candidates}."
        )
    if not (learning_rate > 0 and pixel_weight >= 0):
        raise ValueError(
            "learning_rate must be above 0 and pixel_weight 0 or more. Received: "
            f"learning_rate={learning_rate}, pixel_weight={pixel_weight}."
        )
