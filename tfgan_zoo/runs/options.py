"""The options of a run, as a user gives them and as `run.json` keeps them."""

import dataclasses
import json
import os

import keras

from tfgan_zoo import presets
from tfgan_zoo.engine import legacy
from tfgan_zoo.engine.options import as_config, resolve
from tfgan_zoo.precision import auto_precision
from tfgan_zoo.runs.devices import STRATEGIES

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
JIT = {"auto": "auto", "on": True, "off": False}
_MAY_CHANGE = ("data", "data_dir", "epochs", "steps", "strategy")  # where and how long, not what


@dataclasses.dataclass(frozen=True)
class Options:
    """What a training run is made of. `resolved()` fills in what is None from the preset.

    Args:
        preset: A name of `tfgan_zoo.list_presets()`.
        data: Name or path for `tfgan_zoo.datasets.load`.
        data_dir: Where TFDS sets lie.
        data_options: Options of the function that loads the data, `tfgan_zoo.datasets.load`, or of a
            model from images to images `load_pairs`, `load_unpaired` or `load_degraded`, in place of the
            preset's: `{"flip": True}`.
        epochs, steps: Length of the run, in one or the other, counted from its first step.
        batch_size: Images per update over all replicas.
        strategy: "one" (device), "mirrored" (all GPUs, or two logical CPUs), "multi_worker" (see
            `TF_CONFIG` in TensorFlow's guide) or "tpu".
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; or "auto", which becomes what
            `tfgan_zoo.auto_precision` gives on this machine, and "float32" on several workers, whose
            machines may differ.
        jit: "auto", "on" or "off": whether XLA compiles the step.
        seed: Int. Weights, the order of the data and every draw follow from it.
        overrides: Arguments of the model, in place of the preset's.
        class_names: Of a model with labels; by default those of the data.
        init: A preset or the folder of an exported model, whose weights and state the run begins with,
            see `presets.load_weights`. Its steps come on top of those that these have been trained for.
        first_step: These steps; filled in.

    Raises:
        ValueError: A value outside its range, or both `epochs` and `steps`.
    """

    preset: str
    data: str | None = None
    data_dir: str | None = None
    data_options: dict = dataclasses.field(default_factory=dict)
    epochs: int | None = None
    steps: int | None = None
    batch_size: int | None = None
    strategy: str = "one"
    precision: str = "auto"
    jit: str = "auto"
    seed: int = 0
    overrides: dict = dataclasses.field(default_factory=dict)
    class_names: tuple | None = None
    init: str | None = None
    first_step: int = 0

    def __post_init__(self):
        object.__setattr__(self, "overrides", as_config(self.overrides))  # as `run.json` keeps them
        choices = {"strategy": STRATEGIES, "precision": PRECISIONS, "jit": tuple(JIT)}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                received = getattr(self, name)
                raise ValueError(f"{name} must be one of {allowed}. Received: {received!r}.")
        for name in ("epochs", "steps", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more. Received: {value}.")
        if self.epochs and self.steps:
            raise ValueError(
                f"Give epochs or steps, not both. Received: {self.epochs} and {self.steps}."
            )

    def resolved(self):
        preset = presets.get_preset(self.preset)
        return dataclasses.replace(
            self,
            data=_located(str(self.data or preset.dataset)),
            init=self.init and _located(str(self.init)),
            data_dir=self.data_dir and os.path.abspath(os.path.expanduser(self.data_dir)),
            data_options={**preset.data_options, **self.data_options},
            batch_size=self.batch_size or preset.batch_size,
            epochs=self.epochs or (None if self.steps else preset.epochs),
            precision=self._precision(),
        )

    def _precision(self):
        if self.precision != "auto":
            return self.precision
        return "float32" if self.strategy == "multi_worker" else auto_precision()

    def continued(self, **given):
        """These options for a run that goes on, with those `given` that may be new.

        Raises:
            ValueError: Others; the message names each, with both values.
        """
        for name in ("data", "init"):
            if given.get(name):
                given = {**given, name: _located(str(given[name]))}
        if given.get("precision") == "auto":  # it was resolved when the run began
            given = {**given, "precision": self.precision}
        own = dataclasses.asdict(self) | self.overrides
        fixed = {name: value for name, value in given.items() if name not in _MAY_CHANGE}
        fixed |= as_config(fixed.pop("overrides", {}))
        against = [
            f"{name}: the run has {_shown(own.get(name, 'the default'))}, given {_shown(value)}"
            for name, value in fixed.items()
            if name not in own or _plain(value) != _plain(own[name])
        ]
        if against:
            raise ValueError(
                f"A run is continued with its own options. {'; '.join(against)}. Leave these out, or "
                "start a new run."
            )
        if given.keys() & {"epochs", "steps"}:
            given = {"epochs": None, "steps": None, **given}
        return dataclasses.replace(self, **given)


def _shown(value):
    """A value as Python writes it, objects rather than their configurations."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    is_object = isinstance(value, dict) and "class_name" in value
    return repr(keras.saving.deserialize_keras_object(value) if is_object else value)


def _located(data):
    """A path as an absolute one, so that the run can be resumed from anywhere; a name as it is."""
    path = os.path.abspath(os.path.expanduser(data))
    is_path = data[:1] in "./~" or data.endswith(".npz") or (os.sep in data and os.path.isdir(path))
    return path if is_path else data


def model_options(options):
    """The checked arguments of the model, without building it."""
    preset = presets.get_preset(options.preset)
    given = {**preset.options, "seed": options.seed, **options.overrides}
    return resolve(preset.model_class, (), given)


def begun_with(options, model):
    """The options of a run whose preset had other ones when it was begun, as the configuration of its
    `model` tells."""
    if not model:
        return options
    preset = presets.get_preset(options.preset)
    cls = preset.model_class
    now = {**cls.defaults, **preset.options, **options.overrides, "seed": options.seed}
    now = as_config(resolve(cls, (), legacy.translated(cls, now, warn=False)))
    then = legacy.translated(cls, {**cls.before, **model}, warn=False)
    then = {key: value for key, value in then.items() if key in now}
    then = as_config(resolve(cls, (), then))
    others = {key: value for key, value in then.items() if _plain(value) != _plain(now[key])}
    return dataclasses.replace(options, overrides={**others, **options.overrides})


def _plain(value):
    return json.loads(json.dumps(value))  # `run.json` knows lists, no tuples


def build(options, initialize=False):
    """The compiled model of `options`, under the strategy in whose scope this is called; new, or with
    the weights of `options.init`."""
    gan = presets.from_preset(
        options.preset,
        load_weights=False,
        seed=options.seed,
        dtype=options.precision,
        **options.overrides,
    )
    gan.class_names = options.class_names
    if initialize and options.init:
        presets.load_weights(gan, options.init)
    gan.compile(jit_compile=JIT[options.jit])
    return gan
