"""Exported models at addresses: of TensorFlow's file systems, of web servers and of hubs."""

import contextlib
import pathlib
import posixpath
import tempfile

import tensorflow as tf

from tfgan_zoo import files, hub, kaggle, web
from tfgan_zoo.files import version_of

_GRAPH = "saved_model.pb"  # copied last: who sees it sees a whole version


def check(address):
    """Raises ValueError for an address of which TensorFlow has no file system."""
    scheme = address.partition("://")[0]
    known = sorted(set(tf.io.gfile.get_registered_schemes()) - {""})
    if scheme not in known:
        raise ValueError(
            f"{address}: TensorFlow has no file system {scheme}:// here, but {', '.join(known)}. Import "
            "the package that adds it, or mount the store, or copy the folder to this machine."
        )


def versions(address):
    """The numbers of the versions in a model's folder; none where there is no such folder."""
    with _told(address):
        names = tf.io.gfile.listdir(address) if tf.io.gfile.isdir(address) else ()
    numbers = (version_of(pathlib.PurePath(name.rstrip("/"))) for name in names)
    return [number for number in numbers if number is not None]


@contextlib.contextmanager
def fetched(address, record):
    """Yields a copy on this machine of what `from_preset` reads of a version: the folder at the address,
    or the newest in it, that has the file `record`. None where there is no such version."""
    if address.startswith(web.SCHEMES):
        yield web.fetched(address, record)
        return
    for module in (hub, kaggle):
        if address.startswith(module.SCHEME):
            yield files.newest(module.fetched(address), record)
            return
    check(address)
    newest = sorted(versions(address), reverse=True)
    places = [address.rstrip("/"), *(posixpath.join(address, str(number)) for number in newest)]
    with tempfile.TemporaryDirectory(prefix="tfgan_zoo_") as folder, _told(address):
        place = next((p for p in places if tf.io.gfile.exists(posixpath.join(p, record))), None)
        if place:
            _copy(
                place, pathlib.Path(folder), [*_files(place), *_files(place, "variables"), record]
            )
        yield place and pathlib.Path(folder)


def _files(place, inner=""):
    """The files in a folder of a version, as paths within the version."""
    names = tf.io.gfile.listdir(posixpath.join(place, inner))
    paths = [posixpath.join(inner, pathlib.PurePosixPath(name).name) for name in names]
    return [path for path in paths if not tf.io.gfile.isdir(posixpath.join(place, path))]


def _copy(place, folder, paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        tf.io.gfile.copy(posixpath.join(place, path), str(folder / path))


def check_free(address):
    """Raises FileExistsError where something lies."""
    with _told(address):
        if tf.io.gfile.exists(address):
            raise FileExistsError(f"{address} exists. Leave the version out to write the next one.")


def upload(folder, address):
    """Copies a version's folder, the graph last. Whoever looks meanwhile sees no model yet.

    Raises:
        OSError: It could not be written; the message says why.
    """
    with _told(address):
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        for file in sorted(files, key=lambda file: file.name == _GRAPH):
            target = posixpath.join(address, *file.relative_to(folder).parts)
            tf.io.gfile.makedirs(posixpath.dirname(target))
            tf.io.gfile.copy(str(file), target)


@contextlib.contextmanager
def _told(address):
    """Errors of TensorFlow's file systems, as OSError."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(f"{address} cannot be reached: {error.message}") from error
