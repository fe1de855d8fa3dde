"""The Typer application, and what all its commands have in common."""

import contextlib
import functools
import os
import select
import sys
import traceback
import warnings
from typing import Annotated

import typer

from tfgan_zoo import __version__
from tfgan_zoo.cli import console

_MISTAKES = (ValueError, TypeError, OSError, RuntimeError, ImportError)
# 128 + the signal's number, as shells have it: of SIGINT, SIGTERM and SIGPIPE.
INTERRUPTED, TERMINATED, CLOSED_PIPE = 130, 143, 141

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
                with warnings.catch_warnings():
                    warnings.showwarning = console.show_warning
                    result = function(*args, **kwargs)
                    sys.stdout.flush()
                    return result
            except (typer.Exit, typer.Abort, typer.BadParameter):
                raise
            except (Exception, KeyboardInterrupt) as error:
                raise typer.Exit(_told(error)) from None

        return app.command(**settings)(wrapped)

    return decorate


def _told(error):
    """Says what an exception means, and returns the exit status for it."""
    if isinstance(error, KeyboardInterrupt):
        console.say("Interrupted; what was not saved before is lost.")
        return INTERRUPTED
    runs = sys.modules.get("tfgan_zoo.runs")
    if runs and isinstance(error, runs.Interrupted):
        console.say(f"{error}\nContinue with:  tfgan-zoo train --resume {error.directory}")
        return TERMINATED if error.signal.name == "SIGTERM" else INTERRUPTED
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        return CLOSED_PIPE
    if _state["debug"]:
        traceback.print_exc()
    console.say(f"Error: {_sentence(error)}", "red")
    return 1


def _sentence(error):
    if isinstance(error, MemoryError):
        return f"The memory of this machine is not enough. {error}".strip()
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    if hasattr(error, "op") and hasattr(
        error, "error_code"
    ):  # of TensorFlow, with a trace of nodes
        return (error.message or type(error).__name__).strip().splitlines()[0]
    if isinstance(error, _MISTAKES) and str(error):
        return str(error)
    return (
        f"tfgan-zoo failed by a fault of its own, {type(error).__name__}: {error}. "
        "`tfgan-zoo --debug …` shows where."
    )


def _nobody_reads():
    """Whether standard output leads to a program that has ended, as of `tfgan-zoo list | head -1`."""
    with contextlib.suppress(OSError, ValueError):  # no file descriptor
        pipe = select.poll()
        pipe.register(sys.stdout.fileno(), select.POLLERR)
        if pipe.poll(0):  # Python would write again when it ends, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return True
    return False


_state = {"debug": False}


def _show_version(asked: bool):
    if asked:
        typer.echo(f"tfgan-zoo {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="TFGAN_ZOO_DEBUG", help="Show the traceback of an error."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
):
    _state["debug"] = debug
