"""Files of older versions, which kept variables in a list without names."""

from tfgan_zoo.weights import named

# What the state was called then, in its order, and is called now.
_SINCE = {
    "d_accuracy": "balance/d_ranking_accuracy",
    "augment_probability": "ada/probability",
    "lecam_real": "lecam/real",
    "lecam_fake": "lecam/fake",
}
_OF_VARIANTS = ("k", "path_length_mean")
_NETWORKS = ("discriminator", "ema_generator")  # before others


def names(model, count):
    """`{name: key}` of the checkpoint of a SavedModel with that many variables in its list.

    Args:
        model: The model that was exported, with any weights.
        count: How many there are.
    """
    averaged, networks = named.averaged(model), named.networks(model)
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
    first = [name for name in _SINCE if name in here or _SINCE[name] in here]
    first = ["iterations", *dict.fromkeys(["d_accuracy", *first])]
    others = [name for name in here if name not in {*first, *_SINCE, *_SINCE.values()}]
    for added in ([name for name in others if name in _OF_VARIANTS], others):
        if len(first) + len(added) == count:
            listed = [name if name in here else _SINCE.get(name) for name in [*first, *added]]
            return [name if name in here else None for name in listed]
    raise ValueError(
        f"it has {count} variables beside networks, where {first + others} were expected"
    )
