"""The command that reads checkpoints of others."""

import pathlib
import re
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import console
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable


@command(
    name="import",
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo import RealESRGAN_x4plus.pth\n\n"
    "tfgan-zoo import RealESRGAN_x4plus.pth --out saved_models --name enlarger\n\n"
    "tfgan-zoo import generator.h5 --num-classes 10\n\n"
    "tfgan-zoo import esrgan-slim/models/x2 --value-range 0 255",
)
def import_(
    path: Annotated[
        pathlib.Path, typer.Argument(help="File of a checkpoint, or the folder of all its files.")
    ],
    family: Annotated[
        str | None, typer.Option(help="Whose format it is. (found from the file)")
    ] = None,
    num_classes: Annotated[
        int | None,
        typer.Option(
            help="Of keras2 and tfjs: how many inputs behind the latents are a class, one-hot. (none)"
        ),
    ] = None,
    value_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Of keras2 and tfjs: the range of pixels. (that of the last activation)",
        ),
    ] = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="Folder of all models, to export it to. (none)")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name to serve under. (the file's)")] = None,
    model_version: Annotated[int | None, typer.Option(help="Version. (the next one)")] = None,
):
    """Read a checkpoint that others have published: tell what it holds, or export it for servers.

    Nothing of the file is run, and PyTorch is not needed.
    """
    if out is None and (name is not None or model_version is not None):
        raise ValueError("--name and --model-version are of what --out writes. Give --out.")
    if out is not None:
        check_writable(out, is_folder=True)
    options = {"num_classes": num_classes, "value_range": value_range}
    options = {key: value for key, value in options.items() if value is not None}
    zoo = console.import_zoo()
    with progress.doing(f"Reading {path}"):
        model = zoo.from_checkpoint(path, family, **options)
    kind, origin = type(model), model.origin
    typer.echo(f"{path}: {kind.__name__}. {console.first_line(kind)}")
    typer.echo(f"code        {origin['code']}")
    typer.echo(f"licence     {origin['licence']}")
    typer.echo(f"images      {'x'.join(map(str, model.image_shape))}")
    typer.echo(f"parameters  {console.counts(console.parameters(model))}")
    if out is not None:
        exported = model.export(out, name or _served_name(path), model_version)
        typer.echo(f"Exported: {exported}")


def _served_name(path):
    """The name of a file as a server takes it."""
    stem = path.name if path.is_dir() else path.stem
    return re.sub(r"[^A-Za-z0-9_.-]", "_", stem).lstrip(".-") or "imported"
