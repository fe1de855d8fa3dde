"""Which `ModelConfig` messages are accepted, and which versions they ask for."""

import os
import re

from tfgan_zoo.serving.statuses import invalid

_URI = re.compile(r"^[a-zA-Z][\w+.-]*://")


def chosen(numbers, policy):
    """The version numbers that a `ServableVersionPolicy` picks; the latest one by default."""
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return sorted(numbers)
    if kind == "specific":
        return [number for number in policy.specific.versions if number in numbers]
    return sorted(numbers, reverse=True)[: policy.latest.num_versions or 1]


def validate(models):
    """Refuses a list of `ModelConfig` messages as ServerCore does.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    names = set()
    for model in models:
        if model.name in names:
            raise invalid(f"Illegal to list model {model.name} multiple times in config list")
        names.add(model.name)
    for model in models:
        if not os.path.isabs(model.base_path) and not _URI.match(model.base_path):
            raise invalid(
                f"Expected model {model.name} to have an absolute path or URI; got "
                f"base_path()={model.base_path}"
            )
        if not model.model_platform and not model.model_type:
            raise invalid(
                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                f"ModelServerConfig::model_platform, model name is {model.name}"
            )
        if model.model_platform and model.model_type:
            raise invalid(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                f"ModelServerConfig::model_platform, model name is {model.name}"
            )
        if model.model_platform not in ("", "tensorflow"):
            raise invalid(
                f"Model {model.name} requests unsupported platform {model.model_platform}"
            )
