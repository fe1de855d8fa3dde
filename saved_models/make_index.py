"""Writes index.json, all trained models as one list for programs; docs/models.md is made from it.

    python saved_models/make_index.py           # writes the file
    python saved_models/make_index.py --check   # exits with 1 where it is stale

What it says comes from each model's folder (the card, metadata.json, scores.json, the exported options),
from uses.json, what a model is for, and from speed.json. What was not recorded is null.
"""

import inspect
import json
import pathlib
import re
import sys

from image_sets import data_name, licences

from tfgan_zoo import evaluation, presets

HERE = pathlib.Path(__file__).parent
FILE = HERE / "index.json"
NO_USE = {"use": "teaches", "says": "Not yet told."}  # of a model that uses.json does not have
DRAWING = (
    "noise to image",
    "labels to image",
    "text to image",
)  # tasks without a picture to begin with
TASKS = {  # the first that is a class of the model
    "TextGAN": "text to image",
    "Colorizer": "colorization",
    "Inpainter": "inpainting",
    "StyleTransfer": "style transfer",
    "AdaIN": "style transfer",
    "SuperResolution": "super-resolution",
    "ImageToImage": "image to image",
}


def index():
    """All entries, by name."""
    return [entry(HERE / name) for name in presets.list_presets() if presets.exported(HERE / name)]


def entry(folder):
    """What is known of the model in a folder, `{key: JSON value}`."""
    version, preset = presets.exported(folder), presets.get_preset(folder.name)
    config = presets.exported_record(version)["model"]["config"]
    known, card = metadata(folder), (folder / "README.md").read_text()
    data = data_name(preset.dataset)
    if used := re.search(r"--data \./(\w+)", cell(card, "Command")):
        data = used[1]
    of_data, of_weights = licences(data)
    use = read(HERE / "uses.json").get(folder.name, NO_USE)
    return {
        "name": folder.name,
        "class": preset.model_class.__name__,
        "paper": paper(preset.model_class),
        "summary": inspect.getdoc(preset.model_class).splitlines()[0],
        "task": task(preset.model_class, config),
        "draws": task(preset.model_class, config) in DRAWING,
        "data": data,
        "data_licence": of_data,
        "weights_licence": of_weights,
        "image_shape": config["image_shape"],
        "classes": config.get("num_classes"),
        "parameters": known["parameters"],
        "megabytes": round(size(version) / 1e6, 1),
        "images_seen": known["images_seen"],
        "steps": known["steps"],
        "hours": known["hours"],
        "cores": known["cores"],
        "processor": known["processor"],
        "watts": known["watts"],
        "images_per_second": read(HERE / "speed.json")
        .get(folder.name, {})
        .get("images_per_second"),
        "scores": scores(folder),
        "use": use["use"],
        "says": use["says"],
        "card": f"saved_models/{folder.name}/README.md",
        "samples": f"saved_models/{folder.name}/samples.png",
        "command": cell(card, "Command").strip("`"),
        "version": int(version.name),
    }


def metadata(folder):
    """What publish.py recorded of the training."""
    return json.loads((folder / "metadata.json").read_text())


def read(file):
    return json.loads(file.read_text()) if file.exists() else {}


def cell(card, name):
    """A cell of the card's table."""
    return re.search(rf"^\| {name} \| (.*) \|$", card, re.M)[1].replace(r"\|", "|")


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def paper(model_class):
    """The reference in the docstring of the model's file."""
    doc = sys.modules[model_class.__module__].__doc__
    return " ".join(re.split(r"References?:", doc, maxsplit=1)[1].split())


def task(model_class, config):
    names = {parent.__name__ for parent in model_class.__mro__}
    own = next((found for name, found in TASKS.items() if name in names), None)
    return own or ("labels to image" if config.get("num_classes") else "noise to image")


def scores(folder):
    file = folder / "scores.json"
    found = evaluation.read(file) if file.exists() else []
    return {result.metric: result.numbers() for result in found}


def text():
    return json.dumps(index(), indent=1, ensure_ascii=False) + "\n"


def write():
    FILE.write_text(text())


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif FILE.read_text() != text():
        sys.exit(f"{FILE} is stale: run python saved_models/make_index.py")
