"""Models from images to images to score: in Keras, exported, served."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo.evaluation.pairs import Pairs
from tfgan_zoo.evaluation.sources import digest, export_digest
from tfgan_zoo.exported import exported_record
from tfgan_zoo.files import local
from tfgan_zoo.tasks import further_inputs
from tfgan_zoo.tasks.pictures import as_floats
from tfgan_zoo.tasks.pixels import to_uint8

_SIGNATURES = {"forward": "translate_tensor", "backward": "translate_tensor_backward"}


class Translator(NamedTuple):
    """What makes pictures of pictures.

    Attributes:
        name: Where it comes from, for people.
        kind: "model", "saved_model", "endpoint" or "neighbours".
        translate: From uint8 `[H, W, C]` and a direction to uint8 `[H', W', O]`.
        directions: ("forward",), or with "backward".
        config: The model's configuration, or {} where it is not known.
        sha256: Of the weights behind it, hexadecimal; None where they cannot be seen.
    """

    name: str
    kind: str
    translate: Callable
    directions: tuple
    config: dict = {}
    sha256: str | None = None


def translator_from_model(model: keras.Model, name: str | None = None) -> Translator:
    """An `ImageToImage` of Keras."""
    further_inputs.refuse(model, "Evaluation")
    averages = [average for average, _ in model.ema_pairs()]
    weights = [weight for network in averages for weight in network.get_weights()]
    options = (model.directions, model.get_config(), digest(*weights))
    return Translator(name or model.name, "model", model.translate, *options)


def translator_from_saved_model(
    folder: str | os.PathLike, name: str | None = None, trust_model: bool = False
) -> Translator:
    """An exported version folder, as a server would run it; it decodes pictures, which `trust_model`
    must allow."""
    from tfgan_zoo.serving.servable import Servable

    folder = local(folder)
    servable = Servable(folder, trust_model=trust_model)

    config = exported_record(folder)["model"]["config"]
    channels = dict(zip(("forward", "backward"), channels_of(config), strict=True))

    def translate(image, direction):
        images = as_floats(image, channels[direction])[None]
        made = servable.run(_SIGNATURES[direction], {"images": images}, ("images",))
        return to_uint8(made["images"])[0]

    inputs = {name: tuple(found.inputs) for name, found in servable.signatures.items()}
    options = (translate, _directions(inputs, folder), config, export_digest(folder))
    return Translator(name or str(folder), "saved_model", *options)


def translator_from_client(client: Any, name: str) -> Translator:
    """A served model, through a `tfgan_zoo.serving.Client`."""

    def translate(image, direction):
        return np.asarray(client.translate([image], direction)[0])

    inputs = {signature: tuple(found["inputs"]) for signature, found in client.metadata().items()}
    return Translator(name, "endpoint", translate, _directions(inputs, name))


def translator_from_neighbours(pairs: Pairs) -> Translator:
    """A baseline that has learned by heart: of an image, the target of the nearest of these images.

    The nearest is by the mean squared difference of pixels. A model should make better pictures than
    these, which are real ones, but of other images.

    Args:
        pairs: `Pairs` of the training, all of one size.

    Raises:
        ValueError: Sets without pairs; in `translate`, an image of another size.
    """
    if not pairs.is_paired:
        raise ValueError(f"The nearest neighbours of {pairs.name} have no targets of their own.")
    images = np.stack([pairs.images.read(i) for i in range(len(pairs.images.names))])

    def translate(image, direction):
        if image.shape != images.shape[1:]:
            raise ValueError(f"Images must be {images.shape[1:]}. Received: {image.shape}.")
        squares = (np.subtract(other, image, dtype=np.float32) ** 2 for other in images)
        return pairs.targets.read(int(np.argmin([square.mean() for square in squares])))

    return Translator(f"nearest neighbours of {pairs.name}", "neighbours", translate, ("forward",))


def channels_of(config):
    """Channels of images and of targets, by a model's configuration."""
    own = config["image_shape"][-1]
    return own, config.get("target_channels") or own


def _directions(signatures, name):
    """Those of `{signature: names of inputs}`; ValueError for a model that takes more than images."""
    if others := sorted(set(signatures.get(_SIGNATURES["forward"], ())) - {"images"}):
        raise ValueError(
            f"Evaluation is for models that translate images alone; {name} takes {', '.join(others)} "
            "too."
        )
    return tuple(way for way, name in _SIGNATURES.items() if name in signatures)
