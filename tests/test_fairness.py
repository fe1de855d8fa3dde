"""Shares of classes: against data and target, and changed by sampling, by seeds, by training."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from typer.testing import CliRunner

from tfgan_zoo import cli, datasets, evaluation, latent, metrics, regularizers
from tfgan_zoo.datasets.balanced import labels_of
from tfgan_zoo.metrics import extractors
from tfgan_zoo.regularizers.class_shares import divergence

RNG = np.random.default_rng(0)

# === Measures ===


def test_a_target_is_met_or_missed():
    found = evaluation.bias(
        np.repeat([0, 1], [900, 100]), np.repeat([0, 1], [880, 120]), 2, [0.5, 0.5]
    )
    assert found.from_target == pytest.approx(0.4) and found.total_variation == pytest.approx(0.02)
    assert all(row.misses and not row.differs for row in found.classes)
    assert str(found).endswith("no class differs; 0.400 from the target")
    fair = evaluation.bias(
        np.repeat([0, 1], [480, 520]), np.repeat([0, 1], [880, 120]), 2, [0.5, 0.5]
    )
    assert not any(row.misses for row in fair.classes) and all(row.differs for row in fair.classes)


def test_attributes_and_their_product():
    sleeves, colours = RNG.integers(0, 2, 200), RNG.integers(0, 3, 200)
    both = np.ravel_multi_index((sleeves, colours), (2, 3))
    pairs = {"sleeve": (sleeves, sleeves), "colour": (colours, colours), "both": (both, both)}
    found = evaluation.attributes(pairs, {"sleeve": [0.5, 0.5]})
    assert [len(found[name].classes) for name in pairs] == [2, 3, 6]
    assert found["sleeve"].from_target == pytest.approx(abs(sleeves.mean() - 0.5))
    assert found["colour"].from_target is None and found["both"].total_variation == 0
    with pytest.raises(ValueError, match="no attributes .'age'"):
        evaluation.attributes(pairs, {"age": [1]})


@pytest.mark.parametrize(
    ("labels", "target", "message"),
    [
        ([], None, "must be ints"),
        ([0.5], None, "must be ints"),
        ([0, 2], None, r"must lie in \[0, 2\)"),
        ([-1], None, r"must lie in \[0, 2\)"),
        ([0], [1.0], "2 finite shares of 0 or more with the sum 1"),
        ([0], [0.5, 0.6], "2 finite shares of 0 or more with the sum 1"),
        ([0], [1.5, -0.5], "2 finite shares of 0 or more with the sum 1"),
    ],
)
def test_labels_and_targets_that_cannot_be(labels, target, message):
    with pytest.raises(ValueError, match=message):
        evaluation.bias(np.array(labels), [0, 1], 2, target)


@pytest.mark.parametrize("wrong", [[0.5, -0.5], [np.nan, 1], [np.inf, 1], [0, 0], "ab", [[1, 0]]])
def test_shares_are_refused_alike_wherever_they_are_asked_for(wrong):
    """By datasets.balanced, balanced_seeds and bias, with one message; so does ClassShares, below."""
    message = rf"target must be (2|K) finite shares of 0 or more.*{re.escape(f'target={wrong!r}')}"
    source = datasets.array_source(np.zeros((4, 2, 2, 1), np.uint8), np.arange(4) % 2)
    for refused in (
        lambda: datasets.balanced(source, wrong),
        lambda: latent.balanced_seeds(None, None, wrong, 4),
        lambda: evaluation.bias([0, 1], [0, 1], 2, wrong),
    ):
        with pytest.raises(ValueError, match=message):
            refused()


def test_the_quality_of_each_group_alone():
    real, drawn = RNG.normal(size=(300, 4)), RNG.normal(size=(200, 4))
    real_labels, labels = np.arange(300) % 2, np.arange(200) % 2
    drawn[labels == 1] += 3
    good, bad, absent = evaluation.group_quality(drawn, labels, real, real_labels, 3)
    pair = real[real_labels == 1], drawn[labels == 1]
    assert bad.distance == metrics.frechet_distance(*pair) > 20 > 1 > good.distance
    assert bad.recall == metrics.recall(*pair)[0] < good.recall
    assert bad.precision == metrics.precision(*pair)[0] < good.precision
    assert (good.generated, good.real) == (100, 150)
    assert absent.generated == 0 and np.isnan(absent[3:]).all()
    with pytest.raises(ValueError, match="199 labels for 200 rows"):
        evaluation.group_quality(drawn, labels[1:], real, real_labels, 2)


# === Sampling ===


def _source(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    images = (
        np.zeros([len(labels), 2, 2, 1], np.uint8)
        + np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    )
    return datasets.array_source(images, labels), labels


@pytest.mark.parametrize(
    ("counts", "target", "expected"),
    [
        ((90, 10), None, (90, 90)),
        ((90, 10), (3, 1), (90, 30)),
        ((90, 10), (1, 3), (90, 270)),
        ((90, 10), (0, 1), (0, 10)),
        ((50, 7, 20), None, (50, 50, 50)),
    ],
)
def test_rare_classes_are_met_more_often_and_no_image_is_left_out(counts, target, expected):
    source, labels = _source(counts)
    even = datasets.balanced(source, target)
    drawn = labels_of(even)
    assert tuple(np.bincount(drawn, minlength=len(counts))) == expected
    read = even.fetch(tf.range(even.count, dtype=tf.int64), tf.zeros([2], tf.int64))
    numbers = np.round((read["images"].numpy()[:, 0, 0, 0] + 1) * 127.5).astype(int)
    np.testing.assert_array_equal(labels[numbers], drawn)
    times = np.bincount(numbers, minlength=len(labels))
    for label, n in enumerate(expected):  # spread evenly over the images of a class
        mine = times[labels == label]
        assert mine.max() - mine.min() <= 1 and mine.sum() == n and (n == 0 or mine.min() >= 1)


def test_an_epoch_of_training_has_the_shares():
    even = datasets.balanced(_source((54, 6))[0])
    batches = datasets.stream(even, 12, seed=3).take(even.count // 12)
    labels = np.concatenate([batch["labels"] for batch in batches])
    assert np.bincount(labels).tolist() == [54, 54]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([1], "2 finite shares"),
        ([0, 0], "not all 0"),
        ([1, -1], "of 0 or more"),
        ([1, np.nan], "finite"),
        ([1, 1e9], "need 3e.09 images"),
    ],
)
def test_shares_that_cannot_be(target, message):
    with pytest.raises(ValueError, match=message):
        datasets.balanced(_source((3, 3))[0], target)


def test_data_that_cannot_be_balanced():
    images = np.zeros([4, 2, 2, 1], np.uint8)
    with pytest.raises(ValueError, match="no labels"):
        datasets.balanced(datasets.array_source(images))
    with pytest.raises(ValueError, match=r"no images of the classes \[0\]"):
        datasets.balanced(datasets.array_source(images, [1, 1, 1, 2]), [1, 1, 1])


# === Seeds ===


def _bright(gan):
    """A classifier of an untrained generator: its brighter third is class 1."""
    level = np.quantile(gan.generate(300, seed=0).mean(axis=(1, 2, 3)), 2 / 3)
    return lambda images: (images.mean(axis=(1, 2, 3)) > level).astype(int)


def test_seeds_in_the_shares_that_are_wanted():
    gan = make("DCGAN")
    classify = _bright(gan)
    seeds = latent.balanced_seeds(gan, classify, [1, 3], 40, seed=100)
    labels = classify(gan.generate_from_seeds(seeds))
    assert seeds.dtype == np.int64 and np.bincount(labels).tolist() == [10, 30]
    dark = latent.balanced_seeds(gan, classify, [1, 0], 10)  # of the other class none
    assert dark.dtype == np.int64 and not classify(gan.generate_from_seeds(dark)).any()
    assert len(set(seeds)) == 40 and seeds.min() >= 100 and (np.diff(seeds) > 0).all()
    np.testing.assert_array_equal(latent.balanced_seeds(gan, classify, [1, 3], 40, 100), seeds)
    for label in (0, 1):  # the first of each class
        every = np.arange(100, seeds.max() + 1)
        mine = every[classify(gan.generate_from_seeds(every)) == label]
        np.testing.assert_array_equal(seeds[labels == label], mine[: (10, 30)[label]])


def test_largest_remainders():
    assert latent.resampling._counts([1, 1, 1], 10).tolist() == [4, 3, 3]
    assert latent.resampling._counts([0.2, 0.5, 0.3], 7).tolist() == [1, 4, 2]


def test_seeds_that_cannot_be_had():
    gan = make("DCGAN")
    never = lambda images: np.zeros(len(images), int)  # noqa: E731
    with pytest.raises(ValueError, match=r"Of 50 seeds too few drew the classes {1: '0 of 5'}"):
        latent.balanced_seeds(gan, never, [1, 1], 10, pool=50)
    with pytest.raises(ValueError, match=r"classes in \[0, 1\)"):
        latent.balanced_seeds(gan, lambda x: np.ones(len(x), int), [1], 10)
    with pytest.raises(ValueError, match="draws what labels or texts ask for"):
        latent.balanced_seeds(make("ACGAN"), never, [1, 1], 10)
    with pytest.raises(ValueError, match="not all 0"):
        latent.balanced_seeds(gan, never, [0, 0], 10)
    with pytest.raises(ValueError, match="gave NaN in place of probabilities"):
        latent.balanced_seeds(gan, lambda x: (x, np.full([len(x), 2], np.nan)), [1, 0], 10)
    with pytest.raises(ValueError, match="count must be a positive integer"):
        latent.balanced_seeds(gan, never, [1, 0], 2.5)
    for seed in (-5, 0.5, 2**63 - 10):
        with pytest.raises(ValueError, match=r"seed must be an integer in \[0, 92"):
            latent.balanced_seeds(gan, never, [1, 0], 10, seed=seed)
    with pytest.raises(ValueError, match="pool must be a positive integer"):
        latent.balanced_seeds(gan, never, [1, 0], 10, pool=0)


# === Training ===


def test_divergence_is_that_of_a_formula():
    p = RNG.dirichlet(np.ones(4), 16).astype(np.float32)
    target = np.array([0.5, 0.25, 0.25, 0.0])
    mean = p.astype(np.float64).mean(axis=0)
    expected = sum(t * np.log(t / m) for t, m in zip(target, mean, strict=True) if t)
    np.testing.assert_allclose(divergence(tuple(target), tf.constant(p)), expected, rtol=1e-5)
    assert abs(float(divergence((0.25,) * 4, tf.fill([3, 4], 0.25)))) < 1e-6


@pytest.fixture(scope="module")
def brightness():
    """A classifier of dark and bright images, registered."""
    inputs = keras.Input([8, 8, 1])
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    logits = keras.layers.Dense(2)(mean)
    model = keras.Model(inputs, [mean, logits])
    model.layers[-1].set_weights([np.array([[-4.0, 4.0]]), np.zeros(2)])
    extractors.register("brightness of fairness", model, (8, 8, 1))
    extractors.register("level", keras.Model(inputs, mean), (8, 8, 1))
    return extractors.get("brightness of fairness")


@pytest.mark.parametrize("jit_compile", [pytest.param(True, marks=pytest.mark.full), False])
def test_a_generator_is_drawn_to_the_shares(brightness, jit_compile):
    """Against a discriminator that sees dark images alone."""
    images = np.full([64, 8, 8, 1], -0.3, np.float32)
    terms = regularizers.ClassShares("brightness of fairness", (0.1, 0.9), weight=100.0)
    shares = []
    for given in ([], [terms]):
        gan = make("DCGAN", regularizers=given)
        gan.compile(jit_compile=jit_compile)
        history = gan.fit(images, batch_size=8, epochs=4, verbose=0).history
        shares.append(brightness(gan.generate(64, seed=0))[1][:, 1].mean())
    assert "class_shares" in history and history["class_shares"][-1] < history["class_shares"][0]
    assert shares[1] > shares[0] + 0.02
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(terms))
    assert again == terms


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("nothing", (1.0,), "no extractor 'nothing'"),
        ("level", (1.0,), "has no classes"),
        ("brightness of fairness", (1.0,), "must be 2 finite shares"),
        ("brightness of fairness", (0.7, 0.7), "with the sum 1"),
        ("brightness of fairness", (1.5, -0.5), "of 0 or more"),
        ("brightness of fairness", (np.nan, 0.5), "of 0 or more"),
    ],
)
def test_shares_that_a_model_refuses(brightness, name, target, message):
    with pytest.raises(ValueError, match=message):
        make("DCGAN", regularizers=[regularizers.ClassShares(name, target)])


# === The command ===


def _run(*words):
    return CliRunner().invoke(cli.app, ["bias", *map(str, words)])


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Bright and dark images, 9 to 1 and 1 to 1, and a user's own classifier of them."""
    folder = tmp_path_factory.mktemp("bias")
    for name, bright in (("drawn", 180), ("real", 100)):
        level = np.repeat([200, 60], [bright, 200 - bright])
        noise = RNG.integers(-40, 40, (200, 8, 8, 1))
        np.savez(folder / f"{name}.npz", images=np.uint8(level[:, None, None, None] + noise))
    inputs = keras.Input([8, 8, 1])
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(mean))
    model.layers[-1].set_weights([np.array([[-4.0, 4.0]]), np.zeros(2)])
    model.save(folder / "own.keras")
    one = keras.Model(inputs, keras.layers.Dense(1)(mean))
    one.save(folder / "one.keras")
    return folder


def test_the_command_counts_by_a_classifier_of_ones_own(given):
    words = [given / "drawn.npz", "--data", given / "real.npz", "--classifier", given / "own.keras"]
    done = _run(*words, "--target", "0.5,0.5", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    dark, bright = found["classes"]
    assert (dark["generated"], bright["generated"], bright["real"]) == (0.1, 0.9, 0.5)
    assert dark["differs"] and dark["misses"] and found["from_target"] == pytest.approx(0.4)
    assert bright["distance"] < 1 and dark["recall"] is not None
    told = _run(*words)
    assert re.search(r"1 +90.0% \[85.1%, 93.4%\] +50.0% .* differs\n", told.output), told.output
    assert "misses" not in told.output and "classes 0, 1 differ" in told.output


def test_what_the_command_refuses(given):
    words = [given / "drawn.npz", "--data", given / "real.npz", "--classifier"]
    code = keras.layers.Lambda(lambda x: x[:, 0, 0], name="code")
    keras.Sequential([keras.Input([8, 8, 2]), code]).save(given / "code.keras")
    for name, more, message in (
        (given / "code.keras", [], "an object of the class 'Lambda'"),
        (given / "none.keras", [], "No such file"),
        (given / "one.keras", [], "two or more numbers"),
        ("efficientnet", [], "no extractor 'efficientnet'"),
        (given / "own.keras", ["--target", "1,0,0"], "--target must be 2 finite shares"),
        (given / "own.keras", ["--target", "a"], "needs numbers with commas"),
        (given / "own.keras", ["--count", "-1"], "must be 100 or more"),
        (given / "own.keras", ["--target", "0.5,0.6"], "with the sum 1"),
    ):
        refused = _run(*words, name, *more)
        assert refused.exit_code == 1 and message in " ".join(refused.output.split())
    alone = _run(given / "drawn.npz", "--classifier", given / "own.keras")
    assert alone.exit_code == 1 and "give --data" in alone.output
