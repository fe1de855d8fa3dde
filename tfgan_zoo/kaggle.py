"""Models of Kaggle: `kaggle://owner/model/framework/variation`, also with `/version`."""

import hashlib
import pathlib
import re

from tfgan_zoo import downloads
from tfgan_zoo.extras import needed_by

SCHEME = "kaggle://"
_ADDRESS = re.compile(r"kaggle://([\w-]+/[\w-]+/[\w-]+/[\w.-]+)(?:/([1-9][0-9]*))?/?", re.ASCII)


def fetched(address):
    """The folder of kagglehub's cache with the files of a model, which `KAGGLEHUB_CACHE` moves.

    The account is that of `KAGGLE_API_TOKEN` or `~/.kaggle`; public models need none.

    Args:
        address: `kaggle://owner/model/framework/variation`, with a version if need be.

    Returns:
        A `pathlib.Path`.

    Raises:
        ValueError: Another form of address.
        ImportError: Without kagglehub, of the extra `hub`.
        OSError: There is no such model, or it cannot be reached; with TFGAN_ZOO_OFFLINE=1 always:
            kagglehub asks for the newest version.
        InUseError: Another process has been fetching the same for an hour.
    """
    handle, version = _parts(address)
    if downloads.is_offline():
        raise OSError(f"{address} cannot be fetched: TFGAN_ZOO_OFFLINE is set.")
    with needed_by(f"Reading {address}"):
        import kagglehub
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    with downloads.one_at_a_time(f"kaggle-{name}", address):
        try:
            return pathlib.Path(kagglehub.model_download("/".join([handle, *version])))
        except Exception as error:  # of whatever kind its HTTP client raises
            raise OSError(f"{address} cannot be fetched: {error}") from error


def upload(folder, address):
    """Writes a folder as a new version of a model, which is made where it is not there, privately.

    Args:
        folder: `pathlib.Path`; all of its files are written.
        address: As for `fetched`, without a version.

    Raises:
        ValueError: Another form of address.
        ImportError: Without kagglehub, of the extra `hub`.
        OSError: It cannot be reached, or refuses.
    """
    handle, version = _parts(address)
    if version:
        raise ValueError(f"Kaggle numbers versions itself: give the address without {version[0]}.")
    if downloads.is_offline():
        raise OSError(f"{address} is not written to: TFGAN_ZOO_OFFLINE is set.")
    with needed_by(f"Writing to {address}"):
        import kagglehub
    try:
        kagglehub.model_upload(handle, str(folder))
    except Exception as error:  # of whatever kind its HTTP client raises
        raise OSError(f"{address} cannot be written to: {error}") from error


def _parts(address):
    """`(owner/model/framework/variation, [version] or [])`."""
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise ValueError(
            "A model of Kaggle is kaggle://owner/model/framework/variation, with /version if need be. "
            f"Received: {address}."
        )
    return match[1], [match[2]] if match[2] else []
