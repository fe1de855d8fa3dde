"""Likeness of pictures: PSNR, SSIM and MS-SSIM by TensorFlow's ops, and the sliced Wasserstein distance.

References: Wang et al., "Image Quality Assessment", 2004, and "Multiscale Structural Similarity", 2003;
Karras et al., "Progressive Growing of GANs", 2018 (section 5), for MS-SSIM as a measure of diversity
and for the distance.
"""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

_LUMA = (
    np.array([65.481, 128.553, 24.966]) / 255
)  # ITU-R BT.601, 16 to 235 as super-resolution reports
_PATCH, _DESCRIPTORS = 7, 128  # a side, and patches of an image at every level
_BLUR = np.array([1, 4, 6, 4, 1]) / 16


def psnr(
    images: ArrayLike, references: ArrayLike, luma: bool = False, border: int = 0
) -> np.ndarray:
    """Peak signal-to-noise ratio of each image, in dB; infinity for equal ones.

    Args:
        images, references: uint8 `[N, H, W, C]`.
        luma: Whether to compare the Y channel of RGB images, as papers on super-resolution do: that of
            ITU-R BT.601 from 16 to 235, as Matlab's `rgb2ycbcr`, not rounded.
        border: Int. Pixels that are cut off on all sides: in those papers as many as the images were
            enlarged by.

    Returns:
        float64 `[N]`.

    Raises:
        ValueError: Arrays that are not uint8, of different shapes, luma of other than RGB, or a border
            that leaves nothing.
    """
    images, references = _pair(images, references, luma, border)
    error = ((images - references) ** 2).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / error)


def ssim(
    images: ArrayLike, references: ArrayLike, luma: bool = False, border: int = 0
) -> np.ndarray:
    """Structural similarity of each image, float32 `[N]` in [-1, 1]; arguments as `psnr`.

    The window is 11 pixels wide; smaller images are refused.
    """
    images, references = _pair(images, references, luma, border)
    _check_side(images, 11)
    return tf.image.ssim(images, references, 255.0).numpy()


def colourfulness(images: ArrayLike) -> np.ndarray:
    """How colourful each image is: 0 where it is grey; by its authors' ratings 15 slightly, 33
    moderately, 59 quite, 109 extremely.

    sqrt(var(R - G) + var(B - Y)) + 0.3 sqrt(mean(R - G)^2 + mean(B - Y)^2), with Y = (R + G) / 2, over
    the pixels (Hasler and Süsstrunk, "Measuring Colourfulness in Natural Images", 2003, section 7).

    Args:
        images: uint8 `[N, H, W, 3]`.

    Returns:
        float64 `[N]`.

    Raises:
        ValueError: Other arrays.
    """
    images = _uint8(images, "images")
    if images.shape[-1] != 3:
        raise ValueError(f"Images of three channels have colours. Received: {images.shape}.")
    red, green, blue = np.moveaxis(images.astype(np.float64), -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, len(images), -1)
    spread, centre = opponents.var(axis=-1).sum(axis=0), opponents.mean(axis=-1)
    return np.sqrt(spread) + 0.3 * np.sqrt((centre**2).sum(axis=0))


def ms_ssim_diversity(images: ArrayLike, pairs: int = 1000, seed: int = 0) -> float:
    """Mean multiscale similarity of random pairs: near 1 where a generator has collapsed.

    Scales are as many as the size allows: five, as published, from 176 pixels on; their weights are
    scaled to sum to 1. Compare numbers of one size only.

    Args:
        images: uint8 `[N, H, W, C]`, two or more, of 11 pixels or more.
        pairs: Int. Pairs to draw, each of two different images.
        seed: Int. Of the draws.

    Returns:
        A float in [0, 1].
    """
    images = _uint8(images, "images").astype(np.float32)
    if len(images) < 2:
        raise ValueError(f"Pairs need 2 images or more. Received: {len(images)}.")
    _check_side(images, 11)
    first, second = _pairs(len(images), pairs, np.random.default_rng(seed))
    factors = _scale_weights(min(images.shape[1:3]))
    values = [
        tf.image.ssim_multiscale(images[first[rows]], images[second[rows]], 255.0, factors)
        for rows in _batches(len(first))
    ]
    return float(np.concatenate(values).mean())


def _pairs(n, count, rng):
    """Rows of the first and of the second images; no image is paired with itself."""
    first = rng.integers(n, size=count)
    return first, (first + rng.integers(1, n, size=count)) % n


def _scale_weights(side):
    published = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]  # Wang et al. 2003, section 3.2
    scales = sum(side >> level >= 11 for level in range(len(published)))
    weights = np.array(published[:scales])
    return tuple((weights / weights.sum()).tolist())


def _batches(count, size=256):
    return [slice(start, start + size) for start in range(0, count, size)]


def path_length(steps: ArrayLike, epsilon: float = 1e-4) -> float:
    """Perceptual path length: mean squared distance of steps, over epsilon², of the middle 98 %.

    Args:
        steps: Floats `[N]`: perceptual distances (of LPIPS; else squared) between the images at t and
            at t + epsilon on paths between two latents.
        epsilon: Float. See Karras et al., "A Style-Based Generator Architecture", 2019 (section 4.1),
            whose authors' code takes the next lower and the next higher step for the percentiles.

    Raises:
        ValueError: No steps, or NaN among them.
    """
    steps = np.asarray(steps)
    if not steps.size or not np.isfinite(steps).all():
        raise ValueError(
            f"A path length needs steps that are finite. Received: {steps.size} steps."
        )
    low, high = np.percentile(steps, 1, method="lower"), np.percentile(steps, 99, method="higher")
    kept = steps[(steps >= low) & (steps <= high)]
    return float(np.mean(kept, dtype=np.float64) / epsilon**2)


# === Sliced Wasserstein distance ===


def sliced_wasserstein_distance(
    real: ArrayLike, generated: ArrayLike, projections: int = 512, least: int = 16, seed: int = 0
):
    """Distance between the patches of two sets, at every level of a Laplacian pyramid.

    Args:
        real, generated: uint8 `[N, H, W, C]`, equally many, of one size.
        projections: Int. Random directions, over which is averaged.
        least: Int. Side of the smallest level.
        seed: Int. Of the patches and directions.

    Returns:
        `{side: distance}`, from the full size down; patches are normalised per channel, so that a
        distance of 1 is one standard deviation. The paper's tables show a thousand times as much.

    Raises:
        ValueError: Sets of different shapes, or sides that do not halve down to `least`.
    """
    real, generated = _uint8(real, "real"), _uint8(generated, "generated")
    if real.shape != generated.shape:
        raise ValueError(f"Both sets must be alike. Received: {real.shape} and {generated.shape}.")
    found = {}
    levels = zip(_pyramid(real, least), _pyramid(generated, least), strict=True)
    for first, second in levels:
        side = first.shape[1]
        rng = [seed, side]  # the same places in both sets, so that equal sets are 0 apart
        patches = (_descriptors(level, np.random.default_rng(rng)) for level in (first, second))
        found[side] = _sliced(*patches, projections, np.random.default_rng([*rng, 1]))
    return found


def _pyramid(images, least):
    """Differences between an image and its blurred half, and at last the smallest image."""
    images, side = images.astype(np.float32), images.shape[1]
    if (
        images.shape[2] != side
        or least % 2
        or side % least
        or (side // least) & (side // least - 1)
    ):
        raise ValueError(
            f"Images must be square, with a side of {least} times a power of 2. Received: "
            f"{images.shape[1:3]}."
        )
    while images.shape[1] > least:
        smaller = _blurred(images)[:, ::2, ::2]
        yield images - _enlarged(smaller)
        images = smaller
    yield images


def _blurred(images):
    for axis in (1, 2):
        pads = [(2, 2) if i == axis else (0, 0) for i in range(4)]
        padded = np.pad(images, pads, mode="reflect")
        size = images.shape[axis]
        images = sum(w * np.take(padded, range(i, i + size), axis) for i, w in enumerate(_BLUR))
    return images


def _enlarged(images):
    n, height, width, channels = images.shape
    wide = np.zeros((n, 2 * height, 2 * width, channels), images.dtype)
    wide[:, ::2, ::2] = images
    return 4 * _blurred(wide)


def _descriptors(images, rng):
    """Random patches, normalised per channel, `[N * patches, features]`."""
    n, side = images.shape[:2]
    rows, columns = rng.integers(side - _PATCH + 1, size=(2, n, _DESCRIPTORS))
    planes = images.transpose(0, 3, 1, 2)
    windows = np.lib.stride_tricks.sliding_window_view(planes, (_PATCH, _PATCH), axis=(2, 3))
    patches = windows[np.arange(n)[:, None], :, rows, columns]
    patches = patches.reshape(n * _DESCRIPTORS, images.shape[-1], -1)
    deviation = patches.std(axis=(0, 2), keepdims=True)
    patches -= patches.mean(axis=(0, 2), keepdims=True)
    patches /= np.where(deviation > 0, deviation, 1)
    return patches.reshape(len(patches), -1)


def _sliced(first, second, projections, rng):
    directions = rng.normal(size=(first.shape[1], projections)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    found = []
    for part in np.array_split(directions.T, -(-projections // 16)):
        ends = (np.sort(part @ patches.T, axis=1) for patches in (first, second))
        found.append(np.abs(np.subtract(*ends)).mean(axis=1))
    return float(np.concatenate(found).mean())


# === Checks ===


def _uint8(images, name):
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(
            f"{name} must be uint8 [N, H, W, C]. Received: {images.dtype} {images.shape}."
        )
    return images


def _pair(images, references, luma, border):
    images, references = _uint8(images, "images"), _uint8(references, "references")
    if images.shape != references.shape:
        raise ValueError(f"Shapes must agree. Received: {images.shape} and {references.shape}.")
    if not 0 <= 2 * border < min(images.shape[1:3]):
        raise ValueError(f"A border of {border} leaves nothing of images of {images.shape[1:3]}.")
    height, width = images.shape[1:3]
    images, references = (
        x[:, border : height - border, border : width - border] for x in (images, references)
    )
    if not luma:
        return images.astype(np.float64), references.astype(np.float64)
    if images.shape[-1] != 3:
        raise ValueError(f"The Y channel is that of RGB images. Received: {images.shape}.")
    return tuple((x.astype(np.float64) @ _LUMA + 16)[..., None] for x in (images, references))


def _check_side(images, least):
    if min(images.shape[1:3]) < least:
        raise ValueError(
            f"Similarity is measured in windows of {least} pixels. Received: {images.shape[1:3]}."
        )
