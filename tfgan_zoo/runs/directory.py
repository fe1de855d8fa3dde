"""The run directory: its number, its `run.json`, and the model that lies in it."""

import dataclasses
import os
import random
import re
import time
import warnings

import tensorflow as tf

from tfgan_zoo import provenance
from tfgan_zoo.callbacks.backup import load_newest
from tfgan_zoo.callbacks.steps import sum_over_replicas
from tfgan_zoo.files import checked_json, local, read_json, told, write_json
from tfgan_zoo.locks import Lock
from tfgan_zoo.privacy import budget
from tfgan_zoo.runs.options import Options, begun_with, build
from tfgan_zoo.tasks.gan import GAN
from tfgan_zoo.trust import load_keras

_NUMBER = re.compile(r"(\d{4,})-.")
_FIELDS = {"process": dict, "continued": list, "options": dict}


def new_directory(root, name, strategy):
    """Makes `<root>/<number>-<name>` with the next number; all workers get the first one's."""
    root = local(root)
    writes = strategy.extended.should_checkpoint
    number = _from_first_worker(strategy, _make_next(root, name) if writes else 0)
    return root / f"{number:04d}-{name}"


def _make_next(root, name):
    with told(root / f"…-{name}"):
        root.mkdir(parents=True, exist_ok=True)
        while True:
            number = max(_numbers(root), default=0) + 1
            directory = root / f"{number:04d}-{name}"
            try:
                directory.mkdir()
            except FileExistsError:
                continue  # another run took it in this moment
            if _numbers(root).count(number) == 1:
                return number
            # So did a run of another preset. Of two that both are here, one at least sees both.
            directory.rmdir()
            time.sleep(random.uniform(0.001, 0.1))


def _numbers(root):
    """The numbers of all runs in a folder; after 9999 they have five digits."""
    found = (_NUMBER.match(path.name) for path in root.iterdir() if path.is_dir())
    return [int(match[1]) for match in found if match]


def lock(directory):
    """Takes a run for this process alone; a second one is refused, with host and process of the first.

    Raises:
        InUseError: Another process trains it.
    """
    with told(directory):
        return Lock(directory / ".lock", f"The run {directory}")


def _from_first_worker(strategy, number):
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return number
    total, count = sum_over_replicas(strategy, [number, min(number, 1)])
    return int(total // count)


def record(plan, directory):
    """Writes `run.json`, or adds to it what a continued run runs on."""
    path = directory / "run.json"
    process = provenance.process_metadata(plan.gan.distribute_strategy.num_replicas_in_sync)
    if path.exists():
        run = _read(path)
        _warn_of_versions(run["process"].get("versions", {}), process["versions"])
        run["continued"].append(process)
    else:
        run = {"process": process, "continued": []}
    run |= {
        "options": dataclasses.asdict(plan.options),
        "model": {"class": type(plan.gan).__name__, **plan.gan.get_config()},
        "images": plan.data.source.count,
        "steps_per_epoch": plan.steps_per_epoch,
        "total_steps": plan.total_steps,
    }
    write_json(path, run)


def record_privacy(plan, directory, ends=True):
    """Puts into `run.json` what a run that is private, or began with private weights, has spent; unless
    it `ends`, what it will have spent then, should it be killed before."""
    gan = plan.gan
    steps = 0 if ends else max(0, plan.total_steps - int(gan.iterations.numpy()))
    ahead = steps * gan.player("discriminator").updates if gan.privacy else steps
    if spent := budget.as_json(gan, ahead):
        path = directory / "run.json"
        write_json(path, _read(path) | {"privacy": spent})


def _read(path):
    advice = "Restore it from a copy, or train anew; the checkpoints beside it are not lost."
    return read_json(path, keys=_FIELDS, advice=advice)


def _warn_of_versions(then, now):
    changed = [
        f"{name} {then.get(name, 'unknown')}, now {now[name]}"
        for name in now
        if then.get(name) != now[name]
    ]
    if changed:
        warnings.warn(
            f"The run was begun with {'; '.join(changed)}: it may not go on bit for bit.",
            stacklevel=3,
        )


def options_of(directory: str | os.PathLike) -> Options:
    """The `Options` of a run directory, as `run.json` has them."""
    path = local(directory) / "run.json"
    if not path.is_file():
        raise FileNotFoundError(f"{directory} is no run directory: it has no run.json.")
    run = _read(path)
    options, model = run["options"], run.get("model")
    checked_json(path, options, keys={"preset": str}, advice="Restore it from a copy.")
    try:
        return begun_with(Options(**options), model if isinstance(model, dict) else {})
    except TypeError as error:  # an option of another version, or a value of another kind
        raise ValueError(f"{path} has options that are not known here: {error}.") from None


def load_run(directory: str | os.PathLike) -> GAN:
    """The model of a run as it was saved last, for samples and export.

    Raises:
        FileNotFoundError: No run directory, or one in which nothing has been saved yet.
        ValueError: A damaged run.json; the message says what is wrong with it.
    """
    directory = local(directory)
    gan = build(options_of(directory))
    if load_newest(gan, directory / "checkpoints") is not None:
        return gan
    if (directory / "model.keras").is_file():
        return load_keras(directory / "model.keras")
    raise FileNotFoundError(
        f"{directory} has no checkpoint yet. Continue it: tfgan-zoo train --resume {directory}"
    )
