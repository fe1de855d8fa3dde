"""Images to translate and their targets: from folders and files, each of its own size."""

import glob
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import datasets
from tfgan_zoo.datasets import decoding, listing
from tfgan_zoo.datasets.folders import same_form
from tfgan_zoo.evaluation.sources import digest
from tfgan_zoo.tasks.pixels import to_uint8

_FIRST = 64  # images that tell one set from another


class Pictures(NamedTuple):
    """Pictures that are read one at a time, each of a size of its own.

    Attributes:
        names: What each is called, such as its file's name.
        read: From a number to uint8 `[H, W, C]`.
    """

    names: tuple
    read: Callable

    def fingerprint(self):
        """SHA-256 of the first 64 pictures, hexadecimal."""
        return digest(*map(self.read, range(min(_FIRST, len(self.names)))))


class Pairs(NamedTuple):
    """What a model from images to images is scored on.

    Attributes:
        name: Where they come from, for people.
        split: "train" or "test".
        images: `Pictures` to translate.
        targets: `Pictures` that they are to become.
        is_paired: Whether target i belongs to image i.
    """

    name: str
    split: str
    images: Pictures
    targets: Pictures
    is_paired: bool = True

    def swapped(self):
        """The same for the way back."""
        return self._replace(images=self.targets, targets=self.images)


def pairs_from_arrays(
    images: Sequence[ArrayLike],
    targets: Sequence[ArrayLike],
    is_paired: bool = True,
    name: str = "arrays",
) -> Pairs:
    """Pairs, or two sets without pairs, of arrays: uint8 `[H, W, C]`, each of its own size.

    Raises:
        ValueError: Other arrays, none at all, or pairs of which one is missing.
    """
    for array in (*images, *targets):
        if array.dtype != np.uint8 or array.ndim != 3:
            raise ValueError(
                f"Images must be uint8 [H, W, C]. Received: {array.dtype} {array.shape}."
            )
    parts = [Pictures(tuple(map(str, range(len(x)))), x.__getitem__) for x in (images, targets)]
    return _checked(Pairs(name, "test", *parts, is_paired))


def pairs_from_data(
    path: str | os.PathLike | tuple,
    split: str = "test",
    image_size: int | tuple[int, int] | None = None,
    swap: bool = False,
    channels: int | tuple[int, int] = 3,
) -> Pairs:
    """Pairs of images and targets, as `datasets.load_pairs` reads them; but each may have its own size.

    Args:
        path: As for `load_pairs`; or two patterns of files, such as ("Set5/*_LR.png", "Set5/*_HR.png"),
            which are paired in the order of their names.
        split: Name of the subfolder; of two folders without any all files are read.
        image_size: (height, width) that both are brought to, as in training; None: their own.
        swap: Whether targets become images, and images targets.
        channels: 1, 3 or 4, of both; or, of images and targets in files of their own, (of images, of
            targets).
    """
    path = tuple(map(os.fspath, path)) if isinstance(path, (tuple, list)) else os.fspath(path)
    if isinstance(path, tuple) and any("*" in each for each in path):
        names, part = [_matching(each) for each in path], split
    else:
        part = _part(path, split)
        names = _names(path, part)
    name = _told(path, split)
    if names is not None and (image_size is None or len(names) == 2):
        size = (image_size,) * 2 if isinstance(image_size, int) else image_size
        both = channels if isinstance(channels, tuple) else (channels, channels)
        readings = [decoding.Reading(size, each) for each in (both[::-1] if swap else both)]
        pairs = Pairs(name, split, *_of_files(path, names, *readings))
        pairs = pairs.swapped() if swap else pairs
        return _checked(pairs)
    data = datasets.load_pairs(path, part, image_size, shuffle=False, swap=swap, channels=channels)
    return pairs_from_dataset(data, name, split, names and _short(names[0]))


def unpaired_from_data(
    path: str | os.PathLike | tuple,
    split: str = "test",
    image_size: int | tuple[int, int] | None = None,
    swap: bool = False,
    channels: int = 3,
    data_dir: str | os.PathLike | None = None,
) -> Pairs:
    """Two sets without pairs, whole, as `datasets.load_unpaired` reads them; arguments as
    `pairs_from_data`. `data_dir`: where TFDS sets lie."""
    parts, path = [], tuple(path) if isinstance(path, list) else path
    for each, part in datasets.unpaired.both(path, _part(path, split)):
        options = {"channels": channels, "data_dir": data_dir, "shuffle": False}
        source = datasets.load(each, part, image_size, 1, labels=False, **options).source
        parts.append(_of_source(source, "images"))
    pairs = Pairs(_told(path, split), split, *parts, False)
    return pairs.swapped() if swap else pairs


def pairs_from_dataset(
    data: tf.data.Dataset, name: str, split: str = "test", names: Sequence[str] | None = None
) -> Pairs:
    """The pairs of a data set that a function of `tfgan_zoo.datasets` made, such as `load_pairs`."""
    images, targets = (_of_source(data.source, key, names) for key in ("images", "targets"))
    return Pairs(name, split, images, targets)


def _of_source(source, key, names=None):
    def read(index):
        row = tf.constant([index], tf.int64)
        return to_uint8(source.fetch(row, tf.zeros([2], tf.int64))[key])[0]

    return Pictures(tuple(names or map(str, range(source.count))), read)


# === Files ===


def _part(path, split):
    """The subfolder to read; "train" stands for a folder without any."""
    is_whole = isinstance(path, tuple) and not any((pathlib.Path(p) / split).is_dir() for p in path)
    return "train" if is_whole else split


def _names(path, split):
    """The files of both sides, or of what shows both; None where they are no files."""
    if isinstance(path, tuple):
        found = [listing.list_images(each, split) for each in path]
        return [sorted(map(each.path, each.names), key=_stem) for each in found]
    if not os.path.isdir(path) or os.path.isdir(os.path.join(path, f"{split}A")):
        return None  # or `load_pairs` says what is wrong
    found = listing.list_images(path, split)
    return [sorted(map(found.path, found.names))]


def _matching(pattern):
    found = sorted(glob.glob(os.path.expanduser(pattern)))
    if not found:
        raise FileNotFoundError(f"There is no file {listing.printable(pattern)}.")
    return found


def _of_files(path, names, reading, other):
    """The images and the targets in files of their own, or side by side in one."""
    if len(names) == 1:
        (files,) = names
        return (_of_halves(files, reading, 0), _of_halves(files, reading, 1))
    if not any("*" in each for each in path):
        _check_partners(*names)
    sizes = {}  # of the whole pictures that were read
    return (_of_paths(*names, reading, sizes), _of_paths(*names[::-1], other, sizes))


def _of_paths(files, partners, reading, sizes):
    def read(index):
        found = _decoded(files[index], reading)
        sizes[files[index]], other = found.size, sizes.get(partners[index])
        if reading.size and other and not same_form(found.size, other):
            raise ValueError(
                f"{listing.printable(files[index])} has {found.size} pixels, and its partner {other}: "
                "cut to one form they would not show the same."
            )
        return found.pixels

    return Pictures(tuple(_short(files)), read)


def _of_halves(files, reading, which):
    def read(index):
        pixels = _decoded(files[index], reading).pixels
        if pixels.shape[1] % 2:
            raise ValueError(
                f"{listing.printable(files[index])} has {pixels.shape[1]} columns, which are no two "
                "halves."
            )
        return np.split(pixels, 2, axis=1)[which]

    return Pictures(tuple(_short(files)), read)


def _decoded(file, reading):
    try:
        found = decoding.read(file, reading)
    except ValueError as error:
        raise ValueError(f"{listing.printable(file)}: {error}") from error
    listing.warn_of_frames(file, found)
    return found


def _stem(file):
    return os.path.splitext(file)[0]


def _short(files):
    return [listing.printable(os.path.basename(file)) for file in files]


def _check_partners(images, targets):
    stems = [{_stem(os.path.basename(file)) for file in files} for files in (images, targets)]
    if alone := sorted(stems[0] ^ stems[1]):
        raise ValueError(
            f"{len(alone)} files have no partner, such as {listing.printable(alone[0])}. Partners have "
            "the same name; others are paired by patterns, such as '*_LR.png' and '*_HR.png'."
        )


def _told(path, split):
    """A name that tells no machine's folders."""
    parts = path if isinstance(path, tuple) else (path,)
    names = [
        pathlib.Path(part).parts[-2 if "*" in part else -1 :] for part in map(os.fspath, parts)
    ]
    return f"{' and '.join('/'.join(name) for name in names)}, {split}"


def _checked(pairs):
    counts = [len(part.names) for part in (pairs.images, pairs.targets)]
    if not min(counts) or (pairs.is_paired and counts[0] != counts[1]):
        raise ValueError(f"{pairs.name}: {counts[0]} images and {counts[1]} targets are no pairs.")
    return pairs
