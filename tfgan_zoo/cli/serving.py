"""The commands that serve: serve, generate, verify, serving-config."""

import pathlib
import sys
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, opening, signing
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable

Url = Annotated[str, typer.Option(help="host:port for gRPC, or http://host:port for REST.")]
Model = Annotated[str, typer.Option(help="Name under which the model is served.")]
Texts = Annotated[
    list[str] | None,
    typer.Option(
        "--text", help="What to draw, where the model takes it: one for all, or repeated."
    ),
]


@command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def serve(context: typer.Context):
    """Serve SavedModels by TensorFlow Serving's protocol; takes its flags (--help lists them)."""
    console.quiet()
    with console.quiet_stderr():
        import tensorflow as tf

        from tfgan_zoo.serving import server

        tf.config.list_physical_devices()
    tf.get_logger().setLevel("CRITICAL")  # what is wrong with a model, the server says itself
    sys.exit(server.main(context.args))


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo generate --url localhost:8500 --model dcgan --n 16 --seed 0 --out grid.png\n\n"
    "tfgan-zoo generate --url http://localhost:8501 --model digits --n 10 --labels 0-9 --out digits/\n\n"
    "tfgan-zoo generate --url localhost:8500 --model garments --labels trouser --out trousers.png\n\n"
    'tfgan-zoo generate --url localhost:8500 --model emoji --text "red apple" --out apples.png'
)
def generate(
    url: Url,
    model: Model,
    out: Annotated[
        str,
        typer.Option(help="A .png (.jpg, .webp, .gif) for a grid, or a folder for single images."),
    ],
    n: Annotated[int, typer.Option(help="How many images.")] = 16,
    seed: Annotated[int | None, typer.Option(help="Of the first image. (random)")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Numbers or names, one for all or one for each.")
    ] = None,
    truncation: Annotated[float | None, typer.Option(help="Psi, where the model takes it.")] = None,
    text: Texts = None,
    toward: Annotated[
        int | None, typer.Option(help="Another seed: with --n 1 the image between the two.")
    ] = None,
    share: Annotated[float | None, typer.Option(help="Of that way, from 0 to 1. (0.5)")] = None,
    certificate: signing.Certificate = None,
    key: signing.Key = None,
):
    """Draw images from a served model."""
    labels, texts = arguments.labels(labels, n), arguments.texts(text, n)
    if toward is None:
        arguments.unused("only with --toward.", share=share)
    elif n != 1 or seed is None:
        raise ValueError("--toward is for one image: give --n 1 and --seed.")
    console.import_zoo()
    from tfgan_zoo import numbers
    from tfgan_zoo.serving import Client
    from tfgan_zoo.visualization import image_grid, is_picture, write_picture

    is_grid = is_picture(out)
    check_writable(out, is_folder=not is_grid)
    if toward is not None and not is_grid:
        raise ValueError(f"--toward is for one image, a .png. Received: --out {out}.")
    signed = signing.Signing(certificate, key)
    signed.by_served(model)
    with Client(url, model) as client, progress.doing(f"Waiting for {n} images of {url}"):
        if labels is not None:
            labels = arguments.named(labels, client.class_names())
        seeds, asked = (
            numbers.seeds_from(seed, n),
            {"label": labels, "truncation": truncation, "text": texts},
        )
        if toward is not None:
            way = {"toward": toward, "share": 0.5 if share is None else share}
            images = _between(client, seed, *way.values(), asked)
            write_picture(out, image_grid(images), signed.picture(seed=seed, **way, **asked))
        elif is_grid:
            images = client.generate(n, seeds, labels, truncation, texts=texts)
            write_picture(out, image_grid(images), signed.grid(seeds, **asked))
        else:
            asked = {"labels": labels, "truncation": truncation, "texts": texts}
            client.generate_files(out, n, seeds, **asked, signer=signed.signer)
    typer.echo(f"{n} images: {out}")


def _between(client, seed, toward, share, asked):
    """uint8 `[1, H, W, C]` of what lies between two seeds of a served model."""
    from tfgan_zoo.latent import ServedLatents

    asked = {name: value for name, value in asked.items() if value is not None}
    return ServedLatents(client).image(seed, toward, share, **asked)[None]


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo verify saved_models/dcgan_fashion_mnist/1\n\n"
    "tfgan-zoo verify localhost:8500 --model dcgan --golden saved_models/dcgan/1"
)
def verify(
    target: Annotated[str, typer.Argument(help="Folder of an exported version, or a server.")],
    model: Annotated[str | None, typer.Option(help="For a server: the model's name.")] = None,
    golden: Annotated[
        pathlib.Path | None,
        typer.Option(help="For a server: folder of the version it should serve."),
    ] = None,
    trust_model: arguments.Trust = False,
):
    """Check that an exported or served model draws the images it drew when it was exported."""
    if not opening.is_server(target):
        arguments.unused("only for a server, and this is a folder.", model=model, golden=golden)
    if opening.is_server(target) and not (model and golden):
        raise ValueError(f"{target} is no folder. To check a server, give --model and --golden.")
    console.import_zoo()
    from tfgan_zoo import serving

    with progress.doing(f"Checking {target}"):
        if opening.is_server(target):
            with serving.Client(target, model) as client:
                found = client.verify(golden)
        else:
            found = serving.verify(target, trust_model)
    typer.echo(f"{target}: {found}.")


@command(
    name="serving-config",
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo serving-config saved_models --out models.config\n\n"
    "tfgan-zoo serving-config saved_models --base-path /models --out serving/models.config\n\n"
    "tfgan-zoo serving-config --check models.config --check batching.config",
)
def serving_config(
    root: Annotated[pathlib.Path | None, typer.Argument(help="Folder of NAME/VERSION.")] = None,
    out: Annotated[pathlib.Path | None, typer.Option(help="File to write. (the terminal)")] = None,
    base_path: Annotated[
        str | None, typer.Option(help="Where that folder lies for the server. (here)")
    ] = None,
    check: Annotated[
        list[pathlib.Path] | None, typer.Option(help="File to check; may be repeated.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="models, batching, monitoring or ssl. (by the file's name)")
    ] = None,
    enable_batching: Annotated[
        bool, typer.Option(help="Whether the server runs with --enable_batching.")
    ] = True,
):
    """Write models.config for a folder of models, or check configuration files."""
    if (root is None) == (not check):
        raise ValueError("Give a folder to write models.config for, or --check with files.")
    if check:
        arguments.unused("nothing is written by --check.", out=out, base_path=base_path)
    else:
        arguments.unused("only with --check.", kind=kind)
    console.import_zoo()
    from tfgan_zoo.serving import config

    if check:
        problems = [(f, p) for f in check for p in config.check(f, kind, enable_batching)]
        for file, problem in problems:
            typer.echo(f"{file}: {problem}")
        raise typer.Exit(1 if problems else 0)
    text = config.write(root, base_path)
    if out is None:
        typer.echo(text, nl=False)
    else:
        from tfgan_zoo.files import atomic_write

        with atomic_write(out) as temporary:
            temporary.write_text(text)
        typer.echo(f"Wrote {out}", err=True)
