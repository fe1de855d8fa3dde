"""From an image file to pixels, in bounded memory and time, whatever the file holds.

Pillow reads what people have: orientation, palettes, CMYK, 16 bits. Headers come first, so that
nothing is decoded that is too large, is no regular file, or is no image. TensorFlow's `decode_image`
is not asked: an animated WebP ends the process in it, and it knows no orientation.
"""

import contextlib
import io
import os
import re
import stat
import threading
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from tfgan_zoo.datasets.pixels import colours_of, fitted, oriented, to_channels

MAX_PIXELS = 2**25
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
_LARGE = 2**22  # pixels: of larger images only one is in memory at a time
_BYTES_PER_PIXEL = 4  # a file with more, and with more than _ANY_FILE, is refused unread
_ANY_FILE = 2**24
_DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # of EXIF
_READ_ONLY = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_large_images = threading.Lock()
Image.init()  # or formats are known only after the first file of theirs


class Reading(NamedTuple):
    """How files are read.

    Attributes:
        size: (height, width), or None to keep the size of the image.
        channels: 1, 3 or 4.
        max_pixels: Int. Larger images are refused before they are decoded.
        bit_depth: Int in [9, 16]: bits that images of 16 bits a channel use.
        is_exact: Whether images of another size are refused rather than resized.
        is_still: Whether files of several frames or pages are refused, rather than read by their first.
    """

    size: tuple | None
    channels: int
    max_pixels: int = MAX_PIXELS
    bit_depth: int = 16
    is_exact: bool = False
    is_still: bool = False


class _Bounded(io.BytesIO):
    """Bytes that end a decoder which reads a header of millions of parts, for minutes."""

    def __init__(self, contents):
        super().__init__(contents)
        self._reads_left = 10_000 + len(contents) // 64

    def read(self, size=-1):
        self._reads_left -= 1
        if self._reads_left < 0:
            raise ValueError("Its header has too many parts.")
        return super().read(size)


class Decoded(NamedTuple):
    """Pixels, what was reinterpreted (keys of `folders.REINTERPRETED`), the largest 16-bit value, and
    height and width of the whole picture, upright."""

    pixels: np.ndarray
    reinterpreted: tuple
    largest: int
    size: tuple


def read(path, reading):
    """The pixels of a file, uint8 [*size, channels], as `Decoded`.

    Raises:
        ValueError: It cannot be read; the message says why, without the path.
    """
    try:
        contents = _contents(path, reading.max_pixels)
    except Exception as error:
        raise ValueError(_reason(error)) from error
    return read_bytes(contents, reading)


def read_bytes(contents, reading):
    """The same of the bytes of a file."""
    try:
        with _opened(contents, reading.max_pixels) as image:
            is_large = image.width * image.height > _LARGE
            with _large_images if is_large else contextlib.nullcontext():
                return _decoded(image, contents, reading)
    except Exception as error:  # whatever a decoder raises of a damaged file
        raise ValueError(_reason(error)) from error


def is_grey(path, max_pixels=MAX_PIXELS):
    """Whether a file is an image without colours, by its header; None if it cannot be read."""
    try:
        with _opened(_contents(path, max_pixels), max_pixels) as image:
            return image.mode in ("1", "L", "LA", *_DEEP_GREY)
    except Exception:  # as above
        return None


def _contents(path, max_pixels):
    """The bytes of a regular file; of pipes and devices nothing is read, since they need not end."""
    limit = max(_ANY_FILE, _BYTES_PER_PIXEL * max_pixels)
    _check_kind(os.stat(path), limit)
    with open(os.open(path, _READ_ONLY), "rb") as file:
        _check_kind(os.fstat(file.fileno()), limit)  # it may have been replaced since
        return file.read(limit)


def _check_kind(status, limit):
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("It is no regular file (a pipe, device, socket or folder).")
    if not status.st_size:
        raise ValueError("The file is empty.")
    if status.st_size > limit:
        raise ValueError(
            f"The file has {status.st_size:,} bytes, more than an image may have: {limit:,}."
        )


def _opened(contents, max_pixels):
    """A Pillow image of which only the header has been read."""
    try:
        image = Image.open(_Bounded(contents), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"It has more pixels than max_pixels={max_pixels:,}.") from error
    except Image.UnidentifiedImageError:
        raise ValueError("It is no image in a known format, or its header is damaged.") from None
    if image.width * image.height > max_pixels:
        raise ValueError(
            f"It has {image.width} x {image.height} pixels, more than max_pixels={max_pixels:,}. "
            "Shrink it."
        )
    return image


def _decoded(image, contents, reading):
    changes = []
    if image.format != "MPO" and getattr(image, "is_animated", False):
        if reading.is_still:
            raise ValueError("It has several frames or pages. Give each as a picture of its own.")
        changes.append("frames")
    deep_png = image.format == "PNG" and contents[24] == 16
    if deep_png:  # Pillow would cut colours to 8 bits
        grey = image.mode in _DEEP_GREY
        pixels = tf.io.decode_png(contents, 4, tf.uint16).numpy()
        pixels = pixels[..., [0, 3]] if grey else pixels
    else:
        pixels = _pixels(image, changes)
    rotated = oriented(pixels, _orientation(image))
    if rotated is not pixels:
        changes.append("rotated")
    largest = 0
    if rotated.dtype != np.uint8:
        largest = int(colours_of(rotated).max())
        changes.append("deep")
    if reading.is_exact and rotated.shape[:2] != reading.size:
        height, width = rotated.shape[:2]
        raise ValueError(
            f"It has {height} x {width} pixels, and the first image {reading.size[0]} x "
            f"{reading.size[1]}. Where sizes differ, give image_size."
        )
    rotated, blended = to_channels(rotated, reading.channels, _white(reading, largest))
    changes += ["transparent"] * blended
    size = tuple(rotated.shape[:2])
    return Decoded(fitted(rotated, reading.size), tuple(changes), largest, size)


def _pixels(image, changes):
    """uint8 or uint16 [height, width, 1 to 4] of a Pillow image."""
    image.load()
    if image.mode in ("CMYK", "YCCK", "LAB", "HSV"):
        changes.append("colour space")
    if image.mode in ("I", "F"):
        raise ValueError("It has 32 bits a pixel, of which it is not known which are white.")
    if image.mode in _DEEP_GREY:
        return np.asarray(image).astype(np.uint16)[..., None]
    if image.mode not in ("L", "LA", "RGB", "RGBA") or image.has_transparency_data:
        grey = image.mode in ("1", "L", "LA", "La")
        transparent = image.has_transparency_data
        image = image.convert(("L" if grey else "RGB") + "A" * transparent)
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _orientation(image):
    with contextlib.suppress(Exception):  # damaged EXIF does not make an image unreadable
        return image.getexif().get(_ORIENTATION, 1)
    return 1


def _white(reading, largest):
    """The value of white in images of 16 bits."""
    white = 2**reading.bit_depth - 1
    if largest > white:
        raise ValueError(f"It has values up to {largest}, and bit_depth ends at {white}.")
    return white


def _reason(error):
    """What Pillow or TensorFlow says, in one line, without the names of operations."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    if isinstance(error, MemoryError):
        return "There is not enough memory to decode it."
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", getattr(error, "message", str(error)))
    return " ".join(text.split()) or type(error).__name__
