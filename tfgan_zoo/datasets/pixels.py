"""Pixels of one image in an array: rotated, brought to a number of channels, cut and resized."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.images import LUMA

_ROWS = 256  # that are floats at a time


def oriented(pixels, orientation):
    """Pixels [height, width, channels] as they are to be seen, by the `Orientation` of EXIF, 1 to 8."""
    if orientation not in range(2, 9):
        return pixels
    if orientation >= 5:  # stored with rows for columns
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def to_channels(pixels, channels, white=65535):
    """Pixels [height, width, 1 to 4] with that many channels, and whether any were laid on white.

    They stay uint8 where nothing is mixed, which takes a quarter of the memory, and become floats in
    [0, 255] elsewhere, some rows at a time. `white` is that of uint16 pixels.
    """
    colours = colours_of(pixels).shape[-1]
    is_deep = pixels.dtype != np.uint8
    is_opaque = colours == pixels.shape[-1] or pixels[..., -1].min() == (65535 if is_deep else 255)
    is_mixed = is_deep or (channels != 4 and not is_opaque) or (channels == 1 and colours == 3)
    if not is_mixed:
        return _arranged(colours_of(pixels), pixels, channels, is_opaque), False
    mixed = np.empty((*pixels.shape[:2], channels), np.float32)
    for start in range(0, len(pixels), _ROWS):
        rows = _as_bytes(pixels[start : start + _ROWS], white)
        mixed[start : start + _ROWS] = _mixed(rows, channels, is_opaque)
    return mixed, channels != 4 and not is_opaque


def colours_of(pixels):
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
    colours = colours_of(pixels)
    if channels == 4:
        return _arranged(colours, pixels, channels, is_opaque)
    if not is_opaque:
        share = pixels[..., -1:] / np.float32(255)
        colours = colours * share + 255 * (1 - share)
    if channels == 1 and colours.shape[-1] == 3:
        colours = np.sum(colours * np.float32(LUMA), axis=-1, keepdims=True)
    return np.repeat(colours, channels // colours.shape[-1], axis=-1)


def fitted(pixels, size):
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
