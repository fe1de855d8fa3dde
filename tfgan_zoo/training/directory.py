"""The run directory: its number, its `run.json`, and the model that lies in it."""

import dataclasses
import json
import pathlib
import warnings

import keras
import tensorflow as tf

from tfgan_zoo import provenance
from tfgan_zoo.callbacks.backup import load_newest
from tfgan_zoo.callbacks.steps import sum_over_replicas
from tfgan_zoo.files import beside
from tfgan_zoo.training.options import Options, build


def new_directory(root, name, strategy):
    """Makes `<root>/<number>-<name>` with the next number; all workers get the first one's."""
    root = pathlib.Path(root)
    writes = strategy.extended.should_checkpoint
    number = _from_first_worker(strategy, _make_next(root, name) if writes else 0)
    return root / f"{number:04d}-{name}"


def _make_next(root, name):
    while True:
        taken = [int(path.name[:4]) for path in root.glob("[0-9][0-9][0-9][0-9]-*")]
        number = max(taken, default=0) + 1
        try:
            (root / f"{number:04d}-{name}").mkdir(parents=True)
            return number
        except FileExistsError:
            continue  # another run took it in this moment


def _from_first_worker(strategy, number):
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return number
    total, count = sum_over_replicas(strategy, [number, min(number, 1)])
    return int(total // count)


def record(plan, directory):
    """Writes `run.json`, or adds to it what a continued run runs on."""
    path = directory / "run.json"
    facts = provenance.facts(plan.gan.distribute_strategy.num_replicas_in_sync)
    if path.exists():
        run = json.loads(path.read_text())
        _warn_of_versions(run["process"]["versions"], facts["versions"])
        run["continued"].append(facts)
    else:
        run = {"process": facts, "continued": []}
    run |= {
        "options": dataclasses.asdict(plan.options),
        "model": {"class": type(plan.gan).__name__, **plan.gan.get_config()},
        "images": plan.data.source.count,
        "steps_per_epoch": plan.steps_per_epoch,
        "total_steps": plan.total_steps,
    }
    with beside(path) as temporary:
        temporary.write_text(json.dumps(run, indent=2) + "\n")


def _warn_of_versions(then, now):
    changed = [f"{name} {then[name]}, now {now[name]}" for name in now if then[name] != now[name]]
    if changed:
        warnings.warn(
            f"The run was begun with {'; '.join(changed)}: it may not go on bit for bit.",
            stacklevel=3,
        )


def options_of(directory):
    """The `Options` of a run directory, as `run.json` has them."""
    path = pathlib.Path(directory) / "run.json"
    if not path.is_file():
        raise FileNotFoundError(f"{directory} is no run directory: it has no run.json.")
    return Options(**json.loads(path.read_text())["options"])


def load_run(directory):
    """The model of a run as it was saved last, for samples and export.

    Raises:
        FileNotFoundError: No run directory, or one in which nothing has been saved yet.
    """
    directory = pathlib.Path(directory)
    gan = build(options_of(directory))
    if load_newest(gan, directory / "checkpoints") is not None:
        return gan
    if (directory / "model.keras").is_file():
        return keras.saving.load_model(directory / "model.keras")
    raise FileNotFoundError(
        f"{directory} has no checkpoint yet. Continue it: tfgan-zoo train --resume {directory}"
    )
