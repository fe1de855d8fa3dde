"""Marks are seen by who has the key, and by nobody else; p-values are what they say."""

import json
import math
import stat

import numpy as np
import pytest
import reexport
import tensorflow as tf
from cases import make
from scipy import stats
from typer.testing import CliRunner

from tfgan_zoo import cli, datasets
from tfgan_zoo.cli.marking import UNMARKED
from tfgan_zoo.datasets.decoding import MAX_PIXELS
from tfgan_zoo.metrics.images import psnr
from tfgan_zoo.serving import golden
from tfgan_zoo.watermark import Watermark, carriers, create_key, detection, numbers_of, read_key
from tfgan_zoo.watermark.served import put_into

KEY = bytes(range(32))


def pictures(count=16, side=64, channels=3, seed=0):
    """Smooth pictures with some noise, uint8."""
    rng = np.random.default_rng(seed)
    found = [golden.example((side, side, channels), seed + i) for i in range(count)]
    return np.uint8(
        np.clip(np.stack(found) + rng.normal(0, 6, [count, side, side, channels]), 0, 255)
    )


def floats(pixels):
    return np.float32(pixels) / np.float32(127.5) - 1


def levels(images):
    return np.uint8(np.round((np.asarray(images) + 1) * 127.5))


@pytest.fixture(scope="module")
def marked():
    mark, images = Watermark(KEY, bits=16), pictures()
    numbers = np.random.default_rng(1).integers(0, 2**16, len(images))
    return mark, images, numbers, mark.embed(floats(images), numbers).numpy()


# === Embedding ===


def test_noise_has_the_power_that_was_asked_for(marked):
    """And never more, before the rounding to uint8, which adds to both."""
    _, images, _, floats_marked = marked
    noise = (floats_marked - floats(images)).astype(np.float64)
    decibels = 10 * np.log10(4 / (noise**2).mean(axis=(1, 2, 3)))
    assert np.abs(floats_marked).max() <= 1
    np.testing.assert_allclose(decibels, 38, atol=1e-3)
    assert psnr(levels(floats_marked), images).min() > 37.9


def test_flat_images_stay_in_range():
    """White and black, where half of the noise has no room."""
    images = np.stack([np.ones([32, 32, 1]), -np.ones([32, 32, 1])]).astype(np.float32)
    made = Watermark(KEY).embed(images).numpy()
    assert np.abs(made).max() <= 1
    assert (10 * np.log10(4 / ((made - images) ** 2).mean(axis=(1, 2, 3))) >= 38 - 1e-3).all()
    assert (Watermark(KEY).detect(levels(made)).p_value < 1e-6).all()


def test_alpha_stays():
    images = np.concatenate([floats(pictures(2)), np.full([2, 64, 64, 1], 0.5, np.float32)], -1)
    made = Watermark(KEY).embed(images).numpy()
    np.testing.assert_array_equal(made[..., 3], images[..., 3])
    assert (Watermark(KEY).detect(levels(made)).p_value < 1e-6).all()


def test_an_image_is_marked_by_itself(marked):
    mark, images, numbers, together = marked
    alone = mark.embed(floats(images[3:4]), numbers[3:4])
    np.testing.assert_allclose(alone, together[3:4], atol=1e-4)


def test_graphs_of_any_size_mark_as_calls_do(marked):
    mark = marked[0]
    spec = [tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None], tf.int64)]
    graph = tf.function(mark.embed, input_signature=spec, autograph=False)
    images = floats(pictures(2)[:, :50, :61])
    numbers = np.array([5, 6])
    np.testing.assert_allclose(graph(images, numbers), mark.embed(images, numbers), atol=1e-4)


# === Detection ===


def test_marks_and_numbers_are_found(marked):
    """In floats and in pixels alike."""
    mark, images, numbers, floats_marked = marked
    for found in (mark.detect(levels(floats_marked)), mark.detect(floats_marked)):
        assert found.p_value.max() <= 1e-6
        np.testing.assert_array_equal(found.number, numbers)
    assert mark.detect(images).p_value.min() > 1e-3
    assert Watermark(bytes(32), bits=16).detect(levels(floats_marked)).p_value.min() > 1e-3


@pytest.mark.parametrize("number", ["given", "wrong"])
def test_a_number_that_is_claimed(marked, number):
    mark, _, numbers, floats_marked = marked
    claimed = numbers if number == "given" else (numbers + 257) % 2**16
    found = mark.detect(floats_marked, number=claimed)
    free = mark.detect(floats_marked)
    assert (found.p_value < free.p_value).all() == (number == "given")


def test_a_part_is_found_where_it_was(marked):
    mark, _, numbers, floats_marked = marked
    part = levels(floats_marked)[:4, 9:60, 6:57]
    assert mark.detect(part, size=(64, 64)).p_value.min() > 1e-6
    for size in ((64, 64), None):
        found = mark.detect(part, size, crops=True)
        assert found.p_value.max() <= 1e-6
        np.testing.assert_array_equal(found.offset, [[9, 6]] * 4)
        np.testing.assert_array_equal(found.number, numbers[:4])


def test_scores_of_all_places_are_those_of_each(marked):
    """The correlations by Fourier transforms, against a part that is moved by hand."""
    mark, images = marked[:2]
    part, (down, right) = images[:1, :40, :44].astype(float), (7, 18)
    tile = carriers.folded(detection.features(part[:, -down % 4 :, -right % 4 :]))
    common = np.where(mark.groups == 0, mark.table[0], 0).reshape(16, 16, 5)
    moved = np.roll(tile[0], [2, 5], axis=(0, 1))
    expected = (moved * common).sum() / np.linalg.norm(moved[common != 0])
    assert detection._correlated(tile, common)[0, 2, 5] == pytest.approx(expected)


def test_an_image_of_another_size_is_brought_back(marked):
    mark, _, numbers, floats_marked = marked
    larger = tf.image.resize(floats_marked, (96, 96), "bicubic").numpy().clip(-1, 1)
    assert mark.detect(larger).p_value.min() > 1e-6
    found = mark.detect(larger, size=(64, 64))
    assert found.p_value.max() <= 1e-6
    np.testing.assert_array_equal(found.number, numbers)


def test_many_small_ones_show_what_one_does_not():
    mark, images = Watermark(KEY, psnr=44), pictures(24, 28, 1)
    made = levels(mark.embed(floats(images)))
    assert np.median(mark.detect(made).p_value) > 1e-6
    p_value, score = mark.detect_together(made)
    assert p_value < 1e-6 and score > 5
    assert mark.detect_together(images)[0] > 1e-3


# === The null ===


def test_the_bound_is_that_of_the_paper():
    """3.178 times the normal tail, which no sum of signs exceeds: here those of all signs of ten
    weights, exactly."""
    assert pytest.approx(1 / (4 * stats.norm.sf(math.sqrt(2)))) == detection.TAIL
    signs = 2 * ((np.arange(1024)[:, None] >> np.arange(10)) & 1) - 1
    for weights in (np.ones(10), np.arange(1.0, 11), 0.7 ** np.arange(10)):
        sums = signs @ (weights / np.linalg.norm(weights))
        for at in np.sort(sums)[512:]:
            assert (sums >= at - 1e-12).mean() <= detection.tail(at - 1e-9)


def test_scores_of_unmarked_images_are_normal_over_keys():
    """And p-values at most uniform: of numbers that are searched, too."""
    images = next(iter(datasets.load("fashion_mnist_10k", shuffle=False, batch_size=10)))
    images = levels(images["images"])
    scores, p_values = [], []
    for seed in range(24):
        mark = Watermark(seed.to_bytes(16, "big"), bits=8)
        scores.append(mark.detect(images, number=0).score)
        p_values.append(mark.detect(images).p_value)
    scores, p_values = np.concatenate(scores), np.concatenate(p_values)
    # Images of one key share its signs, so fewer than 240 are independent, and bounds are wide.
    assert abs(scores.mean()) < 0.15 and abs(scores.std() - 1) < 0.1
    assert all((p_values <= level).mean() <= level for level in (0.3, 0.1, 0.03, 0.01))


# === Numbers ===


def test_numbers_of_latents():
    latents = tf.random.stateless_normal([2000, 16], (0, 1)).numpy()
    found = numbers_of(latents, 16).numpy()
    assert len(set(found.tolist())) > 1900 and found.min() >= 0 and found.max() < 2**16
    bits = (found[:, None] >> np.arange(16)) & 1
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.06
    moved = numbers_of(latents * (1 + 2e-7), 16).numpy()  # as another machine may round
    assert (moved != found).mean() < 0.01
    np.testing.assert_array_equal(numbers_of(latents, 8), found & 255)


# === Exports ===


def test_served_images_have_the_mark(tmp_path):
    """PNG files, floats and what latents give; numbers are those of the latents; the key is nowhere."""
    gan, mark = make("DCGAN"), Watermark(KEY, psnr=25)
    version = gan.export(tmp_path, "marked", watermark=mark, warmup_batch_sizes=(1,))
    expected = numbers_of(gan.latents_for(range(8)), 8).numpy()
    files = golden.read(version).images
    model = tf.saved_model.load(str(version))
    images = model.signatures["generate"](seed=tf.range(8, dtype=tf.int64))["images"].numpy()
    again = model.signatures["from_latents"](latents=gan.latents_for(range(8)))["images"].numpy()
    for made in (files, images, again):
        assert mark.detect(made, number=expected).p_value.max() < 1e-4  # of few blocks
    assert np.abs(levels(images).astype(int) - files).max() <= 1
    assert mark.detect_together(gan.generate_from_seeds(range(8)))[0] > 1e-4
    record = json.loads((version / "assets.extra" / "preset.json").read_text())
    assert record["watermark"] == {"key": mark.fingerprint, "psnr": 25.0, "bits": 8}
    with pytest.raises(ValueError, match="has a watermark"):
        reexport.rewrite(version)
    written = [file.read_bytes() for file in version.rglob("*") if file.is_file()]
    assert not any(KEY in content or KEY.hex().encode() in content for content in written)


@pytest.mark.full
def test_further_signatures_have_the_mark(tmp_path):
    gan, mark = make("VAEGAN", image_shape=(32, 32, 1)), Watermark(KEY, psnr=25)
    version = gan.export(tmp_path, "marked", watermark=mark, warmup_batch_sizes=(1,))
    made = tf.saved_model.load(str(version)).signatures["reconstruct"](
        images=tf.constant(floats(gan.generate(8, seed=0)))
    )
    assert mark.detect_together(made["images"].numpy())[0] < 1e-6


@pytest.mark.full
def test_served_translations_have_the_mark(tmp_path):
    model = make("Pix2Pix", image_shape=(64, 64, 3))
    mark = Watermark(KEY, psnr=30)
    version = model.export(tmp_path, "marked", watermark=mark, warmup_batch_sizes=(1,))
    assert mark.detect_together(golden.read(version).images)[0] < 1e-6
    assert golden.verify(version, trust_model=True)


@pytest.mark.full
def test_bfloat16_is_measured_against_the_same_marks(tmp_path):
    gan, mark = make("DCGAN"), Watermark(KEY, psnr=25)
    version = gan.export(tmp_path, "m", watermark=mark, dtype="mixed_bfloat16")
    told = json.loads((version / golden.FILE).read_text())["from_float32"]
    assert told["mean"] < 3  # a mark of 25 dB alone moves pixels by 14 levels


def test_no_mark_is_refused():
    with pytest.raises(TypeError, match="must be a Watermark. Received: str"):
        put_into([], "key")


# === Arguments ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "secret-secret-secret"}, "16 bytes or more.*Received: str"),
        ({"key": b"short"}, "Received: 5 bytes"),
        ({"key": KEY, "psnr": 70}, "from 25 to 60. Received: psnr=70"),
        ({"key": KEY, "psnr": True}, "psnr=True"),
        ({"key": KEY, "bits": 12}, "0, 8, 16, 24 or 32. Received: bits=12"),
        ({"key": KEY, "bits": 40}, "bits=40"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value[:12],
)
def test_arguments_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        Watermark(**options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros([8, 8, 3], np.uint8), {}, "Received: uint8 .8, 8, 3"),
        (np.zeros([1, 8, 8, 3], int), {}, "Received: int64"),
        (np.full([1, 8, 8, 3], np.nan), {}, r"must lie in \[-1, 1\]"),
        (np.zeros([1, 8, 8, 3]), {"size": 8}, "size=8"),
        (np.zeros([2, 8, 8, 3]), {"number": 256}, r"\[0, 2\*\*8\)"),
        (np.zeros([2, 8, 8, 3]), {"number": [1, 2, 3]}, "2, one for each"),
    ],
    ids=["rank", "dtype", "nan", "size", "range", "count"],
)
def test_images_that_are_refused(images, options, message):
    with pytest.raises(ValueError, match=message):
        Watermark(KEY).detect(images, **options)


@pytest.mark.parametrize(
    ("images", "numbers", "error"),
    [
        (np.zeros([1, 8, 8, 3], np.uint8), None, TypeError),
        (np.zeros([8, 8, 3], np.float32), None, ValueError),
        (np.zeros([1, 8, 8, 3], np.float32), [256], ValueError),
    ],
    ids=["dtype", "rank", "number"],
)
def test_images_that_are_not_marked(images, numbers, error):
    with pytest.raises(error, match="Received"):
        Watermark(KEY).embed(images, numbers)


def test_a_key_file(tmp_path):
    path = create_key(tmp_path / "a.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(read_key(path)) == 32 and read_key(path) != read_key(create_key(tmp_path / "b.key"))
    with pytest.raises(FileExistsError, match="lost"):
        create_key(path)
    (tmp_path / "c.key").write_text("password")
    with pytest.raises(ValueError, match=r"c\.key is no key") as caught:
        read_key(tmp_path / "c.key")
    assert "password" not in str(caught.value)


# === Command line ===


def test_commands(tmp_path, marked):
    from PIL import Image

    _, images, numbers, floats_marked = marked
    (tmp_path / "own.key").write_text(KEY.hex() + "\n")
    assert run("create-watermark-key", tmp_path / "other.key").exit_code == 0
    Image.fromarray(levels(floats_marked)[0]).save(tmp_path / "marked.png")
    Image.fromarray(images[0]).save(tmp_path / "plain.png")
    keys = ["--key", tmp_path / "other.key", "--key", tmp_path / "own.key", "--bits", 16]
    done = run("detect-watermark", *keys, tmp_path / "marked.png")
    assert done.exit_code == 0 and f"number {numbers[0]}, key {tmp_path}/own.key" in done.stdout
    both = [tmp_path / "marked.png", tmp_path / "plain.png", "--json", "--crops"]
    done = run("detect-watermark", *keys, *both)
    assert done.exit_code == UNMARKED
    assert [one["marked"] for one in json.loads(done.stdout)] == [True, False]
    done = run("detect-watermark", "--key", tmp_path / "marked.png", tmp_path / "plain.png")
    assert done.exit_code == 1 and "is no key" in done.stderr
    for size in ("99999x99999", "99999", "0x5"):
        done = run("detect-watermark", *keys, "--size", size, tmp_path / "plain.png")
        assert done.exit_code == 1
        assert f"1 to {MAX_PIXELS:,} pixels. Received: '{size}'" in done.stderr
    frames = [Image.fromarray(image) for image in images[:2]]
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:])
    done = run("detect-watermark", *keys, tmp_path / "moving.png")
    assert done.exit_code == 1 and "moving.png: It has several frames" in done.stderr
    with pytest.raises(
        ValueError, match=r"33,554,432 pixels at most. Received: size=.99999, 99999"
    ):
        Watermark(KEY).detect(images[:1], size=(99999, 99999))


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


class Exported:
    """In place of a model: what its `export` is given."""

    def export(self, path, name=None, version=None, **options):
        self.options = options
        return path


def test_export_takes_a_key(tmp_path, monkeypatch):
    model, key = Exported(), create_key(tmp_path / "a.key")
    monkeypatch.setattr(cli.exporting.console, "load_model", lambda *args, **kwargs: model)
    words = ["export", "run", tmp_path, "--watermark-bits", 16, "--watermark-psnr", 40]
    done = run(*words)
    assert done.exit_code == 1 and "only with --watermark-key" in done.stderr
    assert run(*words, "--watermark-key", key).exit_code == 0
    mark = Watermark(read_key(key), psnr=40, bits=16)
    assert model.options["watermark"].public() == mark.public()
    done = run("export", "run", tmp_path, "--watermark-key", key, "--format", "onnx")
    assert done.exit_code == 1 and "--watermark-key: not for onnx" in done.stderr
