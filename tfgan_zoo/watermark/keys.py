"""Keys of watermarks: files of them, and the pseudo-random signs that follow from one."""

import hashlib
import hmac
import os
import pathlib
import secrets

import numpy as np

KEY_BYTES = 32


def create_key(path: str | os.PathLike) -> pathlib.Path:
    """Writes a new random key of 256 bits, as hexadecimal digits, to a file that only its owner reads.

    Raises:
        FileExistsError: The file exists: a key that is overwritten detects nothing any more.
    """
    path = pathlib.Path(path)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileExistsError(
            f"{path} exists, and a key that is overwritten is lost. Give another name."
        ) from None
    with os.fdopen(file, "w") as stream:
        stream.write(secrets.token_hex(KEY_BYTES) + "\n")
    return path


def read_key(path: str | os.PathLike) -> bytes:
    """The key in a file that `create_key` wrote, 32 bytes.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The file holds something else; what it holds is not shown.
    """
    text = pathlib.Path(path).read_bytes()[:1000].strip()
    if len(text) != 2 * KEY_BYTES or not set(text) <= set(b"0123456789abcdef"):
        raise ValueError(
            f"{path} is no key of a watermark, which is a line of {2 * KEY_BYTES} hexadecimal digits. "
            "Make one: tfgan-zoo create-watermark-key FILE"
        )
    return bytes.fromhex(text.decode())


def checked_key(key):
    """The key as it is, bytes; others raise without showing it."""
    if not isinstance(key, bytes) or len(key) < 16:
        what = f"{len(key)} bytes" if isinstance(key, bytes) else type(key).__name__
        raise ValueError(f"A key is 16 bytes or more, as read_key gives them. Received: {what}.")
    return key


def fingerprint(key):
    """16 hexadecimal digits that tell keys apart, and give nothing of them away."""
    return _block(key, "id", 0).hex()[:16]


def signs(key, label, shape):
    """Signs -1 and 1 that nobody predicts without the key, int8 of that shape."""
    count = int(np.prod(shape))
    bits = np.unpackbits(np.frombuffer(_stream(key, label, -(-count // 8)), np.uint8))
    return (2 * bits[:count].astype(np.int8) - 1).reshape(shape)


def permutation(key, label, count):
    """A permutation of [0, count), int64."""
    words = np.frombuffer(_stream(key, label, 8 * count), "<u8")
    return np.argsort(words, kind="stable")


def _stream(key, label, size):
    blocks = (_block(key, label, i) for i in range(-(-size // 32)))
    return b"".join(blocks)[:size]


def _block(key, label, index):
    return hmac.digest(key, f"tfgan_zoo watermark 1, {label}, {index}".encode(), hashlib.sha256)
