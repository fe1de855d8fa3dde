"""The commands that evaluate: evaluate, report."""

import pathlib
from typing import Annotated

import typer

from tfgan_zoo.cli import arguments, console, opening, translators
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable
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
    int | None,
    typer.Option(
        help="Edge to bring images to, of a folder, or to translate. (a folder's own; as trained)",
        min=1,
        max=arguments.EDGE,
    ),
]
Targets = Annotated[
    str | None,
    typer.Option(
        help="For a model from images to images: targets in a folder of their own, or a pattern."
    ),
]
Swap = Annotated[
    bool | None,
    typer.Option("--swap/--no-swap", help="For such a model: targets become images. (as trained)"),
]
Split = Annotated[
    str | None, typer.Option(help="For such a model: split of the data to translate. (test)")
]
_FOR_TRANSLATORS = "only for models from images to images."


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo evaluate runs/0001-dcgan_mnist --metrics fd10k_lenet_mnist,modes10k_lenet_mnist\n\n"
    "tfgan-zoo evaluate localhost:8500 --model dcgan --data fashion_mnist --metrics fd10k_effnet\n\n"
    "tfgan-zoo evaluate ./my_samples --data ./my_photos --metrics fid5k,kid5k --out scores.json\n\n"
    "tfgan-zoo evaluate runs/0002-pix2pix_facades_128 --rows each.csv"
)
def evaluate(
    what: What,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Names with commas between; `--metrics help` explains them. (fd10k_effnet; the usual "
            "ones of a model from images to images)"
        ),
    ] = None,
    data: Data = None,
    targets: Targets = None,
    split: Split = None,
    swap: Swap = None,
    data_dir: DataDir = None,
    model: Model = None,
    seed: Seed = 0,
    image_size: Size = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="JSON file; results that it has stay.")
    ] = None,
    rows: Annotated[
        pathlib.Path | None,
        typer.Option(help="For such a model: CSV file of the values of each image."),
    ] = None,
    cache: Cache = None,
    trust_model: arguments.Trust = False,
):
    """Score generated or translated images; a second call goes on where a killed one stopped."""
    console.import_zoo()
    from tfgan_zoo import evaluation

    if metrics == "help":
        typer.echo(_explanation())
        return
    cache, out = cache or evaluation.default_cache(), out and local(out)
    for path in (out, rows):
        if path:
            check_writable(path)
    names = metrics.split(",") if metrics else None
    with translators.open_translator(what, model, trust_model) as opened:
        if opened:
            where = (data, targets, data_dir, split or "test")
            pairs = opened.pairs(*where, _size(image_size), swap)
            found, each = evaluation.evaluate_translation(opened.translator, pairs, names)
    if not opened:
        arguments.unused(_FOR_TRANSLATORS, targets=targets, split=split, swap=swap, rows=rows)
        with opening.open_images(what, data, data_dir, model, seed, image_size, trust_model) as (
            images,
            reference,
        ):
            found = evaluation.evaluate(images, names or ["fd10k_effnet"], reference, cache)
    for result in found:
        typer.echo(_line(result))
    if rows:
        evaluation.write_rows(rows, each)
        typer.echo(f"Wrote {rows}", err=True)
    if out:
        evaluation.write(out, found)
        typer.echo(f"Wrote {out}", err=True)


def _size(edge):
    return edge and (edge, edge)


def _line(result):
    """A result, and for what a model makes of images that of the images themselves."""
    identity = result.details.get("identity")
    return f"{result}" if identity is None else f"{result}   identity {float(identity):.5g}"


def _explanation():
    from tfgan_zoo.evaluation.paired import PAIRED
    from tfgan_zoo.evaluation.translation_names import CYCLE
    from tfgan_zoo.metrics import measures, protocols

    row = "  {:12} {}".format
    rows = [row(name, measure.summary) for name, measure in measures.MEASURES.items()]
    doc = protocols.__doc__.strip()
    pairs = (
        f"Of images with targets: {', '.join(PAIRED)}; and of the Y channel without a border of four "
        "pixels psnr_y_border4, ssim_y_border4, and so on. Of models that translate both ways: "
        f"{', '.join(CYCLE)}; with backward_ before a name that of the way back."
    )
    return "\n".join([doc, "", *rows, "", pairs])


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo report runs/0001-dcgan_mnist --out report\n\n"
    "tfgan-zoo report dcgan_fashion_mnist --extractor lenet_fashion_mnist --metrics fd10k_effnet"
)
def report(
    what: What,
    out: Annotated[pathlib.Path, typer.Option(help="Folder for report.html and report.md.")],
    metrics: Annotated[
        str | None, typer.Option(help="Names with commas between. (as for evaluate)")
    ] = None,
    extractor: Annotated[
        str, typer.Option(help="For nearest neighbours and classes.")
    ] = "efficientnet_lite0",
    count: Annotated[int, typer.Option(help="Generated and held-out images to compare.")] = 1000,
    data: Data = None,
    targets: Targets = None,
    split: Split = None,
    swap: Swap = None,
    data_dir: DataDir = None,
    model: Model = None,
    seed: Seed = 0,
    image_size: Size = None,
    cache: Cache = None,
    trust_model: arguments.Trust = False,
):
    """Write a page on a model: samples, scores, curves, nearest neighbours, classes, protocol; of a
    model from images to images inputs, outputs and targets, and scores."""
    console.import_zoo()
    from tfgan_zoo import evaluation

    run, out = what if (pathlib.Path(what) / "run.json").is_file() else None, local(out)
    check_writable(out, is_folder=True)
    cache, names = cache or evaluation.default_cache(), metrics.split(",") if metrics else None
    with translators.open_translator(what, model, trust_model) as opened:
        if opened:
            where = (data, targets, data_dir, split or "test")
            pairs = opened.pairs(*where, _size(image_size), swap)
            page = evaluation.translation_report(opened.translator, pairs, out, names, run)
            typer.echo(f"Wrote {page}")
            return
    arguments.unused(_FOR_TRANSLATORS, targets=targets, split=split, swap=swap)
    names = names or ["fd10k_effnet"]
    with opening.open_images(what, data, data_dir, model, seed, image_size, trust_model) as (
        images,
        reference,
    ):
        if reference is None:
            raise ValueError(f"What {what} was trained on is not known: give --data.")
        page = evaluation.report(images, reference, names, extractor, out, count, run, cache)
    typer.echo(f"Wrote {page}")
