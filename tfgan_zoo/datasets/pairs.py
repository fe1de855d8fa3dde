"""Pairs of images that belong together, for translation."""

import os
from pathlib import Path

import tensorflow as tf

from tfgan_zoo.datasets import arguments
from tfgan_zoo.datasets.decoding import MAX_PIXELS, Reading
from tfgan_zoo.datasets.folders import folder_source, matched_sources
from tfgan_zoo.datasets.images import flipped, randomly_cropped, resize, to_pixels
from tfgan_zoo.datasets.listing import list_images, printable
from tfgan_zoo.datasets.npz import npz_source
from tfgan_zoo.datasets.sources import CACHE_LIMIT, in_memory, one_epoch
from tfgan_zoo.datasets.stream import Source

_SHOWN = 5


def load_pairs(
    path: str | os.PathLike | tuple,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    batch_size: int = 1,
    *,
    swap: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    flip: bool = False,
    crop: str = "center",
    channels: int = 3,
    on_unreadable: str = "raise",
    max_pixels: int = MAX_PIXELS,
) -> tf.data.Dataset:
    """One epoch of pairs in batches, and the source that `fit` trains from.

    The batches are `{"images": float32 [batch_size, height, width, channels] in [-1, 1], "targets": …}`.
    Flips and crops are the same for both of a pair. See `load` for the attribute `source`.

    Example:
        model.fit(load_pairs("./facades", image_size=256, crop="random", flip=True, swap=True))
        model.fit(load_pairs(("./sketches", "./photos"), image_size=128))

    Args:
        path: One of
            - a folder of pictures that show both side by side, images left, targets right, all of one
              size. If it has a subfolder named as `split`, that one is read;
            - a pair of folders, images and targets, whose files have the same names but for endings;
            - an .npz file with "images" and "targets", uint8, or floats in [-1, 1], of one height and
              width.
        split: Name of the subfolder, in each folder.
        image_size: Edge of square images, or (height, width); None keeps the size.
        batch_size: Pairs in a batch.
        swap: Whether targets become images, and images targets.
        shuffle, seed: As in `load`.
        flip: Whether each pair is mirrored left to right with probability 1/2.
        crop: "center", or "random": pairs are resized to 9/8 of `image_size`, of which a random window
            is cut; at 256, pix2pix's jitter has 286, and this 288.
        channels: 1 or 3, of both; an .npz file keeps its own.
        on_unreadable: "raise", or "skip": pairs with a file that cannot be decoded.
        max_pixels: Larger pictures are not decoded.

    Raises:
        FileNotFoundError: No such folder or file.
        ValueError: Pictures of sizes that cannot be halved, files without a partner, or an option that
            cannot be used; the message names them.
    """
    path = tuple(path) if isinstance(path, list) else path
    named = path[0] if isinstance(path, tuple) and path else path
    common = (named, split, image_size, batch_size, crop, channels, "auto", on_unreadable)
    size = arguments.checked(*common)
    arguments.check_numbers(seed=seed, max_pixels=max_pixels)
    read_size = tuple(-(-edge * 9 // 8) for edge in size) if crop == "random" else size
    skip = on_unreadable == "skip"
    reading = Reading(None, channels, int(max_pixels))
    stacked, first = _stacked(path, split, read_size, reading, skip)
    if crop == "random":
        stacked = randomly_cropped(stacked, size)
    if flip:
        stacked = flipped(stacked)
    return one_epoch(_parted(stacked, first, swap), int(batch_size), shuffle, int(seed))


def _stacked(path, split, size, reading, skip):
    """A source whose images have the channels of both of a pair, decoded and at that size, and how many
    of these are the first one's."""
    if isinstance(path, tuple):
        return _of_two_folders(path, split, size, reading, skip), reading.channels
    path = Path(path).expanduser()
    if path.suffix.lower() == ".npz" and path.is_file():
        sources = [npz_source(path, split, key) for key in ("images", "targets")]
        return _resized(_joined(*sources, path), size), sources[0].image_shape[-1]
    if not path.is_dir():
        raise FileNotFoundError(arguments.no_data_at(path))
    if all((path / f"{split}{letter}").is_dir() for letter in "AB"):
        raise ValueError(
            f"{printable(path)} has the subfolders {split}A and {split}B, which hold no pairs: see "
            "load_unpaired. For pairs in folders of their own, give (images, targets)."
        )
    return _resized(_halved(_of_one_size(path, split, reading, skip), path), size), reading.channels


def _of_one_size(path, split, reading, skip):
    try:
        return folder_source(path, split, reading, _fits, skip, texts=False)
    except ValueError as error:
        hint = "Pictures that show both of a pair must have one size."
        raise ValueError(str(error).replace("Where sizes differ, give image_size.", hint)) from None


def _halved(source, path):
    """Both halves of each picture, one behind the other."""
    height, width, channels = source.image_shape
    if width % 2:
        raise ValueError(
            f"Pictures in {printable(path)} have {width} columns, which are no two halves. For images "
            "and targets in folders of their own, give a pair of folders."
        )

    def fetch(indices, seed):
        images = source.fetch(indices, seed)["images"]
        return {"images": tf.concat([images[:, :, : width // 2], images[:, :, width // 2 :]], -1)}

    shape = (height, width // 2, 2 * channels)
    return Source(source.count, fetch, shape, repeats=source.repeats)


def _of_two_folders(paths, split, size, reading, skip):
    if len(paths) != 2:
        raise ValueError(f"A pair of folders, (images, targets). Received {len(paths)} parts.")
    for path in paths:
        if Path(path).is_file():
            raise ValueError(
                f"{printable(path)} is a file, where (images, targets) are two folders. An .npz file "
                "with both is given alone."
            )
        if not Path(path).is_dir():
            raise FileNotFoundError(arguments.no_data_at(Path(path)))
    listings = [list_images(path, split) for path in paths]
    stems = [_stems(listing) for listing in listings]
    for here, there, path in ((*stems, paths[1]), (*stems[::-1], paths[0])):
        if alone := sorted(here.keys() - there.keys()):
            more = f", and {len(alone) - _SHOWN} others" if len(alone) > _SHOWN else ""
            raise ValueError(
                f"{len(alone)} files have no partner in {printable(path)}: "
                f"{', '.join(map(printable, alone[:_SHOWN]))}{more}. Partners have the same name."
            )
    order = sorted(stems[0])
    listings = [
        listing._replace(names=[names[stem] for stem in order], labels=None)
        for listing, names in zip(listings, stems, strict=True)
    ]
    sources = matched_sources(listings, reading._replace(size=size), _fits, skip)
    return _joined(*sources, paths[0])


def _stems(listing):
    """`{name without ending: name}` of the images of a folder."""
    found = {}
    for name in listing.names:
        stem = os.path.splitext(name)[0]
        if stem in found:
            raise ValueError(
                f"{printable(listing.folder)} has two files named {printable(stem)}: "
                f"{printable(found[stem])} and {printable(name)}. A partner must be one."
            )
        found[stem] = name
    return found


def _joined(first, second, path):
    if (first.count, first.image_shape[:2]) != (second.count, second.image_shape[:2]):
        raise ValueError(
            f"Images and targets of {printable(path)} do not match: {first.count} of "
            f"{first.image_shape[:2]}, and {second.count} of {second.image_shape[:2]}."
        )

    def fetch(indices, seed):
        parts = [source.fetch(indices, seed)["images"] for source in (first, second)]
        return {"images": tf.concat(parts, axis=-1)}

    channels = first.image_shape[-1] + second.image_shape[-1]
    repeats = max(first.repeats, second.repeats)
    return Source(first.count, fetch, (*first.image_shape[:2], channels), repeats=repeats)


def _resized(source, size):
    """The source at a size, in memory where that is not its own."""
    if size is None or tuple(size) == source.image_shape[:2]:
        return source

    def fetch(indices, seed):
        images = resize((source.fetch(indices, seed)["images"] + 1) * 127.5, size)
        return {"images": to_pixels(images)}

    shape = (*size, source.image_shape[-1])
    return in_memory(source._replace(fetch=fetch, image_shape=shape))


def _parted(source, first, swap):
    height, width, channels = source.image_shape
    names = ("targets", "images") if swap else ("images", "targets")
    sizes = [first, channels - first]

    def fetch(indices, seed):
        parts = tf.split(source.fetch(indices, seed)["images"], sizes, axis=-1)
        return dict(zip(names, parts, strict=True))

    return Source(source.count, fetch, (height, width, sizes[swap]), repeats=source.repeats)


def _fits(bytes_of_all):
    return bytes_of_all <= CACHE_LIMIT
