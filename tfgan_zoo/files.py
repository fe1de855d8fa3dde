"""Files that are there whole or not at all."""

import contextlib
import hashlib
import math
import os
import pathlib
import shutil

UNFINISHED = ".unfinished-"  # begins the names of what a killed process was writing


@contextlib.contextmanager
def beside(path):
    """Yields a hidden path in the folder of `path`; what is made there becomes `path` in one rename.

    A file replaces an older one; a folder must not exist yet. The content is on the disk before the
    name is, so that neither `kill -9` nor a power cut leaves half of it. If the body raises, nothing
    is left behind.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield temporary
        for file in temporary.iterdir() if temporary.is_dir() else [temporary]:
            _to_disk(file)
        os.replace(temporary, path)
        _to_disk(path.parent)
    finally:
        remove(temporary)


def remove(path):
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256(path):
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_number(value):
    """A float as JSON has it; what JSON does not know is the string "nan", "inf" or "-inf"."""
    return value if math.isfinite(value) else str(value)


def _to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
