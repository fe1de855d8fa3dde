"""Sets prepared by TensorFlow Datasets, each record read by its number.

TFDS itself reads such files from the start on. Here the place of every record is looked up once,
which is a second's work for a million records, and then any image can be read at any time: the
order of training needs no shuffle buffer, and a resumed run skips nothing.
"""

import difflib
import os

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.images import decode
from tfgan_zoo.datasets.stream import Source
from tfgan_zoo.extras import needed_by

_HINT = (
    "Give the name of a TFDS set, of a folder in data_dir with a names.json, a folder of images "
    "written as a path ('./images'), or a file ending in .npz."
)


def tfds_source(name, split, data_dir, size, channels, hint=""):
    """A source over one split of a TFDS set, of uint8 pixels; prepares the set where needed.

    Raises:
        RuntimeError: The set is not prepared in `data_dir`, and could not be downloaded.
        ValueError: An unknown name or split, or a set without an image, or with images of many
            sizes where `size` is None.
    """
    info = _prepared_builder(name, data_dir, hint).info
    examples = _examples(name, info, split)
    image_key, label_key = _keys(name, info.features)
    shape = _shape(name, info.features[image_key], size, channels)
    spec = {image_key: tf.io.FixedLenFeature([], tf.string)}
    if label_key:
        spec[label_key] = tf.io.FixedLenFeature([], tf.int64)
    records = _record_reader(examples.file_instructions)

    def fetch(indices, seed):
        del seed
        examples = tf.numpy_function(records, [indices], tf.string, stateful=False)
        examples = tf.io.parse_example(tf.ensure_shape(examples, [None]), spec)
        images = tf.map_fn(
            lambda contents: tf.ensure_shape(decode(contents, size, shape[-1]), shape),
            examples[image_key],
            fn_output_signature=tf.TensorSpec(shape, tf.uint8),
        )
        labels = {"labels": tf.cast(examples[label_key], tf.int32)} if label_key else {}
        return {"images": images} | labels

    label = info.features[label_key] if label_key else None
    classes = (label.num_classes, label.names and tuple(label.names)) if label else (None, None)
    return Source(examples.num_examples, fetch, shape, *classes)


def _prepared_builder(name, data_dir, hint):
    known = "neither a file nor a folder nor 'fashion_mnist_10k'"
    with needed_by(f"{name!r} is {known}; a set of TensorFlow Datasets"):
        import tensorflow_datasets as tfds  # half a second, and only needed for these sets

    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")  # TFDS looks only when it is imported
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        raise ValueError(_unknown(name, tfds.list_builders()) + hint) from error
    except (AssertionError, ValueError) as error:  # no such version or config, or no such syntax
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"TFDS cannot open {name!r}: {reason} {_HINT}{hint}") from error
    if builder.info.splits:
        return builder
    try:
        builder.download_and_prepare()
    except Exception as error:  # whatever a download or a preparation may raise
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise RuntimeError(
            f"The TFDS set {name!r} is not prepared at {builder.data_path}, and preparing it failed "
            f"({type(error).__name__}: {reason}). Where it is prepared elsewhere, give data_dir or "
            f"set TFDS_DATA_DIR.{hint}"
        ) from error
    return builder


def _unknown(name, tfds_names):
    base = name.split("/")[0].split(":")[0]
    near = difflib.get_close_matches(base, ["fashion_mnist_10k", *tfds_names], n=3)
    near = f" Near names: {', '.join(near)}." if near else ""
    return f"There is no data set named {name!r}.{near} {_HINT}"


def _examples(name, info, split):
    splits = ", ".join(sorted(info.splits))
    try:
        examples = info.splits[split]
    except (KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{name!r} has no split {split!r}: {reason} Its splits: {splits}."
        ) from error
    if examples.num_examples < 1:
        raise ValueError(f"The split {split!r} of {name!r} is empty. Its splits: {splits}.")
    return examples


def _keys(name, features):
    """The names of the first image and of the first label, or None."""
    import tensorflow_datasets as tfds

    images = [k for k, v in features.items() if isinstance(v, tfds.features.Image)]
    labels = [k for k, v in features.items() if isinstance(v, tfds.features.ClassLabel)]
    if not images:
        raise ValueError(f"{name!r} has no image feature. Its features: {', '.join(features)}.")
    return images[0], labels[0] if labels else None


def _shape(name, image, size, channels):
    """(height, width, channels) of the images when they have been read."""
    if image.np_dtype != np.uint8:
        raise ValueError(f"The images of {name!r} are {image.np_dtype}; only uint8 can be read.")
    size = size or image.shape[:2]
    if None in size:
        raise ValueError(
            f"The images of {name!r} differ in size. Give image_size, such as image_size=64."
        )
    return (*size, channels or (1 if image.shape[-1] == 1 else 3))


def _record_reader(instructions):
    """A function from record numbers, int64 [N], to N serialized examples."""
    parts = [_open_file(part.filename, part.skip, part.take) for part in instructions]
    ends = np.cumsum([length for length, _ in parts])

    def records(indices):
        files = np.searchsorted(ends, indices, side="right")
        places = indices - ends[files] + np.array([length for length, _ in parts])[files]
        found = [parts[file][1](int(place)) for file, place in zip(files, places, strict=True)]
        return np.array(found, dtype=object)  # a numpy string would lose trailing zero bytes

    return records


def _open_file(path, skip, take):
    """The number of records of a file that belong to the split, and a function that reads one."""
    if ".array_record" in path:
        from array_record.python.array_record_module import ArrayRecordReader

        reader = ArrayRecordReader(path)
        take = take if take >= 0 else reader.num_records() - skip
        return take, lambda place: reader.read([skip + place])[0]
    starts, lengths = _record_places(path)
    last = None if take < 0 else skip + take
    starts, lengths = starts[skip:last], lengths[skip:last]
    data = np.memmap(path, np.uint8, mode="r")
    return len(starts), lambda k: data[starts[k] : starts[k] + lengths[k]].tobytes()


def _record_places(path):
    """Where the records of a TFRecord file begin, and their lengths in bytes."""
    starts, lengths = [], []
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        while header := file.read(12):  # the length, and the checksum of the length
            starts.append(file.tell())
            lengths.append(int.from_bytes(header[:8], "little"))
            if len(header) < 12 or starts[-1] + lengths[-1] + 4 > size:
                raise ValueError(f"{path} is cut off or damaged. Prepare the TFDS set anew.")
            file.seek(lengths[-1] + 4, 1)  # the record, and its checksum
    return starts, lengths
