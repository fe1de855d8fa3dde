"""The commands that look into a latent space: interpolate, mix, project, directions."""

import pathlib
from typing import Annotated

import numpy as np
import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, image_files
from tfgan_zoo.cli.app import command

_DIRECTIONS, _CLASSIFIER, _SAMPLES = 5, "lenet_fashion_mnist", 2000

Model = Annotated[
    str, typer.Argument(help="Run directory, exported folder, or a preset with trained weights.")
]
Out = Annotated[
    pathlib.Path,
    typer.Option(help="A .png or .jpg: a grid; a .gif, .apng or .webp: an animation."),
]
Picture = Annotated[
    pathlib.Path, typer.Option(help="A .png, .jpg, .webp or .gif file for the grid.")
]
Frames = Annotated[
    int | None,
    typer.Option(help="Images from one seed to the next. (9 in a .png, 30 in an animation)"),
]
Fps = Annotated[int, typer.Option(help="Frames in a second of an animation.")]
Scale = Annotated[
    int, typer.Option(help="Pixels a side that each pixel is drawn with.", min=1, max=64)
]
SpaceName = Annotated[
    str | None, typer.Option(help="z, w or w+. (w for a model with styles, else z)")
]
Label = Annotated[
    str | None, typer.Option(help="Class, for a model with labels: number or name. (0)")
]
Text = Annotated[str | None, typer.Option(help="Text, for a model with texts. (its first one)")]
Truncation = Annotated[float, typer.Option(help="In (0, 1]; less is less varied.")]
Save = Annotated[
    pathlib.Path | None, typer.Option(help="Also an .npz file of what was found, as arrays.")
]


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo interpolate dcgan_fashion_mnist --seeds 0-4 --out grid.png\n\n"
    "tfgan-zoo interpolate dcgan_fashion_mnist --seeds 0-7 --loop --scale 4 --out tour.gif"
)
def interpolate(
    model: Model,
    out: Out,
    seeds: Annotated[
        str, typer.Option(help="Two or more: the images between which it goes.")
    ] = "0-3",
    loop: Annotated[bool, typer.Option("--loop", help="Go back to the first.")] = False,
    frames: Frames = None,
    fps: Fps = 20,
    scale: Scale = 1,
    space: SpaceName = None,
    label: Label = None,
    text: Text = None,
    truncation: Truncation = 1.0,
    trust_model: arguments.Trust = False,
):
    """Interpolate from one seed's image to the next one's."""
    asked = arguments.asked(label, text)
    seeds, frames = arguments.numbers(seeds), image_files.frames_of(out, frames, scale, fps)
    if len(seeds) < 2:
        raise ValueError(f"An interpolation needs 2 seeds or more. Received: {seeds}.")
    gan = console.load_model(model, trust_model)
    from tfgan_zoo import latent

    asked = arguments.named(asked, gan.class_names)
    space = latent.Space(gan, space)
    points = space.from_seeds(seeds, truncation)
    if not image_files.is_animation(out):
        ends = [*range(1, len(points)), *([0] if loop else [])]
        paths = [latent.path(space, points[[k, end]], frames) for k, end in enumerate(ends)]
        image_files.write_grid(out, space.images(np.concatenate(paths), asked), frames, scale)
    else:
        count = frames * len(points) if loop else frames * (len(points) - 1)
        images = space.images(latent.path(space, points, count, loop), asked)
        image_files.write_frames(out, images, scale, fps)


@command(
    epilog="tfgan-zoo mix stylegan2_fashion_mnist --rows 0-3 --columns 10-15 --crossover 2 --out mix.png"
)
def mix(
    model: Model,
    out: Picture,
    rows: Annotated[str, typer.Option(help="Seeds of the coarse layers.")] = "0-3",
    columns: Annotated[str, typer.Option(help="Seeds of the fine layers.")] = "4-9",
    crossover: Annotated[
        int | None, typer.Option(help="First layer with a column's style. (the middle one)")
    ] = None,
    truncation: Truncation = 1.0,
    scale: Scale = 1,
    trust_model: arguments.Trust = False,
):
    """Draw a table of mixed styles: coarse layers of the row's seed, fine ones of the column's."""
    rows, columns = arguments.numbers(rows), arguments.numbers(columns)
    image_files.check_picture(out)
    gan = console.load_model(model, trust_model)
    from tfgan_zoo import latent

    mixed = latent.mix(gan, rows, columns, crossover, truncation)
    space = latent.Space(gan, "w+")
    left, top = (space.images(space.from_seeds(x, truncation)) for x in (rows, columns))
    corner = np.full_like(top[:1], 255)
    table = [corner, top] + [x for k in range(len(rows)) for x in (left[k : k + 1], mixed[k])]
    image_files.write_grid(out, np.concatenate(table), len(columns) + 1, scale)


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo project dcgan_fashion_mnist --images fashion_mnist --split test --out found.png\n\n"
    "tfgan-zoo project runs/0001-dcgan_mnist --images ./my_digit.png --steps 500 --out found.png\n\n"
    "The upper row of a pair is what was given, the lower what the model draws."
)
def project(
    model: Model,
    images: Annotated[str, typer.Option(help="TFDS name, folder, .npz file or image file.")],
    out: Picture,
    numbers: Annotated[str | None, typer.Option(help="Which images of a set. (0-7)")] = None,
    split: Annotated[str | None, typer.Option(help="Of a set. (test)")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Where TFDS sets lie.")] = None,
    steps: Annotated[int, typer.Option(help="Updates of each optimisation.")] = 300,
    restarts: Annotated[int, typer.Option(help="Optimisations for each image.")] = 2,
    candidates: Annotated[int, typer.Option(help="Seeds to choose the starts from.")] = 256,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = 0.1,
    pixel_weight: Annotated[float, typer.Option(help="Of the squared difference of pixels.")] = 1.0,
    extractor: Annotated[
        str | None, typer.Option(help="Of the perceptual distance. (what suits the images)")
    ] = None,
    space: SpaceName = None,
    label: Label = None,
    text: Text = None,
    seed: Annotated[int, typer.Option(help="First seed of the candidates.")] = 0,
    scale: Scale = 1,
    save: Save = None,
    trust_model: arguments.Trust = False,
):
    """Find latents whose images are like the given ones."""
    asked = arguments.asked(label, text)
    is_file = pathlib.Path(images).is_file() and not images.endswith(".npz")
    if is_file:
        arguments.unused(f"{images} is one picture, no set.", numbers=numbers, split=split)
    numbers = arguments.numbers(numbers or "0-7")
    image_files.check_picture(out, save)
    gan = console.load_model(model, trust_model)
    from tfgan_zoo import latent

    asked = arguments.named(asked, gan.class_names)
    if is_file:
        real, labels = image_files.picture(images, gan.image_shape), None
    else:
        real, labels = image_files.images_of_set(
            images, numbers, split or "test", gan.image_shape, data_dir
        )
    labels = labels if gan.num_classes is not None and asked is None else asked
    options = {"steps": steps, "restarts": restarts, "candidates": candidates, "seed": seed}
    options |= {"learning_rate": learning_rate, "pixel_weight": pixel_weight}
    options |= {"extractor": extractor, "labels": labels}
    with progress.doing(f"Projecting {len(real)} images"):
        found = latent.project(gan, real, space, **options)
    image_files.save_arrays(save, points=found.points, images=found.images, losses=found.losses)
    columns = min(len(real), 8)
    blank = np.full((-len(real) % columns, *real.shape[1:]), 255, np.uint8)
    pairs = [np.concatenate([x, blank]) for x in (real, found.images)]
    pairs = np.stack([x.reshape(-1, columns, *real.shape[1:]) for x in pairs], axis=1)
    image_files.write_grid(out, pairs.reshape(-1, *real.shape[1:]), columns, scale)
    first, last = found.losses[0].mean(), found.losses.min(axis=0).mean()
    typer.echo(f"Mean loss: {first:.4f} at the start, {last:.4f} in the end")


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo directions dcgan_fashion_mnist --count 4 --seeds 0-2 --out directions.png\n\n"
    "tfgan-zoo directions dcgan_fashion_mnist --classes 0,3 --extractor lenet_fashion_mnist --seeds 0 "
    "--scale 4 --out dress.gif\n\n"
    "Without --classes they come from the first layers' weights alone (SeFa)."
)
def directions(
    model: Model,
    out: Out,
    seeds: Annotated[str, typer.Option(help="Images that are moved.")] = "0-3",
    count: Annotated[int | None, typer.Option(help="Directions from weights. (5)")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Two, START,END: the direction between these.")
    ] = None,
    extractor: Annotated[
        str | None, typer.Option(help="Classifier that knows the classes. (lenet_fashion_mnist)")
    ] = None,
    samples: Annotated[int | None, typer.Option(help="Images to classify. (2,000)")] = None,
    strength: Annotated[float, typer.Option(help="How far to go, in both directions.")] = 3.0,
    frames: Frames = None,
    fps: Fps = 20,
    scale: Scale = 1,
    label: Label = None,
    text: Text = None,
    save: Save = None,
    trust_model: arguments.Trust = False,
):
    """Draw what changes along directions of the latent space, a row for each direction and seed."""
    asked = arguments.asked(label, text)
    if classes:
        arguments.unused("directions from weights have no --classes.", count=count)
    else:
        arguments.unused("only with --classes.", extractor=extractor, samples=samples)
    seeds, frames = arguments.numbers(seeds), image_files.frames_of(out, frames, scale, fps, save)
    ends = classes and arguments.numbers(classes)
    if ends is not None and len(ends) != 2:
        raise ValueError(f"--classes needs two, START,END. Received: {classes!r}.")
    gan = console.load_model(model, trust_model)
    from tfgan_zoo import latent

    asked = arguments.named(asked, gan.class_names)
    if ends:
        samples = samples or _SAMPLES
        with progress.doing(f"Classifying {samples} samples"):
            found = latent.class_direction(gan, extractor or _CLASSIFIER, *ends, samples)
        vectors = found.direction[None]
        typer.echo(
            f"Accuracy on held-out samples: {found.accuracy:.3f} ({found.chance:.3f} by chance)"
        )
    else:
        vectors, strengths = latent.closed_form_directions(
            gan, count or min(_DIRECTIONS, gan.latent_dim)
        )
        typer.echo("Strengths: " + " ".join(f"{value:.4g}" for value in strengths))
    image_files.save_arrays(save, directions=vectors)
    points = latent.Space(gan).from_seeds(seeds)
    steps = np.linspace(-strength, strength, frames)
    images = np.concatenate(
        [latent.edit(gan, points, vector, steps, labels=asked) for vector in vectors]
    )
    if not image_files.is_animation(out):
        image_files.write_grid(out, images.reshape(-1, *images.shape[2:]), frames, scale)
    else:
        from tfgan_zoo.visualization import image_grid

        there = [image_grid(frame, len(seeds)) for frame in images.swapaxes(0, 1)]
        image_files.write_frames(out, np.stack(there + there[-2:0:-1]), scale, fps)
