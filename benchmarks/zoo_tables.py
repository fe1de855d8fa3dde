"""The tables of trained models in docs/models.md, from saved_models/index.json and what is beside it."""

import collections
import json
import re
from pathlib import Path

from tables import read_csv, table

from tfgan_zoo import evaluation

MODELS = Path(__file__).parents[1] / "saved_models"
TRAINED = """## Trained models

Small models, each trained for minutes: on one or two CPU cores, or on a GPU, by JAX
(`saved_models/train_on_jax.py`). The cards say with which command, what each is for and what is weak;
where a preset has changed since, its old values stand in the card's command, and the trained model
keeps them. [saved_models/index.json](../saved_models/index.json) is the same list for programs, with all
scores and their intervals; `python saved_models/make_index.py` writes it. Licence of weights:
Apache-2.0, but for research where the terms of the data say so. Parameters are the generator's. What
was not recorded is a dash.
"""
TAKE = """### Which one to take

What is not in this list teaches something, or is history, as its card says.
"""
DATA = """### {data}

Sorted by {metric}: the Fréchet distance of 10,000 images in the features of {features}, and beside it
the share of real images that are like generated ones (recall). Smaller distances are better, and
compare only within this table{floor}. Images a second are those of `generate` on one core of
{processor}, 64 at a time. Licence of the data: {licence}.
"""
FLOOR = "; its first row is of test images, which no model made"
TRANSLATED = """### Images from images

Each score beside the same measure of the images themselves, in brackets; sets and sizes are on the
cards, and scores compare only within the same data. Images a second are those of `translate`, of the
shape that is stated.
"""
PAPERS = """### The papers' own scores

At the papers' scale, by the papers' networks and protocols: FID and Inception scores are in the features
of another network than the tables above, and do not compare with them. A dash: the paper has no such
score, or none that could be looked up.
"""
HEAD = (
    "",
    "model",
    "use",
    "labels",
    "distance",
    "recall",
    "images seen",
    "parameters",
)
HEAD += ("MB", "images/s", "hours", "trained on", "weights")
HEAD_TRANSLATED = ("", "model", "task, data", "use", "scores", "images seen")
HEAD_TRANSLATED += (
    "parameters",
    "shape",
    "MB",
    "images/s",
    "hours",
    "trained on",
    "weights",
)
OF_TRANSLATIONS = {
    "PSNR": "psnr",
    "SSIM": "ssim",
    "PSNR of Y": "psnr_y_border",
    "Fréchet distance": "fd",
    "Fréchet distance back": "backward_fd",
}
FEATURES = {"effnet": "EfficientNet-Lite0", "resnet_cifar10": "a small classifier of CIFAR-10"}


def trained():
    """The whole section."""
    models = json.loads((MODELS / "index.json").read_text())
    drawing, others = collections.defaultdict(list), []
    for model in models:
        (drawing[model["data"]] if model["draws"] else others).append(model)
    ordered = sorted(drawing.items(), key=lambda item: (-len(item[1]), item[0]))
    parts = [TRAINED, take(models), *(of_data(*item) for item in ordered)]
    return "\n".join([*parts, translators(others), papers(models)])


def take(models):
    lines = [
        f"- {model['task']}: {link(model)}. {model['says']}"
        for model in sorted(models, key=lambda model: GROUPS.index(model["task"]))
        if model["use"] == "recommended"
    ]
    return "\n".join([TAKE, *lines, ""])


GROUPS = ("noise to image", "labels to image", "text to image", "image to image")
GROUPS += ("super-resolution", "style transfer", "colorization", "inpainting")


def of_data(data, models):
    """Those that draw images like those of a set, the nearest first, below real images."""
    metric = next(name for name in models[0]["scores"] if name.startswith("fd10k"))
    models = sorted(models, key=lambda model: model["scores"].get(metric, {}).get("value", 1e9))
    recall = metric.replace("fd", "recall")
    real = floor(data, metric, recall)
    text = DATA.format(
        data=f"`{data}`",
        metric=f"`{metric}`",
        features=FEATURES.get(metric.partition("_")[2], "the data's small classifier"),
        floor=FLOOR * bool(real),
        processor=processors(models),
        licence=models[0]["data_licence"],
    )
    return f"{text}\n{table(HEAD, [*real, *(row(model, metric, recall) for model in models)])}\n"


def floor(data, metric, recall):
    """The row of test images against training images, where it was measured."""
    path = MODELS / f"floor_{data}.json"
    found = {r.metric: r.value for r in evaluation.read(path)} if path.exists() else {}
    if metric not in found:
        return []
    numbers = f"{found[metric]:.3g}", f"{found[recall]:.2f}"
    return [("", "test images", "the floor", "", *numbers, *[""] * (len(HEAD) - 6))]


def row(model, metric, recall):
    return (
        picture(model),
        link(model),
        model["use"],
        model["classes"] or ("captions" if model["task"] == "text to image" else "–"),
        *(score(model, name) for name in (metric, recall)),
        *sizes(model),
        *trained_on(model),
    )


def sizes(model, shape=()):
    speed = model["images_per_second"]
    return (
        f"{model['images_seen']:,}",
        f"{model['parameters']['generator']:,}",
        *shape,
        model["megabytes"],
        "–" if speed is None else f"{speed:,.3g}" if speed < 1000 else f"{speed:,.0f}",
    )


def trained_on(model):
    cores = model["cores"] and f"{model['cores']} core{'s' * (model['cores'] > 1)}"
    machine = ", ".join(filter(None, (cores, model["processor"]))) or "–"
    hours = "–" if model["hours"] is None else f"{model['hours']:g}"
    return hours, machine, model["weights_licence"]


def picture(model):
    return f'<img width="96" src="../{model["samples"]}" alt="">'


def link(model):
    return f"[{model['name']}](../{model['card']})"


def score(model, name):
    found = model["scores"].get(name)
    return "–" if found is None else f"{found['value']:.4g}"


def processors(models):
    """Those that the speeds were measured on."""
    speeds = json.loads((MODELS / "speed.json").read_text())
    names = {speeds[model["name"]]["processor"] for model in models if model["name"] in speeds}
    return ", ".join(sorted(names)) or "a processor, not measured yet"


# === Images from images ===


def translators(models):
    rows = [
        (
            picture(model),
            link(model),
            f"{model['task']}, `{model['data']}`",
            model["use"],
            translated(model),
            *sizes(model, ["x".join(map(str, model["image_shape"]))]),
            *trained_on(model),
        )
        for model in sorted(models, key=lambda model: (GROUPS.index(model["task"]), model["data"]))
    ]
    return f"{TRANSLATED}\n{table(HEAD_TRANSLATED, rows)}\n"


def translated(model):
    """The usual scores, each with that of the images themselves."""
    path = MODELS / model["name"] / "scores.json"
    results = evaluation.read(path) if path.exists() else []
    found = (_beside_identity(results, *item) for item in OF_TRANSLATIONS.items())
    return "; ".join(filter(None, found)) or "none"


def _beside_identity(results, title, prefix):
    """The first score whose name is that, or begins so before a number; in brackets the images' own."""
    for result in results:
        if re.fullmatch(rf"{prefix}(\d.*)?", result.metric):
            identity = result.details.get("identity")
            own = "" if identity is None else f" ({float(identity):.4g})"
            return f"{title} {result.value:.4g}{own}"
    return None


# === Papers ===


def papers(models):
    """What the papers of the trained models state, beside ours."""
    known = collections.defaultdict(list)
    for found in read_csv("published_scores"):
        known[found["class"]].append(found)
    rows = []
    for model_class in sorted({model["class"] for model in models}):
        ours = ", ".join(link(model) for model in models if model["class"] == model_class)
        empty = dict.fromkeys(("metric", "value", "data", "where"), "–")
        for found in known.get(model_class, [empty]):
            cells = (found[key] for key in ("metric", "value", "data", "where"))
            rows.append((f"`{model_class}`", *cells, ours))
    head = ("class", "metric", "value", "data", "where", "trained here")
    return f"{PAPERS}\n{table(head, rows)}\n"
