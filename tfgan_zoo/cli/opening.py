"""From what a user names to the images that it stands for."""

import contextlib
import pathlib

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console
from tfgan_zoo.files import version_of


def is_server(target):
    """Whether it can only be the address of a server."""
    return target.startswith(("http://", "https://")) or not pathlib.Path(target).exists()


@contextlib.contextmanager
def open_images(
    what, data=None, data_dir=None, model=None, seed=0, image_size=None, trust_model=False
):
    """The `ImageSet` of anything that can be scored, and the function that opens its real images.

    Args:
        what: Run directory, preset, .keras file, exported version or its parent, host:port or URL,
            folder of images or .npz file.
        data: Name or path of the real images; by default what the run or preset was trained on.
        model: Name of the model on a server.
        seed: Of the first image.
        image_size: Edge to which the images of a folder are brought, or None where they are of one size.
        trust_model: Whether to run an exported graph that could reach files, the network or Python.

    Yields:
        `(images, reference)`; the reference is a function from a split, or None where there is no data.

    Raises:
        FileNotFoundError: Nothing is known by that name.
        ValueError: A server without a model's name, or one whose model takes labels, without data.
    """
    zoo = console.import_zoo()
    if pathlib.Path(what).exists() or what in zoo.list_presets():
        arguments.unused(f"only for a server, and {what} is none.", model=model)
    with contextlib.ExitStack() as closing:
        with progress.doing(f"Loading {what}"):
            asked = (data, data_dir, model, seed, image_size, trust_model)
            images, trained_on, data_dir = _opened(zoo, what, *asked, closing)
        yield images, _reference(images, data or trained_on, data_dir)


def _opened(zoo, what, data, data_dir, model, seed, image_size, trust_model, closing):
    """`(images, name of the data that it was trained on, where these lie)`."""
    from tfgan_zoo import evaluation

    path = pathlib.Path(what)
    folder = _exported(path)
    if what in zoo.list_presets() and not path.exists():
        trained_on = zoo.presets.get_preset(what).dataset
        gan = zoo.from_preset(what)
        return _of_model(gan, seed, what, data or trained_on, data_dir), trained_on, data_dir
    if folder:
        return *_of_export(zoo, folder, data, data_dir, seed, trust_model), data_dir
    if (path / "run.json").is_file():
        images, (trained_on, data_dir) = _of_run(path, data, seed, data_dir)
        return images, trained_on, data_dir
    if path.suffix == ".keras" and path.is_file():
        from tfgan_zoo.trust import load_keras

        return _of_model(load_keras(path), seed, what, data, data_dir), None, data_dir
    if path.exists():
        shape = image_size and (image_size, image_size, None)  # grey stays grey
        images = evaluation.from_data(path if path.is_dir() else what, image_shape=shape)
        return images, None, data_dir
    return _of_server(zoo, what, model, data, data_dir, seed, closing), None, data_dir


def _exported(path):
    """The newest version in a folder, or the folder itself if it is one; else None."""
    folders = [p.parent for p in path.glob("*/saved_model.pb")]
    versions = [folder for folder in folders if version_of(folder) is not None]
    newest = max(versions, key=version_of, default=None)
    return path if (path / "saved_model.pb").is_file() else newest


def _of_model(gan, seed, name, data, data_dir):
    """Images of a model; where it draws from texts, of the captions of the data."""
    from tfgan_zoo import evaluation

    takes_texts = gan.condition and gan.condition.key == "texts" and data
    texts = evaluation.captions(data, data_dir=data_dir) if takes_texts else None
    return evaluation.from_model(gan, seed, name, texts)


def _of_export(zoo, folder, data, data_dir, seed, trust_model):
    from tfgan_zoo import evaluation, presets

    classes, name, texts, class_names = None, None, None, None
    if (folder / presets.EXTRA / presets.RECORD).is_file():  # else a SavedModel from elsewhere
        record = presets.exported_record(folder)
        config, name = record["model"]["config"], record["name"]
        classes, texts = config.get("num_classes"), config.get("default_texts")
        if classes is not None and not (type(classes) is int and classes > 0):
            raise ValueError(
                f"{folder / presets.EXTRA / presets.RECORD} is damaged: num_classes is {classes!r:.50}. "
                "Export the model again."
            )
        class_names = config.get("class_names")
    preset = zoo.list_presets().get(name)
    trained_on = preset and preset.dataset
    if texts and (data or trained_on):
        texts = evaluation.captions(data or trained_on, data_dir=data_dir)
    images = evaluation.from_saved_model(
        folder, classes, seed, texts=texts, trust_model=trust_model
    )
    images = images._replace(class_names=class_names)
    return images, trained_on


def _of_run(path, data, seed, data_dir):
    from tfgan_zoo import presets, runs

    options = runs.options_of(path)
    name = options.data or presets.get_preset(options.preset).dataset
    data_dir = data_dir or options.data_dir
    images = _of_model(runs.load_run(path), seed, str(path), data or name, data_dir)
    return images, (name, data_dir)


def _of_server(zoo, target, model, data, data_dir, seed, closing):
    from tfgan_zoo import evaluation
    from tfgan_zoo.serving import Client

    if model is None or ":" not in target:
        raise FileNotFoundError(
            f"There is no run, preset, file or folder {target}."
            f"{zoo.presets.near(target, zoo.list_presets())} If it is a server, write it as "
            "host:port or http://host:port, and give --model with the model's name."
        )
    client = closing.enter_context(Client(target, model))
    taken = client.metadata()["serving_default"]["inputs"]
    for name, what in (("label", "classes"), ("text", "captions")):
        if name in taken and data is None:
            raise ValueError(f"{model} takes {name}s: give --data, whose {what} they are.")
    classes, names = None, None
    if "label" in taken:
        names, real = client.class_names(), evaluation.from_data(data, data_dir=data_dir)
        classes = len(names) if names else real.num_classes
        names = names or real.class_names
    texts = evaluation.captions(data, data_dir=data_dir) if "text" in taken else None
    images = evaluation.from_client(client, f"{model} at {target}", classes, seed, texts)
    return images._replace(class_names=names)


def _reference(images, name, data_dir):
    if name is None:
        return None
    from tfgan_zoo import evaluation

    shape = images.read(np.arange(1))[0].shape[1:]

    def reference(split):
        with progress.doing(f"Reading {name}, {split}"):
            return evaluation.from_data(name, split, shape, data_dir)

    return reference
