"""The secret of a private run, which its checkpoints keep: see `privacy.DPSGD`."""

import hashlib
import json
import os

import numpy as np

from tfgan_zoo.callbacks.identity import differences
from tfgan_zoo.datasets import fingerprint
from tfgan_zoo.files import read_json, told
from tfgan_zoo.privacy import budget

SECRET = "secret.json"


def share_secret(gan, directory, checkpoints, identity):
    """Gives a model the secret of the run in a folder, or writes there that of the model, before
    its first step: a run that is killed at any time repeats its draws, and so spends nothing twice.

    Returns:
        Whether the model had that secret before.

    Raises:
        ValueError: The secret is that of another run, whose noise would be added to other sums: whoever
            has both models could subtract it. Or there are checkpoints without a secret, whose steps
            could not be repeated.
    """
    path = directory / SECRET
    if path.exists():
        found, own = read_json(path, keys={"secret": list}), gan._privacy_secret
        others = differences(found.get("identity", identity), identity)
        _refuse(path, [each for each in others if not each.startswith("class_names")])
        gan._privacy_secret = found["secret"]
        return own == found["secret"]
    if checkpoints:
        raise ValueError(
            f"{path} is missing. Steps that were made after the last checkpoint would be made anew with "
            "other noise, and so count twice. Restore it from a copy, or train in a new folder."
        )
    _write(path, {"secret": gan._privacy_secret, "identity": identity})
    return True


def share_data(gan, directory, goes_on):
    """Writes beside the secret, before the first step, what noise is added to: a look at all images, the
    batch size and the weights. `goes_on`: whether the weights are those of a checkpoint, or in memory.

    Raises:
        ValueError: They are others than those of the run that the secret was drawn for. A new secret
            would not do: both runs read private images, and epsilon counts the steps of one.
    """
    path = directory / SECRET
    found = read_json(path, keys={"secret": list})
    now = {
        "data": gan.data_fingerprint(whole=True),
        "batch_size": int(gan.state[budget.BATCH].numpy()),
        "weights": _digest(gan),
    }
    then = {name: found.get(name) for name in now}
    others = fingerprint.differences(then["data"], now["data"])
    if then["batch_size"] not in (None, now["batch_size"]):
        others.append(f"batch_size: then {then['batch_size']}, now {now['batch_size']}")
    if not goes_on and then["weights"] not in (None, now["weights"]):
        others.append("the weights that training begins with are others")
    _refuse(path, others)
    if None in then.values():
        _write(path, found | now)


def _digest(gan):
    """SHA-256 of all weights and state of a model."""
    digest = hashlib.sha256()
    for value in gan.get_weights():
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _write(path, content):
    """Into a file that the owner alone may read, beside and then in place."""
    with told(path):
        temporary = path.with_name(f".{SECRET}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
        os.replace(temporary, path)


def _refuse(path, found):
    if found:
        raise ValueError(
            f"{path} is of another run, whose noise must not be used twice. {'; '.join(found)}. Make "
            "these as they were, or train in a new folder."
        )
