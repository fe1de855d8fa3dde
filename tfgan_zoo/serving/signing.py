"""Content credentials in the PNG files that the embedded server answers."""

import hashlib

import numpy as np

from tfgan_zoo import credentials
from tfgan_zoo.serving.statuses import Code, StatusError, invalid

_FILES = "_bytes"  # at the end of the names of inputs and outputs
_FIRST = "image_bytes"  # what is translated, beside other pictures


def signer(parsed):
    """The `credentials.Signer` of a server's flags, or None.

    Raises:
        StatusError: INVALID_ARGUMENT, of files with which nothing can be signed.
    """
    names = "--credentials_certificate", "--credentials_key"
    try:
        return credentials.signer(parsed.credentials_certificate, parsed.credentials_key, names)
    except (ValueError, OSError, ImportError) as error:
        raise invalid(str(error)) from None


def signed(signer, servable, key, inputs, outputs):
    """The outputs of a run, with credentials in those that are image files.

    Args:
        signer: `credentials.Signer`.
        servable: `Servable`, whose `sha256` is known.
        key: `(model name, version, signature name, output names)`.
        inputs, outputs: `{name: array}`; the credentials of a row say what its inputs were, and those of
            pictures are kept in them.

    Raises:
        StatusError: INTERNAL, of an output that cannot be signed: none goes out without credentials.
    """
    model = credentials.Model(key[0], key[1], servable.sha256)
    files = (n for n, array in outputs.items() if n.endswith(_FILES) and array.dtype == object)
    found = {name: _signed(signer, model, key[2], inputs, outputs[name]) for name in files}
    return {**outputs, **found}


def _signed(signer, model, signature, inputs, files):
    made = np.empty(files.shape, object)
    for place, content in np.ndenumerate(files):
        rows = {name: _row(array, place) for name, array in inputs.items()}
        pictures = sorted((n for n in rows if n.endswith(_FILES)), key=lambda n: (n != _FIRST, n))
        sources = [rows.pop(name) for name in pictures]
        said = {"signature": signature} | {name: _said(row) for name, row in rows.items()}
        if not credentials.is_image(
            content
        ):  # nothing is drawn of a row that the model does not take
            made[place] = content
            continue
        try:
            made[place] = signer.sign(content, model, said, sources)
        except Exception as error:
            problem = f"The credentials of an image could not be written: {error}"
            raise StatusError(Code.INTERNAL, problem) from None
    return made


def _row(array, place):
    """What an input gives to a row of the output: its own row, or the same as to all."""
    return array[place[0]] if array.ndim and place else array[()]


def _said(value):
    """A number or a text; of more numbers, such as latents, their digest."""
    if np.size(value) == 1 and np.ndim(value) == 0:
        value = value.item() if isinstance(value, np.generic | np.ndarray) else value
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    digest = hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
    return f"{value.dtype} {list(value.shape)} sha256:{digest}"
