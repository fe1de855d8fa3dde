"""What the commands print, and how they load what they need without noise."""

import contextlib
import math
import os
import pathlib
import sys
import tempfile

import typer


def show_plan(options):
    """Prints what a run would be, and how long it would take; writes nothing."""
    from tfgan_zoo import training

    made = training.plan(options)
    for name, value in {**vars(made.options), **made.gan.get_config()}.items():
        typer.echo(f"{name} = {value!r}")
    replicas = made.gan.distribute_strategy.num_replicas_in_sync
    typer.echo(f"parameters       {parameters(made.gan)}")
    typer.echo(f"replicas         {replicas}")
    typer.echo(f"images           {made.data.source.count:,}, {made.images_per_step} in a step")
    typer.echo(f"steps            {made.total_steps:,}, {made.steps_per_epoch:,} in an epoch")
    first, seconds = training.time_step(made)
    typer.echo(f"first step       {first:.1f} s, with compilation")
    typer.echo(
        f"one step         {seconds:.3f} s: about {made.total_steps * seconds / 60:.1f} min in all"
    )


def parameters(gan):
    """The trainable parameters of both networks, as text."""
    counts = [
        sum(math.prod(weight.shape) for weight in network.trainable_variables)
        for network in (gan.generator, gan.discriminator)
    ]
    return "generator {:,}, discriminator {:,}".format(*counts)


def first_line(model_class):
    """What the class says of itself in one line."""
    return model_class.__doc__.strip().splitlines()[0]


def paper(model_class):
    """The reference in the docstring of the model's file."""
    doc = sys.modules[model_class.__module__].__doc__ or ""
    return " ".join(doc.partition("Reference: ")[2].split())


def show_warning(message, category, filename, lineno, file=None, line=None):
    """For `warnings.showwarning`: the message alone, as users need it."""
    typer.secho(f"Warning: {message}", fg="yellow", err=True)


def load_model(run):
    """The model of a run directory, of an exported folder, or of a preset with trained weights."""
    zoo = import_zoo()
    from tfgan_zoo import training

    path = pathlib.Path(run)
    if path.is_dir():
        is_exported = zoo.presets.exported(path)
        return zoo.from_preset(path.absolute()) if is_exported else training.load_run(run)
    if run in zoo.list_presets():
        return zoo.from_preset(run)
    raise FileNotFoundError(f"There is no run directory {run}, and no preset of that name.")


def quiet():
    """Asks TensorFlow's C++ to print errors only; to be called before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def import_zoo():
    """The package with TensorFlow, without what its C++ prints before it can be told to be quiet."""
    quiet()
    with _quiet_stderr():
        import tensorflow as tf

        import tfgan_zoo
        import tfgan_zoo.models

        tf.config.list_physical_devices()
    return tfgan_zoo


@contextlib.contextmanager
def _quiet_stderr():
    """Holds back what is written to file descriptor 2, and shows it if the body fails."""
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] in ("0", "1"):
        yield
        return
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
