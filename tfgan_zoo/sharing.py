"""Models for others: `save_to_preset`, `upload_preset`, and a card as the Hugging Face Hub reads it."""

import json
import os
import pathlib
import shutil
import tempfile

import keras
import tensorflow as tf

from tfgan_zoo import archives, bundles, files, hub, kaggle
from tfgan_zoo.export import bare_copy, check_finite
from tfgan_zoo.exported import EXTRA, RECORD, exported, exported_record
from tfgan_zoo.weights import artifact

CARD = "README.md"
_PREFIX = "variables/variables"
_LICENCES = {  # of `origin`, by the Hub's identifiers
    "MIT": "mit",
    "BSD 3-clause": "bsd-3-clause",
    "Apache-2.0": "apache-2.0",
}


def save_to_preset(model: keras.Model, path: str | os.PathLike) -> pathlib.Path:
    """Writes a model to a folder that `from_preset` loads: its options, its state and all its weights.

    Beside what `export` keeps it has the networks that are trained, not their moving averages alone, and
    it has no graph: servers do not take it, and nothing in it can be run. The optimizers' state is not
    kept. Its `README.md` is a card with the metadata that the Hugging Face Hub reads.

    Args:
        model: A model of the zoo.
        path: The folder, which must not exist. It is there whole or not at all.

    Returns:
        The folder.

    Raises:
        FileExistsError: It exists.
        OSError: The disk is full, ….
        ValueError: A variable holds NaN or infinity, or the model's name is none for a file.
    """
    path, name = files.local(path), files.checked_name(model.name)
    check_finite(model)
    copy = bare_copy(model, name)
    record = {"name": name, "model": keras.saving.serialize_keras_object(copy)}
    with files.atomic_write(path) as folder:
        (folder / EXTRA).mkdir(parents=True)
        (folder / EXTRA / RECORD).write_text(json.dumps(record, indent=2) + "\n")
        kept = artifact.exported(copy, [variable.value for variable in copy.variables])
        tf.train.Checkpoint(**{artifact.COLLECTION: kept}).write(str(folder / _PREFIX))
        (folder / CARD).write_text(card(record), encoding="utf-8")
    return path


def upload_preset(uri: str, folder: str | os.PathLike, private: bool = False) -> str:
    """Uploads a folder of `save_to_preset` or `export` to the Hugging Face Hub or to Kaggle.

    What goes there is what an exported model has, and nothing else. A `README.md` without the Hub's
    metadata gets it on the way, and one is written where there is none.

    Args:
        uri: `hf://owner/name`, also with `/folder` and `@branch`, or
            `kaggle://owner/model/framework/variation`. A repository that is not there is made.
        folder: The folder of a model, with all of its versions, or of one version.
        private: Whether a new repository of the Hub is private; else it is as its owner's are by
            default. A new model of Kaggle always is private, until it is published there.

    Returns:
        An address for `from_preset`; of the Hub it names the commit.

    Raises:
        ValueError: Another form of address; a folder without a whole exported model, or with files that
            no exported model has.
        ImportError: Without the extra `hub`.
        OSError: The server cannot be reached, or refuses.
    """
    contents = _contents(files.local(folder))
    if uri.startswith(hub.SCHEME):
        return hub.upload(contents, uri, private)
    if uri.startswith(kaggle.SCHEME):
        with tempfile.TemporaryDirectory(prefix="tfgan_zoo_") as temporary:
            _write(contents, pathlib.Path(temporary))
            kaggle.upload(pathlib.Path(temporary), uri)
        return uri
    raise ValueError(f"A model is uploaded to hf://… or kaggle://…. Received: {uri}.")


def card(record: dict, text: str | None = None) -> str:
    """A card as the Hub reads it: metadata in YAML, and a text in Markdown.

    Args:
        record: What an exported model says of itself: `{"name": …, "model": …}`.
        text: The text, or None for a short one of what the record says.
    """
    lines = [f"{key}: {json.dumps(value)}" for key, value in _metadata(record).items()]
    return "\n".join(["---", *lines, "---", "", _text(record) if text is None else text])


def _contents(folder):
    """`{path: file or bytes}` of what is uploaded."""
    version = exported(folder)
    if version is None:
        raise ValueError(f"{folder} holds no exported model, as save_to_preset and export write.")
    record = exported_record(version)
    bundles.check(version / _PREFIX)
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = {path.relative_to(folder).as_posix(): path for path in found}
    contents = {name: path for name, path in contents.items() if not name.startswith(".")}
    if others := [name for name in contents if not archives.is_known(name)]:
        raise ValueError(
            f"{folder} has files that no exported model has: {', '.join(others[:5])}. Nothing was "
            "uploaded: put them elsewhere."
        )
    text = (folder / CARD).read_text(encoding="utf-8") if CARD in contents else None
    if text is None or not text.startswith("---\n"):
        contents[CARD] = card(record, text).encode()
    return contents


def _write(contents, folder):
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            shutil.copyfile(content, folder / name)


def _metadata(record):
    model_class, origin = _class(record), record["model"]["config"].get("origin")
    found = {
        "library_name": "tfgan_zoo",
        "pipeline_tag": _task(model_class),
        "tags": ["keras", "tensorflow", "gan", record["model"]["class_name"].lower()],
    }
    if origin:
        licence = _LICENCES.get(origin["licence"], "other")
        other = {"license_name": f"licence-of-{origin['family']}", "license_link": origin["code"]}
        found |= {"license": licence, **(other if licence == "other" else {})}
    return found


def _task(model_class):
    if hasattr(model_class, "translate"):
        return "image-to-image"
    takes_texts = "default_texts" in getattr(model_class, "defaults", {})
    return "text-to-image" if takes_texts else "unconditional-image-generation"


def _class(record):
    return keras.saving.get_registered_object(record["model"].get("registered_name"))


def _text(record):
    config, origin = record["model"]["config"], record["model"]["config"].get("origin")
    sides = "x".join(map(str, config.get("image_shape") or ()))
    lines = [
        f"# {record['name']}",
        "",
        f"A `{record['model']['class_name']}` of tfgan_zoo, a Keras and TensorFlow model zoo of GANs"
        f"{f', for images of {sides}' if sides else ''}.",
        "",
        "```python",
        "import tfgan_zoo",
        "",
        "model = tfgan_zoo.from_preset(address)  # hf://owner/name, or a folder with these files",
        "```",
    ]
    if origin:
        lines += ["", "## Origin of the weights", ""]
        lines += [f"Read from a checkpoint of {origin['code']}. Licence: {origin['licence']}.", ""]
        lines += [f"- `{name}`, SHA-256 `{digest}`" for name, digest in origin["files"].items()]
    return "\n".join(lines) + "\n"
