"""The command that turns pictures into pictures."""

import pathlib
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, signing
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.arguments import Direction
from tfgan_zoo.cli.places import check_writable

_OPTIONS = {"domain": "--domain", "styles": "--style"}


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo translate saved_models/pix2pix_facades labels.png photo.png\n\n"
    "tfgan-zoo translate runs/0001-cyclegan_horse2zebra ./horses ./zebras --tile 512\n\n"
    "tfgan-zoo translate runs/0001-cyclegan_horse2zebra './zebras/*.jpg' ./horses --direction backward"
    "\n\n"
    "tfgan-zoo translate runs/0001-adain_styles_128 photo.jpg painted.png --style painting.jpg"
)
def translate(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Run directory, exported folder, a preset with trained weights, or a server.",
        ),
    ],
    pictures: Annotated[str, typer.Argument(help="A picture, a folder of them, or a pattern.")],
    out: Annotated[
        pathlib.Path,
        typer.Argument(help="A .png for one picture; else a folder, whose files keep their names."),
    ],
    style: Annotated[
        str | None, typer.Option(help="Picture of the style, of a model that takes one.")
    ] = None,
    direction: Annotated[
        Direction, typer.Option(help="Of a model that translates both ways.")
    ] = Direction.forward,
    domain: Annotated[
        str | None, typer.Option(help="Name or number of the class that pictures are brought into.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Dropout draws by it. (no dropout)")] = None,
    tile: Annotated[
        int | None, typer.Option(help="Side of tiles, for large pictures. (as a whole)")
    ] = None,
    overlap: Annotated[int, typer.Option(help="Pixels that tiles share.")] = 32,
    model: Annotated[str | None, typer.Option(help="For a server: the model's name.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files.")] = False,
    certificate: signing.Certificate = None,
    key: signing.Key = None,
    trust_model: arguments.Trust = False,
):
    """Translate pictures by a model from images to images."""
    console.import_zoo()
    from tfgan_zoo.tasks import pictures as files
    from tfgan_zoo.visualization import write_png

    pairs = files.named(pictures, out)
    if not overwrite and (there := [target for _, target in pairs if target.exists()]):
        raise FileExistsError(
            f"{there[0]} exists{f', and {len(there) - 1} others' if there[1:] else ''}. Give another "
            "folder, or --overwrite."
        )
    for _, made in pairs:
        check_writable(made)
    signed = signing.Signing(certificate, key)
    said = {"direction": direction.value, "domain": domain}
    if model is not None:
        arguments.unused("only without --model.", seed=seed, tile=tile)
        signed.by_served(model)
        _translate_served(target, model, pairs, direction.value, domain, style, signed)
        return
    gan = console.load_model(target, trust_model, draws=False)
    if not hasattr(gan, "translate"):
        raise ValueError(f"{target} is a {type(gan).__name__}, which draws images from latents.")
    options = {"direction": direction.value, "tile": tile, "overlap": overlap}
    options |= _further(gan, domain, style)
    gan.check_translation(seed=seed, **options)
    signed.by(target)
    problems = []
    for number, (path, made) in enumerate(pairs):
        own = None if seed is None else seed + number  # as of a folder in Python
        with progress.doing(f"Translating {number + 1} of {len(pairs)}: {path.name}"):
            try:
                sign = signed.picture(_sources(path, style), seed=own, **said)
                write_png(made, gan.translate(path, seed=own, **options), sign)
            except ValueError as error:
                problems.append(str(error))
    done = len(pairs) - len(problems)
    typer.echo(f"Translated {done} of {len(pairs)}: {out}")
    if problems:
        raise ValueError("\n".join([f"{len(problems)} pictures are left out:", *problems]))


def _sources(path, style):
    """The bytes of the picture files that a translation is made of, the translated one first."""
    return [pathlib.Path(each).read_bytes() for each in (path, style) if each is not None]


def _translate_served(target, model, pairs, direction, domain, style, signed):
    """Translates pairs of paths by a model of a server."""
    from tfgan_zoo.files import atomic_write
    from tfgan_zoo.serving import Client

    given = {"domain": domain, "styles": style}
    given = {name: value for name, value in given.items() if value is not None}
    with Client(target, model) as client:
        if domain is not None and domain.isdecimal() and domain not in (client.class_names() or ()):
            given["domain"] = int(domain)
        for path, out in pairs:
            (made,) = client.translate_png(path, direction, **given)
            sign = signed.picture(_sources(path, style), direction=direction, domain=domain)
            with atomic_write(out) as temporary:
                temporary.write_bytes(sign(made) if sign else made)
    typer.echo(f"Translated {len(pairs)}: {pairs[-1][1]}")


def _further(gan, domain, style):
    """Further inputs as arguments of `translate`, checked and read once.

    Raises:
        ValueError: One that is missing, that the model does not take, or that it does not have.
    """
    from tfgan_zoo.tasks import further_inputs

    if domain is not None and domain.isdecimal() and domain not in (gan.class_names or ()):
        domain = int(domain)
    given = {"domain": domain, "styles": style}
    given = {name: value for name, value in given.items() if value is not None}
    for further in further_inputs.served(gan):
        if further.name in _OPTIONS and further.name not in given:
            raise ValueError(f"{type(gan).__name__} needs {_OPTIONS[further.name]}.")
    return further_inputs.rows(gan, given, 1)[0]
