"""The image files that commands read, and the grids and animations that they write."""

import numpy as np
import typer

from tfgan_zoo.cli import console
from tfgan_zoo.cli.places import check_writable

_IN_PICTURE, _IN_ANIMATION = 9, 30  # frames by default


def frames_of(out, frames, scale, fps, save=None):
    """The number of frames, after all that could be wrong with the files is refused."""
    console.import_zoo()
    from tfgan_zoo.visualization import ANIMATIONS, PICTURES

    if not is_animation(out) and out.suffix.lower() not in PICTURES:
        known = ", ".join({**PICTURES, **ANIMATIONS})
        raise ValueError(f"--out is a {known} file. Received: {out}.")
    frames = frames or (_IN_ANIMATION if is_animation(out) else _IN_PICTURE)
    if frames < 2 or scale < 1 or not 0 < fps <= 100:
        raise ValueError(
            "--frames must be 2 or more, --scale 1 or more, --fps from 1 to 100. Received: "
            f"{frames}, {scale}, {fps}."
        )
    _check_writable(out, save)
    return frames


def _check_writable(*paths):
    for path in paths:
        if path is not None:
            check_writable(path)


def is_animation(out):
    from tfgan_zoo.visualization import ANIMATIONS

    return out.suffix.lower() in ANIMATIONS


def check_picture(out, save=None):
    console.import_zoo()
    from tfgan_zoo.visualization import PICTURES

    if out.suffix.lower() not in PICTURES:
        raise ValueError(f"--out is a {', '.join(PICTURES)} file. Received: {out}.")
    _check_writable(out, save)


def picture(path, image_shape):
    """uint8 `[1, H, W, C]` of one file."""
    from tfgan_zoo.datasets.decoding import Reading
    from tfgan_zoo.datasets.listing import pixels_of

    try:
        return pixels_of(path, Reading(tuple(image_shape[:2]), image_shape[2]))[None]
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def images_of_set(what, numbers, split, image_shape, data_dir):
    """uint8 images of a set by their numbers, and their labels or None."""
    from tfgan_zoo import evaluation

    images = evaluation.from_data(what, split, image_shape, data_dir)
    if max(numbers) >= images.count:
        raise ValueError(f"{images.name} has {images.count} images. Received: --numbers {numbers}.")
    return images.read(np.array(numbers))


def write_grid(out, images, columns, scale, sign=None):
    from tfgan_zoo.visualization import enlarged, image_grid, write_picture

    write_picture(out, image_grid(enlarged(images, scale), columns), sign)
    typer.echo(f"{len(images)} images: {out}")


def write_frames(out, frames, scale, fps):
    from tfgan_zoo.visualization import enlarged, write_animation

    write_animation(out, enlarged(frames, scale), fps)
    typer.echo(f"{len(frames)} frames: {out}")


def save_arrays(path, **arrays):
    if path:
        from tfgan_zoo.files import atomic_write

        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
