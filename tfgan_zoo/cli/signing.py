"""Content credentials in the pictures that commands write: their options, and what is said in them."""

import pathlib
from typing import Annotated

import typer

from tfgan_zoo import credentials
from tfgan_zoo.cli import arguments
from tfgan_zoo.exported import exported, exported_record
from tfgan_zoo.files import address, folder_sha256, sha256, version_of

Certificate = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--credentials-certificate",
        help="PEM file: sign pictures as generated, with C2PA content credentials.",
    ),
]
Key = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--credentials-key",
        help="PEM file of its private key. ($TFGAN_ZOO_CREDENTIALS_KEY)",
    ),
]
_NAMES = "--credentials-certificate", "--credentials-key"


class Signing:
    """Signs the pictures of a command, where its user asks for it.

    Args:
        certificate, key: Of the options; None for pictures without credentials.
    """

    def __init__(self, certificate, key):
        self.signer, self._model = credentials.signer(certificate, key, _NAMES), None

    def by(self, run):
        """Says what draws: anything that `console.load_model` takes."""
        self._model = _model(run) if self.signer else None

    def by_served(self, model):
        """Says what draws: a served model, of which a client sees no more than the name."""
        self._model = credentials.Model(model)

    def picture(self, sources=(), **parameters):
        """The function from a file's bytes to those with credentials, or None without.

        Args:
            sources: Bytes of the picture files that it is made of.
            parameters: How it is drawn; None for what is not said.
        """
        if self.signer is None:
            return None
        said = {name: value for name, value in parameters.items() if value is not None}
        return lambda content: self.signer.sign(content, self._model, said, sources)

    def grid(self, seeds, label=None, text=None, truncation=None):
        """The same for a picture of many images; label and text are one, or a list of one for each."""
        seeds = arguments.ranges(seeds)
        return self.picture(seeds=seeds, label=label, text=text, truncation=truncation)

    def single(self, place, seeds, label=None, text=None, truncation=None):
        """The same for one of them, by its place."""
        label, text = (v[place] if isinstance(v, list) else v for v in (label, text))
        return self.picture(seed=seeds[place], label=label, text=text, truncation=truncation)


def _model(run):
    from tfgan_zoo import presets

    path = pathlib.Path(run)
    is_named = not path.exists() and run in presets.list_presets()
    if address(run) or is_named or (path.is_dir() and exported(path)):
        with presets.opened(run if address(run) or is_named else path.absolute()) as folder:
            name = exported_record(folder)["name"]
            return credentials.Model(name, version_of(folder), folder_sha256(folder))
    digest = sha256(path) if path.is_file() else None
    return credentials.Model(path.absolute().name, sha256=digest, kind="keras")
