"""Every code block of the documents runs, in its order, from the folder of the checkout, in a new home.

The quick suite parses every command, and runs the Python blocks that need no server; `make test-all`
runs everything. Trainings and samples are shortened by `SHORTER`, and by nothing else.
"""

import os
import pathlib
import re
import shlex
import shutil
import warnings

import numpy as np
import pytest
import typer
from documents import ROOT, Terminal, blocks, checkout, commands, home

import tfgan_zoo
from tfgan_zoo import cli, runs
from tfgan_zoo.cli import arguments

PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
CARDS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("saved_models/*/README.md"))
DATA = os.environ.get("TFGAN_ZOO_DATA")

# What makes a block take seconds rather than minutes.
SHORTER = {
    "epochs=100": "epochs=1",
    "epochs=10": "epochs=1, steps_per_epoch=4",
    "width=64": "width=4",
    "steps_per_epoch=300": "steps_per_epoch=9",
    "arange(5000)": "arange(500)",
    "generate(5000": "generate(500",
    "steps=20)": "steps=2)",
    "--epochs 10 ": "--steps 3 ",
    "--epochs 12": "--steps 5",
    "10k_": "100_",
    "--out report": "--out report --count 100 --metrics fd100_lenet_fashion_mnist",
    "--samples 10000": "--samples 300",
    "--numbers 0-15": "--numbers 0-1 --steps 3",
}
# What is not run here, and why.
NOT_RUN = {
    "make ": "makes an environment of its own, from a package registry",
    "pip install": "needs a package registry",
    "npm pack": "needs a package registry",
    "sbatch ": "needs a Slurm cluster",
    "kubectl ": "needs a Kubernetes cluster",
    "tfgan-zoo upload ": "needs a network; tests/test_sharing.py has a stand-in",
    "tfgan-zoo explore ": "serves until it is ended; tests/test_explore_http.py asks such a page",
    "hf://": "needs a network; tests/test_hub.py has a stand-in",
}
# They read sets of TFDS that the package does not hold.
NEEDS_DATA = {"docs/latent.md", "docs/transfer.md", "docs/weights.md"}
# Files and folders beside TFGAN_ZOO_DATA that a document says are the reader's.
FILES = {
    "docs/weights.md": {
        "RealESRGAN_x4plus.pth": "checkpoints/esrgan/a_realesrgan_x4plus/RealESRGAN_x4plus.pth",
        "photo.jpg": "data/facades/test/1.jpg",
        "generator.h5": "checkpoints/keras2/a_dcgan_faces/generator.h5",
        "conditional_gan": "checkpoints/keras2/a_conditional_gan/saved_model",
        "package/models/x2": "checkpoints/tfjs/a_esrgan_slim_x2",
    },
}
# Names that a document says are the reader's.
GIVEN = {
    "docs/models.md": {
        "images": np.random.default_rng(0).uniform(-1, 1, (64, 32, 32, 3)).astype("f4"),
        "targets": np.random.default_rng(1).uniform(-1, 1, (64, 32, 32, 3)).astype("f4"),
        "labels": np.arange(64) % 2,
        "texts": np.array(["red apple", "blue heart"] * 32),
    },
}


def shortened(text):
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


def lines_to_run(text):
    return [line for line in commands(shortened(text)) if not line.startswith(tuple(NOT_RUN))]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder that a reader is in, and the environment."""
    folder, environment = checkout(tmp_path / "tfgan_zoo"), home(tmp_path / "home", DATA)
    monkeypatch.chdir(folder)
    for name in ("HOME", "PYTHONPATH"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.delenv("TFGAN_ZOO_DATA", raising=False)
    return folder, environment


def given_to_reader(source, target):
    """A copy of a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


def python_block(page, number, text, names):
    """Runs a block; a traceback has the page's line. It may warn as it says."""
    with warnings.catch_warnings():
        if "# warns: " in text:
            warnings.filterwarnings("ignore", ".*New here, and as in a new model", UserWarning)
        exec(compile("\n" * number + shortened(text), str(ROOT / page), "exec"), names)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/extending.md",
        "docs/own_networks.md",
        "docs/devices.md",
        "docs/augmentation.md",
        "docs/uses.md",
    ],
)
def test_python_of_a_page(page, place):
    """Those blocks that need no server."""
    names = dict(GIVEN.get(page, {}))
    for number, language, text in blocks(page):
        if language == "python" and "Client(" not in text:
            python_block(page, number, text, names)


@pytest.mark.full
@pytest.mark.parametrize("page", [*PAGES, *CARDS])
def test_all_of_a_page(page, place, mirrored, monkeypatch):
    monkeypatch.setattr(runs, "make_strategy", lambda name: mirrored)  # one a process
    if not any(language in ("sh", "python") for _, language, _ in blocks(page)):
        pytest.skip("The page has no commands")
    if page in NEEDS_DATA and not DATA:
        pytest.skip("TFGAN_ZOO_DATA is not set, which has what the page reads")
    for name, file in FILES.get(page, {}).items():
        given_to_reader(pathlib.Path(DATA).parent / file, place[0] / name)
    names, terminal = dict(GIVEN.get(page, {})), Terminal(*place)
    try:
        for number, language, text in blocks(page):
            if language == "sh":
                terminal.run(lines_to_run(text))
            elif language == "python" and "hf://" not in text:
                python_block(page, number, terminal.with_ports(text), names)
    finally:
        terminal.close()


@pytest.mark.parametrize("page", [*PAGES, *CARDS, "serving/README.md"])
def test_blocks_say_what_they_are(page):
    """A block without a language would be run by nobody."""
    told = {language for _, language, _ in blocks(page)}
    assert told <= {
        "sh",
        "python",
        "mermaid",
        "text",
        "json",
        "go",
        "java",
        "yaml",
        "http",
        "proto",
    }


@pytest.mark.parametrize("page", [*PAGES, *CARDS, "serving/README.md"])
def test_commands_parse(page):
    """Commands, options, presets and settings exist."""
    for number, language, text in blocks(page):
        for line in commands(text) if language == "sh" else ():
            if line.startswith("tfgan-zoo ") and not line.startswith("tfgan-zoo serve "):
                parse(line, f"{page}:{number}")


def parse(line, where):
    """Parses a command without running it, and looks up the preset and the settings in it."""
    group = typer.main.get_command(cli.app)
    words = shlex.split(line)[1:]
    command = group.commands.get(words[0])
    assert command, f"{where}: {line}"
    parameters = command.make_context(words[0], words[1:]).params
    preset = parameters.get("name") if words[0] in ("train", "info") else None
    if preset:
        assert arguments.overrides(preset, parameters.get("set_") or []) is not None, where
    model = parameters.get("run") or parameters.get("target") or parameters.get("model")
    is_served = parameters.get("url") or (parameters.get("target") and parameters.get("model"))
    if model and not is_served and words[0] not in ("generate", "verify", "evaluate", "report"):
        assert tfgan_zoo.presets.published(model) or "/" in str(model), f"{where}: {line}"


def test_the_readme_installs_what_it_uses():
    """Reports need the extra "metrics", the server and the client "serving", sets by name "data"."""
    text = (ROOT / "README.md").read_text()
    (extras,) = re.findall(r'^pip install -e "\.\[(.*)\]"$', text, re.M)
    uses = {"metrics": "tfgan-zoo report", "serving": "tfgan-zoo serve", "data": "TFDS"}
    assert set(extras.split(",")) == set(uses) and all(use in text for use in uses.values())


def test_runs_that_are_named_were_made():
    """A run directory stands below the command that makes it."""
    for page in PAGES:
        made = set()
        for _, language, text in blocks(page):
            for line in commands(text) if language == "sh" else ():
                named = set(re.findall(r"runs/\d{4}-([\w-]+)", line))
                made |= set(re.findall(r"tfgan-zoo train (\w+)", line)) - {"resume"}
                assert named <= made, f"{page}: {line}"


@pytest.mark.parametrize("page", ["README.md", "docs/own_data.md", "docs/latent.md"])
def test_presets_that_are_named_exist(page):
    known = tfgan_zoo.list_presets()
    heads = {name.partition("_")[0] for name in known}
    text = (ROOT / page).read_text()
    named = {
        n for n in re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", text) if n.split("_")[0] in heads
    }
    assert named <= {*known, "conditional_gan"}, named - set(known)


def test_a_block_that_fails_is_seen(place):
    terminal = Terminal(*place)
    with pytest.raises(AssertionError, match="No such file"):
        terminal.run(["cd nowhere", "true"])
    terminal.close()
    assert pathlib.Path.cwd() == place[0]
