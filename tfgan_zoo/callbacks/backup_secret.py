"""The secret of a private run, which its checkpoints keep: see `privacy.DPSGD`."""

import json
import os

from tfgan_zoo.callbacks.identity import differences
from tfgan_zoo.files import read_json, told

SECRET = "secret.json"


def share_secret(gan, directory, checkpoints, identity):
    """Gives a model the secret of the run in a folder, or writes there that of the model, before
    its first step: a run that is killed at any time repeats its draws, and so spends nothing twice.

    Raises:
        ValueError: The secret is that of another run, whose noise would be added to other sums: whoever
            has both models could subtract it. Or there are checkpoints without a secret, whose steps
            could not be repeated.
    """
    path = directory / SECRET
    if path.exists():
        found = read_json(path, keys={"secret": list})
        _refuse_other(path, found.get("identity", identity), identity)
        gan._privacy_secret = found["secret"]
        return
    if checkpoints:
        raise ValueError(
            f"{path} is missing. Steps that were made after the last checkpoint would be made anew with "
            "other noise, and so count twice. Restore it from a copy, or train in a new folder."
        )
    with told(path):
        temporary = path.with_name(f".{SECRET}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"secret": gan._privacy_secret, "identity": identity}, file)
        os.replace(temporary, path)


def _refuse_other(path, then, now):
    found = [each for each in differences(then, now) if not each.startswith("class_names")]
    if found:
        raise ValueError(
            f"{path} is of another run, whose noise must not be used twice. {'; '.join(found)}. Make "
            "these as they were, or train in a new folder."
        )
