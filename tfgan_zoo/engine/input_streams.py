"""Batches that `fit` is given, as a `tf.data.Dataset` or another iterable, made steps of one size."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.engine import batch_inputs, input_checks

_LOOKED_AT = 8  # batches, before training, until one has dark pixels


def is_stream(x):
    """Whether `x` gives batches one after the other; arrays and lists of images do not."""
    if isinstance(x, (tf.data.Dataset, keras.utils.PyDataset, tf.distribute.DistributedDataset)):
        return True
    array_like = hasattr(x, "__array__") or hasattr(x, "shape") or isinstance(x, (str, dict))
    return not array_like and not isinstance(x, (list, tuple)) and hasattr(x, "__iter__")


def read_anew(gan, x, split):
    """A `tf.data.Dataset` of the batches of `x`, which can be read any number of times.

    Raises:
        TypeError: A generator, which is read once, or a distributed data set.
    """
    if isinstance(x, tf.data.Dataset):
        return x
    if isinstance(x, tf.distribute.DistributedDataset):
        raise TypeError(
            "fit distributes data itself: give the tf.data.Dataset that was distributed."
        )
    if hasattr(x, "__next__"):
        raise TypeError(
            "A generator can be read once, and fit reads data more than once. Give an object whose "
            "__iter__ begins anew, or tf.data.Dataset.from_generator(function, output_signature=…)."
        )
    read, count = _reader(x)
    first = next(iter(read()), None)
    if first is None:
        raise ValueError("The data set is empty: no image to train on.")

    def batches():
        for batch in read():
            yield _arrays(gan, batch, split)

    signature = {
        name: tf.TensorSpec([None, *array.shape[1:]], tf.as_dtype(array.dtype))
        for name, array in _arrays(gan, first, split).items()
    }
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return data if count is None else data.apply(tf.data.experimental.assert_cardinality(count))


def _reader(x):
    """A function that begins to read `x`, and the number of its batches, or None."""
    if not isinstance(x, keras.utils.PyDataset):
        return x.__iter__, len(x) if hasattr(x, "__len__") else None

    def read():
        indices = itertools.count() if x.num_batches is None else range(x.num_batches)
        yield from (x[index] for index in indices)
        x.on_epoch_end()

    return read, x.num_batches


def _arrays(gan, batch, split):
    """What the model takes of one batch, as arrays."""
    parts = split(gan, batch)
    images = input_checks.as_array(parts["images"])
    found = {"images": images, **batch_inputs.checked(gan, parts, len(images))}
    if gan.condition:
        key = gan.condition.key
        found[key] = gan.condition.checked(parts[key], len(images))
    return found


def steps(gan, dataset, split, batch_size, steps_per_epoch, first_step, step_size):
    """An endless data set of steps, dictionaries of images and labels, and the steps in an epoch.

    Batches of other sizes than the step's are cut and joined, over the end of the data set too.

    Args:
        split: From a batch to what the model takes of it, a dictionary.
        batch_size: Int, or None for that of the data set's batches.
        step_size: From a batch size to the images in a step.
    """
    _check_structure(dataset.element_spec)
    sizes = _look(gan, dataset, split)
    static, batches = (
        _static_size(split(gan, dataset.element_spec)["images"]),
        int(dataset.cardinality()),
    )
    if steps_per_epoch is None and batches < 0:
        kind = (
            "an endless number" if batches == tf.data.INFINITE_CARDINALITY else "an unknown number"
        )
        raise ValueError(f"The data set has {kind} of batches: give fit steps_per_epoch.")
    if steps_per_epoch is None:
        sizes = [static] * batches if static else _all_sizes(gan, dataset, split)
    if batch_size is None:
        batch_size = _common(sizes)
    size = step_size(gan, batch_size)
    if steps_per_epoch is None and sum(sizes) < size:
        raise ValueError(
            f"{sum(sizes)} images in {len(sizes)} batches are fewer than one training step uses: {size} "
            f"= batch_size {batch_size} x n_critic {gan.batches_per_step}. Give a smaller batch_size."
        )
    data = (
        dataset.enumerate().map(lambda number, batch: _checked(gan, number, batch, split)).repeat()
    )
    data = data.rebatch(size, drop_remainder=True).skip(first_step)
    return data, steps_per_epoch or sum(sizes) // size


def _check_structure(spec):
    if isinstance(spec, tuple) and len(spec) > 2:
        raise ValueError(
            f"The data set has {len(spec)} parts in each element. A GAN takes images, or images and "
            "labels: sample weights are not used. Leave them out: dataset.map(lambda x, y, *_: (x, y))."
        )


def _look(gan, dataset, split):
    """Checks the first batches, and returns their numbers of images.

    One bright batch may be chance: images are taken to lie in [0, 1] only where all that are looked at
    have next to no pixel below 0.
    """
    sizes, ranges, bright = [], {}, None
    for batch in dataset.take(_LOOKED_AT):
        parts = split(gan, batch)
        images = input_checks.as_array(parts["images"])
        input_checks.check_images(images, gan.image_shape, guess=False)
        if gan.condition:
            labels = parts[gan.condition.key]
            gan.condition.checked(None if labels is None else labels.numpy(), len(images))
        arrays = {"images": images} | batch_inputs.checked(gan, parts, len(images))
        sizes.append(len(images))
        found = batch_inputs.bright(gan, arrays)
        bright = found if bright is None else bright & found
        for name in found:
            low, high = ranges.get(name, (np.inf, -np.inf))
            ranges[name] = min(low, arrays[name].min()), max(high, arrays[name].max())
        if not bright and len(sizes) > 1:
            break
    if not sizes:
        raise ValueError("The data set is empty: no image to train on.")
    for name in sorted(bright):
        raise ValueError(input_checks.refusal_of_unit(*ranges[name], name))
    return sizes


def _static_size(spec):
    return spec.shape[0] if spec.shape.rank else None


def _all_sizes(gan, dataset, split):
    """Images in each batch, by reading all of them once: the last may be smaller."""
    rows = dataset.map(lambda *batch: tf.shape(split(gan, _element(batch))["images"])[0])
    return [int(count) for count in rows.as_numpy_iterator()]


def _common(sizes):
    first, *others = sizes
    if any(size != first for size in others[:-1]) or others[-1:] > [first]:
        raise ValueError(
            f"The batches have {min(sizes)} to {max(sizes)} images. Give fit batch_size, the images "
            "of an update, and they are joined to that; or batch the data set evenly."
        )
    return first


def _element(parts):
    return parts[0] if len(parts) == 1 else parts


def _checked(gan, number, batch, split):
    """One batch as a dictionary, whose images and labels are checked where they are read."""
    parts = split(gan, batch)
    images = tf.ensure_shape(tf.cast(parts["images"], tf.float32), [None, *gan.image_shape])
    in_range = tf.reduce_all(tf.abs(images) <= input_checks.LIMIT)  # False for NaN
    message = "pixels that are NaN or outside [-1, 1], in the batch with number"
    with tf.control_dependencies([tf.debugging.Assert(in_range, ["There are", message, number])]):
        found = {"images": tf.identity(images)}
    if gan.condition:
        found[gan.condition.key] = gan.condition.in_graph(parts[gan.condition.key], None)
    return found | batch_inputs.in_graph(gan, parts)


def checked_source(gan, source):
    """The source, whose images and labels are checked where they are read."""

    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        images = tf.ensure_shape(batch["images"], [None, *gan.image_shape])
        bad = tf.logical_not(tf.reduce_all(tf.abs(images) <= input_checks.LIMIT, axis=[1, 2, 3]))
        numbers = tf.boolean_mask(tf.cast(indices, tf.int64), bad)
        message = (
            "The source has pixels that are NaN or outside [-1, 1], in the images with numbers"
        )
        no_bad = tf.logical_not(tf.reduce_any(bad))
        with tf.control_dependencies([tf.debugging.Assert(no_bad, [message, numbers])]):
            batch = batch | {"images": tf.identity(images)}
        if gan.condition:
            key = gan.condition.key
            batch[key] = gan.condition.in_graph(batch[key], None)
        return batch | batch_inputs.in_graph(gan, batch)

    return source._replace(fetch=fetch)
