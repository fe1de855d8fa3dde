"""The commands that evaluate: evaluate, report."""

import pathlib
from typing import Annotated

import typer

from tfgan_zoo.cli import arguments, console, opening
from tfgan_zoo.cli.app import command
from tfgan_zoo.files import local

What = Annotated[
    str,
    typer.Argument(
        help="Run directory, preset, .keras file, exported version, server (host:port or http://…), "
        "folder of images, or .npz file."
    ),
]
Data = Annotated[
    str | None,
    typer.Option(help="Real images: TFDS name, folder or .npz file. (what the run trained on)"),
]
DataDir = Annotated[str | None, typer.Option(help="Where TFDS sets lie.")]
Model = Annotated[str | None, typer.Option(help="For a server: the model's name.")]
Seed = Annotated[int, typer.Option(help="Of the first image.")]
Cache = Annotated[
    pathlib.Path | None, typer.Option(help="Folder of statistics. (~/.cache/tfgan_zoo)")
]
Size = Annotated[
    int | None, typer.Option(help="For a folder: edge to bring the images to. (their own)")
]


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo evaluate runs/0001-dcgan_mnist --metrics fd10k_lenet_mnist,modes10k_lenet_mnist\n\n"
    "tfgan-zoo evaluate localhost:8500 --model dcgan --data fashion_mnist --metrics fd10k_effnet\n\n"
    "tfgan-zoo evaluate ./my_samples --data ./my_photos --metrics fid5k,kid5k --out scores.json"
)
def evaluate(
    what: What,
    metrics: Annotated[
        str, typer.Option(help="Names with commas between; `--metrics help` explains them.")
    ] = "fd10k_effnet",
    data: Data = None,
    data_dir: DataDir = None,
    model: Model = None,
    seed: Seed = 0,
    image_size: Size = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="JSON file; results that it has stay.")
    ] = None,
    cache: Cache = None,
    trust_model: arguments.Trust = False,
):
    """Score generated images; a second call goes on where a killed one stopped."""
    console.import_zoo()
    from tfgan_zoo import evaluation

    if metrics == "help":
        typer.echo(_explanation())
        return
    cache, out = cache or evaluation.default_cache(), out and local(out)
    with opening.open_images(what, data, data_dir, model, seed, image_size, trust_model) as (
        images,
        reference,
    ):
        found = evaluation.evaluate(images, metrics.split(","), reference, cache)
    for result in found:
        typer.echo(result)
    if out:
        evaluation.write(out, found)
        typer.echo(f"Wrote {out}", err=True)


def _explanation():
    from tfgan_zoo.evaluation.paired import PAIRED
    from tfgan_zoo.metrics import measures, protocols

    row = "  {:12} {}".format
    rows = [row(name, measure.summary) for name, measure in measures.MEASURES.items()]
    doc = protocols.__doc__.strip()
    return "\n".join([doc, "", *rows, "", f"Of images with targets: {', '.join(PAIRED)}."])


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo report runs/0001-dcgan_mnist --out report\n\n"
    "tfgan-zoo report dcgan_fashion_mnist --extractor lenet_fashion_mnist --metrics fd10k_effnet"
)
def report(
    what: What,
    out: Annotated[pathlib.Path, typer.Option(help="Folder for report.html and report.md.")],
    metrics: Annotated[str, typer.Option(help="Names with commas between.")] = "fd10k_effnet",
    extractor: Annotated[
        str, typer.Option(help="For nearest neighbours and classes.")
    ] = "efficientnet_lite0",
    count: Annotated[int, typer.Option(help="Generated and held-out images to compare.")] = 1000,
    data: Data = None,
    data_dir: DataDir = None,
    model: Model = None,
    seed: Seed = 0,
    image_size: Size = None,
    cache: Cache = None,
    trust_model: arguments.Trust = False,
):
    """Write a page on a model: samples, scores, curves, nearest neighbours, classes, protocol."""
    console.import_zoo()
    from tfgan_zoo import evaluation

    run, out = what if (pathlib.Path(what) / "run.json").is_file() else None, local(out)
    cache, names = cache or evaluation.default_cache(), metrics.split(",")
    with opening.open_images(what, data, data_dir, model, seed, image_size, trust_model) as (
        images,
        reference,
    ):
        if reference is None:
            raise ValueError(f"What {what} was trained on is not known: give --data.")
        page = evaluation.report(images, reference, names, extractor, out, count, run, cache)
    typer.echo(f"Wrote {page}")
