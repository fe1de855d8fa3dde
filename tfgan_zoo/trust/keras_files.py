"""What Keras saved: a `.keras` file and a record of a model name classes, which loading would make."""

import json
import zipfile

import keras

from tfgan_zoo.files import checked_json, local
from tfgan_zoo.trust.errors import UntrustedModelError
from tfgan_zoo.trust.sizes import bounded

_MAX_CONFIG = 64 << 20  # bytes
_BASES = {("tfgan_zoo.tasks.model", "ZooModel"), ("tfgan_zoo.forensics.detector", "Detector")}


def load_keras(path):
    """The model in a `.keras` file, if it is one of the zoo's or of a user's own registered class.

    Raises:
        FileNotFoundError: No such file.
        UntrustedModelError: It names classes or code from elsewhere.
        ValueError: A damaged file, or one of something else.
    """
    path, config = _config(path)
    check_class(path, config)
    return _loaded(path)


def load_network(path):
    """The network in a `.keras` file, of Keras's own layers and registered ones: a user's classifier.

    Raises:
        FileNotFoundError: No such file.
        UntrustedModelError: It names classes or code from elsewhere.
        ValueError: A damaged file.
    """
    path, config = _config(path)
    _check_inner(path, config)
    return _loaded(path)


def _config(path):
    """The path, and what the file says of the model's class."""
    path = local(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _MAX_CONFIG:
                raise KeyError("a config.json of that size")
            text = archive.read("config.json")
    except (zipfile.BadZipFile, KeyError, EOFError, zipfile.zlib.error):
        raise ValueError(
            f"{path} is no model of Keras, or a damaged one: expected a .keras file, as gan.save writes."
        ) from None
    try:
        return path, json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is damaged: its config.json is no JSON.") from None


def _loaded(path):
    with bounded(path.stat().st_size // 4):
        return keras.saving.load_model(path, safe_mode=True)


def check_class(path, record):
    """Refuses what Keras saved of an object, unless it is a registered model made of plain values.

    Raises:
        UntrustedModelError, ValueError: The message names the file and the class.
    """
    checked_json(path, record, keys={"class_name": str, "config": dict}, advice="Export it again.")
    name = record.get("registered_name") or record["class_name"]
    found = keras.saving.get_registered_object(name) if isinstance(name, str) else None
    mro = getattr(found, "__mro__", ())
    if not any((c.__module__, c.__name__) in _BASES for c in mro):
        raise UntrustedModelError(
            f"{path} is of the class {name!r}, which is no model that is registered here. A class of "
            "your own is registered by @keras.saving.register_keras_serializable, in a module that "
            "was imported."
        )
    inner = {key: value for key, value in record.items() if key not in ("class_name", "module")}
    _check_inner(path, {**inner, "registered_name": None})


def _check_inner(path, value):
    if isinstance(value, list):
        for item in value:
            _check_inner(path, item)
    elif isinstance(value, dict):
        name = value.get("registered_name") or value.get("class_name")
        if name is not None and not _is_plain(value, name):
            raise UntrustedModelError(
                f"{path} has an object of the class {name!r} of {value.get('module')!r}, which is "
                "neither of Keras nor registered: it is not made."
            )
        for item in value.values():
            _check_inner(path, item)


def _is_plain(value, name):
    if not isinstance(name, str) or "lambda" in str(value.get("class_name")).lower():
        return False
    module = str(value.get("module") or "keras")
    of_keras = module == "builtins" or module.partition(".")[0] == "keras"
    return of_keras or keras.saving.get_registered_object(name) is not None
