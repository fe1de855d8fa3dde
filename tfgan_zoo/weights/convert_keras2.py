"""Models that Keras 2 saved: `.h5` files, and SavedModel folders with `keras_metadata.pb`."""

import keras

from tfgan_zoo.weights import keras2_files
from tfgan_zoo.weights.keras2_graphs import is_model, name_of, records_of
from tfgan_zoo.weights.keras2_models import TAKES, check_generator, converted
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
    models = _models_within(architecture, options.get("generator"))
    return converted(architecture, _by_layer(weights, models), **options)


def _models_within(architecture, generator):
    """The names of the layers that are models, a set."""
    found = set()
    if generator is not None:
        check_generator(generator)
        found |= {layer.name for layer in generator.layers if isinstance(layer, keras.Model)}
    if architecture is not None:
        found |= {name_of(record) for record in records_of(architecture) if is_model(record)}
    return found


def _by_layer(weights, models):
    """Arrays by `layer/variable`; what a model within holds is named after its own layers."""
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
