"""The weights of an exported model: a dictionary of names in the checkpoint of its SavedModel."""

import re

from tfgan_zoo import bundles
from tfgan_zoo.files import read_json
from tfgan_zoo.weights import named, positional

COLLECTION = "weights"  # the attribute of the SavedModel's root that holds them
RECORD = "assets.extra/weights.json"
_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def exported(model, used):
    """`{name: tf.Variable}` of what an artifact keeps of a model.

    Networks that have a moving average are left out, where no signature needs them: who goes on from the
    artifact starts them at their average.

    Args:
        model: A `GAN`.
        used: `tf.Variable`s that the signatures use.
    """
    used = {id(variable) for variable in used}
    left_out = {
        name
        for name in named.averaged(model)
        if not any(id(v.value) in used for v in model.networks()[name].variables)
    }
    every, own = named.variables(model).items(), named.unexported(model)
    kept = {name: v for name, v in every if name.partition("/")[0] not in left_out}
    return {name: variable.value for name, variable in kept.items() if name not in own}


def read(folder, make):
    """The tensors of a version folder, `{name: array}`.

    The SavedModel's checkpoint has them by name, or `assets.extra/weights.json` says how it calls them.
    The list of an older version is named after the model that it was written of.

    Args:
        folder: The version's folder.
        make: A function that makes the exported model, which names the tensors of older versions.

    Raises:
        ValueError: A checkpoint or a file that cannot be read.
    """
    try:
        reader = bundles.reader(f"{folder}/variables/variables")
        names, state = _names(folder, reader.get_variable_to_shape_map(), make)
        tensors = {name: bundles.tensor(reader, key + _SUFFIX) for name, key in names.items()}
        return tensors | {f"{named.STATE}/{name}": value for name, value in state.items()}
    except bundles.DAMAGES as error:
        raise ValueError(f"The weights in {folder} cannot be read: {error}") from error


def _names(folder, keys, make):
    """`{name: key in the checkpoint}`, and state that is known otherwise, `{name: number}`."""
    file = folder / RECORD
    if file.is_file():
        record = read_json(file, keys={"tensors": dict, "state": dict}, advice="Copy it anew.")
        if len({*map(str, record["tensors"].values())}) < len(record["tensors"]):
            raise ValueError(f"{RECORD} gives one tensor several names")
        return record["tensors"], record["state"]
    start = f"{COLLECTION}/"
    keys = [key.removesuffix(_SUFFIX) for key in keys if key.startswith(start)]
    names = {_unescaped(key.removeprefix(start)): key for key in keys}
    if all(name.isdigit() for name in names):
        names = positional.names(make(), len(names))
    return names, {}


def _unescaped(key):
    """A name in a dictionary that TensorFlow tracks: its keys have "/" as ".S" and "." as ".."."""
    return re.sub(r"\.([.S])", lambda match: "/" if match[1] == "S" else ".", key)
