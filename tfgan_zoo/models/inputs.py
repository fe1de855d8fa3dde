"""What `fit` is given, checked at the door and made a stream of training steps."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.stream import array_source, stream
from tfgan_zoo.models.class_names import joined_to

_EXPECTED = "Images must be floats in [-1, 1], [N, height, width, channels]."


def prepare(gan, x, y, batch_size, shuffle, steps_per_epoch, first_step):
    """An endless data set of steps that starts at `first_step`, and the number of steps in an epoch.

    Raises:
        TypeError: Input of a kind or dtype that cannot be used.
        ValueError: Images or labels of a wrong shape, range or number, NaN, or no data.
    """
    images, labels = _split(gan, x, y)
    if hasattr(images, "source"):
        batch_size = batch_size or images.batch_size
        source, names = joined_to(gan, images.source)
        _check_batch(gan, next(iter(images), None))
        gan.class_names = names
    elif isinstance(images, tf.data.Dataset):
        return _from_dataset(gan, images, steps_per_epoch, first_step)
    else:
        images, labels = _checked_arrays(gan, images, labels)
        source = array_source(images, **{gan.condition.key: labels} if gan.condition else {})
    size = step_size(gan, batch_size or 64)
    if source.count < size:
        raise ValueError(
            f"{source.count} images are fewer than one training step uses: {size} = batch_size "
            f"{size // gan.n_critic} x n_critic {gan.n_critic}. Give a smaller batch_size."
        )
    data = stream(source, size, start_step=first_step, seed=gan.seed, shuffle=shuffle)
    return _for_model(gan, data), steps_per_epoch or source.count // size


def step_size(gan, batch_size):
    """Images in one training step, over all replicas."""
    parts = gan.distribute_strategy.num_replicas_in_sync * gan.gradient_accumulation_steps
    if batch_size < 1 or batch_size % parts:
        raise ValueError(
            f"batch_size must be a multiple of {parts}, replicas x gradient_accumulation_steps. "
            f"Received: batch_size={batch_size}."
        )
    return batch_size * gan.n_critic


def check_images(images, image_shape):
    """Refuses images that are not finite floats in [-1, 1] of `image_shape`, and says what to do."""
    if images.dtype.kind != "f":
        raise TypeError(
            f"{_EXPECTED} Received dtype {images.dtype}. For uint8 images in [0, 255], "
            "give images.astype('float32') / 127.5 - 1."
        )
    if images.ndim != 4:
        hints = {3: " Add the channel axis, images[..., None], or batch the data set."}
        hint = hints.get(images.ndim, "")
        raise ValueError(f"{_EXPECTED} Received shape {images.shape}.{hint}")
    if len(images) == 0:
        raise ValueError("The data set is empty: no image to train on.")
    if images.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"The model has image_shape={tuple(image_shape)}, but the images have shape "
            f"{images.shape[1:]}. Resize them, or make the model with that image_shape."
        )
    _check_range(float(images.min()), float(images.max()))


def _check_range(low, high):
    if not np.isfinite([low, high]).all():
        raise ValueError("Images contain NaN or infinity. Remove or repair them before training.")
    if low < -1.001 or high > 1.001:
        raise ValueError(
            f"{_EXPECTED} These lie in [{low:g}, {high:g}]. For [0, 255], give images / 127.5 - 1."
        )
    if low >= 0:
        raise ValueError(
            f"{_EXPECTED} These lie in [{low:g}, {high:g}], with no pixel below 0: they look like "
            "[0, 1]. Give images * 2 - 1."
        )


def check_labels(labels, count, num_classes):
    """Refuses labels that are not `count` integers in [0, num_classes)."""
    if labels is None:
        raise ValueError(
            f"The model has num_classes={num_classes} and needs labels: "
            "fit(images, labels), or batches of (images, labels)."
        )
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"Labels must be integers of shape ({count},), one for each image. Received shape "
            f"{labels.shape}, dtype {labels.dtype}."
        )
    if count and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"Labels must lie in [0, {num_classes}). Received labels from {labels.min()} to "
            f"{labels.max()}. Make the model with num_classes={labels.max() + 1}?"
        )


def _split(gan, x, y=None):
    """Images and labels, or texts, of whatever form `fit` was given."""
    if isinstance(x, dict):
        unknown = set(x) - {"images", "labels", "texts", "image", "label", "text"}
        if unknown or not {"images", "image"} & set(x):
            raise ValueError(
                "A dictionary must have 'images', and may have 'labels' or 'texts'. Received keys: "
                f"{sorted(x)}."
            )
        key = gan.condition.key if gan.condition else "labels"
        return x.get("images", x.get("image")), x.get(key, x.get(key[:-1]))
    if isinstance(x, (tuple, list)) and len(x) in (1, 2) and not np.isscalar(x[0]):
        return x[0], x[1] if len(x) == 2 else y
    return x, y


def _checked_arrays(gan, images, labels):
    if images is None:
        raise ValueError("fit needs images: an array, (images, labels), or a tf.data.Dataset.")
    try:
        images = np.asarray(images)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{_EXPECTED} Received {type(images).__name__}.") from error
    check_images(images, gan.image_shape)
    if gan.condition:
        labels = gan.condition.checked(labels, len(images))
    return images.astype(np.float32, copy=False), labels


def _check_batch(gan, element):
    if element is None:
        raise ValueError("The data set is empty: no image to train on.")
    images, labels = (None if part is None else np.asarray(part) for part in _split(gan, element))
    check_images(images, gan.image_shape)
    if gan.condition:
        gan.condition.checked(labels, len(images))


def _from_dataset(gan, dataset, steps_per_epoch, first_step):
    """A data set of batches, repeated, several to a step where the step uses several."""
    first = next(iter(dataset), None)
    _check_batch(gan, first)
    batch_size = len(_split(gan, first)[0])
    size, batches = step_size(gan, batch_size), int(dataset.cardinality())
    if steps_per_epoch is None and batches < gan.n_critic:
        raise ValueError(
            f"The data set has {'an unknown number of' if batches < 0 else batches} batches, and a "
            f"step uses {gan.n_critic}. Give fit a data set with more, or steps_per_epoch."
        )

    def whole(element):
        return (
            tf.shape(_split(gan, element[0] if len(element) == 1 else element)[0])[0] == batch_size
        )

    def checked(*element):
        images, labels = _split(gan, element[0] if len(element) == 1 else element)
        images = tf.ensure_shape(tf.cast(images, tf.float32), [batch_size, *gan.image_shape])
        in_range = tf.reduce_all(tf.abs(images) <= 1.001)  # False for NaN
        message = "A batch has pixels that are NaN or outside [-1, 1]."
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message])]):
            images = tf.identity(images)
        if not gan.condition:
            return {"images": images}
        return {"images": images, gan.condition.key: gan.condition.in_graph(labels, batch_size)}

    def merged(step):
        return {k: tf.reshape(v, [size, *v.shape[2:]]) for k, v in step.items()}

    data = dataset.filter(lambda *element: whole(element)).map(checked).repeat()
    data = data.skip(first_step * gan.n_critic).batch(gan.n_critic, drop_remainder=True)
    return _for_model(gan, data.map(merged)), steps_per_epoch or batches // gan.n_critic


def _for_model(gan, data):
    """Only what the networks take, cut by rows under distribution, and fetched ahead."""

    def taken(step):
        if not gan.condition:
            return {"images": step["images"]}
        return {"images": step["images"], "labels": gan.condition.encode(step[gan.condition.key])}

    data = data.map(taken)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return data.with_options(options).prefetch(tf.data.AUTOTUNE)
