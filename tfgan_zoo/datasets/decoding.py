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

from tfgan_zoo.datasets.images import LUMA

MAX_PIXELS = 2**25
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
_LARGE = 2**22  # pixels: of larger images only one is in memory at a time
_BYTES_PER_PIXEL = 4  # a file with more, and with more than _ANY_FILE, is refused unread
_ANY_FILE = 2**24
_ROWS = 256
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
    """

    size: tuple | None
    channels: int
    max_pixels: int = MAX_PIXELS
    bit_depth: int = 16
    is_exact: bool = False


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
    """Pixels, what was reinterpreted (keys of `folders.REINTERPRETED`), and the largest 16-bit value."""

    pixels: np.ndarray
    reinterpreted: tuple
    largest: int = 0


def read(path, reading):
    """The pixels of a file, uint8 [*size, channels], as `Decoded`.

    Raises:
        ValueError: It cannot be read; the message says why, without the path.
    """
    try:
        contents = _contents(path, reading.max_pixels)
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
            "Shrink it, or give a larger max_pixels."
        )
    return image


def _decoded(image, contents, reading):
    facts = []
    deep_png = image.format == "PNG" and contents[24] == 16
    if deep_png:  # Pillow would cut colours to 8 bits
        grey = image.mode in _DEEP_GREY
        pixels = tf.io.decode_png(contents, 4, tf.uint16).numpy()
        pixels = pixels[..., [0, 3]] if grey else pixels
    else:
        pixels = _pixels(image, facts)
    if image.format != "MPO" and getattr(image, "is_animated", False):
        facts.append("frames")
    turned = oriented(pixels, _orientation(image))
    if turned is not pixels:
        facts.append("turned")
    largest = 0
    if turned.dtype != np.uint8:
        largest = int(_colours(turned).max())
        facts.append("deep")
    if reading.is_exact and turned.shape[:2] != reading.size:
        height, width = turned.shape[:2]
        raise ValueError(
            f"It has {height} x {width} pixels, and the first image {reading.size[0]} x "
            f"{reading.size[1]}. Where sizes differ, give image_size."
        )
    turned, blended = to_channels(turned, reading.channels, _white(reading, largest))
    facts += ["transparent"] * blended
    return Decoded(_fitted(turned, reading.size), tuple(facts), largest)


def _pixels(image, facts):
    """uint8 or uint16 [height, width, 1 to 4] of a Pillow image."""
    image.load()
    if image.mode in ("CMYK", "YCCK", "LAB", "HSV"):
        facts.append("colour space")
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


def oriented(pixels, orientation):
    """Pixels [height, width, channels] as they are to be seen, by the `Orientation` of EXIF, 1 to 8."""
    if orientation not in range(2, 9):
        return pixels
    if orientation >= 5:  # stored with rows for columns
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def _white(reading, largest):
    """The value of white in images of 16 bits."""
    white = 2**reading.bit_depth - 1
    if largest > white:
        raise ValueError(f"It has values up to {largest}, and bit_depth ends at {white}.")
    return white


def to_channels(pixels, channels, white=65535):
    """Pixels [height, width, 1 to 4] with that many channels, and whether any were laid on white.

    They stay uint8 where nothing is mixed, which takes a quarter of the memory, and become floats in
    [0, 255] elsewhere, some rows at a time. `white` is that of uint16 pixels.
    """
    colours = _colours(pixels).shape[-1]
    is_deep = pixels.dtype != np.uint8
    is_opaque = colours == pixels.shape[-1] or pixels[..., -1].min() == (65535 if is_deep else 255)
    is_mixed = is_deep or (channels != 4 and not is_opaque) or (channels == 1 and colours == 3)
    if not is_mixed:
        return _arranged(_colours(pixels), pixels, channels, is_opaque), False
    mixed = np.empty((*pixels.shape[:2], channels), np.float32)
    for start in range(0, len(pixels), _ROWS):
        rows = _as_bytes(pixels[start : start + _ROWS], white)
        mixed[start : start + _ROWS] = _mixed(rows, channels, is_opaque)
    return mixed, channels != 4 and not is_opaque


def _colours(pixels):
    return pixels[..., :-1] if pixels.shape[-1] in (2, 4) else pixels


def _arranged(colours, pixels, channels, is_opaque):
    """The same colours, in 1, 3 or 4 channels."""
    if channels < 4:
        return np.repeat(colours, channels // colours.shape[-1], axis=-1)
    alpha = np.full_like(colours[..., :1], 255) if is_opaque else pixels[..., -1:]
    return np.concatenate([*[colours] * (3 // colours.shape[-1]), alpha], -1)


def _as_bytes(pixels, white):
    """Pixels of 16 bits as floats in [0, 255]; others as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    scaled = pixels * np.float32(255 / white)
    if pixels.shape[-1] in (2, 4):
        scaled[..., -1] = pixels[..., -1] / np.float32(257)
    return scaled


def _mixed(pixels, channels, is_opaque):
    colours = _colours(pixels)
    if channels == 4:
        return _arranged(colours, pixels, channels, is_opaque)
    if not is_opaque:
        share = pixels[..., -1:] / np.float32(255)
        colours = colours * share + 255 * (1 - share)
    if channels == 1 and colours.shape[-1] == 3:
        colours = np.sum(colours * np.float32(LUMA), axis=-1, keepdims=True)
    return np.repeat(colours, channels // colours.shape[-1], axis=-1)


def _fitted(pixels, size):
    """The middle of the image, as large as the shape of `size` allows, as uint8 at `size`."""
    height, width = pixels.shape[:2]
    if size is not None and (height, width) != tuple(size):
        cut_height = max(min(height, width * size[0] // size[1]), 1)
        cut_width = max(min(width, height * size[1] // size[0]), 1)
        top, left = (height - cut_height) // 2, (width - cut_width) // 2
        pixels = _resized(pixels[top : top + cut_height, left : left + cut_width], size)
    if pixels.dtype == np.uint8:
        return pixels
    return np.round(np.clip(pixels, 0, 255)).astype(np.uint8)


def _resized(pixels, size):
    """The same as `images.resize` does, by its operation. Transparent pixels have no part in colours."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    if pixels.shape[-1] == 4:
        alpha = np.float32(pixels[..., 3:])
        pixels = np.concatenate([pixels[..., :3] * (alpha / 255), alpha], -1)
    scale = np.float32(size) / np.float32(pixels.shape[:2])
    with tf.device("CPU:0"):
        resized = tf.raw_ops.ScaleAndTranslate(
            images=np.ascontiguousarray(pixels)[None],
            size=np.int32(size),
            scale=scale,
            translation=np.zeros(2, np.float32),
            kernel_type="keyscubic",
            antialias=True,
        ).numpy()[0]
    if pixels.shape[-1] == 4:
        alpha = np.clip(resized[..., 3:], 0, 255)
        colours = resized[..., :3] * 255 / np.maximum(alpha, 1)
        resized = np.concatenate([colours, alpha], -1)
    return resized


def _reason(error):
    """What Pillow or TensorFlow says, in one line, without the names of operations."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    if isinstance(error, MemoryError):
        return "There is not enough memory to decode it."
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", getattr(error, "message", str(error)))
    return " ".join(text.split()) or type(error).__name__
