"""Named configurations: `list_presets()`, `from_preset(name)`."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tfgan_zoo import files
from tfgan_zoo.exported import (
    EXTRA,
    RECORD,
    bounded,
    check_graph,
    exported,
    exported_record,
    without_weights,
)
from tfgan_zoo.names import near

if TYPE_CHECKING:
    from tfgan_zoo.models import GAN

_HERE = pathlib.Path(__file__).resolve().parent
_OUR_ROOTS = [_HERE.parent / "saved_models", _HERE / "saved_models"]
_presets = {}


class Preset(NamedTuple):
    """A model class with the options, data and length of a training run.

    Attributes:
        name: `model_dataset`, in lower snake case; also the name of the run, the card and the served
            model.
        model_class: The subclass of `GAN`.
        options: Arguments of the class.
        dataset: Name for `tfgan_zoo.datasets.load`.
        batch_size: Images per update.
        epochs: Passes over the data.
        parameters: `(generator, discriminator)` trainable parameters, recomputed by a test; of a model
            with several networks a player those of the player.
        data_options: Options of the function that loads the data, such as `{"flip": True}`.
    """

    name: str
    model_class: type
    options: dict
    dataset: str
    batch_size: int
    epochs: int
    parameters: tuple
    data_options: dict = {}


def register(*rows: tuple) -> None:
    """Adds presets. A name that is taken raises ValueError."""
    for row in rows:
        preset = Preset(*row)
        if preset.name in _presets:
            raise ValueError(f"A preset named {preset.name!r} is registered already.")
        _presets[preset.name] = preset


def list_presets(trained: bool = False) -> dict[str, Preset]:
    """All presets by name: `{name: Preset}`; with `trained=True` those whose weights are here."""
    presets = dict(sorted(_registered().items()))
    return {n: p for n, p in presets.items() if published(n)} if trained else presets


def get_preset(name: str) -> Preset:
    """The preset of that name. An unknown one raises ValueError and lists near names."""
    if name not in _registered():
        hint = near(name, _presets)
        if name and pathlib.Path(name).exists():
            is_path = pathlib.Path(name).name != name
            hint = (
                f" {name} is no folder of an exported model."
                if is_path
                else f" There is a file or folder {name}: a path is written as ./{name}."
            )
        raise ValueError(f"There is no preset {name!r}.{hint} See tfgan_zoo.list_presets().")
    return _presets[name]


def _registered():
    """The models' files register their presets; they are imported when Keras is."""
    import keras  # noqa: F401

    return _presets


class PresetsOfClass:
    """The attribute `presets` of a model class: its own presets and those of its subclasses, by name."""

    def __get__(self, model: object, model_class: type) -> dict[str, Preset]:
        found = list_presets().items()
        return {n: preset for n, preset in found if issubclass(preset.model_class, model_class)}


def from_preset(
    name: str | os.PathLike,
    load_weights: bool = True,
    model_class: type["GAN"] | None = None,
    trust_model: bool = False,
    **overrides: Any,
) -> "GAN":
    """Makes the model that a preset names, or that an exported folder holds.

    Args:
        name: A name of `list_presets()`, or the folder of an exported model, with or without its
            version: `saved_models/dcgan_fashion_mnist` or `saved_models/dcgan_fashion_mnist/1`. Also an
            address: `gs://bucket/saved_models/name` and others of TensorFlow's file systems;
            `https://host/model.tar.gz#sha256=…` (`tfgan_zoo.web`); `hf://owner/name/folder@revision`
            (`tfgan_zoo.hub`); `kaggle://owner/model/framework/variation` (`tfgan_zoo.kaggle`).
        load_weights: Whether to load the trained weights.
        model_class: The class that the model must be of, or a subclass of its own.
        trust_model: Whether to take a folder whose graph could reach files, the network or Python, or
            whose options are of a far larger model.
        overrides: Arguments of the class, in place of the preset's.

    Exports keep what they serve, and their state, so that training goes on where it was: networks that
    have a moving average, the generator first of all, start at it. With another `num_classes` or
    `image_shape` the weights that fit are kept. A warning says what is new, what is left over and, of
    another `privacy`, what epsilon does not cover.

    Raises:
        ValueError: An unknown name, a preset of another class, weights that do not exist or that do
            not fit other overrides; a damaged preset.json.
        UntrustedModelError: A folder whose graph could reach files, the network or Python.
        OSError: An address that cannot be reached.
    """
    _require_name(name)
    if address := files.address(name):
        with _fetched(address) as folder:
            return from_preset(folder, load_weights, model_class, trust_model, **overrides)
    is_path = _is_path(name)
    folder = _located(name) if is_path or load_weights else None
    if folder and not _is_ours(folder):
        check_graph(folder, trust_model)
    gan = _restored(folder, overrides, trust_model) if folder else _new(name, overrides)
    if model_class is not None and not isinstance(gan, model_class):
        own = type(gan).__name__
        raise ValueError(f"Preset {name!r} is a {own}, not a {model_class.__name__}.")
    if load_weights:
        _load(gan, folder)
    return gan


@contextlib.contextmanager
def _fetched(address):
    from tfgan_zoo import remote  # TensorFlow, which is not needed to list presets

    with remote.fetched(address, f"{EXTRA}/{RECORD}") as folder:
        if folder is None:
            needed = f"no version in it has {EXTRA}/{RECORD}"
            raise ValueError(f"{address} holds no exported model: {needed}.")
        yield folder


def load_weights(gan: "GAN", name: str) -> None:
    """Gives a model the weights and the state of a preset or of an exported model, by their names.

    Where the two differ in `num_classes` or `image_shape`, what fits is kept, and a warning says what is
    new; networks that have an average start at it, as with `from_preset`.

    Args:
        gan: A `GAN`.
        name: As for `from_preset`.

    Raises:
        ValueError: Another model's weights; no exported model or no weights.
    """
    with opened(name) as folder:
        _load(gan, folder)


@contextlib.contextmanager
def opened(name: str | os.PathLike) -> Iterator[pathlib.Path]:
    """The version folder of a preset's weights, or of an exported model's path; a remote one is here as
    long as it is open.

    Raises:
        TypeError: No name and no path.
        ValueError: None; the message says what to do.
    """
    _require_name(name)
    if address := files.address(name):
        with _fetched(address) as folder:
            yield folder
    else:
        yield _located(name)


def _located(name):
    if _is_path(name):
        if folder := exported(pathlib.Path(name)):
            return folder
        raise ValueError(f"{name} holds no exported model.{_hint_of_path(pathlib.Path(name))}")
    if folder := published(name):
        return folder
    get_preset(name)
    raise ValueError(without_weights(name, _OUR_ROOTS))


def _is_path(name):
    is_path = os.sep in str(name) or isinstance(name, os.PathLike)
    return is_path or pathlib.Path(str(name)).suffix in (".keras", ".h5", ".hdf5")


def _require_name(name):
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f"A preset is named by a string, a folder by its path. Received: {name!r}.")


def _hint_of_path(path):
    """What to do with a path that is no exported model."""
    if path.suffix == ".keras":
        return (
            f" After import tfgan_zoo, keras.saving.load_model({str(path)!r}) loads a .keras file."
        )
    if path.suffix in (".h5", ".hdf5"):
        return (
            " An HDF5 file holds weights: make the model, then gan.load_weights(path). Whole models are "
            "saved by gan.save('model.keras') or gan.export(folder)."
        )
    if (path / "run.json").is_file():
        return (
            f" It is a run: tfgan_zoo.runs.load_run({str(path)!r}) gives its model, and "
            f"tfgan-zoo export {path} exports it."
        )
    if not path.exists():
        known = (
            f" There is a preset {path.name!r}, without a path." if path.name in _presets else ""
        )
        return f" There is no such file or folder.{known}"
    if path.is_dir() and (found := sorted(p.name for p in path.iterdir() if exported(p))):
        return f" It holds models in folders: {', '.join(found[:5])}. Give one of them."
    return f" No version in it has {EXTRA}/{RECORD}, which gan.export writes."


def _load(gan, folder):
    """Reads an exported model's weights; networks that have an average alone go on from it."""
    from tfgan_zoo.weights import artifact, loading  # not needed to list presets

    record, tensors = exported_record(folder), artifact.read(folder, lambda: _restored(folder, {}))
    config = record["model"]["config"]
    resized = any(_differs(gan, config, name) for name in ("num_classes", "image_shape"))
    loading.load(gan, tensors, folder, partly=resized)
    loading.tell_privacy(gan, record, tensors, folder / EXTRA)


def _differs(gan, config, option):
    """Whether the model was made with another value than the one that was exported."""
    value, before = getattr(gan, option), config.get(option, type(gan).defaults.get(option))
    return before is not None and before != (list(value) if isinstance(value, tuple) else value)


def published(name: str) -> pathlib.Path | None:
    """The folder with the newest version of a preset's trained weights, or None.

    It is looked for in the folder that the environment variable TFGAN_ZOO_SAVED_MODELS names, then in
    `saved_models/` of the checkout or of the installed package.
    """
    if not files.is_name(name):
        return None
    roots = [os.environ.get("TFGAN_ZOO_SAVED_MODELS"), *_OUR_ROOTS]
    found = (exported(pathlib.Path(root) / name) for root in roots if root)
    return next((folder for folder in found if folder), None)


def _is_ours(folder):
    """Whether a version came with the checkout or the package, whose code is trusted too."""
    return any(root in folder.resolve().parents for root in _OUR_ROOTS)


def _new(name, given):
    return (preset := get_preset(name)).model_class(**{"name": name, **preset.options, **given})


def _restored(folder, overrides, trust_model=False):
    import keras  # not needed to list presets

    from tfgan_zoo.trust import check_class

    model, file = exported_record(folder)["model"], folder / EXTRA / RECORD
    check_class(file, model)
    if overrides:
        model = {**model, "config": {**model["config"], "overrides": overrides}}
    try:
        with bounded(folder, trust_model or _is_ours(folder)):
            return keras.saving.deserialize_keras_object(model, safe_mode=True)
    except (TypeError, ValueError) as error:
        if overrides and isinstance(error.__context__, TypeError):  # within what Keras makes of it
            own = "from_preset itself takes load_weights, model_class and trust_model."
            raise TypeError(f"{error.__context__} {own}") from None
        if overrides:
            raise
        raise ValueError(
            f"{file} does not describe a model that can be made here: {error}. Export it again."
        ) from error
