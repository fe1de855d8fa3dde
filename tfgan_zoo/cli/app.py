"""The Typer application, and what all its commands have in common."""

import contextlib
import functools
import traceback
import warnings
from typing import Annotated

import typer

from tfgan_zoo.cli import console

_MISTAKES = (ValueError, TypeError, OSError, RuntimeError, ImportError)
INTERRUPTED, TERMINATED = 130, 143  # 128 + the signal's number, as shells have it

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="Train, sample, export and serve the GANs of the zoo.",
    epilog="[bold]First steps[/bold]\n\n"
    "tfgan-zoo demo\n\n"
    "tfgan-zoo list\n\n"
    "tfgan-zoo train dcgan_fashion_mnist_10k --epochs 3\n\n"
    "tfgan-zoo sample runs/0001-dcgan_fashion_mnist_10k --out grid.png\n\n"
    "tfgan-zoo export runs/0001-dcgan_fashion_mnist_10k saved_models --name dcgan\n\n"
    "tfgan-zoo serve --model_name=dcgan --model_base_path=$PWD/saved_models/dcgan",
)


def command(**settings):
    """A command whose user sees one line for a mistake, and the traceback only on demand."""

    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            try:
                with _interruptible(), warnings.catch_warnings():
                    warnings.showwarning = console.show_warning
                    return function(*args, **kwargs)
            except typer.Exit:  # a RuntimeError too
                raise
            except _MISTAKES as error:
                if _state["debug"]:
                    traceback.print_exc()
                typer.secho(f"Error: {error}", fg="red", err=True)
                raise typer.Exit(1) from None

        return app.command(**settings)(wrapped)

    return decorate


@contextlib.contextmanager
def _interruptible():
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted; what was not saved before is lost.", err=True)
        raise typer.Exit(INTERRUPTED) from None


_state = {"debug": False}


@app.callback()
def _common(
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="TFGAN_ZOO_DEBUG", help="Show the traceback of an error."),
    ] = False,
):
    _state["debug"] = debug
