"""The commands on watermarks: create-watermark-key, detect-watermark."""

import json
import pathlib
from typing import Annotated

import numpy as np
import typer

from tfgan_zoo.cli import arguments, console
from tfgan_zoo.cli.app import command

UNMARKED = 3  # exit status: of some image no mark is found


@command(
    name="create-watermark-key",
    epilog="tfgan-zoo create-watermark-key garments.key\n\n"
    "Then: tfgan-zoo export RUN DEST --watermark-key garments.key",
)
def create_watermark_key(
    file: Annotated[pathlib.Path, typer.Argument(help="File to write; it must not exist.")],
):
    """Write a new secret key of a watermark, which only you can read."""
    console.import_zoo()
    from tfgan_zoo.watermark import create_key

    typer.echo(f"Key: {create_key(file)}")


@command(
    name="detect-watermark",
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo detect-watermark --key garments.key samples/*.png\n\n"
    "tfgan-zoo detect-watermark --key a.key --key b.key --size 64x64 --crops part.jpg --json\n\n"
    "The status is 0 where all images have a mark, and 3 where one has none that is found.",
)
def detect_watermark(
    images: Annotated[list[pathlib.Path], typer.Argument(help="Image files.")],
    key: Annotated[
        list[pathlib.Path], typer.Option(help="Key file; repeated, it is told which one it is.")
    ],
    bits: Annotated[int, typer.Option(help="Of the number, as it was exported.")] = 8,
    size: Annotated[
        str | None,
        typer.Option(metavar="HEIGHTxWIDTH", help="That images had when they were drawn. (own)"),
    ] = None,
    crops: Annotated[
        bool, typer.Option("--crops", help="Look also for parts that were cut out.")
    ] = False,
    level: Annotated[
        float, typer.Option(help="Most that the p-value of a marked image may be.")
    ] = 1e-6,
    json_: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
):
    """Look for a watermark in images, and for the number that it carries."""
    if not 0 < level < 1:
        raise ValueError(f"--level must lie between 0 and 1. Received: {level}.")
    console.import_zoo()
    from tfgan_zoo.watermark import Watermark, read_key

    size = arguments.size(size)
    marks = {str(path): Watermark(read_key(path), bits=bits) for path in key}
    found = [_found(path, marks, size, crops, level) for path in images]
    if json_:
        typer.echo(json.dumps(found, indent=2))
    else:
        for one in found:
            typer.echo(_line(one, len(marks), bits))
    if not all(one["marked"] for one in found):
        raise typer.Exit(UNMARKED)


def _found(path, marks, size, crops, level):
    """What the likeliest of the keys shows, its p-value corrected for their number."""
    looks = {name: mark.detect(_read(path), size, crops) for name, mark in marks.items()}
    name = min(looks, key=lambda name: looks[name].p_value[0])
    p_value = min(1.0, len(marks) * float(looks[name].p_value[0]))
    told = {"file": str(path), "marked": p_value <= level, "p_value": p_value, "key": name}
    rest = {"score": float(looks[name].score[0]), "number": int(looks[name].number[0])}
    return told | rest | {"offset": looks[name].offset[0].tolist()}


def _line(one, keys, bits):
    if not one["marked"]:
        return f"{one['file']}: no mark found, p = {one['p_value']:.1e}"
    whose = f", key {one['key']}" if keys > 1 else ""
    number = f", number {one['number']}" if bits else ""
    return f"{one['file']}: marked, p = {one['p_value']:.1e}{number}{whose}"


def _read(path):
    """uint8 `[1, H, W, C]`, grey or in colours as the file is."""
    from PIL import Image

    from tfgan_zoo.tasks import pictures

    pixels = pictures.read(path, 3, is_still=True)
    with Image.open(path) as image:
        grey = image.mode in ("1", "L", "LA")
    return np.ascontiguousarray(pixels[..., :1] if grey else pixels)[None]
