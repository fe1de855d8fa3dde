"""What must be the same for a run to go on, and what differs."""

import json

import keras

from tfgan_zoo.engine.options import current_config


def differences(saved, now):
    """Sentences on what differs between two identities: "n_critic: checkpoint 5, now 1"."""
    saved, now = _flat(saved), _flat(now)
    absent = object()
    keys = [k for k in {**saved, **now} if saved.get(k, absent) != now.get(k, absent)]
    return [f"{k}: checkpoint {_shown(saved, k)}, now {_shown(now, k)}" for k in keys]


def identity(gan, run_config):
    """What must be the same for a run to go on: JSON of the model, its compilation and its data.

    What its first weights had learned before comes with the checkpoint."""
    model = {k: v for k, v in gan.get_config().items() if k != "learned_before"}
    found = {
        "class": keras.saving.get_registered_name(type(gan)),
        "model": model,
        "compile": _compiled(gan),
        "run": run_config,
    }
    return json.loads(json.dumps(found, default=lambda value: type(value).__name__))


def _compiled(gan):
    """How the model was compiled, with its optimizers by the names of its attributes."""
    config = dict(gan.get_compile_config() or {})
    names = {player.name: player.optimizer_name for player in gan.players()}
    optimizers = config.pop("optimizers", {})
    return config | {names[player]: value for player, value in optimizers.items()}


def brought_up(state, now, gan):
    """The identity in a checkpoint, with what older versions did not write as it was then: options that
    there were not, or which objects own since, names of classes, and the data, which are compared by
    their look since."""
    saved = {**state["identity"]}
    model, run = dict(saved.get("model", {})), dict(saved.get("run", {}))
    given = now["model"]
    model |= {k: v for k, v in gan.before.items() if k in given and k not in model}
    if "regularizers" in given and "regularizers" not in model:
        model = json.loads(json.dumps(current_config(type(gan), model)))
    if "class_names" in given:
        model.setdefault("class_names", given["class_names"])
    if "data" not in state and "data" not in now["run"]:
        run.pop("data", None)
    return {**saved, "model": model, "run": run}


def _flat(identity):
    """The leaves by the names that a user knows: `model.n_critic` as "n_critic"."""
    leaves = {}

    def walk(value, path):
        if isinstance(value, dict):
            for key, item in value.items():
                if key != "name":  # "dcgan_1" says only that another model was made before
                    walk(item, path if key == "config" else (*path, key))
        else:
            leaves[".".join(path)] = value

    for part, value in identity.items():
        walk(value, (part,) if part == "class" else ())
    return leaves


def _shown(leaves, key):
    value = leaves.get(key, "nothing")
    return f"{value:.7g}" if isinstance(value, float) else value
