"""A folder of image files, read in any order."""

import collections
import concurrent.futures
import json
import os
import warnings

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets import decoding
from tfgan_zoo.datasets.listing import CAPTIONS, list_images, printable
from tfgan_zoo.datasets.stream import Source, array_source, captioned, to_floats

REINTERPRETED = {  # what `decoding` finds: {key: what is said, of a number of images}
    "rotated": "rotated upright, as their EXIF orientation says",
    "frames": "of several frames or pages, of which the first is read",
    "transparent": "transparent, laid on white (channels=4 keeps transparency)",
    "colour space": "CMYK or the like, brought to RGB without a colour profile",
    "deep": "of more than 8 bits a channel, scaled to 8",
}
_AT_ONCE = min(8, os.cpu_count() or 1)  # files read at once
_IN_ONE_PIECE = 256
_CAPTIONS_LIMIT = 2**28  # bytes
_EXPECTED = 'It must be an object {"file": "text"}'


def folder_source(folder, split, reading, in_memory, skip, texts=True):
    """A source over the images of a folder, all of which are decoded here, once, so that no run ends
    at one of them after hours of training.

    Args:
        folder, split: Where they lie.
        reading: `decoding.Reading`. `channels` None takes 1 where all are grey, else 3; `size` None
            takes that of the first image, which all must have.
        in_memory: From the number of bytes of all pixels to whether they are kept in memory.
        skip: Whether images that cannot be read are left out with a warning.
        texts: Whether captions are read.

    Raises:
        ValueError: A folder, images or captions that cannot be used.
    """
    listing = list_images(folder, split)
    captions = _captions(listing) if texts else None
    reading = _completed(listing, reading)
    check = _Check(listing, reading, in_memory)
    kept = check.kept(skip)
    labels = None if listing.labels is None else np.array(listing.labels, np.int32)[kept]
    if check.images is None:
        source = _file_source([listing.path(listing.names[k]) for k in kept], labels, reading)
    else:
        source = array_source(check.images[kept] if check.reasons else check.images, labels)
    classes = listing.class_names
    source = source._replace(num_classes=classes and len(classes), class_names=classes)
    return source if captions is None else captioned(source, [captions[k] for k in kept])


def matched_sources(listings, reading, in_memory, skip):
    """Sources of two listings whose images belong together, in their order.

    Raises:
        ValueError: Images that cannot be read, unless `skip`, which leaves both of a pair out; or two
            of a pair that are not of one form, so that one would be cut otherwise than the other.
    """
    readings = [_completed(listing, reading) for listing in listings]
    checks = [_Check(*pair, in_memory) for pair in zip(listings, readings, strict=True)]
    kept = np.intersect1d(*[check.kept(skip) for check in checks])
    _check_forms(*checks, kept)
    sources = []
    for listing, read, check in zip(listings, readings, checks, strict=True):
        paths = [listing.path(listing.names[k]) for k in kept]
        in_files = check.images is None
        sources.append(
            _file_source(paths, None, read) if in_files else array_source(check.images[kept])
        )
    return sources


def _check_forms(first, second, kept):
    for number in kept:
        size, other = first.sizes[number], second.sizes[number]
        if not same_form(size, other):
            raise ValueError(
                f"{printable(first.path(number))} has {size[0]} x {size[1]} pixels, and its partner "
                f"{printable(second.path(number))} {other[0]} x {other[1]}: cut to one form they would "
                "not show the same. Give both of a pair the same ratio of height to width."
            )


def same_form(size, other):
    """Whether two pictures, (height, width), have one ratio of these, to a pixel."""
    return abs(size[0] * other[1] - size[1] * other[0]) <= max(*size, *other)


def _completed(listing, reading):
    """The reading with the channels and the size that the files themselves have."""
    paths = [listing.path(name) for name in listing.names]
    if reading.channels is None:
        known = (decoding.is_grey(path, reading.max_pixels) for path in paths)
        is_grey = bool(paths) and all(grey is not False for grey in known)
        reading = reading._replace(channels=1 if is_grey else 3)
    if reading.size is not None:
        return reading
    reasons = dict(listing.unreadable)
    for name, path in zip(listing.names, paths, strict=True):
        try:
            size = decoding.read(path, reading).pixels.shape[:2]
        except ValueError as error:
            reasons[name] = error
        else:
            return reading._replace(size=size, is_exact=True)
    raise ValueError(_refusal(listing, reasons))


class _Check:
    """Every image of a listing, read once.

    Attributes:
        images: uint8 of all, if they are kept, else None.
        reasons: `{number: why it cannot be read}`.
        sizes: `{number: (height, width)}` of the whole pictures.
    """

    def __init__(self, listing, reading, in_memory):
        self._listing, self._reading, self.reasons, self.sizes = listing, reading, {}, {}
        self._found, self._largest = collections.defaultdict(list), 0
        shape = (len(listing.names), *reading.size, reading.channels)
        self.images = np.empty(shape, np.uint8) if in_memory(int(np.prod(shape))) else None
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            for start in range(0, shape[0], _IN_ONE_PIECE):
                numbers = range(start, min(start + _IN_ONE_PIECE, shape[0]))
                for _ in pool.map(self._read, numbers):
                    pass

    def _read(self, number):
        try:
            found = decoding.read(self.path(number), self._reading)
        except ValueError as error:
            self.reasons[number] = error
            return
        self.sizes[number] = found.size
        if self.images is not None:
            self.images[number] = found.pixels
        for fact in found.reinterpreted:
            self._found[fact].append(number)
        self._largest = max(self._largest, found.largest)

    def path(self, number):
        return self._listing.path(self._listing.names[number])

    def kept(self, skip):
        """The numbers of the images that can be read; says once what was left out or reinterpreted."""
        names = self._listing.names
        reasons = self._listing.unreadable | {
            names[k]: self.reasons[k] for k in sorted(self.reasons)
        }
        notes = [*self._listing.notes, *self._notes()]
        if reasons and (not skip or len(self.reasons) == len(names)):
            raise ValueError(_refusal(self._listing, reasons))
        if reasons:
            notes.append(f"Skipped: {_unusable(self._listing, reasons)}")
            notes += self._classes_without_images()
        if notes:
            folder = printable(self._listing.folder)
            lines = "\n".join(f"- {note}" for note in notes)
            warnings.warn(f"{folder}, {len(names)} images:\n{lines}", stacklevel=5)
        return np.array([k for k in range(len(names)) if k not in self.reasons])

    def _classes_without_images(self):
        labels, classes = self._listing.labels or [], self._listing.class_names or ()
        left = {label for number, label in enumerate(labels) if number not in self.reasons}
        return [f"No image of class {classes[k]!r} is left." for k in {*labels} - left]

    def _notes(self):
        for key, text in REINTERPRETED.items():
            if numbers := self._found[key]:
                example = printable(self._listing.names[min(numbers)])
                yield f"{len(numbers)} of {len(self._listing.names)} {text}, such as {example}."
        if 0 < self._largest < 2**15 and self._reading.bit_depth == 16:
            bits = self._largest.bit_length()
            yield (
                f"The largest of their values is {self._largest} of 65,535, so they are dark. If they "
                f"have {bits} bits, give bit_depth={bits}."
            )


def _unusable(listing, reasons):
    lines = [f"{printable(listing.path(name))}: {reason}" for name, reason in reasons.items()]
    count = len(listing.names) + len(listing.unreadable)
    shown = [*lines[:10], *["…"] * (len(lines) > 10)]
    return f"{len(reasons)} of {count} images cannot be used:\n" + "\n".join(shown)


def _refusal(listing, reasons):
    return (
        f"{_unusable(listing, reasons)}\nRepair or remove them, or give on_unreadable='skip', which "
        "leaves them out."
    )


def _file_source(paths, labels, reading):
    """A source that reads its files when they are asked for."""
    shape = (*reading.size, reading.channels)
    if labels is not None:
        with tf.device("CPU:0"):
            labels = tf.constant(labels)

    def read(numbers):
        images = np.zeros((len(numbers), *shape), np.uint8)
        for row, number in enumerate(numbers):
            try:
                images[row] = decoding.read(paths[number], reading).pixels
            except ValueError as error:
                reason = f"{printable(paths[number])} could be read before, and now cannot: {error}"
                return images, reason.encode()
        return images, b""

    def fetch(indices, seed):
        del seed
        types = [tf.uint8, tf.string]
        images, reason = tf.numpy_function(read, [indices], types, stateful=False)
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(reason, ""), [reason])]):
            images = to_floats(tf.ensure_shape(images, [indices.shape[0], *shape]))
        return {"images": images} | (
            {} if labels is None else {"labels": tf.gather(labels, indices)}
        )

    return Source(len(paths), fetch, shape)


# === Captions ===


def _captions(listing):
    """The text of each image from `names.json`, `{path within the folder: text}`; None without one.

    Raises:
        ValueError: Another file of that name, or an image without a text.
    """
    file = listing.folder / CAPTIONS
    if not file.exists():
        return None
    texts = _read_json(file)
    bare = [name for name in listing.names if not _is_text(texts.get(name))]
    if bare:
        raise ValueError(
            f"{printable(file)} has no text for {len(bare)} of {len(listing.names)} images, such as "
            f"{printable(bare[0])}. {_EXPECTED} with all of them."
        )
    unknown = sorted(texts.keys() - set(listing.names))
    if unknown:
        listing.notes.append(
            f"{len(unknown)} captions of {CAPTIONS} are of no image, such as {printable(unknown[0])}."
        )
    return [texts[name] for name in listing.names]


def _is_text(value):
    if not isinstance(value, str) or not value.strip():
        return False
    return value.isascii() or value == value.encode("utf-8", "ignore").decode()


def _read_json(file):
    try:
        if not file.is_file() or file.stat().st_size > _CAPTIONS_LIMIT:
            raise ValueError(f"it is no regular file of {_CAPTIONS_LIMIT:,} bytes at most")
        texts = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # damaged UTF-8 and JSON are ValueErrors
        raise ValueError(f"{printable(file)} cannot be read: {error}. {_EXPECTED}.") from error
    if not isinstance(texts, dict):
        raise ValueError(f"{printable(file)} holds a {type(texts).__name__}. {_EXPECTED}.")
    return texts
