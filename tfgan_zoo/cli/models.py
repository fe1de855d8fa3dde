"""The commands that make models: list, info, train, sample, demo."""

import enum
import pathlib
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, signing
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable
from tfgan_zoo.files import local


class Strategy(enum.StrEnum):
    one = enum.auto()
    mirrored = enum.auto()
    multi_worker = enum.auto()
    tpu = enum.auto()


class Precision(enum.StrEnum):
    auto = enum.auto()
    float32 = enum.auto()
    mixed_bfloat16 = enum.auto()
    mixed_float16 = enum.auto()


class Jit(enum.StrEnum):
    auto = enum.auto()
    on = enum.auto()
    off = enum.auto()


@command(
    name="list",
    epilog="tfgan-zoo list --trained\n\nMore on one of them: tfgan-zoo info NAME",
)
def list_(
    trained: Annotated[
        bool, typer.Option("--trained", help="Only those whose weights are here.")
    ] = False,
):
    """Show the presets, and which have trained weights: their score, or `yes` where none is known."""
    zoo = console.import_zoo()
    row = "{:30} {:15} {:11} {:>7} {:18} {:>5} {:>6}  {}".format
    heads = ("preset", "model", "images", "classes", "data", "batch", "epochs", "trained")
    typer.echo(row(*heads))
    for name, preset in zoo.list_presets().items():
        weights = console.trained(zoo, name)
        if weights or not trained:
            options = {**preset.model_class.defaults, **preset.options}
            shape = "x".join(map(str, options["image_shape"]))
            sizes = preset.dataset, preset.batch_size, preset.epochs
            model, classes = preset.model_class.__name__, options.get("num_classes") or "-"
            typer.echo(row(name, model, shape, classes, *sizes, weights or "-"))


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo info dcgan_fashion_mnist_10k\n\n"
    "tfgan-zoo info saved_models/acgan_fashion_mnist"
)
def info(
    name: Annotated[
        str, typer.Argument(help="Preset, as `tfgan-zoo list` shows it, or an exported folder.")
    ],
):
    """Show what a preset or an exported model is: its paper, options, data, size, weights, classes."""
    zoo = console.import_zoo()
    if (folder := zoo.presets.exported(pathlib.Path(name))) and name not in zoo.list_presets():
        return console.show_exported(zoo, folder)
    preset = zoo.presets.get_preset(name)
    options = {**preset.model_class.defaults, **preset.options}
    weights = console.trained(zoo, name)
    typer.echo(f"{name}: {preset.model_class.__name__}. {console.first_line(preset.model_class)}")
    typer.echo(f"{console.paper(preset.model_class)}\n")
    typer.echo(
        f"data        {preset.dataset}, {preset.epochs} epochs in batches of {preset.batch_size}"
    )
    typer.echo(f"classes     {console.classes(options)}")
    for line in console.class_names(zoo.presets.published(name)):
        typer.echo(f"            {line}")
    typer.echo(f"parameters  {console.counts(preset.parameters)}")
    typer.echo(f"trained     {weights or 'no weights here'}")
    typer.echo("options     (* is the preset's own; change one with --set name=value)")
    for option, value in options.items():
        typer.echo(f"  {'*' if option in preset.options else ' '} {option} = {value!r}")
    typer.echo(f"\nTrain it:   tfgan-zoo train {name}")
    if weights:
        typer.echo(f"Sample it:  tfgan-zoo sample {name} --out grid.png")


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo train dcgan_fashion_mnist_10k --epochs 3\n\n"
    "tfgan-zoo train dcgan_mnist --data ./my_digits --set width=32 --set n_critic=2\n\n"
    "tfgan-zoo train dcgan_cifar10 --strategy mirrored --precision mixed_bfloat16 --dry-run\n\n"
    "tfgan-zoo train dcgan_fashion_mnist --init dcgan_fashion_mnist --data ./my_garments --epochs 2\n\n"
    "tfgan-zoo train --resume runs/0001-dcgan_mnist --epochs 40\n\n"
    "Ctrl-C saves after the step that is running; --resume continues bit for bit. With --resume, only "
    "--data-dir, --epochs, --steps and --strategy may be new."
)
def train(
    name: Annotated[str | None, typer.Argument(help="Preset; not with --resume.")] = None,
    data: Annotated[
        str | None, typer.Option(help="TFDS name, folder of images or .npz file. (the preset's)")
    ] = None,
    data_dir: Annotated[str | None, typer.Option(help="Where TFDS sets lie.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data. (the preset's)")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps, instead of epochs.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images per update over all replicas. (the preset's)")
    ] = None,
    strategy: Annotated[Strategy | None, typer.Option(help="Devices to use. (one)")] = None,
    precision: Annotated[Precision | None, typer.Option(help="Dtype policy. (auto)")] = None,
    jit: Annotated[Jit | None, typer.Option(help="Compile the step with XLA. (auto)")] = None,
    resume: Annotated[
        pathlib.Path | None,
        typer.Option(help="Run directory to continue from its last checkpoint."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET|FOLDER",
            help="Begin with these trained weights: a preset's, or an exported folder's.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, data order and draws. (0)")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Option of the model; may be repeated."),
    ] = None,
    run_root: Annotated[pathlib.Path, typer.Option(help="Folder of the run directories.")] = "runs",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the resolved run and time a few steps; write nothing."
        ),
    ] = False,
):
    """Train a preset in a new run directory, or continue a run."""
    given = {"preset": name, "data": data, "data_dir": data_dir, "seed": seed, "init": init}
    given |= {"epochs": epochs, "steps": steps, "batch_size": batch_size}
    given |= {"strategy": strategy, "precision": precision, "jit": jit}
    given = {key: getattr(v, "value", v) for key, v in given.items() if v is not None}
    if name is None and resume is None:
        raise typer.BadParameter("give a preset, or --resume with a run directory.")
    console.import_zoo()
    from tfgan_zoo import runs

    preset = name or runs.options_of(resume).preset
    if set_:
        given["overrides"] = arguments.overrides(preset, set_)
    if dry_run:
        saved = runs.options_of(resume) if resume else None
        console.show_plan(saved.continued(**given) if saved else runs.Options(**given))
        return
    options = None if resume else runs.Options(**given)
    if not resume:
        check_writable(local(run_root), is_folder=True)
    directory = runs.resume(resume, **given) if resume else runs.train(options, run_root)
    typer.echo(f"Trained: {directory}")
    typer.echo(f"Sample it:  tfgan-zoo sample {directory} --out grid.png", err=True)


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo sample runs/0001-dcgan_mnist --seeds 0-63 --out grid.png\n\n"
    "tfgan-zoo sample runs/0002-cgan_mnist --seeds 0-9 --labels 0-9 --out digits/\n\n"
    "tfgan-zoo sample textgan_avatars_32 --seeds 0-7 --text 'red hair, glasses' --out red.png\n\n"
    "tfgan-zoo sample biggan_cifar10_small --seeds 0-9 --truncation 0.5 --out clean.png\n\n"
    "Image i depends on its seed (and label or text) alone."
)
def sample(
    run: Annotated[
        str,
        typer.Argument(help="Run directory, exported folder, or a preset with trained weights."),
    ],
    out: Annotated[
        str,
        typer.Option(help="A .png (.jpg, .webp, .gif) for a grid, or a folder for single images."),
    ],
    seeds: Annotated[
        str, typer.Option(help="Numbers and ranges, such as 0-15 or 3,7,20-29.")
    ] = "0-15",
    labels: Annotated[
        str | None,
        typer.Option(help="Numbers or names, one for all or one for each seed. (seed % classes)"),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(help="What to draw: one for all, or repeated, one for each seed."),
    ] = None,
    truncation: Annotated[
        float, typer.Option(help="In (0, 1]; less is less varied, and cleaner.")
    ] = 1.0,
    certificate: signing.Certificate = None,
    key: signing.Key = None,
    trust_model: arguments.Trust = False,
):
    """Draw images from a trained generator."""
    seeds = arguments.numbers(seeds)
    labels, texts = arguments.labels(labels, len(seeds)), arguments.texts(text, len(seeds))
    console.import_zoo()
    from tfgan_zoo.visualization import image_grid, is_picture, write_picture, write_png

    is_grid = is_picture(out)  # refused before the model is loaded
    check_writable(out, is_folder=not is_grid)
    signed = signing.Signing(certificate, key)
    gan = console.load_model(run, trust_model)
    signed.by(run)
    with progress.doing(f"Drawing {len(seeds)} images"):
        labels = arguments.named(labels, gan.class_names)
        images = gan.generate_from_seeds(seeds, labels, truncation, texts=texts)
    asked = {"label": labels, "text": texts, "truncation": truncation}
    if is_grid:
        write_picture(out, image_grid(images), signed.grid(seeds, **asked))
    else:
        for place, (seed, image) in enumerate(zip(seeds, images, strict=True)):
            path = pathlib.Path(out) / f"{seed:06d}.png"
            write_png(path, image, signed.single(place, seeds, **asked))
    typer.echo(f"{len(images)} images: {out}")


@command(epilog="tfgan-zoo demo --epochs 3")
def demo(
    epochs: Annotated[int | None, typer.Option(help="Passes over 10,000 images. (10)")] = None,
    folder: Annotated[pathlib.Path, typer.Option(help="Where the results go.")] = "demo",
):
    """Train a DCGAN on the images in the package, draw samples, export it and load it back."""
    check_writable(folder, is_folder=True)
    console.import_zoo()
    from tfgan_zoo.demo import demo

    demo(epochs, folder)
