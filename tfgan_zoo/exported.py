"""The folder of an exported model: where it is, and what it says of itself."""

import pathlib

from tfgan_zoo import trust
from tfgan_zoo.files import checked_json, newest, read_json

EXTRA = "assets.extra"  # the place in a SavedModel that TensorFlow documents for other files
RECORD = "preset.json"  # in it


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
