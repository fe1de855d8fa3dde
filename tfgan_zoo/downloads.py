"""Files of web servers, fetched whole or not at all; what a cut connection left is taken up again.

Python's own HTTP client does it, and nothing more is installed: pooch and `keras.utils.get_file` begin
anew where a connection is cut.
"""

import collections
import contextlib
import http.client
import os
import pathlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from tfgan_zoo import files, progress
from tfgan_zoo.locks import Lock

WAIT = 3600.0  # seconds for another process that fetches the same
TRIES, PAUSE = 5, 0.5  # the pause is doubled from one try to the next
MAX_BYTES = 16 << 30
_TIMEOUT, _CHUNK = 30.0, 1 << 18
_HERE = ("localhost", "127.0.0.1", "::1")
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses of servers that may do better later
_HEADERS = {"User-Agent": "tfgan-zoo", "Accept-Encoding": "identity"}


_threads = collections.defaultdict(threading.Lock)  # by name: a `Lock` keeps out processes alone


class _CutError(Exception):
    """Half of a file came, or none; another try may help."""


def is_offline():
    """Whether the environment says TFGAN_ZOO_OFFLINE=1: nothing is fetched then."""
    return os.environ.get("TFGAN_ZOO_OFFLINE", "0") not in ("0", "")


@contextlib.contextmanager
def one_at_a_time(name, what):
    """Other threads and processes that fetch the same wait for the body's end, an hour at most.

    Args:
        name: Of the lock file in `<home>/downloads`.
        what: What is fetched, for the message.

    Raises:
        InUseError: Another process holds it after an hour.
    """
    with _threads[name], Lock(files.home() / "downloads" / f"{name}.lock", what, wait=WAIT):
        yield


def kept(url, sha256):
    """A file that is fetched once, into `<home>/files`.

    Args:
        url: `https://…`, or `http://…`.
        sha256: What its SHA-256 must be, hexadecimal.

    Returns:
        A `pathlib.Path`.

    Raises:
        OSError: As of `download`; with TFGAN_ZOO_OFFLINE=1 where it is not there.
    """
    name = f"{sha256[:16]}-{pathlib.PurePosixPath(urllib.parse.urlsplit(url).path).name}"
    target = files.home() / "files" / name
    if target.is_file():
        return target
    if is_offline():
        raise FileNotFoundError(f"{url} is not in {target.parent}, and TFGAN_ZOO_OFFLINE is set.")
    with one_at_a_time(name, url):
        if not target.is_file():
            download(url, target, sha256)
    return target


def check_url(url, is_checked):
    """Refuses what is not https://…, and http://… where others on the way could change the file.

    Args:
        url: The address.
        is_checked: Whether the file's SHA-256 is known.

    Raises:
        ValueError: It says what is allowed.
    """
    parts = urllib.parse.urlsplit(url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and (is_checked or parts.hostname in _HERE)
    )
    if not is_safe or not parts.hostname or "@" in parts.netloc:
        raise ValueError(
            "A file is fetched from https://…, or from http://… with #sha256=… or on this machine, and "
            f"without a password in the address. Received: {parts.scheme}://{parts.hostname}."
        )


def download(url, target, sha256=None):
    """Fetches a file.

    What a cut connection or a killed process left is kept beside `target`, and the rest is asked for if
    the server still has the same file by its ETag or date. The caller holds a lock against others.

    Args:
        url: `https://…`; see `check_url`.
        target: `pathlib.Path` of the file, which is there afterwards, whole.
        sha256: What its SHA-256 must be, hexadecimal; or None.

    Raises:
        OSError: It cannot be reached, has another SHA-256, or the disk is full.
        ValueError: An address that `check_url` refuses, of a redirect too; a file of more than 16 GiB.
    """
    check_url(url, sha256)
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.told(target):
            _try(url, part, sha256)
    except (OSError, ValueError) as error:
        if not isinstance(error.__cause__, _CutError):
            _forget(part)  # a full disk is not kept full
        raise
    if sha256 and (found := files.sha256(part)) != sha256:
        _forget(part)
        raise OSError(f"{url} has the SHA-256 {found}, and {sha256} was expected: it is not used.")
    os.replace(part, target)
    _forget(part)


def _try(url, part, sha256):
    for count in range(TRIES):
        try:
            return _once(url, part, sha256)
        except _CutError as error:
            cut = error
            if count < TRIES - 1:
                time.sleep(PAUSE * 2**count)
    raise OSError(f"{url} cannot be fetched: {cut}. Tried {TRIES} times.") from cut


def _once(url, part, sha256):
    begun = _begun(part)
    if begun and begun["size"] == begun["total"]:
        return
    asked = {"Range": f"bytes={begun['size']}-", "If-Range": begun["validator"]} if begun else {}
    request = urllib.request.Request(url, headers=_HEADERS | asked)
    opener = urllib.request.build_opener(_Redirects(sha256))
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            _receive(answer, part, begun, sha256)
    except urllib.error.HTTPError as error:
        with error:
            _tell_status(error, url, part)
    except urllib.error.URLError as error:
        if isinstance(error.reason, (ConnectionError, TimeoutError)):
            raise _CutError(error.reason) from error
        raise OSError(f"{url} cannot be fetched: {error.reason}.") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _CutError(str(error) or type(error).__name__) from error


def _tell_status(error, url, part):
    if error.code == 416:  # it has become shorter
        _forget(part)
    if error.code in {*_PASSING, 416}:
        raise _CutError(f"the server answers {error.code} {error.reason}") from error
    raise OSError(
        f"{url} cannot be fetched: the server answers {error.code} {error.reason}."
    ) from error


def _receive(answer, part, begun, sha256):
    """Writes what comes behind what is there, or anew."""
    start, total = _extent(answer)
    if start and not (begun and (start, total) == (begun["size"], begun["total"])):
        _forget(part)
        raise _CutError("the server sends another part than was asked for")
    if total is None and not (sha256 or answer.chunked):
        raise OSError(
            f"{answer.url} comes without its length, so that half of it would not be noticed: add "
            "#sha256=… to the address."
        )
    if not start:
        _forget(part)
        _remember(part, answer.headers, total)
    _copy(answer, part, start, total)


def _copy(answer, part, start, total):
    size, most = start, MAX_BYTES if total is None else min(total, MAX_BYTES)
    told, of = f"Downloading {answer.url}", f" of {total >> 20}" if total else ""
    with (
        progress.doing(told, lambda: f"{size >> 20}{of} MiB"),
        open(part, "ab" if start else "wb") as file,
    ):
        while chunk := answer.read1(_CHUNK):  # as it comes, so that a kill loses nothing
            size += len(chunk)
            if size > most:
                raise ValueError(f"{answer.url} has more than {most} bytes.")
            file.write(chunk)
            file.flush()
    if total is not None and size != total:
        raise _CutError(f"{size} of {total} bytes came")


def _extent(answer):
    """`(start, total)` of what an answer holds; the total is None where it does not say."""
    length = answer.headers.get("Content-Length")
    if answer.status != 206:
        return 0, int(length) if length and length.isdigit() else None
    span, _, total = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    start = span.partition("-")[0]
    if not (start.isdigit() and total.isdigit()):
        raise _CutError("the server sends a part, and does not say which")
    return int(start), int(total)


# === What is there already ===


def _begun(part):
    """`{"size", "total", "validator"}` of a file of which a part is there; else None."""
    try:
        record = files.read_json(_record(part), keys={"total": int, "validator": str})
        size = part.stat().st_size
    except (FileNotFoundError, ValueError):
        return None
    return {**record, "size": size} if 0 < size <= record["total"] else None


def _remember(part, headers, total):
    """Notes by what the same file is known, if the server says."""
    etag = headers.get("ETag", "")
    validator = headers.get("Last-Modified") if not etag or etag.startswith("W/") else etag
    if validator and total is not None:
        files.write_json(_record(part), {"total": total, "validator": validator})


def _record(part):
    return part.with_name(part.name + ".json")


def _forget(part):
    files.remove(part)
    files.remove(_record(part))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, up to ten, to addresses that would be allowed themselves."""

    def __init__(self, sha256):
        self._sha256 = sha256

    def redirect_request(self, request, answer, code, message, headers, url):
        check_url(url, self._sha256)
        here, there = (
            urllib.parse.urlsplit(each).hostname in _HERE for each in (request.full_url, url)
        )
        if there and not here:
            raise ValueError(
                f"{request.full_url} leads to this machine itself, {url}: not followed."
            )
        return super().redirect_request(request, answer, code, message, headers, url)
