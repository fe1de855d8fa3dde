"""Memorisation, bias and the report."""

import json
import math
import re

import keras
import numpy as np
import pytest
from cases import make

from tfgan_zoo import callbacks, datasets, evaluation
from tfgan_zoo.cli import opening
from tfgan_zoo.evaluation.memorisation import nearest
from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics.extractors import lenet


def normal(n, d=8, seed=0, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 1, (n, d))


# === Memorisation ===


def test_nearest_by_brute_force():
    points, others = normal(600, 5), normal(50, 5, seed=1)
    distances = np.linalg.norm(points[:, None] - others[None], axis=-1)
    numbers, found = nearest(points, others)
    np.testing.assert_array_equal(numbers, distances.argmin(1))
    np.testing.assert_allclose(found, distances.min(1))


def test_a_generator_that_repeats_training_images_is_flagged():
    train, held_out = normal(2000), normal(500, seed=1)
    honest = evaluation.memorisation(normal(500, seed=2), train, held_out)
    copies = train[:500] + 1e-3 * normal(500, seed=3)
    copying = evaluation.memorisation(copies, train, held_out)
    assert not honest.is_flagged and abs(honest.z) < 3 and honest.near_share < 0.04
    assert copying.is_flagged and copying.z < -10 and copying.near_share == 1
    np.testing.assert_array_equal(copying.neighbours, np.arange(500))
    assert "no sign of copying" in str(honest) and "it repeats training images" in str(copying)


def test_some_copies_among_honest_images():
    train, held_out = normal(2000), normal(500, seed=1)
    some = np.concatenate([normal(450, seed=2), train[:50]])
    found = evaluation.memorisation(some, train, held_out)
    assert found.is_flagged and 0.1 <= found.near_share < 0.14


def test_membership():
    rng = np.random.default_rng(0)
    train, held_out = rng.normal(1, 1, 2000), rng.normal(0, 1, 2000)
    found = evaluation.membership(train, held_out)
    expected = 0.5 * (1 + math.erf(0.5))  # P(N(1, 2) > 0)
    assert found.area == pytest.approx(expected, abs=0.02)
    assert found.interval[0] < expected < found.interval[1]
    same = evaluation.membership(np.ones(100), np.ones(100))
    assert same.area == 0.5


def test_too_few_held_out_images():
    with pytest.raises(ValueError, match="At least 100 held-out images are needed. Received: 50"):
        evaluation.memorisation(normal(500), normal(500), normal(50))


# === Bias ===


def test_bias():
    real = np.repeat([0, 1], 5000)
    found = evaluation.bias(np.repeat([0, 1], [900, 100]), real, 2)
    assert found.total_variation == pytest.approx(0.4)
    assert [row.differs for row in found.classes] == [True, True]
    assert "classes 0, 1 differ" in str(found)
    fair = evaluation.bias(np.repeat([0, 1], [510, 490]), real, 2)
    assert not any(row.differs for row in fair.classes) and "no class differs" in str(fair)


# === Report ===


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """An .npz file with both splits, 12x12, four classes of brightness."""
    rng, arrays = np.random.default_rng(0), {}
    for split, count in (("train", 300), ("test", 120)):
        labels = np.arange(count) % 4
        images = rng.integers(0, 60, (count, 12, 12, 1)) + 60 * labels[:, None, None, None]
        arrays |= {f"x_{split}": images.astype(np.uint8), f"y_{split}": labels}
    path = tmp_path_factory.mktemp("data") / "bright.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def extractor(data):
    keras.utils.set_random_seed(1)
    model = lenet.network((12, 12, 1), 4)
    extractors.register("bright", model, (12, 12, 1))
    return "bright"


def test_report(tmp_path, data, extractor):
    gan = make("ConditionalGAN", image_shape=(12, 12, 1), num_classes=4)
    page = evaluation.report(
        evaluation.from_model(gan, name="tiny"),
        lambda split: evaluation.from_data(data, split),
        [f"fd120_{extractor}"],
        extractor,
        tmp_path / "report",
        count=120,
    )
    html, text = page.read_text(), (tmp_path / "report" / "report.md").read_text()
    titles = ["Samples", "Interpolations", "Classes", "Scores", "Memorisation", "Classes drawn"]
    for title in [*titles, "Protocol"]:
        assert f">{title}</h2>" in html and f"## {title}\n" in text
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)  # nothing outside the page
    pictures = re.findall(r"\]\((images/\w+\.png)\)", text)
    assert len(pictures) == 6 and all((tmp_path / "report" / name).exists() for name in pictures)
    assert f"| fd120_{extractor} |" in text and "membership inference" in text.lower()


@pytest.mark.full
def test_report_of_a_run(tmp_path, data, extractor):
    """With its losses, and the scores of the callback."""
    gan = make("DCGAN", image_shape=(12, 12, 1))
    gan.compile()
    real = evaluation.from_data(data)
    watchers = [
        callbacks.JsonlLogger(tmp_path / "logs.jsonl"),
        callbacks.Evaluate([f"fd60_{extractor}"], real, every=2, directory=tmp_path),
    ]
    gan.fit(datasets.load(data, batch_size=64), epochs=1, callbacks=watchers, verbose=0)
    images = evaluation.from_model(gan)
    page = evaluation.report(
        images, lambda split: real, [], extractor, tmp_path / "report", count=120, run=tmp_path
    )
    text = page.with_suffix(".md").read_text()
    assert "4 steps." in text and f"images/scores_fd60_{extractor}.png" in text


def test_a_report_shows_names_and_makes_no_paths_of_them(tmp_path, extractor):
    hostile = "x/../../../escaped"
    script = "<script>alert(1)</script>|`\n# x"
    row = {"value": "1.5", "interval": [1, 2]}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "logs.jsonl").write_text('{"step": 1, "d_loss": "nan"}\n{"step": 2}\n{"st')
    line = {"step": 1, "time": 0, hostile: row, script: row, "fd60_x": row}
    (tmp_path / "run" / "metrics.jsonl").write_text(json.dumps(line) + '\n{"step": 2}\n')
    images = evaluation.from_arrays(np.zeros((120, 12, 12, 1), np.uint8), name=script)
    arguments = (images, lambda split: images, [], extractor, tmp_path / "a" / "b" / "c")
    with pytest.raises(ValueError, match=r"logs.jsonl is damaged: it has 'nothing' for 'd_loss'"):
        evaluation.report(*arguments, count=100, run=tmp_path / "run")
    (tmp_path / "run" / "logs.jsonl").write_text('{"step": 1, "d_loss": "nan"}\n')
    page = evaluation.report(*arguments, count=100, run=tmp_path / "run")
    html, text = page.read_text(), page.with_suffix(".md").read_text()
    assert "<script" not in html + text and "&lt;script&gt;alert(1)" in html and hostile in html
    assert not [line for line in text.splitlines() if line.startswith("# x")]
    made = {str(path.relative_to(page.parent)) for path in tmp_path.rglob("*.png")}
    assert "images/score_0.png" in made and "images/scores_fd60_x.png" in made
    assert all(name.startswith("images/") for name in made)
    shown = set(re.findall(r"\]\((images/\w+\.png)\)", text))
    assert shown == made and {path.name for path in tmp_path.iterdir()} == {"a", "run"}


def test_report_of_training_images_is_flagged(tmp_path, data, extractor):
    """The same files as generated ones: what a generator that learned them by heart would draw."""
    real = lambda split: evaluation.from_data(data, split)  # noqa: E731
    page = evaluation.report(
        real("train")._replace(name="by heart"), real, [], extractor, tmp_path, count=120
    )
    assert "it repeats training images" in page.read_text()


def test_report_of_fewer_training_images_than_held_out_ones(tmp_path, extractor):
    """The discriminator is asked about as many of each as there are."""
    rng = np.random.default_rng(0)
    sets = {
        split: evaluation.from_arrays(rng.integers(0, 256, (count, 12, 12, 1), np.uint8))
        for split, count in (("train", 60), ("test", 120))
    }
    images = evaluation.from_model(make("DCGAN", image_shape=(12, 12, 1)))
    page = evaluation.report(images, sets.get, [], extractor, tmp_path, count=120)
    assert "Membership inference by the discriminator" in page.read_text()


def test_report_without_a_test_split(tmp_path, extractor):
    images = evaluation.from_arrays(np.zeros((400, 12, 12, 1), np.uint8))

    def reference(split):
        if split == "test":
            raise ValueError("no such split")
        return images

    page = evaluation.report(images, reference, [], extractor, tmp_path, count=100)
    assert "no split “test”" in page.read_text()


# === What can be named ===


@pytest.mark.full
def test_open_images(tmp_path, data):
    gan = make("DCGAN")
    folder = gan.export(tmp_path / "models", "tiny")
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    rows = np.arange(3)
    expected = gan.generate(3, seed=5)
    for what in (folder, folder.parent, tmp_path / "gan.keras"):
        with opening.open_images(str(what), seed=5) as (images, reference):
            np.testing.assert_array_equal(images.read(rows)[0], expected)
            assert reference is None
    with opening.open_images(str(data), str(data)) as (images, reference):
        assert images.kind == "data" and reference("test").count == 120
    with (
        pytest.raises(FileNotFoundError, match="no run, preset, file or folder nothing"),
        opening.open_images("nothing"),
    ):
        pass
