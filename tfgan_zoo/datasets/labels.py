"""Labels of whatever form, as numbers of classes; joined by the names of the classes."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.names import places


def to_numbers(labels, count, class_names=None):
    """Class numbers int32 [count] from integers, whole floats, booleans, one-hot rows or names.

    Args:
        labels: Array [count], [count, 1] or, one-hot, [count, classes].
        class_names: Strings, the names of the classes by their number, or None.

    Returns:
        `(numbers, number of classes, names or None)`. Strings are numbered in sorted order.

    Raises:
        TypeError: Labels of another kind.
        ValueError: Another shape, labels below 0 or beyond int32, or without a name.
    """
    labels = np.asarray(labels)
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    class_count = 0
    if labels.ndim == 2 and len(labels) == count:
        _check_one_hot(labels)
        class_count, labels = labels.shape[1], labels.argmax(axis=1)
    if labels.shape != (count,):
        raise ValueError(
            f"There must be one label for each of the {count} images, shape ({count},). "
            f"Received: {labels.shape}."
        )
    names = None if class_names is None else checked_names(class_names)
    if labels.dtype.kind in "US":
        labels, names = _of_strings(labels, names)
    numbers = _integers(labels)
    class_count = max(class_count, int(numbers.max(initial=0)) + 1)
    if names is None:
        return numbers, class_count, None
    if class_count > len(names):
        raise ValueError(
            f"There are labels up to {class_count - 1}, and {len(names)} class names: {names}."
        )
    return numbers, len(names), names


def checked_names(names):
    """Names of classes as a tuple of strings; other values, and names that occur twice, are refused."""
    names = names.tolist() if isinstance(names, np.ndarray) else list(names)
    names = tuple(n.decode() if isinstance(n, bytes) else n for n in names)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"class_names must be strings that are not empty. Received: {names}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"class_names must differ. Received more than once: {', '.join(twice)}.")
    return names


def _check_one_hot(labels):
    is_one_hot = labels.dtype.kind in "biuf" and labels.shape[1] > 1
    if is_one_hot and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        return
    raise ValueError(
        "Labels must be integers, one for each image, or one-hot rows: one 1, the others 0. "
        f"Received: {labels.dtype} {labels.shape}."
    )


def _of_strings(labels, names):
    labels = np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels
    names = names or tuple(str(name) for name in np.unique(labels))
    unknown = sorted(set(labels.tolist()) - set(names))
    if unknown:
        raise ValueError(f"Labels that class_names does not have: {', '.join(unknown[:5])}.")
    places = {name: number for number, name in enumerate(names)}
    return np.array([places[name] for name in labels.tolist()], np.int64), names


def _integers(labels):
    if labels.dtype.kind == "f" and (not np.isfinite(labels).all() or (labels % 1 != 0).any()):
        raise TypeError(
            f"Labels must be integers. Received: {labels.dtype}, with values such as "
            f"{labels[~np.isfinite(labels) | (labels % 1 != 0)][0]}."
        )
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"Labels must be integers. Received: {labels.dtype}.")
    if len(labels) and not (labels.min() >= 0 and labels.max() < 2**31 - 1):
        raise ValueError(
            "Labels must lie in [0, 2**31 - 1). Received labels from "
            f"{labels.min()} to {labels.max()}."
        )
    return labels.astype(np.int32)


def joined(source, class_names):
    """The source with its labels as numbers of those classes, by name.

    Raises:
        ValueError: The source has a class that is not among them.
    """
    names = source.class_names
    if names is None or class_names is None or tuple(names) == tuple(class_names):
        return source
    class_names = tuple(class_names)
    numbers = tf.constant(places(names, class_names), tf.int32)

    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        return batch | {"labels": tf.gather(numbers, batch["labels"])}

    return source._replace(fetch=fetch, num_classes=len(class_names), class_names=class_names)
