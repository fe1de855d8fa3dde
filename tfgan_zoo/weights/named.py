"""Names of variables, which depend on a model's architecture alone.

A variable of a network is `<network>/<layers>/<variable>`, such as `generator/conv2d_1/kernel`; one of
the model itself is `state/<name>`. Keras numbers layers by a counter of the process: here they are
numbered anew within each network, in the order in which they were made.
"""

import collections
import contextlib
import re

import numpy as np
from keras.src.backend.common import global_state
from keras.src.utils.naming import to_snake_case

STATE = "state"
_COUNTER = "object_name_uids"  # where Keras counts


@contextlib.contextmanager
def fresh_names():
    """Layers that are made within are numbered from the first one, as in a new process."""
    before = global_state.get_global_attribute(_COUNTER)
    global_state.set_global_attribute(_COUNTER, collections.defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(_COUNTER, before)


def variables(model):
    """`{name: variable}` of all variables of a model: first its state, then its networks."""
    found = {f"{STATE}/{name}": variable for name, variable in state(model).items()}
    for network_name, network in model.networks().items():
        for name, variable in of_network(network).items():
            found[f"{network_name}/{name}"] = variable
    seen = set()  # layers that two networks share have one name
    return {k: v for k, v in found.items() if not (id(v) in seen or seen.add(id(v)))}


def averaged(model):
    """`{network: average}`, by name."""
    names = {id(network): name for name, network in model.networks().items()}
    return {names[id(network)]: names[id(average)] for average, network in model.ema_pairs()}


def state(model):
    """`{name: variable}` of what belongs to no network, such as `iterations`."""
    own = [*model._trainable_variables, *model._non_trainable_variables]
    named = {id(variable): name for name, variable in model.state.items()}
    return {named.get(id(variable), variable.name): variable for variable in own}


def of_network(network):
    """`{name: variable}` of a network's variables, in their order."""
    renumbered, found = _renumbered(network), {}
    for variable in network.variables:
        *scopes, own = variable.path.split("/")
        # What comes before the first layer is the network itself, or who made it.
        start = next((i for i, scope in enumerate(scopes) if scope in renumbered), len(scopes))
        name = "/".join([*(renumbered.get(scope, scope) for scope in scopes[start:]), own])
        found[_unused(name, found)] = variable
    return found


def unexported(model):
    """The names of variables that an artifact does not hold, as a set."""
    return {f"{STATE}/{name}" for name in model._unexported}


def copy(source, target):
    """Gives the variables of a model to another one of the same networks.

    Those of networks go by their order: the paths of layers within layers depend on what built them.
    """
    values = state(source)
    for name, variable in state(target).items():
        variable.assign(np.asarray(values[name].numpy()))
    ours = source.networks()
    for name, network in target.networks().items():
        network.set_weights(ours[name].get_weights())


def _renumbered(network):
    """`{name of a layer: the name that it would have if this network were alone}`."""
    found, numbers = {}, collections.defaultdict(set)
    for layer in network._flatten_layers(include_self=False):
        base = to_snake_case(type(layer).__name__)
        found[layer.name] = layer.name
        if match := re.fullmatch(rf"{base}(?:_(\d+))?", layer.name):
            numbers[base].add((int(match[1] or 0), layer.name))
    for base, names in numbers.items():
        for number, (_, name) in enumerate(sorted(names)):
            found[name] = f"{base}_{number}" if number else base
    return found


def _unused(name, taken):
    count = 1
    unused = name
    while unused in taken:
        unused, count = f"{name}_{count}", count + 1
    return unused
