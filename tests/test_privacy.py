"""Differential privacy: the sum of clipped gradients, its noise, the batches, and what is refused."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES

import tfgan_zoo
from tfgan_zoo import privacy
from tfgan_zoo.callbacks.steps import state_of
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


REFUSED = {
    "ADA": dict(regularizers=["ada"]),
    "LeCam": dict(regularizers=["lecam"]),
    "RelativisticAverage": dict(objective="relativistic_average"),
    "the generator's loss of": dict(objective="relativistic"),
    "DRAGAN": dict(penalty="dragan"),
    "Unrolled": dict(regularizers=["unrolled"]),
    "BatchNormalization": dict(discriminator_normalization="batch", image_shape=(16, 16, 1)),
    "minibatch_discrimination": dict(minibatch_discrimination=4),
    "microbatches": dict(gradient_accumulation_steps=2),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_reads_real_images_otherwise_is_refused(named):
    gan = tfgan_zoo.DCGAN(**{**PLAIN, "privacy": DPSGD(1.0, 1.0), **REFUSED[named]})
    with pytest.raises(ValueError, match=r"cannot train with privacy=DPSGD") as error:
        gan.compile()
    assert named in str(error.value)


class Coupled(tfgan_zoo.DCGAN):
    def discriminator_terms(self, real, fake, batch, rng):
        return {"spread": (1.0, tf.math.reduce_std(real.logits))}


class Remembering(tfgan_zoo.DCGAN):
    def discriminate_images(self, images, batch, rng):
        self.ema_generator.variables[0].assign_add(
            tf.reduce_mean(images) + 0 * self.ema_generator.variables[0]
        )
        return super().discriminate_images(images, batch, rng)


class Peeking(tfgan_zoo.DCGAN):
    def generator_loss(self, batch, rng):
        loss, logs = super().generator_loss(batch, rng)
        return loss + tf.reduce_mean(batch["images"]), logs


class Watching(tfgan_zoo.DCGAN):
    def after_discriminator_update(self, logs):
        self.iterations.assign_add(tf.cast(logs["d_loss"] > 0, tf.int64))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Coupled, "is not the mean of the losses of single images"),
        (Remembering, "which then tells of real images"),
        pytest.param(
            Peeking,
            "The loss of the player 'generator' of Peeking reads 'images'",
            marks=pytest.mark.full,
        ),
        pytest.param(
            Watching, "Watching reads 'd_loss' of the logs of real images", marks=pytest.mark.full
        ),
    ],
)
def test_code_of_a_users_own_is_held_to_it_too(kind, told, images):
    gan = kind(**PLAIN, privacy=DPSGD(1.0, 1.0))
    gan.compile(jit_compile=False)
    with pytest.raises(ValueError, match=told):
        gan.fit(images, batch_size=SIZE, verbose=0)
    assert int(gan.state["privacy/updates"].numpy()) == 0


def test_callbacks_and_data_that_are_refused(images):
    gan = made(1.0)
    monitor = tfgan_zoo.callbacks.CollapseMonitor(images)
    with pytest.raises(ValueError, match="CollapseMonitor: it compares with real images"):
        gan.fit(images, batch_size=SIZE, callbacks=[monitor])
    with pytest.raises(TypeError, match="read in any order"):
        gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(SIZE))
    with pytest.raises(ValueError, match="use fit"):
        gan.train_on_batch(images[:SIZE])
    with pytest.raises(TypeError, match="privacy must be None or a tfgan_zoo.privacy.DPSGD"):
        tfgan_zoo.DCGAN(**PLAIN, privacy=1.0)


def unclipped(gan):
    """All that training changes, but for the discriminator's weights and counters of spending."""
    own = {id(v) for v in gan.discriminator.trainable_variables}
    return [np.array(v.numpy()) for v in state_of(gan) if id(v) not in own]


def trains_the_same_beside(gan, images):
    """Whether other real images (and labels) leave all as it is that is no clipped and noised sum."""
    gan.compile(SGD(0.1), SGD(0.0), jit_compile=False)  # the sum moves nothing
    secret, found = gan._privacy_secret, []
    first = [np.array(variable.numpy()) for variable in state_of(gan)]
    rows = {"images": images}
    numbers = np.arange(len(images)) % (gan.num_classes or 1)
    for shift in (0, 1):
        if gan.condition:
            rows["labels"] = (numbers + shift) % gan.num_classes
        for variable, value in zip(state_of(gan), first, strict=True):
            variable.assign(value)
        gan._privacy_secret = secret
        logs = gan.fit(rows, batch_size=SIZE, epochs=1, steps_per_epoch=2, verbose=0).history
        found.append([*unclipped(gan), *map(np.array, logs.values())])
        rows["images"] = -np.roll(images, 3, axis=1)
    return all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_nothing_else_tells_of_real_images(images):
    assert trains_the_same_beside(tfgan_zoo.DCGAN(**PLAIN, privacy=DPSGD(1.0, 1.0)), images)


WITHOUT = dict.fromkeys(("generator_normalization", "discriminator_normalization"))
PRIVATE = (
    "VanillaGAN",
    "LSGAN",
    "WGAN",
    "WGANGP",
    "SNGAN",
    "ConditionalGAN",
    "ACGAN",
    "InfoGAN",
    "StyleGAN2",
    "ProGAN",
)


@pytest.mark.full
@pytest.mark.parametrize("name", [n for n in CASES if n != "DCGAN"])
def test_no_variant_tells_of_real_images(name, images):
    """Each trains so that other images change nothing else, or is refused by name."""
    kind = getattr(tfgan_zoo, name)
    if "privacy" not in kind.defaults:
        pytest.skip("no model from noise to images")
    plain = {k: v for k, v in WITHOUT.items() if k in kind.defaults}
    gan = kind(**{**CASES[name], **plain, "privacy": DPSGD(1.0, 1.0)})
    try:
        assert trains_the_same_beside(gan, images)
    except ValueError as error:
        assert name in str(error) and "privacy=DPSGD" in str(error)
        assert name not in PRIVATE, str(error)


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


def of_orders(steps, q, sigma, delta, tighter):
    """Epsilon by Rényi divergences of whole orders, in plain sums: Mironov, Talwar and Zhang 2019,
    section
    3.3; the conversion of Mironov 2017, or the tighter one of Canonne, Kamath and Steinke 2020."""
    found = []
    for order in range(2, 64):
        k = np.arange(order + 1)
        chosen = [math.log(math.comb(order, i)) for i in k] + (order - k) * np.log1p(-q)
        moment = np.logaddexp.reduce(chosen + k * np.log(q) + (k * k - k) / (2 * sigma**2))
        divergence = steps * moment / (order - 1)
        gain = np.log(1 - 1 / order) - np.log(order) / (order - 1) if tighter else 0.0
        found.append(divergence - np.log(delta) / (order - 1) + gain)
    return min(found)


@pytest.mark.parametrize(
    ("sigma", "epochs", "published"), [(1.12, 60, 2.92), (0.6, 30, 9.74), (1.2, 10, 1.20)]
)
def test_published_epsilons(sigma, epochs, published):
    """Of the README of TensorFlow Privacy's tutorials, for MNIST in batches of 256, delta 1e-5:
    ours are of a
    tighter conversion of the same divergences, and tighter still by privacy loss distributions."""
    case = (epochs * 60_000 // 256, 256 / 60_000, sigma, 1e-5)
    assert of_orders(*case, tighter=False) == pytest.approx(published, abs=0.04)  # of whole orders
    by_rdp, by_pld = privacy.epsilon(*case, "rdp"), privacy.epsilon(*case)
    assert by_rdp <= of_orders(*case, tighter=True) * 1.0001
    assert by_rdp > of_orders(*case, tighter=True) * 0.97  # there are orders between
    assert 0.75 * by_rdp < by_pld < by_rdp < published


def test_the_edges_of_the_accountant():
    assert privacy.epsilon(0, 0.1, 1.0, 1e-5) == 0 and privacy.epsilon(1, 0.1, 0.0, 1e-5) == np.inf
    sigma = privacy.noise_multiplier(2.0, 1000, 0.01, 1e-5, "rdp")
    low, high = (privacy.epsilon(1000, 0.01, sigma + d, 1e-5, "rdp") for d in (-2e-3, 0))
    assert high <= 2.0 < low
    with pytest.raises(ValueError, match="sampling_probability must be in"):
        privacy.epsilon(1, 1.5, 1.0, 1e-5)


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
