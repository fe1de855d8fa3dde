"""Tensors into a model, by name: strict on networks, and telling what is new or left over."""

import numpy as np

from tfgan_zoo import deprecated
from tfgan_zoo.exported import PRIVACY
from tfgan_zoo.files import read_json
from tfgan_zoo.privacy import earlier
from tfgan_zoo.weights import named, positional

_SHOWN = 5  # names in a message


def load(model, tensors, source, convert=None, partly=False, foreign=False):
    """Gives tensors to the variables of the same names.

    A network with a moving average that has no tensor at all starts at its average. Another network
    that has none, such as the discriminator that an exported generator came without, and state of the
    model that has none stay as they are, and that is said, as is every tensor that the model has no
    place for.

    Args:
        model: A `GAN`.
        tensors: `{name: array}`, by the names of `weights.variables`.
        source: Where they are from, for messages.
        convert: None, or a function from such a dictionary, of other names or layouts, to one of ours.
        partly: Whether tensors of networks may be missing or of another shape: then these variables stay
            as they are, and that is said too.
        foreign: Whether they are of another library, which has no state of ours: that state, and
            networks without a tensor, are new goes without saying then, and unless `partly` all tensors
            must have a place.

    Warns:
        UserWarning: What is new in the model, and what is left over.

    Raises:
        ValueError: A tensor that is missing of a network that has others, or is of another shape, unless
            `partly`; or none that fits. The message names it, and nothing is changed.
    """
    tensors = dict(convert(tensors) if convert else tensors)
    given = {name.partition("/")[0] for name in tensors}
    from_average = {k: v for k, v in named.averaged(model).items() if k not in given}
    wanted = {
        name: variable
        for name, variable in named.variables(model).items()
        if name.partition("/")[0] not in from_average
    }
    problems = {name: _problem(v, tensors.get(name)) for name, v in wanted.items()}
    new = {name: problem for name, problem in problems.items() if problem}
    of_networks = [name for name in new if not name.startswith(f"{named.STATE}/")]
    wrong = [name for name in of_networks if name.partition("/")[0] in given]
    left = [name for name in tensors if name not in wanted]
    if foreign and left and not partly:
        raise ValueError(f"The model has no place for {_listed(left)} of {source}.")
    fits = [name for name in wanted if name not in new and not name.startswith(named.STATE)]
    if of_networks and (not fits or (wrong and not partly)):
        told = _listed([f"{name} {new[name]}" for name in wrong or of_networks])
        raise ValueError(f"The weights in {source} are not those of this model: {told}.")
    for name in wanted.keys() - new.keys():
        wanted[name].assign(tensors[name])
    for network, average in from_average.items():
        networks = model.networks()
        networks[network].set_weights(networks[average].get_weights())
    told = wrong if foreign else [n for n in new if n not in named.unexported(model)]
    _tell(source, told, left)


def tell_privacy(model, record, tensors, extra):
    """Keeps with a model what the exported weights that it was given had learned, with privacy or
    without, where it trains otherwise: see `privacy.earlier.tell`.

    Args:
        model: A model of the zoo.
        record: What the export says of itself, `preset.json`.
        tensors: `{name: array}`, by the names of `weights.variables`.
        extra: The folder of its `privacy.json`, if there is one.
    """
    model.learned_before = record["model"]["config"].get("learned_before")
    file, prefix = extra / PRIVACY, f"{named.STATE}/"
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    spent = read_json(file) if file.is_file() else None
    earlier.tell(model, record["name"], state, spent)


def save_state(model, store):
    """Writes a model's own state to a store of Keras, `{name: value}`, as its HDF5 files have them."""
    for name, variable in named.state(model).items():
        store[_key(name)] = variable


def load_state(model, store):
    """Reads it; files of older versions have places for names.

    Warns:
        UserWarning: State that the file does not have, and keeps its value; or that the model has not.

    Raises:
        ValueError: A value of another shape.
    """
    here, keys = named.state(model), list(store.keys())
    found = {name: _key(name) for name in here if _key(name) in keys}
    left = [key for key in keys if key not in found.values()]
    if keys and all(key.isdigit() for key in keys):
        places = enumerate(positional.state(model, len(keys)))
        found, left = {name: str(place) for place, name in places if name in here}, []
    for name, key in found.items():
        here[name].assign(np.asarray(store[key]))
    _tell("the file", [name for name in here if name not in found], left)
    state = {n: np.asarray(store[_key(n)]) for n in earlier.STATE if _key(n) in keys}
    earlier.tell(model, "a file", state)


def _key(name):
    return name.replace("/", ".")  # a group in HDF5


def _problem(variable, tensor):
    """Why a tensor cannot be that of the variable; "" where it can."""
    if tensor is None:
        return "is not there"
    here, there = tuple(variable.shape), np.shape(tensor)
    return "" if here == there else f"has shape {list(there)} there, {list(here)} here"


def _tell(source, new, left):
    new, left = ([n for n in names if not earlier.is_state(n)] for names in (new, left))
    parts = []
    if new:
        parts.append(f"New here, and as in a new model: {_listed(new)}.")
    if left:
        parts.append(f"There alone, and left out: {_listed(left)}.")
    if parts:
        deprecated.tell(f"Weights of {source}. {' '.join(parts)}", UserWarning)


def _listed(names):
    names = list(names)
    more = f" and {len(names) - _SHOWN} others" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
