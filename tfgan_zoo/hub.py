"""Models of the Hugging Face Hub: `hf://owner/name`, `hf://owner/name/folder@revision`."""

import os
import pathlib
import posixpath
import re

from tfgan_zoo import downloads
from tfgan_zoo.extras import needed_by

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)/?(?:@([\w./-]+))?")
# What `from_preset` reads of a version, and nothing else of a repository.
_PATTERNS = (
    "saved_model.pb",
    "variables/*",
    "assets.extra/preset.json",
    "assets.extra/weights.json",
)


def fetched(address):
    """The folder of the Hub's cache with what `from_preset` reads of an exported model.

    What was fetched once stays in the Hub's cache, `~/.cache/huggingface` or what `HF_HOME` names;
    with `HF_HUB_OFFLINE=1` or `TFGAN_ZOO_OFFLINE=1` nothing else is looked at. `HF_TOKEN` opens private
    repositories, and `HF_ENDPOINT` names another server.

    Args:
        address: `hf://owner/name`, with a folder of the repository and a revision if need be.

    Returns:
        The repository's folder, or that folder of it; there may be nothing.

    Raises:
        ValueError: Another form of address.
        ImportError: Without huggingface_hub, of the extra `hub`.
        OSError: There is no such repository or revision, or it cannot be reached.
    """
    repository, folder, revision = _parts(address)
    with needed_by(f"Reading {address}"):
        import huggingface_hub
    prefixes = ("", "*/") if not folder else (f"{folder}/", f"{folder}/*/")
    patterns = [prefix + pattern for prefix in prefixes for pattern in _PATTERNS]
    try:
        found = huggingface_hub.snapshot_download(
            repository,
            revision=revision,
            allow_patterns=patterns,
            endpoint=os.environ.get("HF_ENDPOINT"),
            local_files_only=_is_offline(),
            library_name="tfgan_zoo",
        )
    except Exception as error:  # of whatever kind its HTTP client raises
        raise OSError(f"{address} cannot be fetched: {error}") from error
    return pathlib.Path(found, folder)


def upload(contents, address, private=False):
    """Writes files to a repository, which is made where it is not there, in one commit.

    Args:
        contents: `{path: pathlib.Path of the file, or bytes}`.
        address: As for `fetched`, with a branch for a revision.
        private: Whether a new repository is private; else it is as its owner's are by default.

    Returns:
        The address of what was written, with the commit as its revision.

    Raises:
        ValueError: Another form of address.
        ImportError: Without huggingface_hub, of the extra `hub`.
        OSError: It cannot be reached, or refuses; nothing was changed but that an empty repository may
            be there.
    """
    repository, folder, revision = _parts(address)
    if _is_offline():
        raise OSError(f"{address} is not written to: HF_HUB_OFFLINE or TFGAN_ZOO_OFFLINE is set.")
    with needed_by(f"Writing to {address}"):
        import huggingface_hub
    additions = [
        huggingface_hub.CommitOperationAdd(posixpath.join(folder, path), content)
        for path, content in contents.items()
    ]
    api = huggingface_hub.HfApi(os.environ.get("HF_ENDPOINT"), library_name="tfgan_zoo")
    try:
        api.create_repo(repository, private=private or None, exist_ok=True)
        message = "A model of tfgan_zoo"
        done = api.create_commit(repository, additions, commit_message=message, revision=revision)
    except Exception as error:  # of whatever kind its HTTP client raises
        raise OSError(f"{address} cannot be written to: {error}") from error
    return f"{SCHEME}{posixpath.join(repository, folder)}@{done.oid}".replace("/@", "@")


def _is_offline():
    return downloads.is_offline() or os.environ.get("HF_HUB_OFFLINE", "0") not in ("0", "")


def _parts(address):
    """`(owner/name, folder, revision)` of an address; "" and None for what it does not name."""
    match = _ADDRESS.fullmatch(address)
    if not match or {".", ".."}.intersection(match[1].split("/") + match[2].split("/")):
        raise ValueError(
            "A model of the Hub is hf://owner/name, hf://owner/name/folder or hf://owner/name@revision. "
            f"Received: {address}."
        )
    return match[1], match[2].strip("/"), match[3]
