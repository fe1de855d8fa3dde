"""The commands of the cards: a shell and our parsers take them, and they make the model of the card."""

import importlib.util
import json
import pathlib
import re
import shlex

import pytest
import typer

from tfgan_zoo import cli, presets, runs
from tfgan_zoo.cli import arguments
from tfgan_zoo.engine import options

ROOT = pathlib.Path(__file__).parents[1]
CARDS = sorted((ROOT / "saved_models").glob("*/README.md"))
# What a model had before there was an option for it.
BEFORE = {
    "BEGAN": {"output_activation": "tanh", "strided_activation": None, "beta_1": 0.5},
    "WGAN": {"rho": 0.9, "epsilon": 1e-7},  # Keras's RMSprop
}


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "saved_models" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cell(card, name):
    return re.search(rf"^\| {name} \| (.*) \|$", card.read_text(), re.M)[1]


def parsed(command):
    """What the command's own parser makes of each of its parts, and the number of steps, if it says."""
    parts, found, steps = command.strip("`").split(" && "), None, None
    for part in parts:
        words = shlex.split(part)
        if words[0] == "tfgan-zoo":
            train = typer.main.get_command(cli.app).commands[words[1]]
            found = train.make_context(words[1], words[2:]).params
            found, steps = (
                found | {"preset": found["name"], "set": found["set_"] or []},
                found["steps"],
            )
        else:
            assert words[:2] == ["python", "saved_models/train_on_jax.py"]
            given = vars(script("train_on_jax").parser().parse_args(words[2:]))
            found, steps = found or given, given.get("steps", steps)
    return found, steps, parts


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_the_command_makes_the_model_of_the_card(card):
    """Preset, `--set`, batch size and length give the configuration and steps of what was trained."""
    given, steps, _ = parsed(cell(card, "Command"))
    config = json.loads((card.parent / "1" / "assets.extra" / "preset.json").read_text())["model"][
        "config"
    ]
    preset = presets.get_preset(given["preset"])
    assert preset.name == card.parent.name
    overrides = arguments.overrides(preset.name, given["set"])
    made = options.resolve(preset.model_class, (), {**preset.options, **overrides})
    made = _plain(options.as_config(made))
    trained = {**made, **BEFORE.get(preset.model_class.__name__, {}), **_plain(config)}
    assert made == trained
    row = re.match(r"([\d,]+) steps, [\d.]+ epochs in batches of (\d+)", cell(card, "Training"))
    assert (given["batch_size"] or preset.batch_size) == int(row[2])
    precision = getattr(given.get("precision"), "value", "float32")  # what JAX trains in
    assert re.search(rf"seed 0, {precision}\b", cell(card, "Training"))
    images = int(cell(card, "Data").partition(" ")[0].replace(",", ""))
    of_epochs = (given.get("epochs") or preset.epochs) * (
        images // (int(row[2]) * made["n_critic"])
    )
    assert (steps or of_epochs) == int(row[1].replace(",", ""))
    runs.Options(preset.name, batch_size=given["batch_size"], overrides=overrides)


def _plain(values):
    """As JSON has them, without what is not an option."""
    others = ("name", "dtype", "class_names")
    return {k: v for k, v in json.loads(json.dumps(values)).items() if k not in others}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_data_of_a_command_are_described(card):
    """A folder that a command names is described in the card; other data have a name in TFDS."""
    data = cell(card, "Data")
    for text in (cell(card, "Command"), card.read_text().partition("## Scores")[2]):
        for folder in re.findall(r"--data (\./\w+)", text):
            assert f"the folder `{folder}`" in data
    if "--data" not in cell(card, "Command"):
        assert f"`{presets.get_preset(card.parent.name).dataset}` of TensorFlow Datasets" in data


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_a_card_has_the_names_of_the_classes(card):
    """As `publish.py` writes them, and as the model takes them."""
    record = json.loads((card.parent / "1" / "assets.extra" / "preset.json").read_text())
    row = script("publish").classes(record["model"]["config"].get("class_names"))
    assert bool(row) == (record["model"]["config"].get("num_classes") is not None)
    assert re.findall(r"\n\| Classes \| .* \|$", card.read_text(), re.M) == [row] * bool(row)


def test_a_published_command_is_one_for_a_shell():
    """Of options with blanks, a length that is no number of epochs, and a run on an accelerator."""
    publish = script("publish")
    run = {"preset": "textgan_emoji_32", "data": "/a/noto_emoji64", "batch_size": 32}
    run["precision"] = "mixed_bfloat16"
    run["overrides"] = {"default_texts": ["red apple", "it's"], "contrastive_weight": 0.5}
    command = publish.command({"options": run, "steps_per_epoch": 10}, 25)
    given, steps, _ = parsed(command)
    assert steps == 25 and given["epochs"] is None and given["data"] == "./noto_emoji64"
    assert given["precision"].value == "mixed_bfloat16"
    assert arguments.overrides("textgan_emoji_32", given["set"]) == run["overrides"]
    assert publish.command({"options": run, "steps_per_epoch": 5}, 25).endswith("--epochs 5")
    begun = run | {"init": "textgan_emoji_32", "first_step": 5}
    command = publish.command({"options": begun, "steps_per_epoch": 10}, 25)
    assert command.endswith("--init textgan_emoji_32 --precision mixed_bfloat16 --epochs 2")
    command = publish.command({"options": run, "steps_per_epoch": 10, "accelerator": {}}, 25)
    given, steps, parts = parsed(command)
    assert steps == 25 and len(parts) == 3 and given["to"] == pathlib.Path("job")
    assert arguments.overrides("textgan_emoji_32", given["set"]) == run["overrides"]
