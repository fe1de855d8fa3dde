"""Scores of models from images to images, against formulas, and what cannot be scored."""

import csv
import io
import json

import keras
import numpy as np
import pytest
from cases import make
from PIL import Image
from test_image_metrics import ssim_by_formula
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, datasets, evaluation, metrics
from tfgan_zoo.cli import translators
from tfgan_zoo.evaluation import sources
from tfgan_zoo.evaluation.translation import as_target
from tfgan_zoo.metrics import extractors
from tfgan_zoo.visualization import image_rows, write_png

MATLAB = (65.481, 128.553, 24.966)  # of rgb2ycbcr, beside 16


def smooth(number, height, width, channels=3):
    """A picture of four by four colours, made larger."""
    coarse = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    large = np.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))
    return large if channels == 3 else large[..., :1].copy()


def inverted(scale=1, name="inverted"):
    """A translator by a formula: the negative, enlarged by repetition."""

    def translate(image, direction):
        shift = 3 if direction == "forward" else 10
        return (255 - image).repeat(scale, 0).repeat(scale, 1) // shift * shift

    return evaluation.Translator(name, "model", translate, ("forward", "backward"))


@pytest.fixture(scope="module")
def extractor():
    keras.utils.set_random_seed(1)
    inputs = keras.Input([8, 8, 3])
    features = keras.layers.Dense(5)(keras.layers.Flatten()(inputs))
    extractors.register("five", keras.Model(inputs, features), (8, 8, 3))
    return "five"


def mean(scores, name):
    (found,) = (result for result in scores.results if result.metric == name)
    return found.value, float(found.details["identity"])


# === Values ===


def luma(image):
    return 16 + (image.astype(np.float64) / 255) @ np.array(MATLAB)


def psnr(x, y):
    return 10 * np.log10(255**2 / np.mean((x.astype(np.float64) - y.astype(np.float64)) ** 2))


def test_pairs_of_many_sizes_by_formula():
    """Every pair in float64: all channels, and luma without the border."""
    images = [smooth(i, 10 + i, 14) for i in range(3)]
    targets = [255 - smooth(i, 20 + 2 * i, 28) for i in range(3)]
    names = ["psnr", "ssim", "psnr_y", "psnr_y_border2", "ssim_y_border2"]
    pairs = evaluation.pairs_from_arrays(images, targets)
    scores = evaluation.evaluate_translation(inverted(2), pairs, names)
    made = [inverted(2).translate(image, "forward") for image in images]
    shown = [as_target(image, target.shape) for image, target in zip(images, targets, strict=True)]
    for column, others in enumerate((made, shown)):

        def expected(function, others=others):
            return np.mean([function(x, y) for x, y in zip(others, targets, strict=True)])

        def cut(x):
            return luma(x)[2:-2, 2:-2]

        by_hand = {
            "psnr": expected(psnr),
            "ssim": expected(ssim_by_formula),
            "psnr_y": expected(lambda x, y: psnr(luma(x), luma(y))),
            "psnr_y_border2": expected(lambda x, y: psnr(cut(x), cut(y))),
            "ssim_y_border2": expected(
                lambda x, y: ssim_by_formula(cut(x)[..., None], cut(y)[..., None])
            ),
        }
        for name, value in by_hand.items():
            atol = 1e-4 if "ssim" in name else 1e-9  # tf.image.ssim rounds in float32
            assert mean(scores, name)[column] == pytest.approx(value, abs=atol), name
    assert scores.results[0].protocol["translated_size"] == "their own"
    rows = [row["psnr"] for row in scores.rows]
    assert rows == pytest.approx([psnr(*pair) for pair in zip(made, targets, strict=True)])


def test_luma_is_that_of_matlab():
    """Black, white and the primaries, as `rgb2ycbcr` of the documentation gives them."""
    colours = np.uint8([[0] * 3, [255] * 3, [255, 0, 0], [0, 255, 0], [0, 0, 255]])
    black = np.zeros((1, 1, 1, 3), np.uint8)
    for colour, y in zip(colours[1:], (235, 81.481, 144.553, 40.966), strict=True):
        found = metrics.psnr(colour[None, None, None], black, luma=True)[0]
        assert found == pytest.approx(20 * np.log10(255 / (y - 16)), abs=1e-9)


def test_border_and_its_limit():
    x, y = np.zeros((1, 9, 9, 3), np.uint8), np.zeros((1, 9, 9, 3), np.uint8)
    x[:, :2], x[:, -2:], x[:, :, :2], x[:, :, -2:] = (200,) * 4
    assert np.isinf(metrics.psnr(x, y, border=2)[0]) and np.isfinite(
        metrics.psnr(x, y, border=1)[0]
    )
    with pytest.raises(ValueError, match=r"A border of 5 leaves nothing of images of \(9, 9\)"):
        metrics.psnr(x, y, border=5)


def test_distance_of_sets_by_formula(extractor):
    """What the extractor gives for translations and for images, against all targets."""
    images, targets = ([smooth(i + k, 16, 12) for i in range(14)] for k in (0, 50))
    pairs = evaluation.pairs_from_arrays(images, targets)
    name = f"fd14_{extractor}_test"
    scores = evaluation.evaluate_translation(inverted(), pairs, [name])
    see = extractors.get(extractor)
    real, made, shown = (
        see(np.stack(x))[0]
        for x in (targets, [inverted().translate(i, "forward") for i in images], images)
    )
    expected = [metrics.frechet_distance(real, x) for x in (made, shown)]
    assert mean(scores, name) == pytest.approx(expected, rel=1e-5)
    (low, high), value = scores.results[0].interval, scores.results[0].value
    assert low < value < high and scores.results[0].protocol["extractor"] == extractor


def test_both_directions_without_pairs(extractor):
    """Sets of different numbers; cycles by formula, of bytes in between."""
    images, targets = [smooth(i, 12, 12) for i in range(6)], [smooth(i, 12, 12) for i in range(9)]
    pairs = evaluation.pairs_from_arrays(images, targets, is_paired=False)
    names = ["cycle_l1", "cycle_psnr", "backward_cycle_l1"]
    names += [f"fd6_{extractor}_test", f"backward_fd9_{extractor}_test"]
    scores = evaluation.evaluate_translation(inverted(), pairs, names)
    assert [result.metric for result in scores.results] == names
    go = inverted().translate
    forward = [go(go(x, "forward"), "backward").astype(float) - x for x in images]
    backward = [go(go(x, "backward"), "forward").astype(float) - x for x in targets]
    values = {result.metric: result.value for result in scores.results}
    assert values["cycle_l1"] == pytest.approx(np.mean(np.abs(forward)))
    assert values["backward_cycle_l1"] == pytest.approx(np.mean(np.abs(backward)))
    by_hand = [10 * np.log10(255**2 / np.mean(d**2)) for d in forward]
    assert values["cycle_psnr"] == pytest.approx(np.mean(by_hand))
    assert [row["direction"] for row in scores.rows] == ["forward"] * 6 + ["backward"] * 9
    assert "identity" in scores.results[3].details and "identity" not in scores.results[0].details


def test_the_usual_metrics(monkeypatch):
    """LPIPS where its weights are; the Y channel where the model enlarges; both ways without pairs."""
    small, large = [smooth(i, 16, 16) for i in range(4)], [smooth(i, 32, 32) for i in range(4)]
    usual = evaluation.translation_metrics
    pairs = evaluation.pairs_from_arrays(small, large)
    assert usual(inverted(2), pairs) == [
        "psnr", "ssim", "psnr_y_border2", "ssim_y_border2", "feature_distance_effnet",
        "fd4_effnet_test",
    ]  # fmt: skip
    real = extractors.get
    monkeypatch.setattr(extractors, "get", lambda name: name == "lpips" or real(name))
    same = evaluation.pairs_from_arrays(small[:2], small[:2])
    assert usual(inverted(), same) == ["psnr", "ssim", "lpips"]
    grey = evaluation.pairs_from_arrays([image[..., :1] for image in small[:2]], small[:2])
    assert usual(inverted(), grey)[-1] == "colourfulness"
    unpaired = evaluation.pairs_from_arrays(small, large, is_paired=False)
    found = usual(inverted(), unpaired)
    assert found[:3] == ["fd4_effnet_test", "cycle_l1", "cycle_psnr"]
    assert found[3:] == [f"backward_{name}" for name in found[:3]]


def test_identity():
    """To the size and the channels of the target; what has no way is left out."""
    grey, target = np.full((4, 6, 1), 77, np.uint8), (8, 12, 3)
    assert (as_target(grey, target) == 77).all() and as_target(grey, target).shape == target
    assert as_target(np.zeros((4, 4, 4), np.uint8), target) is None
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert as_target(red, (2, 2, 1)).ravel().tolist() == [76] * 4


# === What is scored ===


def written(folder, images):
    for name, image in images.items():
        write_png(folder / f"{name}.png", image)
    return folder


def test_colourfulness_beside_that_of_targets():
    images, targets = ([smooth(i + seed, 16, 16) for i in range(3)] for seed in (0, 9))
    pairs = evaluation.pairs_from_arrays([image[..., :1] for image in images], targets)
    painted = evaluation.Translator(
        "painted", "model", lambda image, _: image * np.array([1, 0, 0], np.uint8), ("forward",)
    )
    (found,), rows = evaluation.evaluate_translation(painted, pairs, ["colourfulness"])
    made = metrics.colourfulness(np.stack([painted.translate(x[..., :1], "") for x in images]))
    assert found.value == pytest.approx(made.mean()) and found.better == "near"
    assert found.details["identity"] == 0
    expected = metrics.colourfulness(np.stack(targets)).mean()
    assert found.details["targets"] == pytest.approx(expected)
    assert [row["colourfulness"] for row in rows] == pytest.approx(list(made))


def test_nearest_neighbours():
    """A target of the training whose image is nearest; its own for an image of the training."""
    rng = np.random.default_rng(0)
    images, targets = rng.integers(0, 256, (2, 5, 16, 12, 3), np.uint8)
    known = evaluation.pairs_from_arrays(images, targets, name="known")
    translator = evaluation.translator_from_neighbours(known)
    for image, target in zip(images, targets, strict=True):
        near = np.clip(image.astype(int) + rng.integers(-9, 9, image.shape), 0, 255)
        np.testing.assert_array_equal(
            translator.translate(near.astype(np.uint8), "forward"), target
        )
    (result,) = evaluation.evaluate_translation(translator, known, ["ssim"]).results
    assert result.value == pytest.approx(1)
    with pytest.raises(ValueError, match=r"must be \(16, 12, 3\). Received: \(4, 12, 3\)"):
        translator.translate(images[0][:4], "forward")
    with pytest.raises(ValueError, match="known have no targets of their own"):
        evaluation.translator_from_neighbours(known._replace(is_paired=False))


def test_pairs_of_files(tmp_path):
    images = {f"{i}": smooth(i, 8 + i, 8) for i in range(3)}
    targets = {name: 255 - image for name, image in images.items()}
    written(tmp_path / "a" / "test", images)
    written(tmp_path / "b" / "test", targets)
    whole = written(tmp_path / "e", images), written(tmp_path / "f", targets)
    side = {n: np.concatenate([images[n], targets[n]], axis=1) for n in images}
    named = {f"{n}_{k}": x[n] for n in images for k, x in (("LR", images), ("HR", targets))}
    mixed = written(tmp_path / "c", named)
    places = [
        (tmp_path / "a", tmp_path / "b"),
        whole,
        written(tmp_path / "d" / "test", side).parent,
        (mixed / "*_LR.png", mixed / "*_HR.png"),
    ]
    for place in places:
        for swap in (False, True):
            pairs = evaluation.pairs_from_data(place, swap=swap)
            pairs = pairs.swapped() if swap else pairs
            for number in range(3):
                np.testing.assert_array_equal(pairs.images.read(number), images[f"{number}"])
                np.testing.assert_array_equal(pairs.targets.read(number), targets[f"{number}"])
    assert pairs.name == "c/*_LR.png and c/*_HR.png, test"
    assert evaluation.pairs_from_data(places[2]).images.names == ("0.png", "1.png", "2.png")
    for place in (whole, places[3]):
        assert evaluation.pairs_from_data(place, image_size=6).targets.read(1).shape == (6, 6, 3)
    np.savez(tmp_path / "two.npz", images=np.zeros((2, 8, 8, 3), np.uint8),
             targets=np.ones((2, 8, 8, 3), np.uint8))  # fmt: skip
    found = evaluation.pairs_from_data(tmp_path / "two.npz", "train")
    assert found.targets.read(1).max() == 1 and len(found.images.names) == 2


def test_unpaired_files(tmp_path):
    for part, count in (("testA", 3), ("testB", 5)):
        written(tmp_path / part, {f"{i}": smooth(i, 8, 8) for i in range(count)})
    pairs = evaluation.unpaired_from_data(tmp_path)
    assert (len(pairs.images.names), len(pairs.targets.names)) == (3, 5) and not pairs.is_paired
    np.testing.assert_array_equal(pairs.targets.read(4), smooth(4, 8, 8))
    assert len(evaluation.unpaired_from_data(tmp_path, swap=True).images.names) == 5
    folders = tmp_path / "testB", tmp_path / "testA"
    assert len(evaluation.unpaired_from_data(folders).images.names) == 5
    cyclegan = translators.Opened(inverted(), make("CycleGAN").__class__)
    arguments = (str(tmp_path / "testA"), str(tmp_path / "testB"), None, "test", None, None)
    assert not cyclegan.pairs(*arguments).is_paired
    assert not cyclegan.pairs(str(tmp_path), *arguments[2:3] * 2, *arguments[3:]).is_paired


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["backward_psnr"], "backward_psnr: one way translates forward"),
        (["cycle_l1"], "cycle_l1 is of models that translate both ways"),
        (["fd9_five_test"], "is of 9 images and the test split; arrays has 3 images of test"),
        (["fd3_five"], "of 3 images and the train split"),
        (["cas3_test"], "cas3_test is not measured on translations"),
        (["psnrr"], "There is no metric 'psnrr'"),
        (["psnr"], r"makes a picture \(8, 8, 3\) of 0 \(8, 8, 3\), whose target is \(16, 16, 3\)"),
    ],
)
def test_what_cannot_be_scored(names, message, extractor):
    images, targets = [smooth(i, 8, 8) for i in range(3)], [smooth(i, 16, 16) for i in range(3)]
    one_way = inverted(name="one way")._replace(directions=("forward",))
    pairs = evaluation.pairs_from_arrays(images, targets)
    with pytest.raises(ValueError, match=message):
        evaluation.evaluate_translation(one_way, pairs, names)


def test_sets_that_are_no_pairs(tmp_path):
    images = [smooth(i, 8, 8) for i in range(3)]
    with pytest.raises(ValueError, match="3 images and 2 targets are no pairs"):
        evaluation.pairs_from_arrays(images, images[:2])
    with pytest.raises(ValueError, match="must be uint8"):
        evaluation.pairs_from_arrays([images[0] / 255], images[:1])
    pairs = evaluation.pairs_from_arrays(images, images[:2], is_paired=False)
    with pytest.raises(ValueError, match="psnr compares pairs, and arrays has none"):
        evaluation.evaluate_translation(inverted(), pairs, ["psnr"])
    a = written(tmp_path / "a", {"1": images[0], "2": images[1]})
    b = written(tmp_path / "b", {"1": images[0], "x": images[1]})
    with pytest.raises(
        ValueError, match="2 files have no partner, such as 2. Partners have the same"
    ):
        evaluation.pairs_from_data((a, b))
    with pytest.raises(FileNotFoundError, match="There is no file"):
        evaluation.pairs_from_data((f"{a}/*_LR.png", f"{b}/*.png"))


# === Models, and the commands ===


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, its export, and pairs in two folders."""
    folder = tmp_path_factory.mktemp("translation")
    model = make("Pix2Pix", image_shape=(16, 16, 3), name="tiny")
    model.ema_generator.set_weights([4 * w for w in model.ema_generator.get_weights()])
    images = {f"{i}": smooth(i, 16, 16) for i in range(4)}
    written(folder / "images", images)
    written(folder / "targets", {name: 255 - image for name, image in images.items()})
    exported = model.export(folder / "served", "tiny", warmup_batch_sizes=[1])
    model.compile()
    model.save(folder / "tiny.keras")
    return folder, model, exported


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.full
def test_a_model_and_its_export_have_one_score(place):
    folder, model, exported = place
    pairs = evaluation.pairs_from_data((folder / "images", folder / "targets"))
    parts = (
        evaluation.translator_from_model(model),
        evaluation.translator_from_saved_model(exported, trust_model=True),
    )
    first, second = (
        evaluation.evaluate_translation(part, pairs, ["psnr", "ssim"]) for part in parts
    )
    for one, other in zip(first.results, second.results, strict=True):
        assert one.value == pytest.approx(other.value, abs=0.02)  # of bytes that rounding changes
    assert second.results[0].images["sha256"] == sources.export_digest(exported)
    assert parts[1].directions == ("forward",) and parts[1].config["width"] == 4


def test_the_command(place, tmp_path):
    folder, *_ = place
    out, rows = tmp_path / "scores.json", tmp_path / "rows.csv"
    options = ["--data", folder / "images", "--targets", folder / "targets", "--trust-model"]
    options += ["--metrics", "psnr,ssim", "--out", out, "--rows", rows]
    done = run("evaluate", folder / "served" / "tiny", *options)
    assert done.exit_code == 0, done.output
    assert done.output.count(" identity ") == 2
    found = json.loads(out.read_text())["results"]
    assert [row["metric"] for row in found] == ["psnr", "ssim"] and evaluation.read(out)
    lines = list(csv.DictReader(io.StringIO(rows.read_text())))
    assert [line["image"] for line in lines] == ["0.png", "1.png", "2.png", "3.png"]
    values = [float(line["psnr"]) for line in lines]
    assert np.mean(values) == pytest.approx(found[0]["value"])
    same = run("evaluate", folder / "tiny.keras", *options[:4], "--metrics", "psnr")
    assert same.output.split()[:1] == ["psnr"], same.output


def test_the_report_shows_images_translations_and_targets(place, tmp_path):
    folder, *_ = place
    options = ["--data", folder / "images", "--targets", folder / "targets", "--out", tmp_path]
    done = run("report", folder / "tiny.keras", *options, "--metrics", "psnr,ssim")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "report.md").read_text()
    for title in ("Translations", "Scores", "Worst and best", "Protocol"):
        assert f"## {title}\n" in text
    assert "image, translation, target" in text and "| identity |" in text
    page = np.asarray(Image.open(tmp_path / "images" / "translations_forward.png"))
    assert page.shape == (4 * 16 + 3 * 2, 3 * 16 + 2 * 2, 3)
    np.testing.assert_array_equal(page[:16, :16], smooth(0, 16, 16))
    np.testing.assert_array_equal(page[18:34, 36:], 255 - smooth(1, 16, 16))


@pytest.mark.parametrize(
    ("variant", "channels"),
    [pytest.param("Colorizer", 1, marks=pytest.mark.full), ("Inpainter", 4)],
)
def test_the_command_reads_both_sides_with_their_channels(place, tmp_path, variant, channels):
    """Of a model whose degradation is not known, images and targets are given."""
    folder, *_ = place
    model = make(variant, image_shape=(16, 16, channels))
    model.compile()
    model.save(tmp_path / "it.keras")
    options = ["--targets", folder / "targets", "--metrics", "psnr", "--out", tmp_path / "it.json"]
    done = run("evaluate", tmp_path / "it.keras", "--data", folder / "images", *options)
    assert done.exit_code == 0, done.output
    done = run("evaluate", tmp_path / "it.keras", "--data", folder / "images", *options[2:4])
    assert done.exit_code == 1
    assert "made of targets; how is not known" in " ".join(done.output.split())


def test_mistakes_of_the_command(place, tmp_path):
    folder, *_ = place
    done = run("evaluate", folder / "tiny.keras", "--metrics", "psnr")
    assert done.exit_code == 1 and "give --data" in " ".join(done.output.split())
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 8, 8, 1), np.uint8))
    done = run("evaluate", tmp_path / "a.npz", "--rows", tmp_path / "rows.csv")
    assert done.exit_code == 1 and "only for models from images to images" in done.output
    done = run("evaluate", folder / "served" / "tiny", "--data", folder / "images")
    assert done.exit_code == 1 and "--trust-model" in done.output


def test_rows_of_images_of_many_sizes():
    """A small one is shown larger, a grey one in colour, and what is missing white."""
    rows = [[smooth(0, 4, 4, 1), smooth(1, 8, 8)], [smooth(2, 6, 10), smooth(3, 6, 10)]]
    page = image_rows(rows, gap=1)
    assert page.shape == (8 + 1 + 6, 10 + 1 + 10, 3)
    np.testing.assert_array_equal(page[:8:2, :8:2], rows[0][0].repeat(3, -1))
    assert (page[:8, 8:11] == 255).all()
    np.testing.assert_array_equal(page[9:, 11:], rows[1][1])
    assert image_rows([[rows[0][0]]]).shape == (4, 4, 1)


def test_sets_of_tensorflow_datasets_for_a_colorizer(monkeypatch):
    """They are looked for where --data-dir says."""
    asked = {}

    def load_degraded(place, split, **options):
        asked.update(options, place=place, split=split)
        raise LookupError

    monkeypatch.setattr(datasets, "load_degraded", load_degraded)
    shape = {"image_shape": [8, 8, 1], "target_channels": 3}
    translator = evaluation.Translator("it", "model", None, ("forward",), shape)
    options = {"degradation": "grey", "flip": True}
    opened = translators.Opened(translator, tfgan_zoo.Colorizer, "cifar10", None, options)
    with pytest.raises(LookupError):
        opened.pairs(None, None, "there", "test", None, None)
    assert (asked["place"], asked["split"], asked["data_dir"]) == ("cifar10", "test", "there")
    assert asked["degradation"] == "grey" and asked["shuffle"] is False and "flip" not in asked
