"""Models that Keras 2 saved: `.h5` files, and SavedModel folders with `keras_metadata.pb`."""

from tfgan_zoo.weights import keras2_files
from tfgan_zoo.weights.keras2_models import TAKES, converted
from tfgan_zoo.weights.source import Family


def _files(source):
    return [file for file in source.files.values() if keras2_files.is_hdf5(file)]


def _recognizes(source):
    return keras2_files.is_saved_model(source.path) or bool(_files(source))


def _convert(source, **options):
    if keras2_files.is_saved_model(source.path):
        source.note(keras2_files.files_of_saved_model(source.path))
        return converted(*keras2_files.read_saved_model(source.path), **options)
    files = _files(source)
    if len(files) != 1:
        raise ValueError(f"There are {len(files)} files of HDF5: give one of them.")
    source.note({files[0].name: files[0]})
    architecture, weights = keras2_files.read_hdf5(files[0])
    return converted(architecture, _by_layer(weights, architecture), **options)


def _by_layer(weights, architecture):
    """Arrays by `layer/variable`; what a model within holds is named after its own layers."""
    within = ("Sequential", "Functional", "Model")
    config = architecture["config"] if architecture else []
    records = config if isinstance(config, list) else config["layers"]
    models = {r.get("name") or r["config"]["name"] for r in records if r["class_name"] in within}
    found = {}
    for layer, arrays in weights.items():
        for name, array in arrays.items():
            *scopes, own = name.split("/")
            owner = scopes[-1] if layer in models else layer
            found[f"{owner}/{own.removesuffix(':0')}"] = array
    return found


FAMILY = Family(
    "keras2",
    "Keras 2 (tf.keras to TensorFlow 2.15, tf-keras)",
    "https://github.com/keras-team/tf-keras",
    "that of whoever trained it: see its model card",
    _recognizes,
    _convert,
    TAKES,
)
