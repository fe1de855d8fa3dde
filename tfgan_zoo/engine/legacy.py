"""Options that older versions had one by one, made the objects that own them now."""

from tfgan_zoo import deprecated, losses, penalties, regularizers

_OF_PENALTY = {"penalty_weight": 0.0, "penalty_every": 1}
_OF_REGULARIZERS = {
    "augment": None,
    "ada_target": 0.6,
    "ada_images": 500_000,
    "consistency_real": 0.0,
    "consistency_fake": 0.0,
    "latent_consistency_d": 0.0,
    "latent_consistency_g": 0.0,
    "latent_consistency_noise": 0.03,
    "lecam": 0.0,
    "lecam_decay": 0.99,
    "top_k": 1.0,
    "top_k_steps": 0,
    "unrolled_steps": 0,
    "instance_noise": 0.0,
    "instance_noise_steps": 0,
    "balance": None,
}
OLD = {"label_smoothing": 0.0, **_OF_PENALTY, **_OF_REGULARIZERS}


def translated(cls, given, warn=True):
    """Arguments of a model class, in which old options have become objects.

    Args:
        cls: The class; what `given` leaves out is as its `defaults` say.
        given: `{name: value}`, as a caller or a file has them.
        warn: Whether to say what to write instead; files are translated silently.

    Raises:
        ValueError: An old option that has no effect without another.
    """
    if not warn and given.get("dropout") == 0 and "dropout" not in cls.defaults:
        given = {name: value for name, value in given.items() if name != "dropout"}
    old = {name: given[name] for name in OLD if name in given and name not in cls.defaults}
    is_renamed = isinstance(given.get("objective"), str) and given["objective"] == "modified"
    if not old and not is_renamed:
        return dict(given)
    new, had = {name: value for name, value in given.items() if name not in old}, {}
    if is_renamed or "label_smoothing" in old:
        new["objective"] = _objective(cls, new, old)
    if warn:
        _check_penalty(cls, new, old)
    if old.keys() & {*_OF_PENALTY}:
        new["penalty"] = _penalty(cls, new, old)
    if old.keys() & {*_OF_REGULARIZERS}:
        before = new.get("regularizers", cls.defaults["regularizers"])
        before = [regularizers.get(regularizer) for regularizer in before]
        had |= {name: value for r in before for name, value in _old_options(r).items()}
        others = [regularizer for regularizer in before if not _old_options(regularizer)]
        new["regularizers"] = [*others, *_regularizers({**OLD, **had, **old})]
    if warn:
        _check_effects(cls, old, {**OLD, **had, **old})
        _warn(cls, new, [*old, *["objective"] * is_renamed])
    return new


def _objective(cls, new, old):
    objective = new.get("objective", cls.defaults["objective"])
    objective = "non_saturating" if objective == "modified" else objective
    smoothing = old.get("label_smoothing", 0.0)
    made = losses.get(objective)
    if smoothing == getattr(made, "label_smoothing", 0.0):
        return objective
    kind = type(made)
    try:
        return kind(label_smoothing=smoothing)
    except TypeError:
        raise ValueError(
            f"{cls.__name__}: label_smoothing must be 0 with objective={objective!r}, whose loss has no "
            f"labels to smooth. Received: label_smoothing={smoothing!r}."
        ) from None


def _penalty(cls, new, old):
    penalty = penalties.get(new.get("penalty", cls.defaults["penalty"]))
    if penalty is None or ("penalty_weight" in old and old["penalty_weight"] == 0):
        return None
    config = penalty.get_config()
    names = {"penalty_weight": "weight", "penalty_every": "every"}
    config |= {names[name]: old[name] for name in _OF_PENALTY if name in old}
    return type(penalty).from_config(config)


_NAMES = {
    regularizers.BalancedConsistency: {"real": "consistency_real", "fake": "consistency_fake"},
    regularizers.LatentConsistency: {
        "d": "latent_consistency_d",
        "g": "latent_consistency_g",
        "noise": "latent_consistency_noise",
    },
    regularizers.LeCam: {"weight": "lecam", "decay": "lecam_decay"},
    regularizers.TopK: {"share": "top_k", "steps": "top_k_steps"},
    regularizers.Unrolled: {"steps": "unrolled_steps"},
    regularizers.InstanceNoise: {"stddev": "instance_noise", "steps": "instance_noise_steps"},
}


def _old_options(regularizer):
    """What the options were called that an object stands for; nothing of one that is new."""
    kind, values = type(regularizer), regularizer.get_config()
    if kind is regularizers.ADA:
        policy = "ada_full" if regularizer.full else "ada"
        return {"augment": policy, "ada_target": values["target"], "ada_images": values["images"]}
    if kind is regularizers.DiffAugment:
        return {"augment": regularizer.policy}
    if kind is regularizers.Balance:
        return {"balance": (regularizer.low, regularizer.high)}
    return {old: values[new] for new, old in _NAMES.get(kind, {}).items()}


def _regularizers(o):
    """The objects that a whole set of old options asks for, in the order of their hooks."""
    found = []
    if o["augment"] in ("ada", "ada_full"):
        found.append(regularizers.ADA(o["ada_target"], o["ada_images"], o["augment"] == "ada_full"))
    elif o["augment"] is not None:
        found.append(regularizers.DiffAugment(o["augment"]))
    if o["instance_noise"]:
        found.append(regularizers.InstanceNoise(o["instance_noise"], o["instance_noise_steps"]))
    if o["consistency_real"] or o["consistency_fake"]:
        weights = o["consistency_real"], o["consistency_fake"]
        found.append(regularizers.BalancedConsistency(*weights))
    if o["latent_consistency_d"] or o["latent_consistency_g"]:
        weights = o["latent_consistency_d"], o["latent_consistency_g"]
        found.append(regularizers.LatentConsistency(*weights, o["latent_consistency_noise"]))
    if o["lecam"]:
        found.append(regularizers.LeCam(o["lecam"], o["lecam_decay"]))
    if o["top_k"] != 1:
        found.append(regularizers.TopK(o["top_k"], o["top_k_steps"]))
    if o["unrolled_steps"]:
        found.append(regularizers.Unrolled(o["unrolled_steps"]))
    if o["balance"] is not None:
        found.append(_balance(o["balance"]))
    return found


def _balance(bounds):
    try:
        low, high = bounds
    except (TypeError, ValueError):
        raise ValueError(
            f"balance must be None or (low, high). Received: balance={bounds!r}."
        ) from None
    return regularizers.Balance(low, high)


_NEEDS = {
    "ada_target": ("augment",),
    "ada_images": ("augment",),
    "latent_consistency_noise": ("latent_consistency_d", "latent_consistency_g"),
    "lecam_decay": ("lecam",),
    "top_k_steps": ("top_k",),
    "instance_noise_steps": ("instance_noise",),
}


def _check_penalty(cls, new, old):
    if penalties.get(new.get("penalty", cls.defaults["penalty"])) is not None:
        return
    for name, default in _OF_PENALTY.items():
        if old.get(name, default) != default:
            raise ValueError(
                f"{cls.__name__}: {name} has no effect without penalty. Received: "
                f"{name}={old[name]!r}."
            )


def _check_effects(cls, old, every):
    for name, needed in _NEEDS.items():
        changes = any(every[other] != OLD[other] for other in needed)
        if name in old and old[name] != OLD[name] and not changes:
            raise ValueError(
                f"{cls.__name__}: {name} has no effect without {' or '.join(needed)}. Received: "
                f"{name}={old[name]!r}."
            )


def _owner(name):
    """The argument whose object has this option now."""
    if name in _OF_PENALTY:
        return "penalty"
    return "regularizers" if name in _OF_REGULARIZERS else "objective"


def _warn(cls, new, names):
    owners = {_owner(name): ... for name in names}
    instead = ", ".join(f"{name}={new[name]!r}" for name in owners)
    deprecated.tell(
        f"{cls.__name__}: {', '.join(names)} will go in the next release. Write: {instead}."
    )
