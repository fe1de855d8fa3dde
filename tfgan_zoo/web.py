"""Models of web servers: `https://host/model.tar.gz`, also with `#sha256=…` of the archive."""

import hashlib
import pathlib
import re
import urllib.parse

from tfgan_zoo import archives, bundles, downloads, files

SCHEMES = ("https://", "http://")
_PREFIX = "variables/variables"


def fetched(address, record):
    """The folder of an exported model's version, in the cache `<home>/models`, where it is whole.

    What was fetched once is not asked for again; remove its folder to have it fetched anew. It is
    unpacked as `archives` says, and all its tensors are read once, before it gets its name in the cache.

    Args:
        address: `https://host/path`, or `http://…` with a checksum or of this machine; the file is a
            .tar, .tar.gz or .zip. `#sha256=` behind it, with 64 hexadecimal digits, is held against it.
        record: The file in a version's folder by which it is known.

    Returns:
        A `pathlib.Path`.

    Raises:
        OSError: It cannot be fetched, has another SHA-256, or there is no room for it; with
            TFGAN_ZOO_OFFLINE=1 whatever is not in the cache.
        ValueError: Another form of address, or an archive that is no whole exported model.
        InUseError: Another process has been fetching the same for an hour.
    """
    url, sha256 = _parts(address)
    name, home = _name(address, url), files.home()
    target = home / "models" / name
    if not target.is_dir():
        if downloads.is_offline():
            raise FileNotFoundError(f"{address} is not in {home}, and TFGAN_ZOO_OFFLINE is set.")
        with downloads.one_at_a_time(name, address):
            if not target.is_dir():
                _fetch(url, sha256, home / "downloads" / name, target, record)
    return _version(target, record)


def _fetch(url, sha256, archive, target, record):
    downloads.download(url, archive, sha256)
    try:
        with files.atomic_write(target) as folder:
            archives.unpack(archive, folder)
            _check(_version(folder, record), archive.name)
    finally:
        files.remove(archive)


def _check(version, name):
    """Raises ValueError unless all of a model is there."""
    if version is None:
        raise ValueError(f"{name} holds no exported model.")
    try:
        bundles.check(version / _PREFIX)
    except ValueError as error:
        raise ValueError(f"{name} holds no whole model: {error}") from error


def _version(folder, record):
    """The newest version, in the archive's top folder or in the only one in that; or None."""
    entries = [path for path in folder.iterdir() if path.is_dir()]
    found = files.newest(folder, record)
    return files.newest(entries[0], record) if found is None and len(entries) == 1 else found


def _parts(address):
    """`(url, sha256)`; the second is None where it is not given."""
    url, _, fragment = address.partition("#")
    if fragment and not re.fullmatch("sha256=[0-9a-fA-F]{64}", fragment):
        raise ValueError(
            f"Behind # an address has sha256= and 64 hexadecimal digits. Received: {fragment!r:.100}."
        )
    sha256 = fragment.removeprefix("sha256=").lower() or None
    downloads.check_url(url, sha256)
    return url, sha256


def _name(address, url):
    """The name of an address in the cache: its last part, and a number for all of it."""
    last = pathlib.PurePosixPath(urllib.parse.urlsplit(url).path).name
    readable = re.sub("[^A-Za-z0-9_-]+", "_", last)[:60]
    return f"{readable or 'model'}-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
