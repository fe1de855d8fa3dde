"""Images from an .npz file, none of which is unpacked before its size is known."""

import difflib
import os
import zipfile

import numpy as np

from tfgan_zoo.datasets.listing import printable
from tfgan_zoo.datasets.stream import array_source

_UNPACKED_LIMIT = 2**30  # bytes; more only where they are at most _RATIO times the packed ones
_RATIO = 100
_KEYS = {"images": "x", "labels": "y"}


def npz_source(file, split, name="images"):
    """A source over images [N, height, width (, channels)] and labels in an .npz file. Images of another
    `name`, such as "targets", are alone.

    Raises:
        ValueError: A file that is no such archive, damaged or too large when unpacked, or arrays that
            cannot be used.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            arrays = _arrays(archive, split, os.stat(file).st_size, name)
    except Exception as error:  # whatever a damaged archive makes zipfile, zlib and numpy raise
        reason = str(error).strip() or type(error).__name__
        raise ValueError(f"{printable(file)} cannot be read as .npz: {reason}") from error
    names = arrays.pop("class_names", None)
    if "images" not in arrays:
        raise ValueError(_absent(file, split, arrays.pop(None), name))
    images = arrays["images"]
    images = images[..., None] if images.ndim == 3 else images
    _check_images(file, images)
    labels = arrays.get("labels")
    try:
        return array_source(images, labels, class_names=None if labels is None else names)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{printable(file)}: {error}") from error


def _arrays(archive, split, packed, name):
    """`{"images": …, "labels": …, "class_names": …}` as far as they are there; all names under None."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    wanted = {"class_names": ["class_names"]}
    for key, letter in _KEYS.items():
        wanted[key] = [key, letter] * (split == "train") + [f"{letter}_{split}", f"{key}_{split}"]
    if name != "images":
        wanted = {"images": [name] * (split == "train") + [f"{name}_{split}"]}
    found = {
        key: next((members[each] for each in names if each in members), None)
        for key, names in wanted.items()
    }
    unpacked = sum(info.file_size for info in found.values() if info)
    if unpacked > max(_UNPACKED_LIMIT, _RATIO * packed):
        raise ValueError(f"its {packed:,} bytes would unpack to {unpacked:,}.")
    return {None: sorted(members)} | {
        key: _array(archive, info) for key, info in found.items() if info
    }


def _array(archive, info):
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"{info.filename} has version {version} of numpy's format.")
        shape, _, dtype = read_header(member)
    if dtype.hasobject:
        raise ValueError(
            f"{info.filename} holds Python objects, which are not read, since they may run code. Save "
            "an array of numbers or strings."
        )
    size = dtype.itemsize
    for edge in shape:
        size *= edge
    if size > info.file_size:
        raise ValueError(f"{info.filename} is cut off: an array of {shape} has {size:,} bytes.")
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _absent(file, split, names, name):
    near = [name.removeprefix("x_") for name in names if name.startswith("x_")]
    near = difflib.get_close_matches(split, near, 1, 0.5)
    hint = f" Did you mean split={near[0]!r}?" if near else ""
    if name != "images":
        return (
            f"{printable(file)} has no array named {name!r}, or '{name}_{split}'. It has {names}."
        )
    return (
        f"{printable(file)} has no images for the split {split!r}: it needs an array named 'images', "
        f"'x' (split 'train' only) or 'x_{split}'. It has {names}.{hint}"
    )


def _check_images(file, images):
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(
            f"The images in {printable(file)} must be [N, height, width] or [N, height, width, "
            f"channels]. Received: {images.shape}."
        )
    if images.shape[-1] > 4 and images.shape[1] <= 4:
        raise ValueError(
            f"The images in {printable(file)} seem to be [N, channels, height, width], "
            f"{images.shape}. Save np.moveaxis(images, 1, -1)."
        )
    if images.dtype == np.uint8:
        return
    is_number = images.dtype.kind in "biuf"
    low, high = (float(images.min()), float(images.max())) if images.size and is_number else (0, 0)
    if images.dtype.kind != "f" or not -1 <= low <= high <= 1:
        raise ValueError(
            f"The images in {printable(file)} must be uint8 in [0, 255], or floats in [-1, 1]. "
            f"Received {images.dtype} in [{low:g}, {high:g}]. Save images.astype('uint8') where they "
            "lie in [0, 255], or images * 2 - 1 where they lie in [0, 1]."
        )
    if images.size and low >= 0 and high > 0:
        raise ValueError(
            f"The images in {printable(file)} are {images.dtype} in [{low:g}, {high:g}], with no value "
            "below 0: they look like [0, 1]. Save images * 2 - 1, or uint8 in [0, 255]."
        )
