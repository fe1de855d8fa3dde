"""Grids of images, PNG files and animations."""

import io
import math
import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from PIL import Image

from tfgan_zoo.files import atomic_write, local

ANIMATIONS = {".gif": "GIF", ".apng": "PNG", ".webp": "WEBP"}
PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}
_NOT_WRITTEN = """
.apng .avif .bmp .eps .heic .heif .ico .jfif .jp2 .jpe .jxl .npy .npz .pdf .ppm .ps .svg .tga .tif .tiff
.zip
"""


def image_grid(images: ArrayLike, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Puts images side by side, row after row, on white.

    Args:
        images: uint8 `[n, H, W, C]`.
        columns: Int. By default as many as make the grid square, or nearly.
        gap: Int. Pixels between two images.

    Returns:
        uint8 `[rows * (H + gap) - gap, columns * (W + gap) - gap, C]`.
    """
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.full((rows, height + gap, columns, width + gap, channels), 255, np.uint8)
    for index, image in enumerate(images):
        grid[index // columns, :height, index % columns, :width] = image
    grid = grid.reshape(rows * (height + gap), columns * (width + gap), channels)
    return grid[: len(grid) - gap, : grid.shape[1] - gap]


def image_rows(rows: Sequence[Sequence[ArrayLike]], gap: int = 2) -> np.ndarray:
    """Puts images of any sizes in rows and columns on white, grey ones in colour where others have it.

    Args:
        rows: Lists of as many uint8 images `[H, W, C]` each, of which at most three channels are shown.
            An image smaller than the last of its row is shown in whole multiples of its pixels, as large
            as fits the last.
        gap: Int. Pixels between two images.

    Returns:
        uint8 `[height, width, 1 or 3]`.
    """
    channels = 3 if any(image.shape[-1] > 1 for row in rows for image in row) else 1
    shown = [[_fitting(image, row[-1], channels) for image in row] for row in rows]
    heights = [max(image.shape[0] for image in row) for row in shown]
    widths = [max(image.shape[1] for image in column) for column in zip(*shown, strict=True)]
    size = [sum(sides) + gap * (len(sides) - 1) for sides in (heights, widths)]
    page, top = np.full((*size, channels), 255, np.uint8), 0
    for row, height in zip(shown, heights, strict=True):
        left = 0
        for image, width in zip(row, widths, strict=True):
            page[top : top + image.shape[0], left : left + image.shape[1]] = image
            left += width + gap
        top += height + gap
    return page


def _fitting(image, last, channels):
    """An image with so many channels, in whole multiples of its pixels as large as fits the last."""
    times = max(min(last.shape[0] // image.shape[0], last.shape[1] // image.shape[1]), 1)
    image = enlarged(image, times)[..., :3]
    return np.repeat(image, channels, -1) if image.shape[-1] < channels else image


def write_png(
    path: str | os.PathLike, image: ArrayLike, sign: Callable[[bytes], bytes] | None = None
) -> None:
    """Writes one image, uint8 `[H, W, C]` with 1 to 4 channels, as a PNG file; `sign` as for
    `write_picture`."""
    if image.shape[-1] > 4:
        raise ValueError(f"A PNG file has 1 to 4 channels. Received: {image.shape[-1]}.")
    _write(path, tf.io.encode_png(image).numpy(), sign)


def _write(path, content, sign):
    content = sign(content) if sign else content
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def is_picture(path: str | os.PathLike) -> bool:
    """Whether what a user names is one picture, by its suffix; else it is a folder for single ones.

    Raises:
        ValueError: The suffix is of files that are not written here, or a file of that name exists that
            is no picture.
    """
    is_folder, path = str(path).endswith(os.sep), local(path)
    if is_folder:
        return False
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return True
    known = ", ".join(PICTURES)
    if suffix in _NOT_WRITTEN.split():
        raise ValueError(
            f"Pictures are {known} files. Received: {path}. A folder has no such suffix."
        )
    if path.is_file():
        raise ValueError(f"{path} is a file. Name a folder, or a picture: {known}.")
    return False


def write_picture(
    path: str | os.PathLike, image: ArrayLike, sign: Callable[[bytes], bytes] | None = None
) -> None:
    """Writes one image, uint8 `[H, W, C]`, as a file of the kind that the suffix names: see `PICTURES`.

    JPEG files have no transparency, and are written at quality 95; the others keep every value, but for
    a .gif, which has 256 colours.

    Args:
        path: Of the file.
        image: uint8 `[H, W, C]`.
        sign: Function from the bytes of the file to those that are written, such as the same with
            content credentials.
    """
    format = PICTURES.get(local(path).suffix.lower())
    if format is None:
        raise ValueError(f"Pictures are {', '.join(PICTURES)} files. Received: {path}.")
    if format == "PNG":
        return write_png(path, image, sign)
    if format == "JPEG" and image.shape[-1] in (2, 4):
        raise ValueError(f"A JPEG file has no transparency: write {path} as a .png.")
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "GIF": {}}[format]
    made, file = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image), io.BytesIO()
    made.save(file, format, **options)
    _write(path, file.getvalue(), sign)


def enlarged(images: ArrayLike, scale: int) -> np.ndarray:
    """Each pixel of uint8 images `[..., H, W, C]` as `scale` x `scale` pixels."""
    return images.repeat(scale, axis=-3).repeat(scale, axis=-2)


def write_animation(path: str | os.PathLike, frames: ArrayLike, fps: float = 20) -> None:
    """Writes frames, uint8 `[T, H, W, 1 or 3]`, that repeat for ever.

    Args:
        path: Its suffix is .gif, .apng or .webp (lossless).
        fps: Number of frames in a second; in a .gif a frame lasts a multiple of 10 ms.

    Raises:
        ValueError: Another suffix, no frames, frames of other shapes, or fps out of (0, 100].
    """
    format = ANIMATIONS.get(local(path).suffix.lower())
    if format is None:
        raise ValueError(f"Animations are {', '.join(ANIMATIONS)} files. Received: {path}.")
    if frames.ndim != 4 or not len(frames) or frames.shape[-1] not in (1, 3):
        raise ValueError(f"Frames have shape [T, H, W, 1 or 3]. Received: {frames.shape}.")
    if not 0 < fps <= 100:
        raise ValueError(f"fps must lie in (0, 100]. Received: {fps}.")
    first, *others = (Image.fromarray(x[..., 0] if x.shape[-1] == 1 else x) for x in frames)
    options = {"save_all": True, "append_images": others, "duration": 1000 / fps, "loop": 0}
    with atomic_write(path) as temporary:
        first.save(temporary, format, **options, **({"lossless": True} if format == "WEBP" else {}))
