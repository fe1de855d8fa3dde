"""What the commands print, and how they load what they need without noise."""

import contextlib
import math
import os
import pathlib
import sys
import tempfile
import textwrap

import typer

from tfgan_zoo import progress
from tfgan_zoo.exported import exported_record
from tfgan_zoo.files import address, read_json


def show_plan(options):
    """Prints what a run would be, and how long it would take; writes nothing."""
    from tfgan_zoo import runs

    made = runs.plan(options)
    for name, value in {**vars(made.options), **made.gan.get_config()}.items():
        typer.echo(f"{name} = {value!r}")
    replicas = made.gan.distribute_strategy.num_replicas_in_sync
    typer.echo(f"parameters       {counts(parameters(made.gan))}")
    typer.echo(f"replicas         {replicas}")
    typer.echo(f"images           {made.data.source.count:,}, {made.images_per_step} in a step")
    typer.echo(f"steps            {made.total_steps:,}, {made.steps_per_epoch:,} in an epoch")
    with progress.doing("Timing a few steps"):
        first, seconds = runs.time_step(made)
    typer.echo(f"first step       {first:.1f} s, with compilation")
    typer.echo(
        f"one step         {seconds:.3f} s: about {made.total_steps * seconds / 60:.1f} min in all"
    )


def parameters(gan):
    """The trainable parameters of both networks, `(generator, discriminator)`; 0 of none."""
    networks = (gan.generator, getattr(gan, "discriminator", None))
    return tuple(
        sum(math.prod(weight.shape) for weight in network.trainable_variables) if network else 0
        for network in networks
    )


def counts(numbers):
    """Parameters of both networks as text, or of a generator alone."""
    named = zip(("generator", "discriminator"), numbers, strict=True)
    return ", ".join(f"{name} {number:,}" for name, number in named if number)


def classes(options):
    """What the options of a model say of its classes."""
    number = options.get("num_classes")
    if number is None:
        return "none" + "; --set num_classes=N for labels" * ("num_classes" in options)
    return f"{number}; for data with another number: --set num_classes=N"


def class_names(folder):
    """Lines with number and name of the classes of an exported version; none where it has no names."""
    config = exported_record(folder)["model"]["config"] if folder else {}
    named = [f"{number} {name}" for number, name in enumerate(config.get("class_names") or ())]
    whole = ", ".join(name.replace(" ", "\xa0") for name in named)  # no line ends within a name
    lines = textwrap.wrap(whole, 80, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]


def show_exported(zoo, folder):
    """Prints what an exported version says of itself."""
    record = exported_record(folder)
    name, config = record["model"].get("class_name"), record["model"]["config"]
    model_class = getattr(zoo, name, None) if str(name) in zoo.__all__ else None
    typer.echo(f"{folder}: {name}. {first_line(model_class) if model_class else ''}")
    typer.echo(f"served as   {record['name']}")
    typer.echo(f"classes     {config.get('num_classes') or 'none'}")
    for line in class_names(folder):
        typer.echo(f"            {line}")
    typer.echo("options")
    for option, value in config.items():
        if option != "class_names":
            typer.echo(f"    {option} = {value!r}")
    typer.echo(f"\nSample it:  tfgan-zoo sample {folder} --out grid.png")


def trained(zoo, name):
    """The first score of a preset's weights, "yes" where there is none, None where no weights are."""
    folder = zoo.presets.published(name)
    if folder is None:
        return None
    scores = folder.parent / "scores.json"
    if not scores.is_file():
        return "yes"
    result = read_json(scores, keys={"results": list})["results"][0]
    return f"{result['metric']} {result['value']:.4g}"


def first_line(model_class):
    """What the class says of itself in one line."""
    return model_class.__doc__.strip().splitlines()[0]


def paper(model_class):
    """The reference in the docstring of the model's file."""
    doc = sys.modules[model_class.__module__].__doc__ or ""
    return " ".join(doc.partition("Reference: ")[2].split())


def show_warning(message, category, filename, lineno, file=None, line=None):
    """For `warnings.showwarning`: the message alone, as users need it."""
    say(f"Warning: {message}", "yellow")


def say(text, colour=None):
    """A line on standard error; in colour on a terminal, unless NO_COLOR is set."""
    styled = typer.style(text, fg=colour) if colour and not os.environ.get("NO_COLOR") else text
    typer.echo(styled, err=True)  # which takes colours away where there is no terminal


def load_model(run, trust_model=False, draws=True):
    """The model of a run directory, of an exported folder, of a .keras file, or of a preset with
    trained weights; `trust_model` as for `from_preset`. With `draws` it must draw from latents."""
    zoo = import_zoo()
    with progress.doing(f"Loading {run}"):
        model = _load_model(zoo, run, trust_model)
    if draws and not hasattr(model, "generate"):
        raise ValueError(
            f"{run} is a {type(model).__name__}, which draws nothing from latents. It translates "
            "pictures: tfgan-zoo translate."
        )
    return model


def _load_model(zoo, run, trust_model):
    from tfgan_zoo import runs, trust

    path = pathlib.Path(run)
    if address(run):
        return zoo.from_preset(run, trust_model=trust_model)
    if path.is_dir():
        if zoo.presets.exported(path):
            return zoo.from_preset(path.absolute(), trust_model=trust_model)
        return runs.load_run(run)
    if path.suffix == ".keras" and path.is_file():
        return trust.load_keras(path)
    if run in zoo.list_presets():
        return zoo.from_preset(run)
    folders = [str(path) for path in path.parent.glob("*") if path.is_dir()]
    hint = zoo.presets.near(run, folders if os.sep in run else zoo.list_presets())
    raise FileNotFoundError(f"There is no run directory {run}, and no preset of that name.{hint}")


def quiet():
    """Asks TensorFlow's C++ to print errors only; to be called before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def import_zoo():
    """The package with TensorFlow, without what its C++ prints before it can be told to be quiet."""
    quiet()
    with quiet_stderr() as shown:
        progress.show(shown)
        with progress.doing("Loading TensorFlow"):
            import tensorflow as tf

            import tfgan_zoo
            import tfgan_zoo.models

            tf.config.list_physical_devices()
    progress.show(sys.stderr)
    return tfgan_zoo


@contextlib.contextmanager
def quiet_stderr():
    """Holds back what is written to file descriptor 2, and shows it if the body fails.

    Yields:
        A text stream that leads there all the while.
    """
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] in ("0", "1"):
        yield sys.stderr
        return
    sys.stderr.flush()
    with os.fdopen(os.dup(2), "w") as real, tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield real
        except BaseException:
            held.seek(0)
            os.write(real.fileno(), held.read())
            raise
        finally:
            os.dup2(real.fileno(), 2)
