"""The command that counts what is drawn: bias."""

import json
import pathlib
from typing import Annotated

import numpy as np
import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console, opening
from tfgan_zoo.cli.app import command
from tfgan_zoo.cli.evaluation import Data, DataDir, Model, Seed, Size, What

_BATCH = 256


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo bias dcgan_fashion_mnist --data fashion_mnist_10k --classifier lenet_fashion_mnist\n\n"
    "tfgan-zoo bias runs/0001-dcgan_mnist --classifier smiles.keras --target 0.5,0.5 --json"
)
def bias(
    what: What,
    classifier: Annotated[
        str,
        typer.Option(
            help="Of the attribute: an extractor with classes, or a .keras model from images in [-1, 1] "
            "to a number for each class, of which the largest counts."
        ),
    ],
    wanted: Annotated[
        str | None, typer.Option("--target", help="Shares that are wanted, with commas between.")
    ] = None,
    count: Annotated[int, typer.Option(help="Images of each side, or all there are.")] = 2000,
    data: Data = None,
    data_dir: DataDir = None,
    model: Model = None,
    seed: Seed = 0,
    image_size: Size = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    trust_model: arguments.Trust = False,
):
    """Count how often each class is drawn, against the data and a target, and how well."""
    console.import_zoo()
    from tfgan_zoo import evaluation

    if count < 100:
        raise ValueError(f"--count must be 100 or more, for shares to be told. Received: {count}.")
    look = _classifier(classifier)
    shares = wanted and _shares(wanted, look.num_classes)
    with opening.open_images(what, data, data_dir, model, seed, image_size, trust_model) as (
        images,
        reference,
    ):
        if reference is None:
            raise ValueError(f"What {what} was trained on is not known: give --data.")
        sides = [_seen(side, look, count) for side in (images, reference("train"))]
    found = evaluation.bias(*(labels for _, labels in sides), look.num_classes, shares)
    groups = evaluation.group_quality(*sides[0], *sides[1], look.num_classes)
    typer.echo(_record(found, groups) if as_json else _table(found, groups))


def _classifier(name):
    """The `Extractor` of a name or of a .keras file."""
    from tfgan_zoo.metrics import extractors

    is_file = name.endswith(".keras")
    found = _of_file(pathlib.Path(name)) if is_file else extractors.get(name)
    if getattr(found, "num_classes", None) is None:
        raise ValueError(f"{name} has no classes: it cannot tell what is drawn.")
    return found


def _of_file(path):
    """A user's classifier as an extractor; its outputs are features where it has no others."""
    import keras

    from tfgan_zoo.metrics import extractors
    from tfgan_zoo.trust import load_network

    model = load_network(path)
    outputs, shape = model.outputs, model.input_shape[1:]
    if len(shape) != 3 or None in shape or outputs[-1].shape[-1] < 2 or len(outputs) > 2:
        raise ValueError(
            f"{path} must be a model from images [B, height, width, channels] of one size to two or "
            f"more numbers [B, K], or to features and them. Received: inputs {model.input_shape}, "
            f"outputs {model.output_shape}."
        )
    name = str(path)
    if name not in extractors.names():
        both = keras.Model(model.inputs, [outputs[0], outputs[-1]])
        extractors.register(name, both, shape)
    return extractors.get(name)


def _shares(text, classes):
    from tfgan_zoo import numbers

    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--target needs numbers with commas between. Received: {text!r}."
        ) from None
    return numbers.shares("--target", found, classes, is_whole=True).tolist()


def _seen(images, look, count):
    """Features and labels of the first images of a set."""
    from tfgan_zoo.latent.resampling import labels_from

    rows = images.first(count)
    found = []
    with progress.doing(f"Looking at {len(rows)} images of {images.name}"):
        for part in np.array_split(rows, -(-len(rows) // _BATCH)):
            features, probabilities = look(images.read(part)[0])
            labels = labels_from((features, probabilities), look.num_classes)
            found.append((features, labels))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _record(found, groups):
    rows = [
        {**share._asdict(), "differs": share.differs, "misses": share.misses, **_numbers(group)}
        for share, group in zip(found.classes, groups, strict=True)
    ]
    totals = {"total_variation": found.total_variation, "from_target": found.from_target}
    return json.dumps({"classes": rows, **totals}, indent=2)


def _numbers(group):
    values = {name: getattr(group, name) for name in ("distance", "precision", "recall")}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def _table(found, groups):
    row = "{:>5}  {:>6} [{:>5}, {:>5}]  {:>6}  {:>6}  {:>8}  {:>6}".format
    lines = [row("class", "drawn", "low", "high", "data", "target", "distance", "recall")]
    percent = "{:.1%}".format
    for share, group in zip(found.classes, groups, strict=True):
        wanted = "" if share.target is None else percent(share.target)
        drawn = [percent(x) for x in (share.generated, *share.generated_interval, share.real)]
        marks = " differs" * share.differs + " misses the target" * share.misses
        quality = [f"{group.distance:.4g}", f"{group.recall:.3f}"]
        lines.append(row(share.label, *drawn, wanted, *quality) + marks)
    return "\n".join([*lines, str(found)])
