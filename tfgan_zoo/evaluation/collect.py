"""One pass over a set of images that keeps what the measures need: streamed, cached, resumable."""

import hashlib
import json
import pathlib
import warnings

import numpy as np

from tfgan_zoo.files import atomic_write, home, local, remove
from tfgan_zoo.metrics.frechet import Moments
from tfgan_zoo.metrics.statistics import Statistics, join

PARTS = 10
_BATCH, _TRIES = 64, 10
_WAITING = 16  # batches whose moments are added at once: the matrices are larger than the features


def default_cache() -> pathlib.Path:
    """The folder of cached statistics: what the environment variable TFGAN_ZOO_HOME names, or
    `$XDG_CACHE_HOME/tfgan_zoo`, or `~/.cache/tfgan_zoo`."""
    return home()


def collect(images, indices, extractor, needs, folder=None, advance=lambda n: None):
    """The statistics of an `ImageSet` in ten parts.

    Each part is written to `folder` when it is done, and a later call reads what it finds there.

    Args:
        images: `ImageSet`.
        indices: int64 `[N]`, the numbers of its images.
        extractor: `metrics.extractors.Extractor`, or None where `needs` has nothing of its own; for
            `steps` also an object with `distance(images, images)`.
        needs: Fields of `Statistics`.
        folder: As `cache_folder` names it, or None.
        advance: Called with the number of images that were done.

    Returns:
        List of ten `Statistics`, or of one for each image where they are fewer.
    """
    parts = np.array_split(indices, min(PARTS, len(indices)))
    found = []
    for number, part in enumerate(parts):
        file = folder and folder / f"part_{number}.npz"
        statistics = _read(file, needs) if file else None
        if statistics is None:
            statistics = _of_part(images, part, extractor, needs, advance)
            if file:
                _write(file, statistics)
        else:
            advance(len(part))
        found.append(statistics)
    return found


def collect_joined(images, indices, extractor, needs, folder=None, advance=lambda n: None):
    """The same of all images in one, which is all that is kept in the end: for real images."""
    file = folder and folder.with_suffix(".npz")
    statistics = _read(file, needs) if file else None
    if statistics is not None:
        advance(len(indices))
        return statistics
    statistics = join(collect(images, indices, extractor, needs, folder, advance))
    if file:
        _write(file, statistics)
        remove(folder)
    return statistics


def cache_folder(cache, images, indices, extractor, needs):
    """The folder in `cache` that is named by a digest of all that the numbers depend on.

    Of data that is every pixel; of a generator its weights and first images.
    """
    key = {
        "images": images.content(indices) if images.kind == "data" else images.fingerprint(),
        "weights": images.sha256,
        "indices": hashlib.sha256(np.ascontiguousarray(indices)).hexdigest(),
        "extractor": extractor and [extractor.name, extractor.digest, extractor.resize],
        "needs": sorted(needs),
    }
    return local(cache) / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]


def _of_part(images, indices, extractor, needs, advance):
    moments, kept, waiting = Moments(), {name: [] for name in needs if name != "moments"}, []
    for start in range(0, len(indices), _BATCH):
        rows = indices[start : start + _BATCH]
        for name, values in _of_batch(images, rows, extractor, needs).items():
            (waiting if name == "moments" else kept[name]).append(values)
        if len(waiting) == _WAITING:
            moments.add(np.concatenate(waiting))
            waiting.clear()
        advance(len(rows))
    if waiting:
        moments.add(np.concatenate(waiting))
    arrays = {name: np.concatenate(values) for name, values in kept.items()}
    return Statistics(moments=moments if "moments" in needs else None, **arrays)


def _of_batch(images, rows, extractor, needs):
    found = {}
    if {"images", "labels", "features", "moments", "probabilities"} & set(needs):
        found["images"], found["labels"] = images.read(rows)
    if "labels" in needs and found["labels"] is None:
        raise ValueError(f"This metric needs labels, and {images.name} has none.")
    if {"features", "moments", "probabilities"} & set(needs):
        features, found["probabilities"] = extractor(found["images"])
        found |= {"features": features, "moments": features}
    if "probabilities" in needs and found["probabilities"] is None:
        raise ValueError(f"The extractor {extractor.name} has no classes, which this metric needs.")
    if "steps" in needs:
        found["steps"] = _steps(images, rows, extractor)
    return {name: found[name] for name in needs}


def _steps(images, rows, extractor):
    if images.steps is None:
        raise ValueError(
            f"Path length needs a model whose latents can be given; {images.name} is "
            f"of kind {images.kind!r}. Evaluate the run or preset."
        )
    return extractor.distance(*images.steps(rows, 1e-4))


def _read(file, needs):
    """The statistics in a file; None if it is not there, or not whole."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            found = Statistics.from_arrays(dict(arrays))
        if missing := [name for name in needs if getattr(found, name) is None]:
            raise ValueError(f"it has no {', '.join(missing)}")
        return found
    except FileNotFoundError:
        return None
    except PermissionError:
        raise
    except Exception as error:  # zipfile, zlib, numpy: each has others for a file that is not whole
        warnings.warn(f"{file} is damaged ({error}): it is computed anew.", stacklevel=4)
        return None


def _write(file, statistics):
    for is_last in [False] * _TRIES + [True]:
        try:
            with atomic_write(file) as temporary, temporary.open("wb") as opened:
                np.savez(opened, **statistics.arrays())
            return
        except FileNotFoundError:
            if is_last:  # else an evaluation of the same images has ended, and removed the folder
                raise
