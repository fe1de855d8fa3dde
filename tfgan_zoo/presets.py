"""Named configurations: `list_presets()`, `from_preset(name)`."""

import difflib
from typing import NamedTuple

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
        parameters: `(generator, discriminator)` trainable parameters, recomputed by a test.
    """

    name: str
    model_class: type
    options: dict
    dataset: str
    batch_size: int
    epochs: int
    parameters: tuple


def near(name, names):
    """A sentence that asks whether a known name was meant, or nothing where none is near."""
    matches = difflib.get_close_matches(str(name), list(names), n=3)
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?" if matches else ""


def register(*rows):
    """Adds presets. A name that is taken raises ValueError."""
    for row in rows:
        preset = Preset(*row)
        if preset.name in _presets:
            raise ValueError(f"A preset named {preset.name!r} is registered already.")
        _presets[preset.name] = preset


def list_presets():
    """All presets by name: `{name: Preset}`."""
    return dict(sorted(_presets.items()))


def get_preset(name):
    """The preset of that name. An unknown one raises ValueError and lists near names."""
    if name not in _presets:
        hint = near(name, _presets)
        raise ValueError(f"There is no preset {name!r}.{hint} See tfgan_zoo.list_presets().")
    return _presets[name]


def from_preset(name, load_weights=True, model_class=None, **overrides):
    """Makes the model that a preset names.

    Args:
        name: A name of `list_presets()`.
        load_weights: Whether to load trained weights. No preset has any published yet, so this raises.
        model_class: The class that the preset must be of, or a subclass of its own.
        overrides: Arguments of the class, in place of the preset's.

    Raises:
        ValueError: An unknown name, a preset of another class, or weights that do not exist.
    """
    preset = get_preset(name)
    if model_class is not None and not issubclass(preset.model_class, model_class):
        raise ValueError(
            f"Preset {name!r} is a {preset.model_class.__name__}, not a {model_class.__name__}."
        )
    if load_weights:
        raise ValueError(
            f"Preset {name!r} has no trained weights yet. Give load_weights=False for a new model, "
            f"or train one: tfgan-zoo train {name}"
        )
    return preset.model_class(**{**preset.options, **overrides})
