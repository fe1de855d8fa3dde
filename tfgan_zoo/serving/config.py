"""Writes `models.config` from a folder of models, and checks configuration files before a server does.

A stock server stops, waits for ever or serves nothing for many of these mistakes, often without a word.
"""

import pathlib

from google.protobuf import text_format

from tfgan_zoo.extras import needed_by
from tfgan_zoo.files import local
from tfgan_zoo.serving import messages
from tfgan_zoo.serving.batching import Options
from tfgan_zoo.serving.policy import chosen, validate
from tfgan_zoo.serving.statuses import StatusError

with needed_by("Serving"):
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

LABELS = ("stable", "canary")


def write(root, base_path=None):
    """The text of a `models.config` that serves every model of a folder.

    Each model's two newest versions are served: the newest is labelled `canary`, the one before it
    `stable`; a single version is both.

    Args:
        root: Folder with `<model>/<version>/saved_model.pb`.
        base_path: Absolute path of that folder where the server runs, such as /models in a container;
            by default where it is now.

    Raises:
        FileNotFoundError: No model in the folder.
    """
    root = local(root).resolve()
    base = pathlib.PurePosixPath(base_path or root)
    config = ModelServerConfig()
    for folder in sorted(path for path in root.glob("*") if _versions(path)):
        model = config.model_config_list.config.add(
            name=folder.name, base_path=str(base / folder.name), model_platform="tensorflow"
        )
        newest = sorted(_versions(folder))[-2:]
        model.model_version_policy.specific.versions.extend(newest)
        model.version_labels["stable"], model.version_labels["canary"] = newest[0], newest[-1]
    if not config.model_config_list.config:
        raise FileNotFoundError(f"{root} holds no model: no NAME/VERSION/saved_model.pb in it.")
    return text_format.MessageToString(config)


def _versions(folder):
    found = folder.glob("*/saved_model.pb")
    return [int(path.parent.name) for path in found if path.parent.name.isdigit()]


def check(path, kind=None, enable_batching=True, mapped=None):
    """What is wrong with a configuration file.

    Args:
        path: The file.
        kind: "models", "batching", "monitoring" or "ssl"; by default what the file's name begins with.
        enable_batching: Whether the server will run with `--enable_batching`.
        mapped: `(path where the server runs, path here)`, for files that are meant for a container.

    Returns:
        A list of sentences, empty for a good file.

    Raises:
        ValueError: A kind that cannot be told from the name.
    """
    path = pathlib.Path(path)
    kind = kind or next((known for known in messages.KINDS if path.name.startswith(known)), None)
    if kind not in messages.KINDS:
        raise ValueError(
            f"What is in {path.name}? Give a kind: {', '.join(messages.KINDS)}. Received: {kind!r}."
        )
    try:
        message = messages.read(path, messages.KINDS[kind])
    except StatusError as error:
        return [error.message]
    if kind == "models":
        return list(_check_models(message, mapped))
    if kind == "batching":
        return list(_check_batching(message, enable_batching))
    return list({"monitoring": _check_monitoring, "ssl": _check_ssl}[kind](message))


def _check_models(message, mapped):
    models = message.model_config_list.config
    if not models:
        yield "model_config_list has no config: the server would serve nothing."
    for model in models:
        try:
            validate([model])
        except StatusError as error:
            yield error.message
            continue
        if not model.name:
            yield f"The model at {model.base_path} has no name, so that no request can ask for it."
        yield from _check_versions(model, _here(model.base_path, mapped))
    names = [model.name for model in models]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Illegal to list model {name} multiple times in config list"


def _here(base_path, mapped):
    if mapped:
        there, here = mapped
        return pathlib.Path(here) / pathlib.PurePosixPath(base_path).relative_to(there)
    return pathlib.Path(base_path)


def _check_versions(model, base):
    if not base.is_dir():
        yield f"{model.name}: base_path {base} is no folder; the server would wait for it for ever."
        return
    numbers = {int(path.name): path for path in base.iterdir() if path.name.isdigit()}
    wanted = chosen(numbers, model.model_version_policy)
    for number in model.model_version_policy.specific.versions:
        if number not in numbers:
            yield f"{model.name}: version {number} is not in {base}; it has {_list(numbers)}."
    if not wanted:
        yield f"{model.name}: no version to serve in {base}; the server would wait for ever."
    for number in wanted:
        yield from _check_saved_model(model.name, numbers[number])
    for label, number in model.version_labels.items():
        if number not in wanted:
            yield (
                f"{model.name}: label {label!r} names version {number}, which is not served; "
                f"served: {_list(wanted)}."
            )


def _check_saved_model(name, path):
    if not (path / "saved_model.pb").is_file():
        yield f"{name}: {path} has no saved_model.pb; the version would end with NOT_FOUND."
    elif not (path / "variables" / "variables.index").is_file():
        yield (
            f"{name}: {path} has no variables/variables.index; it would replace a good version and fail "
            "every request."
        )


def _list(numbers):
    return ", ".join(map(str, sorted(numbers))) or "none"


def _check_batching(message, enable_batching):
    if not enable_batching:
        yield "A batching_parameters_file without --enable_batching is an error when the server starts."
    try:
        Options(message).check()
    except StatusError as error:
        yield error.message
    if not message.HasField("max_batch_size"):
        yield "max_batch_size is not set: the default of 1000 rows may need more memory than there is."


def _check_monitoring(message):
    path = message.prometheus_config.path
    if not message.prometheus_config.enable:
        yield "prometheus_config { enable: true } is missing: nothing is monitored."
    if path and not path.startswith("/"):
        yield f"prometheus_config.path must begin with '/'. Received: {path!r}."


def _check_ssl(message):
    for field in ("server_key", "server_cert"):
        value = getattr(message, field)
        if "-----BEGIN" not in value:
            yield f"{field} must hold a PEM text, not a path. Received: {value[:40]!r}."
    if message.client_verify and "-----BEGIN" not in message.custom_ca:
        yield "client_verify needs custom_ca, the PEM text of the authority of client certificates."
