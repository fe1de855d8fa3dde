"""Archives of exported models, taken as files of strangers: known names alone, within stated bounds.

A .tar, .tar.gz or .zip is told by its content. Nothing is unpacked by the archive's own paths, rights or
links: each file is read as a stream, counted as it comes, and written under a name that an exported
model has.
"""

import contextlib
import gzip
import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib

MAX_FILES = 1000  # files and folders
MAX_BYTES = 16 << 30  # of all files
MAX_RATIO = 50  # bytes for each one of the archive, beyond the first
ANY_RATIO = 64 << 20
_HEADERS = 1 << 20  # bytes of the headers of one file in a tar; of the directory of a zip
_CHUNK = 1 << 20
_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}"
_FOLDER = re.compile(rf"{_NAME}(?:/{_NAME}){{0,3}}")
# In the model's folder, in that of its version, or in the archive's first one.
_FILE = re.compile(
    rf"(?:{_NAME}/){{0,2}}(?:saved_model\.pb|fingerprint\.pb|LICENSE|{_NAME}\.(?:md|json|csv|png)|"
    rf"variables/variables\.(?:index|data-[0-9]{{5}}-of-[0-9]{{5}})|assets\.extra/(?:golden/)?{_NAME})"
)
# What the readers of archives raise for content of another kind, beside their own errors.
_DAMAGES = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # NotImplementedError and RecursionError among it
)


def unpack(archive, folder):
    """Unpacks an exported model into a new folder.

    Args:
        archive: `pathlib.Path` of a .tar, .tar.gz or .zip file.
        folder: `pathlib.Path`; it must not exist.

    Raises:
        ValueError: The archive is damaged, is larger than the bounds of this module, or has paths that
            leave the folder, links, devices, two files of one name, or files that no exported model has.
        OSError: The disk is full, …; the folder may be there in part.
    """
    folder.mkdir(parents=True)
    room, seen = _Room(archive.stat().st_size), set()
    with _refused(archive), open(archive, "rb") as file:
        for name, size, content in _members(file, room):
            if content is None:
                _check(name, _FOLDER)
                continue
            _check(name, _FILE)
            if name.casefold() in seen:
                raise ValueError(f"it has two files {name}")
            seen.add(name.casefold())
            if _write(content, folder / name, room) != size:
                raise ValueError(f"{name} has not the size that is stated")


def is_known(name):
    """Whether an exported model has a file of that name: a path in its folder or its version's."""
    return _FILE.fullmatch(name) is not None


class _Room:
    """How much may still be unpacked."""

    def __init__(self, archived):
        self.bytes, self.files = min(MAX_BYTES, max(ANY_RATIO, MAX_RATIO * archived)), MAX_FILES

    def take(self, size):
        self.bytes -= size
        if self.bytes < 0:
            raise ValueError(
                f"it unpacks to more than {MAX_RATIO} times its size, or than {MAX_BYTES >> 30} GiB"
            )

    def count(self):
        self.files -= 1
        if self.files < 0:
            raise ValueError(f"it has more than {MAX_FILES} files and folders")


@contextlib.contextmanager
def _refused(archive):
    try:
        yield
    except _DAMAGES as error:
        raise ValueError(
            f"{archive.name} is refused: {error or type(error).__name__}. An archive of an exported "
            "model is a .tar, .tar.gz or .zip of its folder."
        ) from error


def _check(name, allowed):
    if not allowed.fullmatch(name):
        what = "is in no exported model, or leaves its folder"
        raise ValueError(f"{name!r:.200} {what}")


def _write(content, path, room):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            while chunk := content.read(_CHUNK):
                room.take(len(chunk))
                file.write(chunk)
            return file.tell()
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ValueError(f"{path.parent.name} or {path.name} is a file and a folder") from None


def _members(file, room):
    """Name, size and stream of each file; of a folder the stream is None."""
    start = file.read(4)
    file.seek(0)
    if start == b"PK\3\4":
        return _of_zip(file, room)
    return _of_tar(gzip.open(file) if start[:2] == b"\x1f\x8b" else file, room)


# === tar ===


class _Allowed:
    """A stream of which only so many bytes may be read until more are allowed: what `tarfile` reads as
    headers it keeps in memory."""

    def __init__(self, file):
        self.file, self.left = file, _HEADERS

    def read(self, size):
        content = self.file.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise ValueError(f"it has a header of more than {_HEADERS >> 20} MiB")
        return content


def _of_tar(file, room):
    stream = _Allowed(file)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        while (member := archive.next()) is not None:
            room.count()
            name = member.name.removeprefix("./")
            if member.isdir():
                yield from () if name in (".", "") else ((name, 0, None),)
            elif member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse:
                raise ValueError(f"{member.name!r:.200} is a link, a device or a sparse file")
            else:
                stream.left = member.size + _HEADERS
                yield name, member.size, archive.extractfile(member)
            stream.left = _HEADERS
    while stream.read(_CHUNK):  # a checksum comes last
        pass


# === zip ===


class _InPieces(io.FileIO):
    """A file of which no more than 1 MiB is read at once: `zipfile` reads the directory so."""

    def read(self, size=-1):
        content = super().read(_HEADERS + 1 if size is None or not 0 <= size <= _HEADERS else size)
        if len(content) > _HEADERS:
            raise ValueError(f"its directory has more than {_HEADERS >> 20} MiB")
        return content

    def seek(self, place, whence=io.SEEK_SET):
        if whence == io.SEEK_SET and place < 0:
            raise ValueError("its directory names a place before its start")
        return super().seek(place, whence)


def _of_zip(file, room):
    with _InPieces(file.fileno(), closefd=False) as pieces, zipfile.ZipFile(pieces) as archive:
        for member in archive.infolist():
            room.count()
            name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"{name!r:.200} is a link or a device")
            if member.is_dir():
                yield name.rstrip("/"), 0, None
                continue
            if member.flag_bits & 1 or member.compress_type not in (0, zipfile.ZIP_DEFLATED):
                raise ValueError(
                    f"{name!r:.200} is encrypted, or compressed otherwise than by deflate"
                )
            with archive.open(member) as content:
                yield name, member.file_size, content
