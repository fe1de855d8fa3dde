"""`load`: from the name of a data set, a folder or a file to batches, and to a source for `fit`."""

import os
from importlib import resources
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_zoo import remote
from tfgan_zoo.datasets import arguments
from tfgan_zoo.datasets.decoding import MAX_PIXELS, Reading
from tfgan_zoo.datasets.folders import folder_source
from tfgan_zoo.datasets.images import flipped, randomly_cropped, resize, to_channels, to_pixels
from tfgan_zoo.datasets.listing import CAPTIONS
from tfgan_zoo.datasets.npz import npz_source
from tfgan_zoo.datasets.records import tfds_source
from tfgan_zoo.datasets.stream import PARALLEL_READS, array_source, options, stream, to_floats
from tfgan_zoo.files import address, local

_BUILT_IN = "fashion_mnist_10k"
GARMENTS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat")
GARMENTS += ("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CACHE_LIMIT = 2**31  # bytes of decoded pixels that cache="auto" keeps in memory
_READ_AT_ONCE = 128  # images in one piece while a cache is filled


def load(
    name_or_path: str | os.PathLike,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    batch_size: int = 64,
    *,
    data_dir: str | os.PathLike | None = None,
    shuffle: bool = True,
    seed: int = 0,
    flip: bool = False,
    crop: str = "center",
    channels: int | None = None,
    labels: bool = True,
    cache: bool | str = "auto",
    on_unreadable: str = "raise",
    max_pixels: int = MAX_PIXELS,
    bit_depth: int = 16,
) -> tf.data.Dataset:
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
            - a folder of images, written as a path ("./photos"): JPEG, PNG, GIF, BMP, WebP, TIFF or
              AVIF, upright by their EXIF orientation; of animations and pages the first. If it has a
              subfolder named as `split`, that one is read. Images in subfolders are labelled by
              these, numbered in the order of their sorted names, and alike in all splits: by those
              of "train". A file names.json in it, {"file": "text"}, gives each image a caption. What
              is left out or could be read in another way is said in one warning;
            - the name of a folder in `data_dir` that has a names.json;
            - an .npz file with images [N, height, width (, channels)], uint8, or floats in
              [-1, 1], under "images", "x" or "x_<split>", and labels under "labels", "y" or
              "y_<split>" or not at all: integers, one-hot rows or strings; the names of the classes
              under "class_names" or not at all.
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
        channels: 1 for grey, 3 for colour, 4 for colour and transparency; None keeps what the set
            declares (folders: grey where all images are, else colour). With 1 or 3, transparent
            images are laid on white. Colour profiles are not applied.
        labels: False leaves labels and captions out.
        cache: Whether all images are decoded once and kept in memory. "auto" does so up to 2 GiB.
            The images are the same either way.
        on_unreadable: What a folder with files that cannot be decoded does: "raise", or "skip"
            them with one warning. The files are checked before anything else: while the cache is
            filled, or by decoding each of them once.
        max_pixels: Images of a folder with more pixels are not decoded, and count as unreadable.
        bit_depth: Bits that images of 16 bits a channel use, such as 12 where 4,095 is white. They
            are scaled to 8.

    Raises:
        FileNotFoundError: No such folder or file.
        RuntimeError: A TFDS set that is neither prepared nor can be downloaded.
        ValueError: An unknown name, split or option, or data that cannot be used; the message says
            which, and what to do.
    """
    size = arguments.checked(
        name_or_path, split, image_size, batch_size, crop, channels, cache, on_unreadable
    )
    arguments.check_numbers(seed=seed, max_pixels=max_pixels, bit_depth=bit_depth)
    read_size = tuple(-(-edge * 9 // 8) for edge in size) if crop == "random" else size
    reading = Reading(read_size, channels, int(max_pixels), int(bit_depth))
    source = _open(name_or_path, split, reading, data_dir, cache, on_unreadable == "skip", labels)
    if not labels:
        source = _without_labels(source)
    if crop == "random":
        source = randomly_cropped(source, size)
    if flip:
        source = flipped(source)
    return one_epoch(source, int(batch_size), shuffle, int(seed))


def _open(name_or_path, split, reading, data_dir, cache, skip, texts):
    size, channels = reading.size, reading.channels
    if name_or_path == _BUILT_IN:
        file = resources.files("tfgan_zoo.datasets") / f"{_BUILT_IN}.npz"
        source = npz_source(file, split)._replace(class_names=GARMENTS)
        return _resized(source, size, channels)
    path = local(name_or_path).expanduser()
    if path.suffix.lower() == ".npz" and path.is_file():
        return _resized(npz_source(path, split), size, channels)

    def is_kept(bytes_of_all):
        return bytes_of_all <= CACHE_LIMIT if cache == "auto" else cache

    written_as_path = not isinstance(name_or_path, str) or os.sep in name_or_path
    if path.is_dir() and written_as_path:
        return folder_source(path, split, reading, is_kept, skip, texts)
    is_path = path.suffix.lower() == ".npz" or not isinstance(name_or_path, str)
    if is_path or name_or_path[:1] in "./~" or path.is_file():
        raise FileNotFoundError(arguments.no_data_at(path))
    named = _home(data_dir) / name_or_path
    if (named / CAPTIONS).is_file():
        return folder_source(named, split, reading, is_kept, skip, texts)
    hint = arguments.hint_of_folder(name_or_path, path, named)
    source = tfds_source(name_or_path, split, data_dir, size, channels, hint)
    kept = is_kept(source.count * int(np.prod(source.image_shape)))
    return in_memory(source) if kept else _as_floats(source)


def _home(data_dir):
    """Where sets lie that are asked for by name."""
    named = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    if place := address(named):
        remote.check(place)
    return Path(named).expanduser()  # TFDS itself takes addresses too


def in_memory(source):
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
    return source._replace(fetch=array_source(images, labels).fetch)


def _as_floats(source):
    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        return batch | {"images": to_floats(batch["images"])}

    return source._replace(fetch=fetch)


def _without_labels(source):
    def fetch(indices, seed):
        return {"images": source.fetch(indices, seed)["images"]}

    return source._replace(fetch=fetch, num_classes=None, class_names=None)


def _resized(source, size, channels):
    """The source in memory, at another size and with other channels as uint8, if it has not these."""
    size, channels = size or source.image_shape[:2], channels or source.image_shape[-1]
    shape = (*size, channels)
    if shape == source.image_shape:
        return source
    if source.image_shape[-1] > 4:
        raise ValueError(
            f"Images of {source.image_shape[-1]} channels are brought to no other size or number of "
            f"channels. Asked for: {shape}. The images have: {source.image_shape}."
        )

    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        images = resize(to_channels((batch["images"] + 1) * 127.5, channels), size)
        return batch | {"images": to_pixels(images)}

    return in_memory(source._replace(fetch=fetch, image_shape=shape))


def one_epoch(source, batch_size, shuffle, seed):
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
    batches = starts.map(read, num_parallel_calls=PARALLEL_READS, deterministic=True)
    return batches.prefetch(2).with_options(options())
