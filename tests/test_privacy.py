"""Differential privacy: the sum of clipped gradients, its noise, the batches, and what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import privacy
from tfgan_zoo.engine.private import drawn_secret
from tfgan_zoo.layers import Rng
from tfgan_zoo.privacy import DPSGD, clipping, noise, sampling

CLIP, SIZE = 0.8, 16
PLAIN = {"image_shape": (8, 8, 1), "width": 4, "latent_dim": 4, "discriminator_normalization": None}
SGD = keras.optimizers.SGD


def made(noise_multiplier=0.0, clip=CLIP, **options):
    gan = tfgan_zoo.DCGAN(**{**PLAIN, **options}, privacy=DPSGD(clip, noise_multiplier))
    gan.discriminator.set_weights([4 * w for w in gan.discriminator.get_weights()])
    gan.compile(SGD(0.1), SGD(1.0), jit_compile=False)
    return gan


def flat(tensors):
    return np.concatenate([np.float64(t).ravel() for t in tensors])


def critic(gan):
    return flat(v.numpy() for v in gan.discriminator.trainable_variables)


def one_step(gan, images, **options):
    """How far a step moves the discriminator, whose rate is 1: minus the noised mean."""
    before = critic(gan)
    gan.fit(images, batch_size=SIZE, epochs=1, steps_per_epoch=1, verbose=0, **options)
    return critic(gan) - before


def batch_of(gan, images):
    """The rows of the first update, by the stream that training reads."""
    source = tfgan_zoo.datasets.array_source(images)
    places, replicas = gan._private_places(len(images), SIZE), gan._replicas
    data = sampling.poisson_stream(source, gan._privacy_secret, SIZE, 1, places, replicas)
    return next(iter(data))


def by_a_loop(gan, images):
    """The sum of clipped gradients in float64, of one image after another, and their lengths."""
    rows = batch_of(gan, images)
    places = len(rows["images"]) // gan._replicas
    rng = Rng(gan.seed, tf.constant(0, tf.int64), 0, places)
    weights = gan.get_weights()
    ahead = gan._ahead(rng)
    gan.set_weights(weights)  # the generator's statistics were moved
    total, lengths = 0.0, []
    for place in np.flatnonzero(rows[sampling.MASK]):
        number = tf.cast(rows[sampling.INDEX][place : place + 1], tf.uint32)
        slot = int(rows[sampling.SLOT][place]) % places
        one = {name: value[slot : slot + 1] for name, value in ahead.items()}
        one["images"] = rows["images"][place : place + 1]
        with tf.GradientTape() as tape:
            loss, _ = gan.discriminator_loss(one, rng.of_examples(number, rng))
        found = flat(tape.gradient(loss, gan.discriminator.trainable_variables))
        lengths.append(np.linalg.norm(found))
        total += found * min(1.0, CLIP / lengths[-1])
    return total, np.array(lengths)


def test_a_secret_is_of_the_operating_system():
    """128 bits that no seed repeats; all other tests are given a function that follows one."""
    drawn = []
    for _ in range(64):
        keras.utils.set_random_seed(0)
        drawn.extend(int(word) for word in drawn_secret())
    assert len(set(drawn)) == len(drawn) and 0 <= min(drawn) < 2**31 < max(drawn) < 2**32


@pytest.mark.parametrize("replicas", [1, pytest.param(2, marks=pytest.mark.full)])
def test_an_update_is_the_mean_of_clipped_gradients(replicas, images, mirrored):
    """As a loop in float64 that clips each example: with a penalty of second derivatives, and by the
    expected batch size, not the drawn one."""
    with (mirrored if replicas == 2 else tf.distribute.get_strategy()).scope():
        gan = made(penalty=tfgan_zoo.penalties.R1(1.0))
    expected, lengths = by_a_loop(gan, images)
    assert lengths.min() < CLIP < lengths.max() and len(lengths) != SIZE
    np.testing.assert_allclose(one_step(gan, images), -expected / SIZE, rtol=2e-4, atol=1e-8)


@pytest.mark.full
def test_one_image_moves_the_sum_by_the_clip_at_most(images):
    """Sensitivity by construction: one image is another, or is none; all draws stay as they are."""
    gan = made()
    first, secret = gan.get_weights(), gan._privacy_secret
    drawn = np.flatnonzero(
        sampling.selected(_key(secret), tf.constant(0, tf.int64), 64, SIZE / 64)[0]
    )

    def moved(data):
        gan.set_weights(first)
        gan._privacy_secret = secret
        return one_step(gan, data) * SIZE

    whole = moved(images)
    other = images.copy()
    other[drawn[1]] = np.sign(images[drawn[0]])
    assert 0 < np.linalg.norm(moved(other) - whole) <= 2 * CLIP * 1.0001
    undrawn = images.copy()
    undrawn[np.setdiff1d(range(64), drawn)] = 0.5
    np.testing.assert_array_equal(moved(undrawn), whole)
    rows = {name: tf.constant(v) for name, v in {"x": np.eye(32, dtype="f")}.items()}
    for count in (5, 6):  # the same but for one row that is masked
        mask = {sampling.MASK: tf.constant(np.arange(32) < count, tf.float32)}
        [found] = clipping.clipped_sum(lambda row: [3 * row["x"]], rows | mask, [[32]], 0.5, 16)
        np.testing.assert_allclose(found, 0.5 * (np.arange(32) < count), rtol=1e-6)


def _key(secret):
    return tuple(tf.constant(word, tf.uint32) for word in secret[:2])


def test_a_gradient_that_is_not_finite_counts_as_nothing():
    rows = {"x": tf.constant([1.0, np.inf, np.nan, 2.0]), sampling.MASK: tf.ones([4])}
    [found] = clipping.clipped_sum(lambda row: [row["x"][None]], rows, [[1]], 1.5, 4)
    np.testing.assert_allclose(found, [2.5])


@pytest.mark.full
@pytest.mark.parametrize("replicas", [1, 2])
def test_noise_is_added_once_and_is_normal(replicas, images, mirrored):
    """Its standard deviation is noise_multiplier * clip, whatever the number of replicas (Kolmogorov and
    Smirnov at 1e-4, of some 1,300 weights)."""
    from scipy import stats

    with (mirrored if replicas == 2 else tf.distribute.get_strategy()).scope():
        gan = made(noise_multiplier=1000.0, width=32)
    moved = one_step(gan, images) * SIZE / (1000 * CLIP)
    assert stats.kstest(moved, "norm").pvalue > 1e-4
    assert stats.kstest(moved * 2**0.5, "norm").pvalue < 1e-4  # what would be seen of two replicas


def test_the_generator_of_the_noise():
    """Normal to the tails, without repetition from one update to the next."""
    from scipy import stats

    key, shape = _key([1, 2]), [tf.TensorShape([400_001])]
    first, second = (noise.normal(key, tf.constant(n, tf.int64), shape)[0].numpy() for n in (0, 1))
    assert stats.kstest(first, "norm").pvalue > 1e-3
    assert np.abs(first).max() > 4.2  # 400,001 draws end before it with probability 2e-5
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / 400_001**0.5
    assert abs(np.corrcoef(first[:200_000], first[200_000:-1])[0, 1]) < 5 / 200_000**0.5


def test_each_image_is_drawn_by_itself():
    """How often, how many at once, and two at once, as independent draws with q = batch_size / N."""
    from scipy import stats

    key, q, updates = _key([3, 4]), 0.3, 2000
    draw = tf.function(lambda update: sampling.selected(key, update, 40, q)[0])
    drawn = np.array([draw(tf.constant(n, tf.int64)) for n in range(updates)])
    counts = np.bincount(drawn.sum(1), minlength=41)
    expected = stats.binom.pmf(range(41), 40, q) * updates
    tail = expected < 5
    observed = [*counts[~tail], counts[tail].sum()]
    assert stats.chisquare(observed, [*expected[~tail], expected[tail].sum()]).pvalue > 1e-3
    assert np.abs(drawn.mean(0) - q).max() < 4.5 * (q * (1 - q) / updates) ** 0.5
    both = (drawn[:, :-1] & drawn[:, 1:]).mean(0)
    assert np.abs(both - q * q).max() < 4.5 * (q * q / updates) ** 0.5


@pytest.mark.parametrize(("count", "size"), [(60_000, 64), (1000, 256), (64, 16), (8, 8)])
def test_a_batch_has_places_for_all_that_is_drawn(count, size):
    from scipy import stats

    places = sampling.places(count, size / count)
    assert stats.binom.sf(places, count, size / count) <= sampling.OVERFLOW
    assert places < 3 * size + 40


def test_a_stream_is_a_function_of_secret_and_step(images):
    source = tfgan_zoo.datasets.array_source(images)
    options = (source, [1, 2, 3, 4], SIZE, 2, 64, 2)
    steps = [next(iter(sampling.poisson_stream(*options, start_step=n))) for n in (0, 3)]
    again = list(sampling.poisson_stream(*options).take(4))
    for left, right in zip(steps, (again[0], again[3]), strict=True):
        for name in left:
            np.testing.assert_array_equal(left[name], right[name])
    numbers, mask = (again[0][name].numpy() for name in (sampling.INDEX, sampling.MASK))
    np.testing.assert_array_equal(again[0]["images"].numpy()[mask > 0], images[numbers[mask > 0]])
    by_replica = mask.reshape(2, 32, 2).sum(1)  # of two replicas and two updates
    assert np.abs(by_replica[0] - by_replica[1]).max() <= 1


@pytest.mark.full
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_clips_at_the_same_length(precision, images):
    """Without noise the length of the step of one image is the clip, whatever the loss scale."""
    gan = made(clip=1e-3, dtype=precision)
    count = int(batch_of(gan, images)[sampling.MASK].numpy().sum())
    alone = [one_step(gan, np.repeat(images[:1], 64, axis=0))]
    length = np.linalg.norm(alone[0]) * SIZE / count
    assert 0.9e-3 < length <= 1.01e-3  # rows of one image have nearly one direction


@pytest.mark.full
def test_xla_computes_the_same(images):
    gan = made(noise_multiplier=1.0)
    first, secret = gan.get_weights(), gan._privacy_secret
    graph = one_step(gan, images)
    gan.compile(SGD(0.1), SGD(1.0), jit_compile=True)
    gan.set_weights(first)
    gan._privacy_secret = secret
    np.testing.assert_allclose(one_step(gan, images), graph, rtol=1e-3, atol=1e-6)


@pytest.mark.full
def test_configuration(tmp_path, images):
    gan = made(1.5)
    assert tfgan_zoo.DCGAN.from_config(gan.get_config()).privacy == gan.privacy
    assert "privacy" not in tfgan_zoo.DCGAN(**PLAIN).get_config()
    gan.fit(images, batch_size=SIZE, verbose=0)
    gan.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras")
    assert privacy.spent(again) == privacy.spent(gan)
    assert again._privacy_secret != gan._privacy_secret


def test_what_is_told_counts_every_update_with_its_own_noise(images):
    """Over two calls of `fit`; and updates of little noise are not told as ones of much."""
    gan = made(1.5)
    for _ in range(2):
        told = gan.fit(images, batch_size=SIZE, verbose=0).history["epsilon"]
        assert told[-1] == privacy.spent(gan)["epsilon"]
    quiet = made(20.0)
    quiet.set_weights(gan.get_weights())
    with pytest.raises(ValueError, match=r"trained privately with noise_multiplier=1\.5"):
        privacy.spent(quiet)
    with pytest.raises(ValueError, match=r"Received: noise_multiplier=20"):
        quiet.fit(images, batch_size=SIZE, verbose=0)
    with pytest.raises(ValueError, match="delta must be in"):
        privacy.spent(gan, delta=0.0)
