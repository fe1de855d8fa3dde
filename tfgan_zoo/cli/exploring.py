"""The command that opens a page to move through what a model draws."""

import contextlib
import socket
import webbrowser
from typing import Annotated

import typer

from tfgan_zoo import progress
from tfgan_zoo.cli import arguments, console
from tfgan_zoo.cli.app import command


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo explore stylegan2_emoji_64\n\n"
    "tfgan-zoo explore runs/0001-cyclegan_horse2zebra --port 0 --no-browser\n\n"
    "tfgan-zoo explore --url localhost:8500 --model garments\n\n"
    "The page is for this machine alone, and ends with Ctrl-C."
)
def explore(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="Run directory, exported folder, or a preset with trained weights.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="A server in place of it: host:port for gRPC, or http://host:port."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name under which it is served there.")] = None,
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Let --host be an address that others reach."),
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    trust_model: arguments.Trust = False,
):
    """Open a local page to move through what a model draws: seeds, styles, directions, uploads."""
    if (target is None) == (url is None) or (url is None) != (model is None):
        raise ValueError("Give a model, or --url and --model of a server.")
    if not 0 <= port < 2**16:
        raise ValueError(f"--port must lie in [0, 65535]. Received: {port}.")
    console.import_zoo()
    from tfgan_zoo.explore import guards

    if not guards.is_loopback(host) and not allow_remote:
        raise ValueError(
            f"--host {host} may be reached from other machines, and whoever reaches it can use the "
            "model: add --allow-remote if that is meant."
        )
    _check_free(host, port)
    with contextlib.ExitStack() as closing:
        backend = _served(url, model, closing) if url else _local(target, trust_model)
        _serve(backend, target or model, host, port, browser)


def _local(target, trust_model):
    model = console.load_model(target, trust_model, draws=False)
    from tfgan_zoo.explore import Drawing, Translation

    words = [target] + ["--trust-model"] * trust_model
    return (Drawing if hasattr(model, "generate") else Translation)(model, words)


def _served(url, model, closing):
    from tfgan_zoo.explore import ServedModel
    from tfgan_zoo.serving import Client

    with progress.doing(f"Asking {url} for {model}"):
        return ServedModel(closing.enter_context(Client(url, model)), url, model)


def _serve(backend, name, host, port, browser):
    from tfgan_zoo import explore as page

    def ready(address):
        typer.echo(f"Exploring {name}: {address}  (Ctrl-C ends it, twice while it computes)")
        if not page.guards.is_loopback(host):
            console.say(
                "Warning: other machines can reach this page, without a password.", "yellow"
            )
        if browser:
            webbrowser.open(address)

    page.serve(backend, name, host, port, ready)


def _check_free(host, port):
    """Raises OSError where the page could not be served, before a model is loaded for nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server(found[0][4][:2], family=found[0][0]).close()
    except OSError as error:
        problem = error.strerror or error
        raise OSError(
            f"{host}:{port} cannot be listened on: {problem}. --port 0 takes a free one."
        ) from None
