"""What `fit` is given: checked, and made a stream of training steps."""

import os

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.stream import Source, array_source, stream
from tfgan_zoo.engine import batch_inputs, input_checks, input_streams
from tfgan_zoo.engine.class_names import joined_to
from tfgan_zoo.layers import MinibatchStddev
from tfgan_zoo.privacy import sampling


def check_lengths(epochs, initial_epoch, batch_size, steps_per_epoch):
    """Refuses numbers of epochs, images and steps that are none, before anything is read."""
    numbers.integer("epochs", epochs)
    numbers.integer("initial_epoch", initial_epoch, 0)
    for name, value in (("batch_size", batch_size), ("steps_per_epoch", steps_per_epoch)):
        if value is not None:
            numbers.integer(name, value)
    if initial_epoch > epochs:
        raise ValueError(
            f"initial_epoch={initial_epoch} is beyond epochs={epochs}: epochs is the number of the last "
            "one, not how many more to train."
        )


def prepare(gan, x, y, batch_size, shuffle, steps_per_epoch, first_step):
    """An endless data set of steps that starts at `first_step`, and the number of steps in an epoch.

    Raises:
        TypeError: Input of a kind or dtype that cannot be used.
        ValueError: Images or labels of a wrong shape, range or number, NaN, or no data.
    """
    own = x if isinstance(x, Source) else getattr(x, "source", None)
    if isinstance(own, Source):
        _refuse_labels(y, "The data have their own labels.")
        batch_size = batch_size or getattr(x, "batch_size", None)
        source, names = joined_to(gan, own)
        source = input_streams.checked_source(gan, _checked_source(gan, source))
        gan.class_names = names
    elif input_streams.is_stream(x):
        if gan.privacy is not None:
            raise TypeError(
                "With privacy each image is drawn by itself, so fit needs data that can be read in any "
                "order: arrays, a datasets.Source, or what datasets.load gives. Received: "
                f"{type(x).__name__}."
            )
        _refuse_labels(y, "A data set gives its labels itself, in batches of (images, labels).")
        data = input_streams.read_anew(gan, x, _split)
        found = input_streams.steps(
            gan, data, _split, batch_size, steps_per_epoch, first_step, step_size
        )
        gan.remember_data(None)
        return _for_model(gan, found[0]), found[1]
    else:
        source = arrays_as_source(checked_arrays(gan, _split(gan, x, y)))
    size = step_size(gan, batch_size or 64)
    if source.count < size:
        raise ValueError(
            f"{source.count} images are fewer than one training step uses: {size} = batch_size "
            f"{size // gan.batches_per_step} x n_critic {gan.batches_per_step}. Give a smaller "
            "batch_size."
        )
    gan.remember_data(source)
    if gan.privacy is not None:
        data = _private_stream(gan, source, size, shuffle, first_step)
    else:
        data = stream(source, size, start_step=first_step, seed=gan.seed, shuffle=shuffle)
    return _for_model(gan, data), steps_per_epoch or source.count // size


def _private_stream(gan, source, size, shuffle, first_step):
    if not shuffle:
        raise ValueError(
            "shuffle must be True with privacy, whose batches are drawn at random. train_on_batch, "
            "which is given its batch, is not for such a model: use fit."
        )
    if source.repeats > 1:
        raise ValueError(
            f"One picture of the data may come {source.repeats} times (datasets.balanced, or several "
            "windows of it), and epsilon is that of a picture that comes once. Give fit data in which "
            "each comes once."
        )
    updates = gan.batches_per_step
    batch_size, replicas = size // updates, gan.distribute_strategy.num_replicas_in_sync
    gan._begin_privacy(source.count, batch_size)
    places = gan._private_places(source.count, batch_size)
    arguments = (batch_size, updates, places, replicas, first_step)
    return sampling.poisson_stream(source, gan._privacy_secret, *arguments)


def _refuse_labels(y, why):
    if y is not None:
        raise ValueError(f"{why} Leave y out.")


def _checked_source(gan, source):
    """The source, once its first image and label are what the model takes; its range is not guessed."""
    if not source.count:
        raise ValueError("The data set is empty: no image to train on.")
    first = source.fetch(tf.range(1, dtype=tf.int64), tf.zeros([2], tf.int64))
    input_checks.check_images(np.asarray(first["images"]), gan.image_shape, guess=False)
    if gan.condition:
        values = first.get(gan.condition.key)
        gan.condition.checked(None if values is None else values.numpy(), 1)
    batch_inputs.checked(gan, batch_inputs.taken(gan, first), 1)
    return source


def step_size(gan, batch_size):
    """Images in one training step, over all replicas."""
    parts = gan.distribute_strategy.num_replicas_in_sync * gan.gradient_accumulation_steps
    numbers.integer("batch_size", batch_size)
    if batch_size % parts:
        raise ValueError(
            f"batch_size must be a multiple of {parts}, replicas x gradient_accumulation_steps. "
            f"Received: batch_size={batch_size}."
        )
    _check_groups(gan, batch_size // parts)
    return batch_size * gan.batches_per_step


def _check_groups(gan, rows):
    """Refuses batches that a layer cannot cut into its groups of images."""
    networks = [network for player in gan.players() for network in player.networks]
    for layer in [layer for network in networks for layer in network._flatten_layers()]:
        if isinstance(layer, MinibatchStddev) and rows % min(layer.group_size or rows, rows):
            raise ValueError(
                f"{type(gan).__name__} compares images in groups of {layer.group_size}: batch_size over "
                f"replicas and gradient_accumulation_steps must be a multiple of {layer.group_size}, or "
                f"less. Received: {rows}."
            )


def _split(gan, x, y=None):
    """What `fit` was given, of whatever form, as a dictionary: "images", the model's condition, which
    may be None, and what else it reads."""
    images, labels = _images_and_labels(gan, x, y)
    asked = {gan.condition.key: labels} if gan.condition else {}
    second = {gan.second_input: labels} if gan.second_input and labels is not None else {}
    others = batch_inputs.taken(gan, x if isinstance(x, dict) else second)
    return {"images": images, **asked, **others}


def _images_and_labels(gan, x, y):
    if isinstance(x, dict):
        others = batch_inputs.declared(gan)
        unknown = set(x) - {"images", "labels", "texts", "image", "label", "text", *others}
        if unknown or not {"images", "image"} & set(x):
            names = ", ".join(["'labels' or 'texts'", *map(repr, others)])
            raise ValueError(
                f"A dictionary must have 'images', and may have {names}. Received keys: {sorted(x)}."
            )
        key = gan.condition.key if gan.condition else "labels"
        _refuse_twice(x, {"images", "image"})
        _refuse_twice({**x, **({} if y is None else {"y": y})}, {key, key[:-1], "y"})
        return x.get("images", x.get("image")), x.get(key, x.get(key[:-1], y))
    if isinstance(x, (tuple, list)) and len(x) > 2 and np.ndim(x[0]) == 4:
        raise ValueError(
            f"Received {len(x)} parts. A GAN takes images, or images and labels: sample weights are not "
            "used. Leave them out."
        )
    if isinstance(x, (tuple, list)) and len(x) in (1, 2) and _is_pair(x):
        if len(x) == 2:
            _refuse_labels(y, "There are labels beside the images in x, and y has others.")
        return x[0], x[1] if len(x) == 2 else y
    return x, y


def _refuse_twice(found, names):
    twice = sorted(names & found.keys())
    if len(twice) > 1:
        raise ValueError(f"Received {' and '.join(twice)}, which mean the same. Give one of them.")


def _is_pair(x):
    """Whether they are images with their labels, or images alone, and no list of one or two images."""
    return isinstance(x, tuple) or len(getattr(x[0], "shape", [0] * 3)) != 3


def checked_arrays(gan, parts, guess=True):
    """The arrays of `fit`, checked: see `_split`."""
    images = parts["images"]
    if images is None:
        raise ValueError("fit needs images: an array, (images, labels), or a tf.data.Dataset.")
    if isinstance(images, (str, os.PathLike)):
        raise TypeError(
            f"fit reads no files itself: fit(tfgan_zoo.datasets.load({str(images)!r}, "
            "image_size=...)). Received a path."
        )
    images = input_checks.as_array(images)
    input_checks.check_images(images, gan.image_shape, guess)
    found = {"images": images.astype(np.float32, copy=False)}
    if gan.condition:
        found[gan.condition.key] = gan.condition.checked(parts[gan.condition.key], len(images))
    return found | batch_inputs.checked(gan, parts, len(images), guess)


def arrays_as_source(arrays):
    """A source of checked arrays, `{name: array}`."""
    known = {name: arrays[name] for name in ("images", "labels", "texts") if name in arrays}
    others = {name: array for name, array in arrays.items() if name not in known}
    return batch_inputs.joined(array_source(**known), others)


def _for_model(gan, data):
    """Only what the model takes, cut by rows under distribution, and fetched ahead."""
    others = batch_inputs.declared(gan)

    def taken(step):
        private = [name for name in sampling.NAMES if name in step]
        found = {name: step[name] for name in ("images", *others, *private)}
        if gan.condition:
            found[gan.condition.key] = gan.condition.encode(step[gan.condition.key])
        return found

    data = data.map(taken)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return data.with_options(options).prefetch(2)


def named_spec(data):
    """The names, shapes and types of a data set's elements, as a string."""
    return str(sorted(data.element_spec.items()))
