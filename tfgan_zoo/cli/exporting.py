"""The command that writes a model for servers and other runtimes: export."""

import enum
import pathlib
from typing import Annotated

import typer

from tfgan_zoo.cli import arguments, console
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable


class Served(enum.StrEnum):
    float32 = enum.auto()
    mixed_bfloat16 = enum.auto()


class Format(enum.StrEnum):
    saved_model = enum.auto()
    onnx = enum.auto()
    litert = enum.auto()


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo export runs/0001-dcgan_mnist saved_models\n\n"
    "tfgan-zoo export dcgan_fashion_mnist /srv/models --name garments --model-version 7\n\n"
    "tfgan-zoo export runs/0001-dcgan_mnist exported --format onnx\n\n"
    "tfgan-zoo export runs/0002-pix2pix_facades_128 exported --format litert --image-size 256x256"
)
def export(
    run: Annotated[
        str,
        typer.Argument(help="Run directory, exported folder, or a preset with trained weights."),
    ],
    dest: Annotated[pathlib.Path, typer.Argument(help="Folder of all models.")],
    name: Annotated[str | None, typer.Option(help="Name to serve under. (the preset's)")] = None,
    model_version: Annotated[int | None, typer.Option(help="Version. (the next one)")] = None,
    format: Annotated[Format, typer.Option(help="What to write.")] = "saved_model",
    standing_statistics: Annotated[
        int,
        typer.Option(help="Batches to estimate batch statistics from; 0 keeps the moving ones."),
    ] = 0,
    precision: Annotated[
        Served, typer.Option(help="What a SavedModel computes in.")
    ] = Served.float32,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="HEIGHTxWIDTH", help="Of all images that such a file translates. (any)"
        ),
    ] = None,
    direction: Annotated[
        arguments.Direction | None,
        typer.Option(help="Of such a file, for a model that translates both ways."),
    ] = None,
    watermark_key: Annotated[
        pathlib.Path | None,
        typer.Option(help="Mark all served images; a file of create-watermark-key."),
    ] = None,
    watermark_psnr: Annotated[float | None, typer.Option(help="Of marked images. (38 dB)")] = None,
    watermark_bits: Annotated[int | None, typer.Option(help="Of the number in them. (8)")] = None,
    trust_model: arguments.Trust = False,
):
    """Write a generator as DEST/NAME/VERSION for TensorFlow Serving, or for other runtimes."""
    mark = arguments.watermark(watermark_key, psnr=watermark_psnr, bits=watermark_bits)
    check_writable(dest, is_folder=True)
    gan = console.load_model(run, trust_model, draws=False)
    if format == Format.saved_model:
        why = "only for ONNX and LiteRT files."
        arguments.unused(why, image_size=image_size, direction=direction)
        options = {"standing_statistics": standing_statistics, "dtype": precision.value}
        path = gan.export(dest, name, model_version, watermark=mark, **options)
    else:
        from tfgan_zoo.convert import convert

        arguments.unused(f"not for {format.value}.", watermark_key=watermark_key)
        if model_version is not None or standing_statistics or precision != Served.float32:
            options = "--model-version, --standing-statistics and --precision"
            raise ValueError(f"{options} are not for {format.value}.")
        size, way = arguments.size(image_size), getattr(direction, "value", "forward")
        path, difference = convert(gan, dest, name, format.value, size, way)
        on = "16 seeds" if hasattr(gan, "generate") else "random images"
        path = f"{path}, equal to the model to {difference:.1e} on {on}"
    typer.echo(f"Exported: {path}")
