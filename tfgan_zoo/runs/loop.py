"""Trains a preset in a run directory of its own, from the first step or from where a run stopped."""

import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfgan_zoo import callbacks, datasets, presets, progress
from tfgan_zoo.callbacks.backup import checkpoints
from tfgan_zoo.callbacks.progress import ProgressBar
from tfgan_zoo.engine import inputs
from tfgan_zoo.files import atomic_write, local
from tfgan_zoo.models import GAN
from tfgan_zoo.precision import bfloat16_units
from tfgan_zoo.runs.devices import make_strategy
from tfgan_zoo.runs.directory import lock, new_directory, options_of, record, record_privacy
from tfgan_zoo.runs.options import Options, build, model_options

_SAVE_EVERY = 500  # steps, where an epoch has more


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came, and the run is saved.

    Attributes:
        directory, step, signal: The run, its last step, and the signal that came.
    """

    def __init__(self, directory: str | os.PathLike, step: int, signal: int):
        self.directory, self.step, self.signal = directory, step, signal
        super().__init__(f"{signal.name} after step {step}; the run is saved in {directory}.")


class Plan(NamedTuple):
    """A run before its first step: options without gaps, the compiled model, the data, the sizes."""

    options: Options
    gan: GAN
    data: tf.data.Dataset
    images_per_step: int
    steps_per_epoch: int

    @property
    def total_steps(self):
        """The number of the last step, those that `init` was trained for among them."""
        own = self.options.steps or self.options.epochs * self.steps_per_epoch
        return self.options.first_step + own

    @property
    def writes(self):
        """Whether this process writes the run directory; of several workers, the first does."""
        return self.gan.distribute_strategy.extended.should_checkpoint


def plan(options: Options, initialize: bool = True) -> Plan:
    """Makes the strategy, the model and the data of a run; writes nothing.

    Args:
        options: `Options`.
        initialize: Whether the model begins with the weights of `options.init`, where there is one; a
            run that goes on from a checkpoint has them already.

    Raises:
        ValueError, TypeError, FileNotFoundError: Options or data that cannot be used.
    """
    is_auto, options = options.precision == "auto", options.resolved()
    before = _begun_with(options) if initialize else {}  # refused before the data are read
    strategy, model = make_strategy(options.strategy), model_options(options)
    with progress.doing(f"Reading {options.data}"):
        data = _load(options, model)
    _compare_classes(options, model.get("num_classes"), data.source)
    if model.get("num_classes") and not options.class_names:
        options = dataclasses.replace(
            options, class_names=_class_names(before, data.source.class_names)
        )
    with strategy.scope(), progress.doing("Building the model"):
        gan = build(options, initialize)
    if initialize:
        options = dataclasses.replace(options, first_step=int(gan.iterations.numpy()))
    if is_auto and options.precision != "float32":
        unit = bfloat16_units()
        progress.say(
            f"Training in {options.precision}, for which there is {unit}; see --precision."
        )
    images = inputs.step_size(gan, options.batch_size)
    return Plan(options, gan, data, images, max(1, data.source.count // images))


def _load(options, model):
    """The data, by the function that the model's class names."""
    cls = presets.get_preset(options.preset).model_class
    own = {"data_dir": options.data_dir} if options.data_dir else {}
    return getattr(datasets, cls.loader)(
        options.data,
        **cls.loader_arguments(model),
        batch_size=options.batch_size,
        seed=options.seed,
        **own,
        **options.data_options,
    )


def _class_names(before, names):
    """The names of the data's classes, in the order of the model that the run begins with if it has the
    same ones."""
    before = before.get("class_names") or ()
    return tuple(before) if names and sorted(before) == sorted(names) else names


def _begun_with(options):
    """The configuration of the model whose weights the run begins with."""
    if not options.init:
        return {}
    with presets.opened(options.init) as folder:
        return presets.exported_record(folder)["model"]["config"]


def _compare_classes(options, models, source):
    """Refuses data with other classes than the model's, before that is built."""
    datas = source.num_classes
    if models is None or datas is None or options.class_names:  # names are compared by `fit`
        return
    if datas > models or (source.class_names and datas != models):
        raise ValueError(
            f"{options.data} has {datas} classes, and the model has num_classes={models}. Make them "
            f"agree: --set num_classes={datas}, or from Python overrides={{'num_classes': {datas}}}."
        )


def train(
    options: Options,
    run_root: str = "runs",
    extra_callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
) -> pathlib.Path:
    """Trains from the first step in a new run directory, `<run_root>/0001-<preset>`.

    With `options.init` it begins with weights that were trained before. The directory gets `run.json`
    (options, versions, hardware, command), `logs.jsonl`, `tensorboard/`, `samples/`, `checkpoints/` and,
    at the end, `model.keras`.

    Args:
        options: `Options`.
        run_root: Folder of the run directories.
        extra_callbacks: Keras callbacks besides those of a run.
        verbose: Whether to show a progress bar.

    Returns:
        The run directory, a `pathlib.Path`.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the run is saved.
        DivergenceError: See `tfgan_zoo.callbacks.DivergenceGuard`.
        ValueError, TypeError, FileNotFoundError: Options or data that cannot be used.
    """
    made = plan(options)
    directory = new_directory(run_root, made.options.preset, made.gan.distribute_strategy)
    with _removed_if_refused(directory):
        return _run(made, directory, extra_callbacks, verbose)


def resume(
    directory: str | os.PathLike,
    extra_callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = True,
    **given: Any,
) -> pathlib.Path:
    """Continues an interrupted run, or a finished one to a greater length.

    Args:
        directory: The run directory.
        extra_callbacks, verbose: As for `train`.
        given: Options that the run should have. `data_dir`, `epochs`, `steps` and `strategy` may be
            new, since they say where and how long; the others must be those of the run.

    Returns:
        The run directory, a `pathlib.Path`.

    Raises:
        FileNotFoundError: No run directory.
        InUseError: Another process trains this run.
        ValueError: An option that contradicts the run's; the message names it, with both values.
    """
    directory = local(directory)
    options = options_of(directory).continued(**given)
    if options.strategy != "multi_worker":  # whose first worker holds it
        lock(directory).release()  # refused before the data are read
    has_checkpoint = bool(checkpoints(directory / "checkpoints"))
    made, log = plan(options, not has_checkpoint), directory / "logs.jsonl"
    before = log.read_bytes() if log.is_file() else None
    directory = _run(made, directory, extra_callbacks, verbose)
    if made.writes and before is not None and log.read_bytes() == before:
        warnings.warn(
            f"The run had its {made.total_steps:,} steps already: nothing was trained. Give more epochs "
            "or steps.",
            stacklevel=2,
        )
    return directory


def time_step(made: Plan, steps: int = 5) -> tuple[float, float]:
    """Seconds of the first step, with compilation, and of one after it. Trains the plan's model."""
    watch, begun = _StopWatch(), time.perf_counter()
    stop = callbacks.StopAtStep(int(made.gan.iterations.numpy()) + steps)
    made.gan.fit(made.data, callbacks=[watch, stop], verbose=0)
    first, *later = watch.times
    return first - begun, (watch.times[-1] - first) / len(later) if later else first - begun


class _StopWatch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.times = []

    def on_train_batch_end(self, batch, logs=None):
        self.times.append(time.perf_counter())


def _run(made, directory, extra_callbacks, verbose):
    with contextlib.ExitStack() as held:
        if made.writes:
            held.enter_context(lock(directory))
            record(made, directory)
        return _fit(made, directory, extra_callbacks, verbose)


def _fit(made, directory, extra_callbacks, verbose):
    bars = [ProgressBar(made.images_per_step, made.total_steps)] if verbose else []
    epochs = -(-made.total_steps // made.steps_per_epoch)
    with callbacks.StopOnSignal() as stop, contextlib.ExitStack() as cleanup:
        for bar in bars:
            cleanup.callback(bar.on_train_end)  # also where fit raises
        watchers = [*_callbacks(made, directory), *extra_callbacks, *bars, stop]
        if made.writes:  # once the counters are those of the checkpoint
            promise = functools.partial(record_privacy, made, directory, ends=False)
            watchers.append(keras.callbacks.LambdaCallback(on_train_begin=lambda logs: promise()))
        goes_on = made.options.first_step > 0  # epochs count from the first step of the weights
        made.gan.fit(made.data, epochs=epochs, callbacks=watchers, verbose=0, resume=goes_on)
    if made.writes:
        record_privacy(made, directory)
    step = int(made.gan.iterations.numpy())
    if stop.received is not None and step < made.total_steps:
        raise Interrupted(directory, step, stop.received)
    if made.writes:
        with atomic_write(directory / "model.keras") as path:
            made.gan.save(path)
    return directory


def _callbacks(made, directory):
    # The guard comes first, so that nothing of a diverged step is saved.
    return [
        callbacks.DivergenceGuard(),
        callbacks.StopAtStep(made.total_steps),
        callbacks.JsonlLogger(directory / "logs.jsonl"),
        callbacks.TensorBoardScalars(directory / "tensorboard"),
        _pictures(made, directory / "samples", tensorboard_dir=directory / "tensorboard"),
        *_decay(made),
        callbacks.BackupAndRestore(
            directory / "checkpoints",
            save_freq=min(_SAVE_EVERY, made.steps_per_epoch),
            run_config={
                "images": made.data.source.count,
                "batch_size": made.options.batch_size,
            },
        ),
    ]


def _decay(made):
    """What lowers the rates of a model whose paper does."""
    share = getattr(made.gan, "decay_begins", None)
    total = made.total_steps
    return [] if share is None else [callbacks.LinearDecay(int(share * total), total)]


def _pictures(made, directory, **options):
    if isinstance(made.gan, GAN):
        return callbacks.SampleGrid(directory, **options)
    return callbacks.TranslationGrid(directory, made.data.source, **options)


@contextlib.contextmanager
def _removed_if_refused(directory):
    """A run that is refused before its first step leaves no directory."""
    try:
        yield
    except (ValueError, TypeError, OSError):
        if not (directory / "logs.jsonl").exists():
            shutil.rmtree(directory, ignore_errors=True)
        raise
