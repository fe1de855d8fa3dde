"""Reading and verifying content credentials, one's own and strangers'."""

import io
import json
import os
import pathlib
from typing import Any, NamedTuple

from tfgan_zoo.credentials import sdk

MAX_BYTES = 1 << 28  # of a file that is read
_UNTRUSTED = "signingCredential.untrusted"
_STATES = {"Trusted": "valid", "Valid": "untrusted"}


class Credentials(NamedTuple):
    """What a file says of its origin, and whether that holds.

    Attributes:
        state: "valid": nothing was changed since it was signed, and the signer is trusted; "untrusted":
            nothing was changed, but nobody who is trusted vouches for the signer: anybody can sign so;
            "invalid": it was changed, or does not keep to the specification; "none": no credentials.
        problems: Tuple of `(status code of the specification, sentence)`; the code is "malformed" where
            what stands there cannot be read at all.
        manifest: What the last signer said, a dictionary as the SDK reports it; empty of "none".
        store: All that the file says: `manifest`, and those of what it was made of.
    """

    state: str
    problems: tuple[tuple[str, str], ...] = ()
    manifest: dict[str, Any] = {}
    store: dict[str, Any] = {}


def read(
    file: str | os.PathLike | bytes, trust_anchors: str | os.PathLike | None = None
) -> Credentials:
    """Reads and verifies the content credentials of an image, or of another file that may carry some.

    Nothing is fetched: neither manifests that lie elsewhere, nor whether a certificate was revoked.

    Args:
        file: Path, or the content as bytes; 256 MiB at most.
        trust_anchors: PEM file of the certificates that are trusted, such as the C2PA's trust list. By
            default none are, and no file's state is "valid".

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file of a kind that carries no credentials, that is larger, or that is damaged; a
            file of trust anchors that holds none.
        ImportError: The extra `provenance` is not installed.
    """
    c2pa, content = sdk.c2pa(), file if isinstance(file, bytes) else _content(pathlib.Path(file))
    context = sdk.context(None if trust_anchors is None else anchors(trust_anchors))
    error = c2pa.C2paError
    try:
        with c2pa.Reader(sdk.media_type(content), io.BytesIO(content), context=context) as reader:
            store = json.loads(reader.json())
    except error.ManifestNotFound:
        return Credentials("none")
    except error.RemoteManifest as found:
        return Credentials("none", (("manifest.inaccessible", f"not fetched: {found}"),))
    except error.NotSupported:
        raise ValueError("It is a file of a kind that carries no content credentials.") from None
    except (error, ValueError, RecursionError) as found:
        if "asset could not be parsed" in str(found) or isinstance(found, error.Io):
            raise ValueError(f"The file is damaged: {found}") from None
        return Credentials("invalid", (("malformed", str(found)),))
    return _verified(store)


def _verified(store):
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    state = _STATES.get(store.get("validation_state"), "invalid")
    return Credentials(state, tuple(_problems(store)), manifest, store)


def _problems(store):
    """The failures of the last manifest, and those of its ingredients that came since it was signed."""
    results = store.get("validation_results", {})
    deltas = results.get("ingredientDeltas") or []
    parts = [results.get("activeManifest") or {}]
    parts += [delta.get("validationDeltas") or {} for delta in deltas]
    for failure in (each for part in parts for each in part.get("failure") or []):
        yield str(failure.get("code")), str(failure.get("explanation", ""))


def _content(path):
    if not path.is_file():
        if path.exists():
            raise ValueError(f"{path} is no file.")
        raise FileNotFoundError(f"There is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(
            f"{path} has {path.stat().st_size:,} bytes; {MAX_BYTES:,} are read at most."
        )
    with open(path, "rb") as file:
        return file.read(MAX_BYTES)


def anchors(path):
    """The text of a PEM file of certificates that are trusted.

    Raises:
        FileNotFoundError, ValueError, OSError: No such file, or one that holds none or cannot be read;
            the message names it.
    """
    from cryptography import x509

    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file of trust anchors {path}.")
    try:
        content = path.read_bytes()
        x509.load_pem_x509_certificates(content)
    except ValueError:
        raise ValueError(f"{path} holds no certificates in PEM form.") from None
    return content.decode("ascii", "replace")
