"""Pictures that a model is to translate: arrays, files and folders."""

import os
import pathlib

import numpy as np

from tfgan_zoo.datasets import decoding, listing


def is_folder(images):
    return isinstance(images, (str, os.PathLike)) and pathlib.Path(images).is_dir()


def files_of(folder):
    """The paths of the images of a folder, sorted."""
    names = listing.image_names(folder)
    if not names:
        raise ValueError(f"{listing.printable(folder)} has no images.")
    return [pathlib.Path(folder) / name for name in names]


def named(pictures, out):
    """What is translated, and the PNG file that it becomes: a list of pairs of paths.

    Args:
        pictures: A file, a folder, or a pattern such as "photos/*.jpg".
        out: A .png where there is one picture; else a folder, in which files keep their names.

    Raises:
        FileNotFoundError: No such picture.
        ValueError: Two pictures that would become one file.
    """
    path, out = pathlib.Path(pictures), pathlib.Path(out)
    root = path if path.is_dir() else path.parent
    found = files_of(path) if path.is_dir() else [path]
    if not path.exists():
        found = sorted(each for each in root.glob(path.name) if each.is_file())
    if len(found) == 1 and out.suffix.lower() == ".png":
        return [(found[0], out)]
    if out.suffix.lower() in listing.SUFFIXES:
        what = f"{len(found)} pictures" if len(found) > 1 else "PNG files"
        raise ValueError(f"{what} cannot be written as {out}. Give a folder, or a .png for one.")
    if not found:
        raise FileNotFoundError(f"There is no picture {listing.printable(pictures)}.")
    pairs = [(each, out / each.relative_to(root).with_suffix(".png")) for each in found]
    targets = [target for _, target in pairs]
    if twice := [target for target in targets if targets.count(target) > 1]:
        raise ValueError(f"Two pictures would become {twice[0]}. Give them other names.")
    return pairs


def listed(images, channels):
    """Arrays, files, a folder or a list of these as a list of floats `[H, W, channels]` in [-1, 1]."""
    if is_folder(images):
        images = files_of(images)
    if isinstance(images, (list, tuple)):
        return [found for image in images for found in listed(image, channels)]
    if isinstance(images, (str, os.PathLike)):
        images = read(images, channels)
    found = as_floats(images, channels)
    return [found] if found.ndim == 3 else list(found)


def read(path, channels, is_still=False):
    """The pixels of an image file, uint8 `[H, W, channels]`, upright by its EXIF orientation; of a file
    with several frames those of the first, with a warning, or with `is_still` none.

    Raises:
        ValueError: It cannot be read; the message names the file. Or channels that no file has.
    """
    if channels not in (1, 3, 4):
        raise ValueError(
            f"Files are read with 1, 3 or 4 channels, and the model takes {channels}. Give arrays."
        )
    try:
        return listing.pixels_of(path, decoding.Reading(None, channels, is_still=is_still))
    except ValueError as error:
        raise ValueError(f"{listing.printable(path)}: {error}") from error


def as_floats(images, channels):
    """Images as float32 in [-1, 1], from uint8 or floats, `[N, H, W, C]` or `[H, W, C]`.

    Raises:
        TypeError: Another dtype.
        ValueError: Another number of axes or channels, or values that are no pixels.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(
            f"Images must be uint8, or floats in [-1, 1]. Received dtype {images.dtype}."
        )
    if images.ndim not in (3, 4) or images.shape[-1] != channels or not images.size:
        raise ValueError(
            f"Images must be [N, height, width, {channels}], or one, [height, width, {channels}]. "
            f"Received shape {images.shape}."
        )
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(127.5) - 1
    images = images.astype(np.float32)
    if not np.abs(images).max() <= 1.001:  # False for NaN
        raise ValueError(
            f"Images must be uint8, or floats in [-1, 1]. These lie in [{images.min():g}, "
            f"{images.max():g}]."
        )
    return images
