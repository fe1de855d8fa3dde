"""The command that uploads a model."""

import pathlib
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import console
from tfgan_zoo.cli.app import command


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo upload saved_models/dcgan hf://owner/dcgan --private\n\n"
    "tfgan-zoo upload saved_models/dcgan kaggle://owner/dcgan/keras/small"
)
def upload(
    folder: Annotated[pathlib.Path, typer.Argument(help="Exported folder.")],
    address: Annotated[
        str, typer.Argument(help="hf://owner/name or kaggle://owner/model/framework/variation.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository of the Hub a private one.")
    ] = False,
):
    """Upload an exported model to the Hugging Face Hub or to Kaggle, with a card."""
    zoo = console.import_zoo()
    with progress.doing(f"Uploading {folder}"):
        found = zoo.upload_preset(address, folder, private)
    typer.echo(f"Uploaded: {found}")
