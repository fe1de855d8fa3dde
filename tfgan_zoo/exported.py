"""The folder of an exported model: where it is, and what it says of itself."""

import json
import pathlib

from tfgan_zoo import trust
from tfgan_zoo.files import checked_json, newest, read_json

EXTRA = "assets.extra"  # the place in a SavedModel that TensorFlow documents for other files
RECORD = "preset.json"  # in it
PRIVACY = "privacy.json"  # beside it: what a private model has spent
_INDEX = (
    "index.json"  # in the folder of the zoo's models: all of them, also those that are not there
)


def exported(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder itself, or the newest version in it, if it holds an exported model; else None."""
    return newest(folder, f"{EXTRA}/{RECORD}")


def exported_record(folder: pathlib.Path) -> dict:
    """What an exported version says of itself: `{"name": …, "model": {"config": …, …}}`.

    Raises:
        ValueError: It is damaged; the message names the file.
    """
    file, advice = folder / EXTRA / RECORD, "Export the model again, or copy the folder anew."
    record = read_json(file, keys={"name": str, "model": dict}, advice=advice)
    checked_json(file, record["model"], keys={"config": dict}, advice=advice)
    return record


def check_graph(folder, trust_model):
    """Says at once what loading the folder anywhere else would."""
    if (folder / "saved_model.pb").is_file():
        trust.check(folder, trust_model)


def bounded(folder, trust_model):
    """Models made within are no larger than the folder's files account for; see `trust.bounded`."""
    sizes = [path.stat().st_size for path in (folder / "variables").glob("*.data-*")]
    advice = ". If you trust it, allow it by trust_model=True"
    return trust.bounded(None if trust_model else sum(sizes) // 4, advice)


def without_weights(name, roots):
    """A sentence on a preset of which no weights are in the roots: trained ones may be elsewhere."""
    new = f"Give load_weights=False for a new model, or train one: tfgan-zoo train {name}"
    paths = [root / _INDEX for root in roots if (root / _INDEX).is_file()]
    known = json.loads(paths[0].read_text(encoding="utf-8")) if paths else []
    size = next((model["megabytes"] for model in known if model["name"] == name), None)
    if size is None:
        return f"Preset {name!r} has no trained weights yet. {new}"
    return (
        f"The weights of preset {name!r} ({size} MB) are not in the installed package, which has a few "
        f"small models. They are in the folder saved_models/{name} of the project's repository: give "
        "from_preset its path, or the address of a copy (https://…, hf://…; docs/weights.md), or let "
        f"the environment variable TFGAN_ZOO_SAVED_MODELS name the folder saved_models. {new}"
    )
