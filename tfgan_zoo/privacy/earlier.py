"""What the weights of a model had learned otherwise: without privacy, before it was private, or with it,
before it was not. Epsilon does not cover that, and whatever is made of the model says so."""

import math

from tfgan_zoo import deprecated

UPDATES, EXAMPLES, BATCH = "privacy/updates", "privacy/examples", "privacy/batch_size"
NOISE = "privacy/noise_multiplier"  # with which the updates were made
STATE = (UPDATES, EXAMPLES, BATCH, NOISE, "iterations")
_COUNTERS = {"updates": UPDATES, "images": EXAMPLES, "batch_size": BATCH}


def tell(model, source, state, spent=None):
    """Adds to `model.learned_before` what weights that it is given were trained with, where it itself
    trains otherwise.

    Args:
        model: A model of the zoo.
        source: String. What the weights are called, as an exported model is.
        state: `{name: number}` of the state that came with them.
        spent: Dictionary. What their file says of their privacy; by default its counters.

    Warns:
        UserWarning: Privacy that begins, or ends.
    """
    was_private, is_private = UPDATES in state, getattr(model, "privacy", None) is not None
    if was_private == is_private:
        return
    steps = int(state["iterations"]) if "iterations" in state else None
    own = {"weights": source, "steps": steps, "privacy": None}
    if was_private:
        own["privacy"] = spent or _counted(state)
    model.learned_before = (*(model.learned_before or ()), own)
    deprecated.tell(_WARNINGS[was_private].format(source), UserWarning)


_WARNINGS = {
    False: "The weights of {} were trained without privacy: epsilon will be that of the images of the "
    "training that follows alone, and says nothing of those that these weights have learned from.",
    True: "The weights of {} were trained with privacy, and this model is without: an image that it is "
    "trained on from now on has no bound, nor has one of the private images if it comes again. To train "
    "on with privacy, leave privacy=None out.",
}


def is_state(name):
    """Whether a name, as of `weights.variables` or in a file, is that of what a private model counts."""
    return name.replace(".", "/").removeprefix("state/") in STATE[:-1]


def _counted(state):
    counted = {name: int(state[key]) for name, key in _COUNTERS.items() if key in state}
    return counted | ({"noise_multiplier": float(state[NOISE])} if NOISE in state else {})


def holds_for(model):
    """A sentence: which images the epsilon of a private model is of."""
    if not model.learned_before:
        return "all images that it was trained on"
    told = ", then with ".join(map(_told, model.learned_before))
    return f"the images of the training since alone: the model began with {told}"


def ended(model, ahead=0):
    """What is known of the privacy of a model that goes on without, from private weights: a dictionary
    as of `spent`, in which epsilon is "inf" as soon as it has made a step, of `ahead` too; None of other
    models."""
    stages = getattr(model, "learned_before", None) or ()
    past = [each for each in stages if each["privacy"]]
    if getattr(model, "privacy", None) is not None or not past:
        return None
    last, steps = past[-1], int(model.iterations.numpy()) + ahead
    if last is stages[-1] and steps == last["steps"]:
        return dict(last["privacy"])
    since = "it was trained without privacy after it had begun with "
    return {"epsilon": str(math.inf), "holds_for": f"no image: {since}{_told(last)}"}


def _told(stage):
    steps = "" if stage["steps"] is None else f"{stage['steps']:,} steps, "
    spent = stage["privacy"]
    how = "with privacy" if spent else "without privacy"
    if spent and "epsilon" in spent:
        how = f"epsilon {float(spent['epsilon']):.4g} at delta {spent['delta']:.3g}"
    return f"weights of {stage['weights']} ({steps}{how})"
