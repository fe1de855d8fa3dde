"""Files that are written whole or not at all, and errors of reading and writing as sentences."""

import contextlib
import errno
import hashlib
import json
import math
import os
import pathlib
import re
import shutil

from tfgan_zoo.locks import unfinished

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")  # pathlib makes gs:/bucket of gs://bucket
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_VERSION = re.compile(r"[0-9]{1,18}")
_FULL = {
    errno.ENOSPC: "No space left on device",
    errno.EDQUOT: "Disk quota exceeded",
    errno.EFBIG: "File too large",
}
_OTHERS = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG, errno.EISDIR}
_OTHERS |= {errno.ENOTDIR, errno.EEXIST, errno.EMFILE, errno.ENOTEMPTY}
_NO_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}  # of folders, on some network file systems
_NAMES = {dict: "an object {…}", list: "a list […]"}


def address(path):
    """`scheme://…`, if the path is an address such as gs://bucket/models; else None."""
    text = os.fsdecode(path)
    found = _ADDRESS.match(text)
    if not found:
        return None
    scheme = found[1].lower()
    return f"{scheme}://{'/' * (scheme == 'file')}{text[found.end() :]}"


def local(path):
    """The path as a `pathlib.Path` on this machine.

    Raises:
        ValueError: An address, of which pathlib would make a folder called `gs:`.
    """
    if address(path):
        raise ValueError(
            f"{address(path)} is an address, and only from_preset and export take one: all else lies in "
            "folders of this machine. Copy it with the tools of its store, or mount it."
        )
    return pathlib.Path(path)


@contextlib.contextmanager
def atomic_write(path):
    """Yields a hidden path beside `path`; what is made there becomes `path` in one rename.

    A file replaces an older one; a folder must not exist yet. All content is on the disk before the
    name is, so that neither `kill -9` nor a power cut leaves half of it. If the body raises, nothing
    is left behind; what a killed process left is removed by the next one that writes in the folder.

    Raises:
        FileExistsError: A folder that exists.
        OSError: The disk is full, the folder cannot be written to, …; the message names the path.
    """
    path = pathlib.Path(path)
    with told(path), unfinished(path.parent, path.name) as temporary:
        yield temporary
        settle(temporary, path)


def settle(temporary, path):
    """Puts a file or a folder on the disk, whole, and then under its name; see `atomic_write`."""
    is_folder = temporary.is_dir()
    if is_folder:
        _refuse_existing(path)
    _tree_to_disk(temporary)
    try:
        os.replace(temporary, path)
    except OSError as error:
        if is_folder and error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            _refuse_existing(path)
        raise
    _to_disk(path.parent)


def _refuse_existing(path):
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} exists already; it is left as it is.")


@contextlib.contextmanager
def told(path):
    """Turns errors of the disk, whichever library met them, into a sentence about `path`."""
    try:
        yield
    except Exception as error:
        number = _errno(error, path)
        if number is None:
            raise
        kind = type(error) if isinstance(error, OSError) else OSError
        text = _FULL.get(number) or os.strerror(number)
        advice = "Make room, or write elsewhere. " if number in _FULL else ""
        found = kind(
            f"{path} was not written: {text}. {advice}What was there before stays as it was."
        )
        found.errno = number
        raise found from error


def _errno(error, path):
    """The system's number for what kept `path` from being written; None for any other exception."""
    if isinstance(error, OSError) and str(error).startswith(f"{path} "):
        return None  # a sentence already
    own = error.errno if isinstance(error, OSError) else None
    if own in _FULL or (own in _OTHERS and _lies_at(error.filename, path)):
        return own
    # HDF5, TensorFlow and zipfile raise errors of their own, with the system's words in them.
    text = str(error).lower()
    return next((number for number, words in _FULL.items() if words.lower() in text), None)


def _lies_at(filename, path):
    """Whether an error's file is in the folder in which `path` is made, or above it."""
    if filename is None:
        return True
    place, folder = pathlib.Path(os.fsdecode(filename)).absolute(), path.absolute().parent
    return place.is_relative_to(folder) or folder.is_relative_to(place)


def checked_name(name):
    """A name of one file or folder; never a path, hidden, or what a shell or a URL reads otherwise."""
    if not is_name(name):
        raise ValueError(
            "A name has up to 200 letters of ASCII, digits, '_', '-' and '.', which is not the first. "
            f"Received: {name!r}."
        )
    return name


def is_name(name):
    """Whether `checked_name` lets it pass."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def version_of(path):
    """The number of a version folder, or None for another entry."""
    return int(path.name) if _VERSION.fullmatch(path.name) else None


def newest(folder, record):
    """The folder itself, or the newest version in it, that has the file `record`; or None."""
    entries = folder.iterdir() if folder.is_dir() else ()
    versions = [path for path in entries if version_of(path) is not None]
    places = [folder, *sorted(versions, key=version_of, reverse=True)]
    return next((place for place in places if (place / record).is_file()), None)


def home():
    """The folder of what the zoo keeps for later: what the environment variable TFGAN_ZOO_HOME names,
    or `$XDG_CACHE_HOME/tfgan_zoo`, or `~/.cache/tfgan_zoo`."""
    if named := os.environ.get("TFGAN_ZOO_HOME"):
        return local(named).expanduser()
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tfgan_zoo"


def remove(path):
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256(path):
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder):
    """SHA-256 of all files of a folder and their names, hexadecimal: that of the lines which
    `find * -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum` prints in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = sorted((str(path.relative_to(folder)) for path in files), key=os.fsencode)
    lines = (f"{sha256(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()


# === JSON ===


def json_number(value):
    """A float as JSON has it; what JSON does not know is the string "nan", "inf" or "-inf"."""
    return value if math.isfinite(value) else str(value)


def write_json(path, value, **options):
    """Writes a JSON file, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, **options) + "\n", encoding="utf-8")


def read_json(path, kind=dict, keys=(), advice="Restore it from a copy."):
    """The value in a JSON file, whose kind is checked.

    Args:
        path: The file.
        kind: `dict` or `list`.
        keys: Names that an object must have; a name may stand for the kind of its value too:
            `{"options": dict}`.
        advice: A sentence that tells the user what to do about a damaged file.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file of something else; the message names it and says what was expected.
    """
    try:
        value = json.loads(local(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, it is no JSON: {_short(error)}. {advice}") from None
    return checked_json(path, value, kind, keys, advice)


def checked_json(path, value, kind=dict, keys=(), advice=""):
    """The value, if it is of that kind and has these keys; see `read_json`."""
    if not isinstance(value, kind):
        raise ValueError(
            f"{path} is damaged: expected {_NAMES[kind]}, found {_short(repr(value))}. {advice}"
        )
    for key in keys:
        wanted = keys[key] if isinstance(keys, dict) else object
        if key not in value:
            raise ValueError(f"{path} is damaged: it has no {key!r}. {advice}")
        if not isinstance(value[key], wanted) or (wanted is int and value[key] is True):
            raise ValueError(
                f"{path} is damaged: {key!r} is {_short(repr(value[key]))}, not of kind "
                f"{getattr(wanted, '__name__', wanted)}. {advice}"
            )
    return value


def read_json_lines(path, keys=()):
    """The objects of a file with one in each line; half a line at its end, of a kill, is left out.

    Raises:
        ValueError: Another line that is no JSON object with these keys; the message has its number.
    """
    lines = local(path).read_bytes().split(b"\n")
    rows = []
    for number, line in enumerate(lines[:-1], 1):
        place, advice = f"{path}, line {number}", "Remove the line, or the file."
        try:
            value = json.loads(line.decode())
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{place} is damaged, it is no JSON: {_short(error)}. {advice}"
            ) from None
        rows.append(checked_json(place, value, dict, keys, advice))
    return rows


def _short(text):
    text = " ".join(str(text).split())
    return text if len(text) <= 100 else text[:97] + "…"


# === Disks ===


def _tree_to_disk(path):
    """The files of a tree, and then its folders, from the deepest up."""
    if path.is_dir():
        for folder, _, names in os.walk(path, topdown=False):
            for name in names:
                _to_disk(os.path.join(folder, name))
            _to_disk(folder)
    else:
        _to_disk(path)


def _to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(descriptor)
