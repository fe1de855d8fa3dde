"""`evaluate`: names, statistics in parts, caches, what can be scored, and what is refused."""

import json

import keras
import numpy as np
import pytest
from cases import make

import tfgan_zoo
from tfgan_zoo import evaluation, metrics
from tfgan_zoo.evaluation import collect, paired, sources
from tfgan_zoo.metrics import extractors, protocols
from tfgan_zoo.metrics.extractors import lenet
from tfgan_zoo.metrics.intervals import interval, jackknife_error, share_interval
from tfgan_zoo.metrics.measures import MEASURES


@pytest.fixture(scope="module", autouse=True)
def small():
    """An extractor of 28x28 grey images, with weights that are random but the same in every run."""
    keras.utils.set_random_seed(5)
    extractors.register("small", lenet.network((28, 28, 1), 10, "small"), (28, 28, 1))
    return extractors.get("small")


def pixels(n, seed=0, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (n, 16, 16, 1), np.uint8)


def arrays(n, seed=0, **options):
    return evaluation.from_arrays(pixels(n, seed, **options), np.arange(n) % 4)


# === Names ===


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fid50k", ("fd", 50000, "inception_v3", "train")),
        ("fid50k_legacy", ("fd", 50000, "inception_v3_legacy", "train")),
        ("kid10k_test", ("kd", 10000, "inception_v3", "test")),
        ("fid_infinity10k", ("fd_infinity", 10000, "inception_v3", "train")),
        ("is50k", ("is", 50000, "inception_v3", "train")),
        ("precision50k", ("precision", 50000, "inception_v3", "train")),
        ("fd10k_effnet", ("fd", 10000, "efficientnet_lite0", "train")),
        ("fd_infinity500_lenet_mnist_test", ("fd_infinity", 500, "lenet_mnist", "test")),
        ("ppl1k_lpips", ("ppl", 1000, "lpips", "train")),
        ("swd2k_test", ("swd", 2000, None, "test")),
        ("cas10k", ("cas", 10000, None, "train")),
    ],
)
def test_a_name_fixes_the_protocol(name, expected):
    assert protocols.parse(name) == (name, *expected)


@pytest.mark.parametrize(
    "name",
    ["fid", "fid50k_effnet", "fd50k", "fd10k_lpips", "swd2k_effnet", "", "fd_10k", "fdk_effnet"],
)
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=f"There is no metric '{name}'.*A name is a measure"):
        protocols.parse(name)


def test_near_names_are_listed():
    with pytest.raises(ValueError, match="Did you mean fd10k_effnet"):
        protocols.parse("fd10k_efnet")


LEAST = [
    *[("fd", 3), ("fd_infinity", 5), ("kd", 4), ("is", 12), ("precision", 4), ("recall", 4)],
    *[("density", 6), ("coverage", 6), ("modes", 2), ("mode_kl", 2), ("intra_fd", 6), ("swd", 2)],
    ("ms_ssim", 3),
]


@pytest.mark.parametrize(("measure", "least"), LEAST)
def test_the_least_number_of_images(measure, least):
    """With it a score and its interval are numbers; with one less, the name is refused, and told why.
    intra_fd needs as many of each class, here of two."""
    suffix = "" if measure in ("swd", "ms_ssim") else "_small"
    images = [evaluation.from_arrays(pixels(least, seed), np.arange(least) % 2) for seed in (0, 1)]
    (found,) = evaluation.evaluate(
        images[0], [f"{measure}{least}{suffix}"], lambda split: images[1]
    )
    assert np.isfinite([found.value, *found.interval]).all()
    own = MEASURES[measure].least
    for count in {own - 1, 1, 0}:
        with pytest.raises(
            ValueError, match=f"on {count} images, and {measure} needs {own} or more"
        ):
            protocols.parse(f"{measure}{count}{suffix}")
    assert protocols.parse(f"{measure}{own}{suffix}").count == own


def test_too_few_real_images_are_refused_before_any_is_drawn():
    def read(rows):
        raise AssertionError("drawn")

    images = arrays(10)._replace(read=read)
    with pytest.raises(ValueError, match="kd10_small needs 4 real images or more, and .* has 3"):
        evaluation.evaluate(images, ["kd10_small"], lambda split: arrays(3))


def test_measures_that_need_other_networks_have_a_least_number_too():
    """Of path lengths and accuracies: the jackknife leaves one of two out, and a half of a class."""
    assert MEASURES["ppl"].least == MEASURES["cas"].least == 2
    assert {*MEASURES} == {measure for measure, _ in LEAST} | {"ppl", "cas"}
    for name in ("ppl1_lpips", "cas1"):
        with pytest.raises(ValueError, match="on 1 images, and (ppl|cas) needs 2 or more"):
            protocols.parse(name)


# === Scores ===


def by_hand(small, images, others, **of):
    first, second = (small(x)[0] for x in (images, others))
    return {
        "fd": metrics.frechet_distance(first, second),
        "precision": metrics.precision(first, second)[0],
        "recall": metrics.recall(first, second)[0],
        "density": metrics.density(first, second)[0],
        "coverage": metrics.coverage(first, second)[0],
        "is": metrics.inception_score(small(others)[1])[0],
    }


def test_scores_are_those_of_the_functions(small):
    """Streamed in parts and batches, to 1e-6 of what all features at once give."""
    real, generated = pixels(150), pixels(150, 1, 40, 200)
    expected = by_hand(small, real, generated)
    names = [f"{name}150_small" for name in expected]
    found = evaluation.evaluate(
        evaluation.from_arrays(generated), names, lambda split: evaluation.from_arrays(real)
    )
    for result, value in zip(found, expected.values(), strict=True):
        assert result.value == pytest.approx(value, rel=1e-6), result.metric
        assert result.interval[0] <= result.value <= result.interval[1]


def test_equal_sets():
    same = arrays(60)
    names = ["fd60_small", "swd60", "coverage60_small", "mode_kl60_small", "intra_fd60_small"]
    found = evaluation.evaluate(same, names, lambda split: same)
    assert [round(result.value, 6) for result in found] == [0, 0, 1, 0, 0]


def test_measures_of_generated_images_alone_need_no_reference():
    found = evaluation.evaluate(arrays(40), ["is40_small", "ms_ssim40"])
    assert 1 <= found[0].value <= 10 and -1 < found[1].value < 0.5


@pytest.mark.full  # trains a classifier
def test_classification_accuracy_score():
    """Bright against dark images: learned from the generated set, known in the real one."""

    def bright_and_dark(n, seed):
        labels = np.arange(n) % 2
        images = (
            pixels(n, seed, 0, 100)[:, :8, :8]
            + (labels * 120).astype(np.uint8)[:, None, None, None]
        )
        return evaluation.from_arrays(images, labels)

    (result,) = evaluation.evaluate(
        bright_and_dark(64, 0), ["cas64_test"], lambda split: bright_and_dark(100, 1)
    )
    assert result.value == 1.0 and result.protocol["split"] == "test"


def test_a_model_is_scored_by_its_average_from_its_seeds(small):
    gan = make("ConditionalGAN")
    images = evaluation.from_model(gan, seed=7)
    assert sources.metadata(images)["seed"] == 7
    drawn, labels = images.read(np.arange(5))
    np.testing.assert_array_equal(drawn, gan.generate(5, seed=7, labels=labels))
    np.testing.assert_array_equal(labels, np.arange(5) % gan.num_classes)
    gan.generator.set_weights([0 * weight for weight in gan.generator.get_weights()])
    np.testing.assert_array_equal(images.read(np.arange(5))[0], drawn)


def test_path_length_by_hand(small):
    """Of uniform latents the path is a line: the step is the difference of two points on it."""
    gan = make("DCGAN")
    images = evaluation.from_model(gan)
    (result,) = evaluation.evaluate(images, ["ppl30_small"])
    steps = np.concatenate([small.distance(*images.steps(np.array([k]), 1e-4)) for k in range(30)])
    assert result.value == pytest.approx(steps.mean() / 1e-8, rel=0.05)  # of float32 near 1e-8
    begin, end = images.steps(np.array([3]), 1.0)
    assert begin.shape == end.shape == (1, *gan.image_shape) and np.abs(begin - end).max() > 0


def test_run_saved_model_and_endpoint_draw_the_same(tmp_path):
    gan = make("ConditionalGAN")
    folder = gan.export(tmp_path, "tiny")
    model = evaluation.from_model(gan)
    exported = evaluation.from_saved_model(folder, gan.num_classes)
    rows = np.arange(10)
    np.testing.assert_array_equal(model.read(rows)[0], exported.read(rows)[0])
    assert model.fingerprint() == exported.fingerprint()
    images, labels = model.read(rows)
    np.testing.assert_allclose(
        model.score(images, labels), exported.score(images, labels), atol=1e-5
    )
    with pytest.raises(ValueError, match="latents can be given; .* of kind 'saved_model'"):
        evaluation.evaluate(exported, ["ppl20_small"])


# === Intervals ===


def test_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=10)
    found = jackknife_error(np.mean, values.tolist())
    assert found == pytest.approx(values.std(ddof=1) / np.sqrt(10))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Means of ten parts of normal numbers: 95 % within three standard errors of 1,000 trials."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(1000):
        parts = list(rng.normal(size=(10, 20)))
        low, high = interval(
            float(np.mean(parts)), jackknife_error(lambda p: np.mean(np.concatenate(p)), parts), 10
        )
        hits += low <= 0 <= high
    assert abs(hits / 1000 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 1000)


def test_share_interval():
    """Wilson's, as in Newcombe, "Two-sided confidence intervals for the single proportion", 1998,
    table I: 81 of 263."""
    assert share_interval(81 / 263, 263) == pytest.approx([0.2553, 0.3662], abs=1e-4)
    assert share_interval(0.0, 50)[0] == 0 and share_interval(1.0, 50)[1] == 1


# === Parts and caches ===


class Counted:
    """An extractor that counts, and may be stopped."""

    def __init__(self, extractor, stop_after=None):
        self.extractor, self.calls, self.stop_after = extractor, 0, stop_after
        self.name, self.digest, self.resize = "counted", extractor.digest, extractor.resize

    def __call__(self, images):
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        return self.extractor(images)


def test_a_stopped_pass_goes_on(tmp_path, small):
    images, rows, needs = arrays(100), np.arange(100), ("features", "moments", "probabilities")
    whole = collect.collect(images, rows, small, needs)
    folder = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        collect.collect(images, rows, Counted(small, stop_after=4), needs, folder)
    half = (folder / "part_2.npz").read_bytes()[:2000]
    (folder / "part_2.npz").write_bytes(half)
    rest = Counted(small)
    with pytest.warns(UserWarning, match=r"part_2\.npz is damaged"):
        again = collect.collect(images, rows, rest, needs, folder)
    assert rest.calls == 7
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.moments.covariance, other.moments.covariance)


def test_real_statistics_are_kept_by_content(tmp_path, small):
    def calls(images):
        counted, rows = Counted(small), np.arange(images.count)
        folder = collect.cache_folder(tmp_path, images, rows, small, ("moments",))
        collect.collect_joined(images, rows, counted, ("moments",), folder)
        return counted.calls

    first = pixels(100)
    assert calls(evaluation.from_arrays(first)) == 10
    assert calls(evaluation.from_arrays(first, name="by another name")) == 0
    changed = first.copy()
    changed[99, 0, 0, 0] ^= 1
    assert calls(evaluation.from_arrays(changed)) == 10
    assert len(list(tmp_path.iterdir())) == 2


def test_evaluations_leave_only_real_statistics(tmp_path):
    real, cached = arrays(50), ["fd50_small"]
    runs = [
        evaluation.evaluate(arrays(50, 1), cached, lambda split: real, tmp_path) for _ in range(2)
    ]
    assert runs[0][0].value == runs[1][0].value
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


# === Pairs ===


def test_pairs():
    images, noisy = pixels(5), pixels(5) ^ 1
    target = evaluation.from_arrays(images)
    found = evaluation.evaluate(
        evaluation.from_arrays(noisy), ["psnr", "ssim"], lambda split: target
    )
    assert found[0].value == pytest.approx(10 * np.log10(255**2)) and found[1].value > 0.999
    with pytest.raises(ValueError, match="image by image: arrays has 4, arrays 5"):
        paired.compare(evaluation.from_arrays(images[:4]), lambda split: target, "psnr")


def test_equal_pairs(tmp_path):
    target = evaluation.from_arrays(pixels(3))
    found = evaluation.evaluate(target, ["psnr", "ssim"], lambda split: target)
    assert (found[0].value, found[0].interval) == (np.inf, [np.inf, np.inf])
    evaluation.write(tmp_path / "scores.json", found)
    assert evaluation.read(tmp_path / "scores.json") == found


# === Results ===


def test_results_survive_a_file(tmp_path):
    found = evaluation.evaluate(arrays(30), ["is30_small", "ms_ssim30"])
    evaluation.write(tmp_path / "scores.json", found[:1])
    evaluation.write(tmp_path / "scores.json", found[1:])
    assert evaluation.read(tmp_path / "scores.json") == found
    row = json.loads((tmp_path / "scores.json").read_text())["results"][0]
    assert row["protocol"]["extractor"] == "small" and len(row["images"]["images_sha256"]) == 64
    assert row["versions"]["tfgan_zoo"] == tfgan_zoo.__version__
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="holds no results"):
        evaluation.read(tmp_path / "other.json")


# === Refusals ===


@pytest.mark.parametrize(
    ("images", "names", "reference", "message"),
    [
        (arrays(20), ["fd30_small"], arrays(30), "score of 30 images, and arrays has 20"),
        (arrays(20), ["fd20_small"], None, "compares with real images, and none were given"),
        (
            evaluation.from_arrays(pixels(20)),
            ["intra_fd20_small"],
            arrays(20),
            "needs labels, and arrays has none",
        ),
        (
            arrays(20),
            ["swd20"],
            evaluation.from_arrays(np.zeros((20, 32, 32, 1), np.uint8)),
            "alike",
        ),
        (arrays(1), ["fd1_small"], arrays(20), "fd needs 3 or more: write fd3"),
    ],
)
def test_refusals(images, names, reference, message):
    with pytest.raises(ValueError, match=message):
        evaluation.evaluate(images, names, reference and (lambda split: reference))


def test_inception_weights_are_asked_for_before_anything_is_drawn(monkeypatch):
    monkeypatch.delenv("TFGAN_ZOO_INCEPTION_V3", raising=False)
    monkeypatch.delenv("TFGAN_ZOO_DOWNLOAD", raising=False)
    images = arrays(20)._replace(read=None)
    with pytest.raises(FileNotFoundError, match="set TFGAN_ZOO_INCEPTION_V3"):
        evaluation.evaluate(images, ["fid20"], lambda split: images)


def test_images_that_are_no_pixels():
    with pytest.raises(ValueError, match="must be uint8 in .0, 255.. Received: float64"):
        evaluation.from_arrays(np.zeros((5, 8, 8, 1)))
    gan = make("DCGAN")
    gan.ema_generator.set_weights([weight * np.nan for weight in gan.ema_generator.get_weights()])
    with pytest.raises(ValueError, match="images hold NaN, which no pixel shows"):
        evaluation.evaluate(evaluation.from_model(gan), ["ms_ssim20"])


def test_constant_images():
    """Their covariance is zero; the distance is that of the means."""
    first, second = (np.full((30, 16, 16, 1), level, np.uint8) for level in (0, 200))
    names = ["fd30_small", "swd30", "ms_ssim30", "precision30_small", "kd30_small"]
    found = evaluation.evaluate(
        evaluation.from_arrays(first), names, lambda split: evaluation.from_arrays(second)
    )
    small = extractors.get("small")
    means = [small(x[:1])[0].astype(np.float64) for x in (first, second)]
    assert found[0].value == pytest.approx(((means[0] - means[1]) ** 2).sum(), rel=1e-4)
    assert all(np.isfinite(result.value) for result in found)


def test_an_empty_folder_and_mixed_sizes(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no images"):
        sources.from_data(tmp_path / "empty")
    (tmp_path / "mixed").mkdir()
    for side in (8, 12):
        image = np.zeros((side, side, 3), np.uint8)
        tfgan_zoo.visualization.write_png(tmp_path / "mixed" / f"{side}.png", image)
    with pytest.raises(ValueError, match="Where sizes differ, give image_size"):
        sources.from_data(tmp_path / "mixed")
    assert sources.from_data(tmp_path / "mixed", image_shape=(8, 8, 3)).count == 2
