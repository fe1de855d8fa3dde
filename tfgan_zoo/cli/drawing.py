"""The command that draws one picture of a latent space, as the page of `explore` shows it."""

import re
from typing import Annotated

import numpy as np
import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, image_files, signing
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.latent import Label, Model, Picture, Scale, Text, Truncation

_NUMBER = r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_PAIR, _CLASSES = re.compile(rf"([0-9]+)={_NUMBER}"), re.compile(rf"([0-9]+),([0-9]+)={_NUMBER}")


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo draw dcgan_fashion_mnist --seed 3 --toward 7 --share 0.25 --out between.png\n\n"
    "tfgan-zoo draw stylegan2_emoji_64 --seed 3 --style-seed 8 --style-layers 6-9 --move 1=2.5 "
    "--out mixed.png\n\nThe page of `tfgan-zoo explore` shows this command below each picture."
)
def draw(
    model: Model,
    out: Picture,
    seed: Annotated[int, typer.Option(help="Whose latents all else begins at.")] = 0,
    point: Annotated[
        str | None, typer.Option(help="An .npz of `project --save`, in place of the seed's.")
    ] = None,
    label: Label = None,
    text: Text = None,
    truncation: Truncation = 1.0,
    toward: Annotated[int | None, typer.Option(help="Another seed, to go towards.")] = None,
    share: Annotated[float | None, typer.Option(help="Of that way, from 0 to 1. (0.5)")] = None,
    style_seed: Annotated[
        int | None, typer.Option(help="Seed whose styles some layers take.")
    ] = None,
    style_layers: Annotated[
        str | None, typer.Option(help="These layers, from 0 on, such as 4-7.")
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE=VALUE", help="Of an InfoGAN; may be repeated."),
    ] = None,
    move: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIRECTION=STRENGTH",
            help="Along a direction of `directions`, from 1 on; may be repeated.",
        ),
    ] = None,
    class_move: Annotated[
        list[str] | None,
        typer.Option(
            metavar="START,END=STRENGTH", help="From one class towards another; may be repeated."
        ),
    ] = None,
    extractor: Annotated[
        str | None, typer.Option(help="Classifier that knows the classes. (lenet_fashion_mnist)")
    ] = None,
    samples: Annotated[int | None, typer.Option(help="Images to classify. (2,000)")] = None,
    scale: Scale = 1,
    certificate: signing.Certificate = None,
    key: signing.Key = None,
    trust_model: arguments.Trust = False,
):
    """Draw one picture: a seed's or a projection's, moved towards others and along directions."""
    asked = arguments.asked(label, text)
    given = {"seed": seed, "truncation": truncation, "toward": toward, "style_seed": style_seed}
    given |= {"share": share, "extractor": extractor, "samples": samples}
    if toward is None:
        arguments.unused("only with --toward.", share=share)
    if not class_move:
        arguments.unused("only with --class-move.", extractor=extractor, samples=samples)
    if style_seed is None:
        arguments.unused("only with --style-seed.", style_layers=style_layers)
    given["style_layers"] = style_layers and tuple(arguments.numbers(style_layers))
    given["codes"], given["moves"] = _pairs("--code", code), _pairs("--move", move)
    given["class_moves"] = _class_moves(class_move)
    image_files.check_picture(out)
    signed = signing.Signing(certificate, key)
    gan = console.load_model(model, trust_model)
    from tfgan_zoo import latent

    if point:
        given["point"] = _point(point)
    given["label" if text is None else "text"] = arguments.named(asked, gan.class_names)
    edit = latent.Edit(**{name: value for name, value in given.items() if value is not None})
    with progress.doing("Drawing"):
        image = latent.Editor(gan).image(edit)
    signed.by(model)
    image_files.write_grid(out, image[None], 1, scale, signed.picture(**_said(given, point)))


def _said(given, point):
    """What credentials say of a picture's options; of a point, which file it lies in."""
    from tfgan_zoo.files import sha256

    said = {n: v for n, v in given.items() if n != "point" and v is not None and v != ()}
    return said | ({"point": f"sha256:{sha256(point)}"} if point else {})


def _pairs(option, written):
    """`["1=2.5"]` -> `((1, 2.5),)`."""
    found = [(text, _PAIR.fullmatch(text.strip())) for text in written or ()]
    for text, match in found:
        if not match:
            raise ValueError(f"{option} needs NUMBER=VALUE, such as 1=2.5. Received: {text!r}.")
    return tuple((int(match[1]), float(match[2])) for _, match in found)


def _class_moves(written):
    """`["0,3=2.5"]` -> `(((0, 3), 2.5),)`."""
    found = [(text, _CLASSES.fullmatch(text.strip())) for text in written or ()]
    for text, match in found:
        if not match:
            raise ValueError(
                f"--class-move needs START,END=STRENGTH, such as 0,3=2.5. Received: {text!r}."
            )
    return tuple(((int(match[1]), int(match[2])), float(match[3])) for _, match in found)


def _point(path):
    """The first of the points in a file of `project --save`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["points"][0]
    except OSError:
        raise
    except (
        Exception
    ) as error:  # zipfile, zlib, numpy: each has others for a file that is something else
        raise ValueError(
            f"{path} holds no points: write it with tfgan-zoo project --save."
        ) from error
