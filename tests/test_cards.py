"""The commands of the cards: a shell and our parsers take them, and they make the model of the card."""

import functools
import importlib.util
import json
import pathlib
import re
import shlex
import types

import numpy as np
import pytest
import typer
from PIL import Image

import tfgan_zoo
from tfgan_zoo import cli, evaluation, penalties, presets, runs
from tfgan_zoo.cli import arguments
from tfgan_zoo.engine import options
from tfgan_zoo.visualization import write_png

ROOT = pathlib.Path(__file__).parents[1]
CARDS = sorted((ROOT / "saved_models").glob("*/README.md"))
# What a model had before there was an option for it.
BEFORE = {
    "BEGAN": {"output_activation": "tanh", "strided_activation": None, "beta_1": 0.5},
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
    config = presets.exported_record(presets.exported(card.parent))["model"]["config"]
    preset = presets.get_preset(given["preset"])
    assert preset.name == card.parent.name
    overrides = arguments.overrides(preset.name, given["set"])
    made = options.resolve(preset.model_class, (), {**preset.options, **overrides})
    penalty = made.get("penalty")
    if getattr(penalty, "weight", 0) is None:  # which the model makes of its images' size
        made["penalty"] = penalties.R1(penalties.r1_weight(made["image_shape"]), penalty.every)
    made = _plain(options.as_config(made))
    trained = {**made, **BEFORE.get(preset.model_class.__name__, {}), **_plain(config)}
    assert made == trained
    row = re.match(r"([\d,]+) steps, [\d.]+ epochs in batches of (\d+)", cell(card, "Training"))
    assert (given["batch_size"] or preset.batch_size) == int(row[2])
    precision = getattr(given.get("precision"), "value", "float32")  # what JAX trains in
    assert re.search(rf"seed 0, {precision}\b", cell(card, "Training"))
    images = int(cell(card, "Data").partition(" ")[0].replace(",", ""))
    of_epochs = (given.get("epochs") or preset.epochs) * (
        images // (int(row[2]) * made.get("n_critic", 1))
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
        for folder in re.findall(r"--data '?(\./\w+)", text):
            assert f"the folder `{folder}`" in card.read_text()
    if "--data" not in cell(card, "Command"):
        assert f"`{presets.get_preset(card.parent.name).dataset}` of TensorFlow Datasets" in data


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_a_card_has_the_names_of_the_classes(card):
    """As `publish.py` writes them, and as the model takes them."""
    record = presets.exported_record(presets.exported(card.parent))
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
    assert publish.begun({"options": begun}) == 5 and publish.begun({"options": run}) == 0
    assert "; after 5 steps of `textgan_emoji_32`" in publish.settings(
        {"options": begun | {"seed": 0}}
    )
    command = publish.command({"options": begun, "steps_per_epoch": 10}, 20)
    assert command.endswith("--init textgan_emoji_32 --precision mixed_bfloat16 --epochs 2")
    command = publish.command({"options": run, "steps_per_epoch": 10, "accelerator": {}}, 25)
    given, steps, parts = parsed(command)
    assert steps == 25 and len(parts) == 3 and given["to"] == pathlib.Path("job")
    assert arguments.overrides("textgan_emoji_32", given["set"]) == run["overrides"]


# === Cards of models from images to images ===


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pairs and a run of a tiny preset, as `publish.py` finds it."""
    folder = tmp_path_factory.mktemp("published")
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("test", 4)):
        for number in range(count):
            image = rng.integers(0, 256, (16, 32, 3), np.uint8)
            write_png(folder / "facades" / split / f"{number}.png", image)
    for number in range(2):
        write_png(
            folder / "noto_emoji64" / f"{number}.png", rng.integers(0, 256, (16, 16, 3), np.uint8)
        )
    options = runs.Options(
        "pix2pix_facades_128", data=str(folder / "facades"), steps=2, batch_size=2,
        precision="float32", overrides={"image_shape": (16, 16, 3), "width": 2, "patch": 16,
                                        "discriminator_width": 2},
    )  # fmt: skip
    return folder, runs.train(options, folder / "runs")


@pytest.fixture
def publish(place, tmp_path):
    module = script("publish")
    return module, functools.partial(module.main, place[1], tmp_path)


@pytest.mark.full
def test_a_translator_is_published_and_scored(place, publish, tmp_path):
    """Of a set for research only outputs are shown; the card tells the command and the scores, and what
    the run directory tells of its training."""
    (folder, _), (_, main) = place, publish
    main(watts=30.0)
    card = tmp_path / "pix2pix_facades_128" / "README.md"
    picture = np.asarray(Image.open(card.with_name("samples.png")))
    assert picture.shape == (16, 4 * 16 + 3 * 2, 3)
    assert "show none of its photographs" in card.read_text()
    given, steps, _ = parsed(cell(card, "Command"))
    assert (steps or given["epochs"]) and given["data"] == "./facades"
    assert cell(card, "Data").startswith("4 pairs: the folder `./facades`")
    assert re.match(r"2 steps, 1 epochs in batches of 2; seed 0, float32", cell(card, "Training"))
    data = str(folder / "facades")
    options = ["--folder", str(tmp_path), "--metrics", "psnr,ssim", "--data", data]
    score = script("score")
    score.main(["pix2pix_facades_128", *options])
    pairs = ["--data", f"{data}/test/*.png", "--targets", f"{data}/train/*.png"]
    score.main(["pix2pix_facades_128", *options[:4], *pairs, "--set", "other"])
    text = card.read_text()
    assert score.section(card.parent) in text and text.count("| identity |") == 2
    assert text.count("| identity | nearest |") == 1  # of the pairs of the training's kind
    assert "## Limits\n\nNot yet told." in text and str(folder) not in text
    assert "](curve.png)" in text and card.with_name("curve.png").read_bytes().startswith(
        b"\x89PNG"
    )
    known = json.loads(card.with_name("metadata.json").read_text())
    assert known["images_seen"] == 4 and 0 < known["hours"] < 1 and known["watts"] == 30
    assert known["processor"] in text and "h x 30 W" in text and "license: other" in text
    assert known["parameters"]["generator"] > 0 and "For teaching" not in text
    assert "--data './test/*.png' --targets './train/*.png' --set other" in text
    results = evaluation.read(card.with_name("scores.json"))
    version = card.with_name("1")
    assert {r.images["sha256"] for r in results} == {evaluation.sources.export_digest(version)}
    rows = card.with_name("scores.csv").read_text().splitlines()
    assert rows[0].startswith("direction,image,psnr,psnr_identity,ssim") and len(rows) == 5


@pytest.mark.full
def test_pictures_that_may_be_shown(place, publish, tmp_path, monkeypatch):
    """All of a free set with their targets; of others free pictures must be given."""
    (folder, run), (module, main) = place, publish
    free = str(folder / "noto_emoji64" / "*.png")
    monkeypatch.setitem(module.SHOWN, "facades", ("all", "a test"))
    record = json.loads((run / "run.json").read_text())
    caption, picture = module.translations(run, record)
    assert (
        caption
        == "Rows of image, translation, target, of the first 4 test images of facades (a test)"
    )
    assert picture.shape == (4 * 16 + 3 * 2, 3 * 16 + 2 * 2, 3)
    monkeypatch.delitem(module.SHOWN, "facades")
    for files in (None, str(folder / "facades" / "test" / "*.png")):
        with pytest.raises(
            ValueError, match="facades: what may be shown.*Give --pictures.*noto_emoji64"
        ):
            main(files=files)
    caption, picture = module.translations(run, record, free)
    assert (
        caption
        == "Rows of image, translation, of noto_emoji64 (Apache-2.0), which it was not trained on"
    )
    assert picture.shape == (2 * 16 + 2, 2 * 16 + 2, 3)
    assert not list(tmp_path.iterdir())


@pytest.mark.full
def test_a_model_that_enlarges_shows_what_was_made_smaller(place):
    module = script("publish")
    larger = types.SimpleNamespace(
        image_shape=(4, 4, 3),
        scale=4,
        directions=("forward",),
        translate=lambda image, **_: image.repeat(4, 0).repeat(4, 1),
    )
    files = [str(place[0] / "noto_emoji64" / "0.png")]
    caption, rows = module._of_free(larger, files)
    assert [image.shape for image in rows[0]] == [(4, 4, 3), (16, 16, 3), (16, 16, 3)]
    assert "image, translation, target" in caption


@pytest.mark.full
def test_a_model_that_takes_styles_shows_them(place):
    module = script("publish")
    painter = types.SimpleNamespace(
        image_shape=(8, 8, 3),
        scale=1,
        directions=("forward",),
        translate=lambda image, styles, **_: image // 2 + styles[:8, :8] // 2,
    )
    files = sorted(map(str, (place[0] / "noto_emoji64").glob("*.png")))
    caption, rows = module._of_free(painter, files, files[1:], size=8)
    assert "image, style, translation, of noto_emoji64" in caption
    image, style, made = rows[0]
    np.testing.assert_array_equal(made, image // 2 + style // 2)
    assert image.shape == style.shape == (8, 8, 3) and (rows[1][0] == style).all()


def test_every_set_of_a_translator_says_what_may_be_shown():
    """A preset whose data are no free set is in the table."""
    module = script("publish")
    for preset in presets.list_presets().values():
        folder = preset.dataset.removeprefix("./")
        if issubclass(preset.model_class, tfgan_zoo.ImageToImage) and preset.dataset.startswith(
            "."
        ):
            assert folder in module.SHOWN and folder in module.DATA, preset.name
    assert {way for way, _ in module.SHOWN.values()} == {"all", "outputs", "free"}


def test_commands_of_scores_say_where_the_images_are():
    """A set that is a folder is found by its path alone."""
    folders = script("image_sets").DATA
    cards = {card.parent.name: card.read_text() for card in CARDS}
    scored = [name for name, card in cards.items() if "score.py" in card]
    names = [name for name in scored if presets.get_preset(name).dataset in folders]
    assert {"dcgan_avatars_32", "fastgan_emoji_64", "textgan_emoji_32"} <= {*names}
    assert all(f"score.py {name} --data " in cards[name] for name in names)
