"""From what a user names to a model from images to images, and the images to score it on."""

import contextlib
import json
import pathlib
import zipfile

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console

_JITTER = ("flip", "crop", "rotate", "windows_per_image")


class Opened:
    """A `Translator`, its class, and what it was trained on; None where that is not known.

    Attributes:
        translator: `evaluation.Translator`.
        model_class: A subclass of `ImageToImage`.
        data, data_dir: Name or path, and where TFDS sets lie.
        data_options: Of the function that loads them.
    """

    def __init__(self, translator, model_class=None, data=None, data_dir=None, data_options=None):
        self.translator, self.model_class = translator, model_class
        self.data, self.data_dir, self.data_options = data, data_dir, dict(data_options or {})

    def pairs(self, data, targets, data_dir, split, image_size, swap):
        """The `Pairs` that the command's options name; by default those that it was trained on, at the
        size of training where it does not enlarge."""
        from tfgan_zoo import datasets, evaluation

        options = {k: v for k, v in self.data_options.items() if k not in _JITTER}
        options |= {} if swap is None else {"swap": swap}
        if data is None and self.data is None:
            raise ValueError(
                f"What {self.translator.name} was trained on is not known: give --data."
            )
        place, size = data or self.data, image_size or self._size()
        loader = getattr(self.model_class, "loader", "load_pairs")
        common = {"image_size": size, "channels": self._channels(), **options}
        with progress.doing(f"Reading {place}, {split}"):
            both = place if targets is None else (place, targets)
            where = data_dir or self.data_dir
            if _is_unpaired(place, split, loader):
                return evaluation.unpaired_from_data(both, split, **common, data_dir=where)
            if loader in ("load_pairs", "load_unpaired") or targets is not None:
                known = {k: common[k] for k in ("image_size", "channels", "swap") if k in common}
                known |= {} if targets is None else {"channels": self._channels_of_both()}
                return evaluation.pairs_from_data(both, split, **known)
            if loader == "load_degraded" and "degradation" not in options:
                raise ValueError(
                    f"{self.model_class.__name__} translates images that were made of targets; how "
                    f"is not known of {self.translator.name}. Give the images as --data, and --targets."
                )
            own = self.model_class.loader_arguments(self.translator.config)
            own |= {"data_dir": where} if where else {}
            made = getattr(datasets, loader)(place, split, **{**own, **options}, shuffle=False)
            return evaluation.pairs_from_dataset(
                made, f"{pathlib.Path(place).name}, {split}", split
            )

    def _size(self):
        config = self.translator.config
        scale = config.get("scale", getattr(self.model_class, "scale", 1))
        return tuple(config["image_shape"][:2]) if config and scale == 1 else None

    def _channels(self):
        return max(self._channels_of_both())

    def _channels_of_both(self):
        from tfgan_zoo.evaluation.translators import channels_of

        config = self.translator.config
        return channels_of(config) if config else (3, 3)


def _is_unpaired(place, split, loader):
    """Whether the data are two sets without pairs: the subfolders testA and testB, or what a model that
    learns without pairs is given, but for a folder of pairs with a subfolder "test", and patterns."""
    if (pathlib.Path(place) / f"{split}A").is_dir():
        return True
    is_of_pairs = "*" in place or (pathlib.Path(place) / split).is_dir()
    return loader == "load_unpaired" and not is_of_pairs


@contextlib.contextmanager
def open_translator(what, model=None, trust_model=False):
    """The `Opened` of what a user names; None where it names something else, such as a GAN.

    Args:
        what: Run directory, preset, .keras file, exported version or its parent, host:port or URL.
        model: Name of the model on a server.
        trust_model: As for `from_preset`.
    """
    zoo = console.import_zoo()
    path, is_preset = pathlib.Path(what), what in zoo.list_presets()
    if not path.exists() and not is_preset and model is not None and ":" in what:
        with _of_server(what, model) as opened:
            yield opened
        return
    model_class = _class_of(zoo, path, what)
    if model_class is None or not issubclass(model_class, zoo.ImageToImage):
        yield None
        return
    arguments.unused(f"only for a server, and {what} is none.", model=model)
    with progress.doing(f"Loading {what}"):
        opened = _opened(zoo, path, what, model_class, trust_model)
    yield opened


def _class_of(zoo, path, what):
    """The class of the model that a path or name stands for, or None."""
    from tfgan_zoo import presets, runs

    if (path / "run.json").is_file():
        return presets.get_preset(runs.options_of(path).preset).model_class
    if path.suffix == ".keras" and path.is_file():
        return _registered(_config_of(path))
    if path.exists():
        folder = presets.exported(path)
        return _registered(presets.exported_record(folder)["model"]) if folder else None
    return presets.get_preset(what).model_class if what in zoo.list_presets() else None


def _config_of(path):
    with contextlib.suppress(OSError, KeyError, ValueError), zipfile.ZipFile(path) as file:
        return json.loads(file.read("config.json"))
    return {}  # `load_keras` says what is wrong with it


def _registered(record):
    import keras

    name = record.get("registered_name") if isinstance(record, dict) else None
    return keras.saving.get_registered_object(name) if isinstance(name, str) else None


def opened_run(path):
    """The `Opened` of a run directory."""
    from tfgan_zoo import evaluation, presets, runs

    options, found = runs.options_of(path), runs.load_run(path)
    preset = presets.get_preset(options.preset)
    translator = evaluation.translator_from_model(found, path.name)
    given = {**preset.data_options, **options.data_options}
    data = options.data or preset.dataset
    return Opened(translator, preset.model_class, data, options.data_dir, given)


def _opened(zoo, path, what, model_class, trust_model):
    from tfgan_zoo import evaluation, presets
    from tfgan_zoo.trust import load_keras

    if (path / "run.json").is_file():
        return opened_run(path)
    if path.suffix == ".keras" and path.is_file():
        return Opened(evaluation.translator_from_model(load_keras(path), what), model_class)
    if path.exists():
        folder = presets.exported(path)
        name = presets.exported_record(folder)["name"]
        translator = evaluation.translator_from_saved_model(folder, name, trust_model)
    else:
        name = what
        translator = evaluation.translator_from_model(zoo.from_preset(what), what)
    preset = zoo.list_presets().get(name)
    known = (preset.dataset, None, preset.data_options) if preset else ()
    return Opened(translator, model_class, *known)


@contextlib.contextmanager
def _of_server(what, model):
    from tfgan_zoo import evaluation
    from tfgan_zoo.serving import Client

    with Client(what, model) as client:
        if "translate_tensor" in client.metadata():
            yield Opened(evaluation.translator_from_client(client, f"{model} at {what}"))
        else:
            yield None
