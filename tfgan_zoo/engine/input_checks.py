"""Checks of images and labels that `fit` is given."""

import numpy as np

EXPECTED = "Images must be floats in [-1, 1], [N, height, width, channels]."
LIMIT = 1.001  # resizing may leave the range by rounding


def as_array(values, what="Images"):
    """An array of an array, tensor, data frame or list; others raise TypeError."""
    if hasattr(values, "detach"):  # a torch tensor, of any device
        values = values.detach().cpu()
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{what}: {type(values).__name__} is no array: {error}") from error
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def check_images(images, image_shape, guess=True):
    """Refuses images that are not finite floats in [-1, 1] of `image_shape`, and says what to do.

    Args:
        images: Array.
        image_shape: (height, width, channels).
        guess: Whether to refuse images that look as if they lay in [0, 1].
    """
    if images.dtype.kind != "f":
        raise TypeError(f"{EXPECTED} Received dtype {images.dtype}.{_hint_of_dtype(images)}")
    if images.ndim != 4:
        hints = {
            2: f" If these are rows of pixels, give images.reshape(-1, {str(tuple(image_shape))[1:]}.",
            3: " Add the channel axis, images[..., None], or batch the data set.",
        }
        hint = hints.get(images.ndim, "")
        raise ValueError(f"{EXPECTED} Received shape {images.shape}.{hint}")
    if len(images) == 0:
        raise ValueError("The data set is empty: no image to train on.")
    if images.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"The model has image_shape={tuple(image_shape)}, but the images have shape "
            f"{images.shape[1:]}.{_hint_of_shape(images.shape[1:], tuple(image_shape))}"
        )
    _check_range(images)
    if guess and looks_like_unit(images):
        raise ValueError(refusal_of_unit(float(images.min()), float(images.max())))


def _hint_of_dtype(images):
    if images.dtype.kind == "O":
        return " Images of different sizes make no array: resize them."
    if images.dtype.kind in "iu":
        return " For uint8 images in [0, 255], give images.astype('float32') / 127.5 - 1."
    return ""


def _hint_of_shape(shape, wanted):
    if shape == (wanted[2], *wanted[:2]):
        return " The channels come first: give images.transpose(0, 2, 3, 1)."
    return " Resize them, or make the model with that image_shape."


def _check_range(images):
    low, high = float(images.min()), float(images.max())
    if not np.isfinite([low, high]).all():
        bad = np.flatnonzero(~np.isfinite(images).all(axis=(1, 2, 3)))
        raise ValueError(
            f"Images contain NaN or infinity: {len(bad)} of {len(images)}, first number {bad[0]}. "
            "Remove or repair them before training."
        )
    if low < -LIMIT or high > LIMIT:
        raise ValueError(f"{EXPECTED} These lie in [{low:g}, {high:g}].{_hint_of_range(low, high)}")


def _hint_of_range(low, high):
    if low >= -0.5 and high <= 1.5:
        return " They look like [0, 1] after resizing: give np.clip(images, 0, 1) * 2 - 1."
    if low >= -2 and high <= 2:
        return " If resizing made them so, give np.clip(images, -1, 1)."
    return " For [0, 255], give images / 127.5 - 1."


def looks_like_unit(images):
    """Whether next to no pixel is dark, as of images in [0, 1]; some may be below 0 by resizing."""
    return float(images.min()) > -0.5 and float(np.mean(images < -0.05)) < 1e-3


def refusal_of_unit(low, high, name="images"):
    what, source = repr(name), "datasets.load_pairs of folders or a file"
    if name == "images":
        what = "Images"
        source = "datasets.array_source(images, labels), or datasets.load of a folder or file"
    return (
        f"{what} must be floats in [-1, 1], [N, height, width, channels]. These lie in [{low:g}, "
        f"{high:g}], with next to no pixel below 0: they look like [0, 1]. Give {name} * 2 - 1. "
        f"If they do lie in [-1, 1] and are bright, give fit what says so: {source}."
    )


def check_labels(labels, count, num_classes):
    """Refuses labels that are not `count` integers in [0, num_classes); shape (count, 1) will do.

    Returns:
        The labels, int32 `[count]`.
    """
    if labels is None:
        raise ValueError(
            f"The model has num_classes={num_classes} and needs labels: "
            "fit(images, labels), or batches of (images, labels)."
        )
    labels = as_array(labels, "Labels")
    labels = labels[:, 0] if labels.shape == (count, 1) else labels
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"Labels must be integers of shape ({count},), one for each image. Received shape "
            f"{labels.shape}, dtype {labels.dtype}.{_hint_of_labels(labels, count)}"
        )
    if count and not 0 <= labels.min() <= labels.max() < num_classes:
        low, high = int(labels.min()), int(labels.max())
        hint = f"Make the model with num_classes={high + 1}?" if high < 10**6 else ""
        if (low, high) == (1, num_classes):
            hint = "They seem to count from 1: give labels - 1."
        if low < 0:
            hint = "Classes are numbered from 0."
        raise ValueError(
            f"Labels must lie in [0, {num_classes}). Received labels from {low} to {high}. {hint}"
        )
    return labels.astype(np.int32)


def _hint_of_labels(labels, count):
    if labels.shape == (count,) and labels.dtype.kind == "b":
        return " Give labels.astype(int)."
    if labels.ndim == 2 and len(labels) == count and labels.dtype.kind in "iufb":
        return " If they are one-hot, give labels.argmax(axis=1)."
    if labels.dtype.kind in "OUST":
        return (
            " Number the names: names, labels = np.unique(labels, return_inverse=True); or give "
            "datasets.array_source(images, labels), which keeps the names."
        )
    if labels.dtype.kind == "f" and (labels == np.floor(labels)).all():
        return " Give labels.astype(int)."
    return ""
