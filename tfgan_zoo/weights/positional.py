"""Files of older versions, which kept variables in a list without names."""

from tfgan_zoo.weights import named

# The state that there was, in its order.
_D_ACCURACY = "balance/d_ranking_accuracy"  # of all models
_OF_REGULARIZERS = ("ada/probability", "lecam/real", "lecam/fake")
_OF_VARIANTS = ("k", "path_length_mean")
_NETWORKS = ("discriminator", "ema_generator")  # before others


def names(model, count):
    """`{name: key}` of the checkpoint of a SavedModel with that many variables in its list.

    Args:
        model: The model that was exported, with any weights.
        count: How many there are.
    """
    averaged, networks = named.averaged(model), model.networks()
    kept = dict.fromkeys([*_NETWORKS, *networks])
    kept = [name for name in kept if name not in averaged]
    of_networks = [f"{name}/{v}" for name in kept for v in named.of_network(networks[name])]
    of_state = state(model, count - len(of_networks))
    every = enumerate([*(name and f"{named.STATE}/{name}" for name in of_state), *of_networks])
    return {name: f"weights/{place}" for place, name in every if name}


def state(model, count):
    """The names of a model's own variables as they were listed, which had that many; None for one that
    all models had and this one does without.

    Raises:
        ValueError: Another number than those that a model of its kind had.
    """
    here = named.state(model)
    first = ["iterations", _D_ACCURACY, *(name for name in _OF_REGULARIZERS if name in here)]
    others = [name for name in here if name not in first]
    for added in ([name for name in others if name in _OF_VARIANTS], others):
        if len(first) + len(added) == count:
            return [name if name in here else None for name in [*first, *added]]
    raise ValueError(
        f"it has {count} variables beside networks, where {first + others} were expected"
    )
