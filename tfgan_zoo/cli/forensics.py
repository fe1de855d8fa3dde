"""The commands that tell generated images from real ones: detect, train-detector."""

import json as json_format
import pathlib
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, opening
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.places import check_writable
from tfgan_zoo.files import atomic_write

FOUND = 3  # the exit status of --check


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo detect picture.png --detector fashion_mnist\n\n"
    "tfgan-zoo detect ./pictures --detector mine.keras --prior 0.01 --json\n\n"
    "tfgan-zoo detect './uploads/*.png' --detector mine.keras --check || echo look at them"
)
def detect(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURES...", help="Files, folders or patterns.")
    ],
    detector: Annotated[
        str,
        typer.Option(help="One that is shipped (fashion_mnist), a .keras file or an export."),
    ],
    prior: Annotated[
        float, typer.Option(help="Share of generated pictures among those you ask about.")
    ] = 0.5,
    resize: Annotated[
        bool,
        typer.Option(
            "--resize",
            help="Bring pictures of other sizes and colours to the detector's. (refused)",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 3 where a picture is called generated.")
    ] = False,
    trust_model: arguments.Trust = False,
):
    """Tell how probably pictures are generated, and by which model; a hint, never a proof."""
    console.import_zoo()
    from tfgan_zoo import forensics

    files = _files(pictures)
    with progress.doing(f"Loading {detector}"):
        opened = forensics.load(detector, trust_model)
    rows = _detected(opened, files, prior, resize)
    limits = _limits(opened, prior, resize)
    if json:
        typer.echo(json_format.dumps(_report(opened, detector, prior, rows, limits), indent=2))
    else:
        for row in rows:
            typer.echo(_line(row))
        console.say("\n".join(limits))
    problems = [row for row in rows if "error" in row]
    if problems:
        raise ValueError(f"{len(problems)} of {len(rows)} pictures are left out.")
    if check and any(row["is_generated"] for row in rows):
        raise typer.Exit(FOUND)


def _files(pictures):
    """The paths of all pictures, in their order.

    Raises:
        FileNotFoundError: No such picture.
    """
    from tfgan_zoo.tasks.pictures import files_of

    found = []
    for name in pictures:
        path = pathlib.Path(name)
        here = [path] if path.is_file() else []
        if path.is_dir():
            here = files_of(path)
        elif not path.exists():
            here = sorted(each for each in path.parent.glob(path.name) if each.is_file())
        if not here:
            raise FileNotFoundError(f"There is no picture {name}.")
        found += here
    return found


def _detected(detector, files, prior, resize):
    """A dictionary for each file: what the detector says, or `error`."""
    import numpy as np

    rows, images = [], []
    for path in files:
        try:
            images.append(_pixels(path, detector.image_shape, resize))
            rows.append({"file": str(path)})
        except ValueError as error:
            rows.append({"file": str(path), "error": str(error)})
    if images:
        found = detector.detect(np.stack(images), prior)
        places = iter(range(len(images)))
        for row in rows:
            if "error" not in row:
                row |= _answer(detector, found, next(places))
    return rows


def _answer(detector, found, place):
    row = {
        "probability": float(found.probability[place]),
        "logit": float(found.logits[place]),
        "is_generated": bool(found.is_generated[place]),
    }
    if found.sources is not None:
        each = dict(
            zip(detector.sources, map(float, found.source_probabilities[place]), strict=True)
        )
        row |= {"source": str(found.sources[place]), "source_probabilities": each}
    return row


def _pixels(path, image_shape, resize):
    """uint8 pixels of a file as the detector knows them.

    Raises:
        ValueError: It cannot be read, has several frames, or another size or colours, unless `resize`.
    """
    from tfgan_zoo.datasets.decoding import Reading, read

    height, width, channels = image_shape
    if resize:
        return read(path, Reading((height, width), channels, is_still=True)).pixels
    pixels = read(path, Reading(None, 3, is_still=True)).pixels
    if pixels.shape[:2] != (height, width):
        raise ValueError(
            f"It has {pixels.shape[0]} x {pixels.shape[1]} pixels; the detector knows {height} x "
            f"{width}. --resize brings it there, and takes away much of what tells."
        )
    if channels == 1 and (pixels != pixels[..., :1]).any():
        raise ValueError(
            "It has colours, and the detector knows grey pictures. --resize makes it grey."
        )
    return pixels[..., :channels]


def _limits(detector, prior, resize):
    """What the answers do not say, as sentences."""
    known = detector.trained_on or "images that its file does not name"
    found = [
        f"Trained on {known}. Pictures of other kinds and generators that it has not seen are told "
        "worse, or not at all; so are pictures that were recompressed, blurred or resized.",
        f"The probability is for {prior:.3g} of all pictures being generated (--prior), and no proof. "
        "Nothing found does not mean real.",
    ]
    if resize:
        found.append("Pictures were resized or made grey where they did not fit: trust this less.")
    return found


def _report(detector, name, prior, rows, limits):
    return {
        "detector": name,
        "trained_on": detector.trained_on,
        "prior": prior,
        "threshold": float(detector.state["threshold"].numpy()),
        "pictures": rows,
        "limits": limits,
    }


def _line(row):
    if "error" in row:
        return f"{row['file']}: not answered. {row['error']}"
    verdict = "generated" if row["is_generated"] else "nothing found"
    text = f"{row['file']}: {verdict}, probability {row['probability']:.3f}"
    if row["is_generated"] and "source" in row:
        share = row["source_probabilities"].get(row["source"])
        text += f", by {row['source']}" + ("" if share is None else f" ({share:.2f})")
    return text


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo train-detector mine.keras --data fashion_mnist --generated dcgan_fashion_mnist "
    "--generated runs/0001-wgan_gp_fashion_mnist\n\n"
    "tfgan-zoo train-detector mine.keras --data ./photos --generated ./fakes --generated ./other_fakes"
)
def train_detector(
    out: Annotated[pathlib.Path, typer.Argument(help="The .keras file to write.")],
    data: Annotated[str, typer.Option(help="Real images: TFDS name, folder or .npz file.")],
    generated: Annotated[
        list[str],
        typer.Option(
            help="What tfgan-zoo evaluate takes: runs, presets, exports, folders; repeat."
        ),
    ],
    count: Annotated[int, typer.Option(help="Images of each generator at most.")] = 2000,
    epochs: Annotated[int, typer.Option(help="Passes over all images.")] = 3,
    features: Annotated[
        str, typer.Option(help="convolutions, or spectrum for the baseline.")
    ] = "convolutions",
    max_sigma: Annotated[
        float, typer.Option(help="Largest blur in training, in pixels; small for small images.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Of order, draws and first weights.")] = 0,
    data_dir: Annotated[str | None, typer.Option(help="Where TFDS sets lie.")] = None,
    trust_model: arguments.Trust = False,
):
    """Train a detector on real images and on what generators draw; it is calibrated on a fifth."""
    if out.suffix != ".keras":
        raise ValueError(f"A detector is written as a .keras file. Received: {out}.")
    check_writable(out)
    console.import_zoo()
    from tfgan_zoo import evaluation, forensics

    kinds = {}
    for what in generated:
        with opening.open_images(what, data, data_dir, trust_model=trust_model) as (images, _):
            if images.name in kinds:
                raise ValueError(f"Two generators are called {images.name}. Give each once.")
            with progress.doing(f"Reading {images.name}"):
                kinds[images.name] = images.read(images.first(count))[0]
    shape = next(iter(kinds.values())).shape[1:]
    real = evaluation.from_data(data, "train", shape, data_dir)
    with progress.doing(f"Reading {data}"):
        shown = real.read(real.first(count * len(kinds)))[0]
    about = f"{data}, {shape[0]}x{shape[1]}, and {', '.join(kinds)}"
    augment = forensics.BlurJPEG(max_sigma=max_sigma)
    with progress.doing("Training"):
        made = forensics.train(
            shown, kinds, augment, features, epochs=epochs, trained_on=about, seed=seed
        )
    with atomic_write(out) as temporary:
        made.save(temporary)
    typer.echo(f"Wrote {out}: {about}")
