"""The commands on content credentials: inspect, test-certificate."""

import json
import pathlib
from typing import Annotated

import typer

from tfgan_zoo.cli import console
from tfgan_zoo.cli.app import command

_STATUS = {"valid": 0, "untrusted": 3, "none": 4, "invalid": 5}
_UNREADABLE = 1
_MEANING = {
    "valid": "valid, signed by {signer}",
    "untrusted": "unchanged since it was signed, but nobody trusted vouches for the signer {signer}",
    "invalid": "INVALID, what it says is not to be believed",
    "none": "no content credentials, which says nothing about its origin",
}


@command(
    epilog="[bold]Examples[/bold]\n\n"
    "tfgan-zoo inspect picture.png\n\n"
    "tfgan-zoo inspect *.jpg --trust-anchors C2PA-TRUST-LIST.pem --json\n\n"
    "Exit status: 0 where all are valid; else the highest of 3 untrusted, 4 without credentials, 5 "
    "invalid; 1 if a file cannot be read. Nothing is fetched."
)
def inspect(
    files: Annotated[list[pathlib.Path], typer.Argument(help="Images, whoever made them.")],
    trust_anchors: Annotated[
        pathlib.Path | None,
        typer.Option(help="PEM file of certificates that are trusted. (none: no file is valid)"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, with all that a file says.")
    ] = False,
):
    """Read and verify the content credentials (C2PA) of images: who says they made them, and how."""
    from tfgan_zoo import credentials

    if trust_anchors is not None:
        credentials.anchors(trust_anchors)  # or each picture would be said to be at fault
    statuses = []
    for file in files:
        try:
            found = credentials.read(file, trust_anchors)
        except (ValueError, OSError) as error:
            statuses.append(_UNREADABLE)
            text = str(error) if str(file) in str(error) else f"{file}: {error}"
            _cannot_be_read(file, text, as_json)
            continue
        statuses.append(_STATUS[found.state])
        typer.echo(_as_json(file, found) if as_json else "\n".join(_lines(file, found)))
    raise typer.Exit(_UNREADABLE if _UNREADABLE in statuses else max(statuses))


@command(
    name="test-certificate",
    epilog="[bold]Example[/bold]\n\n"
    "tfgan-zoo test-certificate ./credentials\n\n"
    "tfgan-zoo sample dcgan_fashion_mnist --out grid.png --credentials-certificate "
    "credentials/certificate.pem --credentials-key credentials/private_key.pem\n\n"
    "tfgan-zoo inspect grid.png --trust-anchors credentials/trust_anchor.pem",
)
def test_certificate(
    folder: Annotated[pathlib.Path, typer.Argument(help="Where it and its key are written.")],
    days: Annotated[int, typer.Option(help="How long it is valid.")] = 365,
):
    """Write a certificate for tests of content credentials, which nobody else trusts."""
    from tfgan_zoo.credentials import certificates

    certificates.create_test_certificate(folder, days)
    for name in (certificates.CERTIFICATE, certificates.KEY, certificates.ANCHOR):
        typer.echo(folder / name)
    console.say(f"{certificates.KEY} is secret: whoever has it can sign as you do here.")


def _cannot_be_read(file, error, as_json):
    if as_json:
        typer.echo(json.dumps({"file": str(file), "state": "unreadable", "error": error}))
    else:
        console.say(f"Error: {_shown(error, 1000)}", "red")


def _as_json(file, found):
    problems = [{"code": code, "explanation": text} for code, text in found.problems]
    told = {"file": str(file), "state": found.state, "problems": problems}
    return json.dumps({**told, "store": found.store}).replace("\x7f", "\\u007f")


def _lines(file, found):
    signed = _dictionary(found.manifest.get("signature_info"))
    names = [signed[key] for key in ("common_name", "issuer") if signed.get(key)]
    signer = _shown(" of ".join(map(str, names)) or "unknown")
    yield f"{_shown(file)}: {_MEANING[found.state].format(signer=signer)}"
    for code, text in found.problems:
        if found.state != "untrusted" or not code.endswith(".untrusted"):
            yield _row("problem", f"{code}: {text}")
    for key, value in _said(found.manifest):
        yield _row(key, value)


def _said(manifest):
    """What the signer says, as pairs; of any shape, since strangers write it."""
    for software in _dictionaries(manifest.get("claim_generator_info")):
        yield "software", f"{software.get('name', '')} {software.get('version', '')}"
    if "claim_generator" in manifest:  # of claims before version 2
        yield "software", manifest["claim_generator"]
    for assertion in _dictionaries(manifest.get("assertions")):
        label, data = str(assertion.get("label")), _dictionary(assertion.get("data"))
        if label.startswith("c2pa.actions"):
            for action in _dictionaries(data.get("actions")):
                yield from _action(action)
        elif label.startswith("c2pa.ai-disclosure"):
            yield "AI model", f"{data.get('modelName', '')} {data.get('modelIdentifier', '')}"
        else:
            yield "more", f"{label} (--json shows it)"
    for each in _dictionaries(manifest.get("ingredients")):
        origin = "with credentials" if each.get("active_manifest") else "without credentials"
        yield "made of", f"{each.get('title', 'a file')} ({each.get('relationship')}, {origin})"


def _action(action):
    source = str(action.get("digitalSourceType", "")).rpartition("/")[2]
    yield (
        "action",
        " ".join(str(x) for x in (action.get("action"), source, action.get("when")) if x),
    )
    for name, value in sorted(_dictionary(action.get("parameters")).items()):
        if name.startswith("tfgan_zoo."):
            yield name.removeprefix("tfgan_zoo.").replace("_", " "), value


def _dictionary(value):
    return value if isinstance(value, dict) else {}


def _dictionaries(value):
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _row(key, value):
    return f"    {_shown(key, 24):16} {_shown(value)}"


def _shown(value, most=200):
    """Text of a stranger on one line, without what a terminal would obey."""
    text = str(value)
    text = text if len(text) <= most else f"{text[:most]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
