"""Golden outputs: the images that an exported generator drew when it was written, and their check."""

import contextlib
import hashlib
import json
import os
import pathlib
from typing import NamedTuple

import numpy as np

from tfgan_zoo.files import local, read_json, sha256
from tfgan_zoo.serving import png

FILE = pathlib.Path("assets.extra") / "golden.json"
IMAGES = pathlib.Path("assets.extra") / "golden"
_FIELDS = {"seeds": list, "sha256": list, "files": dict}
_ADVICE = "Export the model again, or copy the folder anew."


class VerificationError(RuntimeError):
    """What is served or stored is not what was exported."""


class Golden(NamedTuple):
    """What an export recorded.

    Attributes:
        seeds: Ints `[n]`.
        labels: Ints `[n]`, or None.
        sha256: Of the pixels of each image, hexadecimal.
        images: uint8 `[n, H, W, C]`.
        files: `{path within the version folder: sha256}` of graph and weights.
        texts: Strings `[n]`, or None.
        pictures: List of PNG files, bytes, that are translated, or None; the seeds are their numbers.
        further: `{input: values}` of what pictures are translated with: ints, or files, bytes.
        tolerance: Int. By how many levels of 255 kernels of another machine may round another way.
    """

    seeds: list
    labels: list | None
    sha256: list
    images: np.ndarray
    files: dict
    texts: list | None = None
    pictures: list | None = None
    further: dict = {}
    tolerance: int = 1


def write(path, seeds, labels=None, texts=None, pictures=None, further=None, exact=None):
    """Records what an exported version draws now, in its `assets.extra/`.

    Args:
        path: The version's folder, with a signature from seeds to PNG files.
        seeds: Ints `[n]`.
        labels: Ints `[n]` for a model with labels, else None.
        texts: Strings `[n]` for a model that draws from texts, else None.
        pictures: List of PNG files, bytes `[n]`, for a model from images to images, else None.
        further: `{input: ints or bytes [n]}` of what they are translated with.
        exact: uint8 `[n, H, W, C]` that the model draws in float32, where the export computes in
            bfloat16: by how much it differs is recorded, and allowed to other machines.
    """
    # Its graph was made by this process, from the code that runs here already.
    images, extra = (
        _drawn(path, seeds, labels, texts, pictures, further or {}, trust_model=True),
        path / FILE.parent,
    )
    (path / IMAGES).mkdir()
    for seed, picture in zip(seeds, pictures or [], strict=False):
        (path / IMAGES / f"picture_{seed}.png").write_bytes(picture)
    for seed, image in zip(seeds, images, strict=True):
        (path / IMAGES / f"seed_{seed}.png").write_bytes(image)
    files = (
        file for file in sorted(path.rglob("*")) if file.is_file() and extra not in file.parents
    )
    record = {
        "seeds": seeds,
        "labels": labels,
        **({} if texts is None else {"texts": texts}),
        **({"further": _kept(path, seeds, further)} if further else {}),
        "sha256": [pixels_sha256(image) for image in _decoded(images)],
        **({} if exact is None else _distance(_decoded(images), exact)),
        "files": {str(file.relative_to(path)): sha256(file) for file in files},
    }
    (path / FILE).write_text(json.dumps(record, indent=2) + "\n")


def read(path):
    """The golden outputs of a version folder.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: They are damaged; the message names the file.
    """
    path = local(path)
    if not (path / FILE).is_file():
        raise FileNotFoundError(
            f"{path} holds no golden outputs ({FILE}). Give the folder of an exported version, such as "
            "saved_models/NAME/1."
        )
    record = read_json(path / FILE, keys=_FIELDS, advice=_ADVICE)
    _check_columns(path / FILE, record)
    images = [path / IMAGES / f"seed_{seed}.png" for seed in record["seeds"]]
    columns = {name: record.get(name) for name in ("seeds", "labels", "sha256", "files", "texts")}
    pictures = [path / IMAGES / f"picture_{seed}.png" for seed in record["seeds"]]
    columns["pictures"] = (
        [file.read_bytes() for file in pictures] if pictures[0].is_file() else None
    )
    columns["further"] = _read_further(path, record)
    return Golden(images=_read_images(images), **columns, tolerance=record.get("tolerance", 1))


def _kept(path, seeds, further):
    """Further inputs as the record has them: ints, or None for files that are written beside it."""
    found = dict(further)
    for name, values in further.items():
        if isinstance(values[0], bytes):
            found[name] = None
            for seed, value in zip(seeds, values, strict=True):
                (path / IMAGES / f"{name}_{seed}.png").write_bytes(value)
    return found


def _read_further(path, record):
    found = {}
    for name, values in record.get("further", {}).items():
        files = [path / IMAGES / f"{name}_{seed}.png" for seed in record["seeds"]]
        found[name] = values or [file.read_bytes() for file in files]
    return found


def _distance(images, exact):
    """How far images are from those of float32, and what is allowed to other machines for it."""
    difference = np.abs(images.astype(int) - exact)
    largest, mean = int(difference.max()), round(float(difference.mean()), 4)
    return {"tolerance": max(1, largest), "from_float32": {"largest": largest, "mean": mean}}


def _check_columns(file, record):
    """Rows of the same number and kind; and names of files that stay within the folder."""
    kinds = {"seeds": int, "sha256": str, "labels": int, "texts": str}
    for name, kind in kinds.items():
        column = record.get(name)
        if column is None:
            continue
        is_whole = isinstance(column, list) and len(column) == len(record["seeds"]) > 0
        if not is_whole or not all(_is(value, kind, name) for value in column):
            raise ValueError(
                f"{file} is damaged: {name!r} has other values than were written. {_ADVICE}"
            )
    _check_further(file, record.get("further", {}), len(record["seeds"]))
    allowed = record.get("tolerance", 1)
    if type(allowed) is not int or not 1 <= allowed <= 255:
        raise ValueError(f"{file} is damaged: its tolerance is {allowed!r}. {_ADVICE}")
    for name in record["files"]:
        place = pathlib.PurePath(name)
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"{file} is damaged: it names {name!r}, outside its folder. {_ADVICE}")


def _check_further(file, further, count):
    """Columns of ints, or None for files, by names of inputs, which name files."""
    is_known = isinstance(further, dict) and all(map(str.isidentifier, further))
    columns = [c for c in further.values() if c is not None] if is_known else [None]
    if any(not isinstance(c, list) or len(c) != count for c in columns) or not all(
        _is(value, int, "labels") for c in columns for value in c
    ):
        raise ValueError(
            f"{file} is damaged: 'further' has other values than were written. {_ADVICE}"
        )


def _is(value, kind, name):
    bits = 31 if name == "labels" else 63
    return type(value) is kind and (kind is str or -(2**bits) <= value < 2**bits)


def _read_images(paths):
    try:
        return _decoded([path.read_bytes() for path in paths])
    except (FileNotFoundError, ValueError) as error:
        raise ValueError(
            f"The images in {paths[0].parent} are damaged or not all there ({error}). {_ADVICE}"
        ) from None


def verify(path: str | os.PathLike, trust_model: bool = False) -> str:
    """Checks an exported version folder: its files, and what its generator draws now.

    Args:
        path: The folder.
        trust_model: Whether to run a graph that could reach files, the network or Python.

    Returns:
        A sentence that tells how equal the images are.

    Raises:
        FileNotFoundError: No golden outputs.
        UntrustedModelError: Such a graph, and `trust_model` is False.
        ValueError: Damaged golden outputs.
        VerificationError: A file has changed, or the images differ by more than rounding.
    """
    path, golden = local(path), read(path)
    files = golden.files.items()
    changed = [n for n, d in files if not (path / n).is_file() or sha256(path / n) != d]
    if changed:
        raise VerificationError(f"{path}: {', '.join(changed)} changed after the export.")
    asked = (golden.labels, golden.texts, golden.pictures, golden.further)
    drawn = _drawn(path, golden.seeds, *asked, trust_model)
    return compare(golden, _decoded(drawn))


def compare(golden, images):
    """Holds uint8 images `[n, H, W, C]` of the golden seeds against the golden ones; see `verify`."""
    count = len(golden.seeds)
    if [pixels_sha256(image) for image in images] == golden.sha256:
        return f"{count} images, identical"
    if images.shape != golden.images.shape:
        raise VerificationError(
            f"Images have shape {images.shape[1:]}; the exported ones {golden.images.shape[1:]}."
        )
    differences = np.abs(images.astype(int) - golden.images).reshape(count, -1)
    largest = differences.max(axis=1)
    allowed = golden.tolerance
    if largest.max() > allowed:
        worst = int(largest.argmax())
        raise VerificationError(
            f"{int((largest > allowed).sum())} of {count} images differ from the exported ones; seed "
            f"{golden.seeds[worst]} by up to {largest[worst]} of 255 levels, {allowed} is allowed."
        )
    share = (differences > 0).mean()
    return f"{count} images, equal to {largest.max()} of 255 levels in {share:.2%} of the values"


def pixels_sha256(image):
    """SHA-256 of the pixels of one uint8 image, hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def _drawn(path, seeds, labels, texts, pictures, further, trust_model):
    """The PNG files that a version draws, bytes."""
    from tfgan_zoo.serving.servable import Servable  # TensorFlow, which a client need not have

    with contextlib.closing(Servable(path, trust_model=trust_model)) as servable:
        return servable.png_files(seeds, labels, texts, pictures, further)


def _decoded(images):
    return np.stack([png.decode(image) for image in images])


def example(image_shape: tuple, seed: int) -> np.ndarray:
    """A picture for golden outputs: uint8 of that shape, smooth, a function of the seed."""
    height, width, channels = image_shape
    coarse = np.random.default_rng(seed).uniform(0, 255, (4, 4, channels))
    rows, columns = (np.linspace(0, 3, side) for side in (height, width))
    knots = np.arange(4)
    tall = np.stack(
        [[np.interp(rows, knots, coarse[:, j, c]) for j in knots] for c in range(channels)]
    )
    wide = [
        [np.interp(columns, knots, tall[c, :, i]) for i in range(height)] for c in range(channels)
    ]
    return np.uint8(np.moveaxis(np.array(wide), 0, -1))
