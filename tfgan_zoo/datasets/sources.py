"""`load`: from the name of a data set, a folder or a file to batches, and to a source for `fit`."""

import os
from importlib import resources
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.folders import CAPTIONS, captions, file_source, image_files, readable
from tfgan_zoo.datasets.images import flipped, randomly_cropped, resize, to_channels, to_pixels
from tfgan_zoo.datasets.records import tfds_source
from tfgan_zoo.datasets.stream import Source, array_source, captioned, stream, to_floats

_BUILT_IN = "fashion_mnist_10k"
_CACHE_LIMIT = 2**31  # bytes of decoded pixels that cache="auto" keeps in memory
_READ_AT_ONCE = 128  # images in one piece while a cache is filled


def load(
    name_or_path,
    split="train",
    image_size=None,
    batch_size=64,
    *,
    data_dir=None,
    shuffle=True,
    seed=0,
    flip=False,
    crop="center",
    channels=None,
    labels=True,
    cache="auto",
    on_unreadable="raise",
):
    """One epoch of a set of images in batches, and the source that `fit` trains from.

    The batches are `{"images": float32 [batch_size, height, width, channels] in [-1, 1]}`, with
    `"labels"`, int32 [batch_size], where there are labels, and `"texts"`, strings [batch_size],
    where there are captions. With `shuffle` they are the first epoch
    of `stream`; without, they are all images in their order, the last batch perhaps smaller. The
    attribute `source` of the result (lost by `.map` and the like) holds the `Source` from which
    `fit` reads every epoch in an order of its own, and from which a resumed run continues exactly.

    Example:
        gan.fit(load("fashion_mnist", image_size=32, batch_size=64), epochs=20)
        load("./photos", image_size=128, flip=True)

    Args:
        name_or_path: One of
            - "fashion_mnist_10k": the 10,000 test images of Fashion-MNIST, part of this package;
            - the name of a TFDS set, such as "cifar10", "name:version" or "name/config";
            - a folder of JPEG, PNG, GIF, BMP or WebP images, written as a path ("./photos"). If it
              has a subfolder named as `split`, that one is read. Images in subfolders are labelled
              by these, numbered in the order of their sorted names. A file names.json in it,
              {"file": "text"}, gives each image a caption;
            - the name of a folder in `data_dir` that has a names.json;
            - an .npz file with images [N, height, width (, channels)], uint8, or floats in
              [-1, 1], under "images", "x" or "x_<split>", and labels under "labels", "y" or
              "y_<split>" or not at all.
        split: Split of the set. TFDS sets take slices, such as "train[:1000]".
        image_size: Edge of the square images, or (height, width). The middle of each image, as
            large as fits, is resized with bicubic antialiasing. None keeps the size.
        batch_size: Images in a batch.
        data_dir: Where TFDS sets and named folders lie. By default TFDS_DATA_DIR or
            ~/tensorflow_datasets.
        shuffle: Whether the batches come shuffled.
        seed: Seed of the batches. (`fit` uses the model's own.)
        flip: Whether each image is mirrored left to right with probability 1/2.
        crop: "center", or "random": images are resized to 9/8 of `image_size`, of which a random
            window is cut.
        channels: 1 for grey, 3 for colour; None keeps what the set declares (folders: colour).
            Transparent images are laid on white.
        labels: False leaves labels and captions out.
        cache: Whether all images are decoded once and kept in memory. "auto" does so up to 2 GiB.
            The images are the same either way.
        on_unreadable: What a folder with files that cannot be decoded does: "raise", or "skip"
            them with one warning. The files are checked before anything else: while the cache is
            filled, or by decoding each of them once.

    Raises:
        FileNotFoundError: No such folder or file.
        RuntimeError: A TFDS set that is neither prepared nor can be downloaded.
        ValueError: An unknown name, split or option, or data that cannot be used; the message says
            which, and what to do.
    """
    _check_options(image_size, crop, channels, cache, on_unreadable)
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    read_size = tuple(-(-edge * 9 // 8) for edge in size) if crop == "random" else size
    source = _open(
        name_or_path, split, read_size, data_dir, channels, cache, on_unreadable == "skip"
    )
    if not labels:
        source = _without_labels(source)
    if crop == "random":
        source = randomly_cropped(source, size)
    if flip:
        source = flipped(source)
    return _one_epoch(source, batch_size, shuffle, seed)


def _check_options(image_size, crop, channels, cache, on_unreadable):
    for name, value, allowed in (
        ("crop", crop, ("center", "random")),
        ("channels", channels, (None, 1, 3)),
        ("cache", cache, ("auto", True, False)),
        ("on_unreadable", on_unreadable, ("raise", "skip")),
    ):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}. Received: {value!r}.")
    if crop == "random" and image_size is None:
        raise ValueError("crop='random' needs image_size, the size of the window.")


def _open(name_or_path, split, size, data_dir, channels, cache, skip):
    if name_or_path == _BUILT_IN:
        file = resources.files("tfgan_zoo.datasets") / f"{_BUILT_IN}.npz"
        return _npz_source(file, split, size, channels)
    path = Path(name_or_path).expanduser()
    if path.suffix == ".npz" and path.is_file():
        return _npz_source(path, split, size, channels)
    written_as_path = not isinstance(name_or_path, str) or os.sep in name_or_path
    if path.is_dir() and written_as_path:
        return _folder_source(path, split, size, channels or 3, cache, skip)
    if path.suffix == ".npz" or not isinstance(name_or_path, str) or name_or_path[:1] in "./~":
        raise FileNotFoundError(f"There is no folder of images or .npz file at {path}.")
    if (_home(data_dir) / name_or_path / CAPTIONS).is_file():
        folder = _home(data_dir) / name_or_path
        return _folder_source(folder, split, size, channels or 3, cache, skip)
    source = tfds_source(name_or_path, split, data_dir, size, channels)
    return _in_memory(source) if _fits(source, cache) else _as_floats(source)


def _home(data_dir):
    """Where sets lie that are asked for by name."""
    named = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(named).expanduser()


def _folder_source(folder, split, size, channels, cache, skip):
    """All files are decoded here, once, so that no run dies of one after hours of training."""
    paths, labels = image_files(folder, split)
    texts = captions(folder, split, paths)
    source = file_source(paths, labels, size, channels)
    finish = _in_memory if _fits(source, cache) else _as_checked_floats
    try:
        return _with_texts(finish(source), texts)
    except tf.errors.OpError:
        kept = readable(paths, source, size, skip)
    paths, size = [paths[k] for k in kept], source.image_shape[:2] if size is None else size
    labels, texts = ([column[k] for k in kept] if column else None for column in (labels, texts))
    kept_source = file_source(paths, labels, size, channels)
    return _with_texts(finish(kept_source._replace(num_classes=source.num_classes)), texts)


def _with_texts(source, texts):
    return source if texts is None else captioned(source, texts)


def _fits(source, cache):
    size = source.count * int(np.prod(source.image_shape))
    return size <= _CACHE_LIMIT if cache == "auto" else cache


def _in_memory(source):
    """The same source with its pixels decoded once and kept, as uint8."""
    images = np.empty((source.count, *source.image_shape), np.uint8)
    labels = None if source.num_classes is None else np.empty(source.count, np.int32)
    start = 0
    for batch in _batches(source, _READ_AT_ONCE):
        end = start + len(batch["images"])
        images[start:end] = batch["images"]
        if labels is not None:
            labels[start:end] = batch["labels"]
        start = end
    return array_source(images, labels)._replace(num_classes=source.num_classes)


def _as_checked_floats(source):
    for _ in _batches(source, _READ_AT_ONCE):
        pass
    return _as_floats(source)


def _as_floats(source):
    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        return batch | {"images": to_floats(batch["images"])}

    return source._replace(fetch=fetch)


def _without_labels(source):
    def fetch(indices, seed):
        return {"images": source.fetch(indices, seed)["images"]}

    return source._replace(fetch=fetch, num_classes=None)


def _npz_source(file, split, size, channels):
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        images = _array(arrays, ("images", "x"), f"x_{split}", split)
        labels = _array(arrays, ("labels", "y"), f"y_{split}", split)
    if images is None:
        raise ValueError(
            f"{file} has no images for the split {split!r}: it needs an array named 'images', 'x' "
            f"(split 'train' only) or 'x_{split}'. It has {sorted(arrays.files)}."
        )
    images = images[..., None] if images.ndim == 3 else images
    _check_range(file, images)
    source = array_source(images, None if labels is None else labels.reshape(-1))
    channels = channels or images.shape[-1]
    if (size or images.shape[1:3], channels) == (images.shape[1:3], images.shape[3]):
        return source
    return _resized(source, size or images.shape[1:3], channels)


def _array(arrays, names, split_name, split):
    names = (*names, split_name) if split == "train" else (split_name,)
    return next((arrays[name] for name in names if name in arrays), None)


def _check_range(file, images):
    if images.dtype == np.uint8:
        return
    low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
    if images.dtype.kind != "f" or not -1 <= low <= high <= 1:
        raise ValueError(
            f"The images in {file} must be uint8 in [0, 255], or floats in [-1, 1]. Received "
            f"{images.dtype} in [{low:g}, {high:g}]. Save images.astype('uint8') where they lie in "
            "[0, 255], or images * 2 - 1 where they lie in [0, 1]."
        )


def _resized(source, size, channels):
    """The source in memory at another size, as uint8."""

    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        images = resize(to_channels((batch["images"] + 1) * 127.5, channels), size)
        return batch | {"images": to_pixels(images)}

    shape = (*size, channels)
    return _in_memory(Source(source.count, fetch, shape, source.num_classes))


def _one_epoch(source, batch_size, shuffle, seed):
    if shuffle:
        data = stream(source, batch_size, seed=seed).take(source.count // batch_size)
    else:
        data = _batches(source, batch_size)
    data.source, data.batch_size = source, batch_size
    return data


def _batches(source, batch_size):
    """All images of the source in their order, the last batch perhaps smaller."""

    def read(start):
        indices = tf.range(start, tf.minimum(start + batch_size, source.count))
        return source.fetch(indices, tf.stack([tf.constant(0, tf.int64), start]))

    starts = tf.data.Dataset.range(0, source.count, batch_size)
    batches = starts.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(2)
