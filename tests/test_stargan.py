"""StarGAN: domains as a further input of translation, both losses by hand, parameter counts."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo.layers import Rng


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def draws(count, update=3):
    return Rng(0, tf.constant(update, tf.int64), 0, count)


@pytest.fixture(scope="module")
def model():
    """Its domains differ, and have names."""
    model = make("StarGAN")
    model.ema_generator.set_weights([4 * weight for weight in model.ema_generator.get_weights()])
    model.class_names = ("black", "blond", "brown")
    return model


# === Translation ===


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (8, 8), (17, 23)])
def test_images_of_any_size(model, size):
    images = np.random.default_rng(0).integers(0, 256, (3, *size, 1), np.uint8)
    made = model.translate(images, domain=[0, 1, 2], batch_size=2)
    assert made.shape == images.shape
    for number, image in enumerate(images):
        alone = model.translate(image, domain=number)
        assert np.abs(alone.astype(int) - made[number]).max() <= 1


def test_domains_by_name_in_lists_and_tiles(model, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 12, 1), np.uint8)
    blond, brown = (model.translate(image, domain=domain) for domain in (1, "Brown"))
    assert (blond != brown).any()
    tf.io.write_file(str(tmp_path / "1.png"), tf.io.encode_png(image))
    first, second = model.translate([tmp_path / "1.png", image], domain=["blond", "brown"])
    np.testing.assert_array_equal(first, blond)
    np.testing.assert_array_equal(second, brown)
    tiled = model.translate(image, domain="blond", tile=16, overlap=8)
    assert tiled.shape == image.shape


def test_call_and_predict(model):
    images, domains = uniform(4, 8, 8, 1), np.int32([0, 1, 2, 0])
    made = model(images, domain=domains)
    found = model.predict({"images": images, "domain": domains}, batch_size=2, verbose=0)
    np.testing.assert_allclose(found, made, atol=1e-5)
    assert model.translate(images, domain=domains).dtype == np.uint8


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "domain beside images. Received: images alone"),
        ({"domain": 3}, "do not exist|must lie in|3"),
        ({"domain": "red"}, "red"),
        ({"domain": [0, 1, 2]}, "domain must be an integer, or 1"),
        ({"domain": 0, "style": 1}, "Received: domain, style"),
    ],
)
def test_domains_that_are_refused(model, given, message):
    with pytest.raises(ValueError, match=message):
        model.translate(np.zeros((1, 8, 8, 1), np.uint8), **given)


def test_models_without_domains_refuse_them():
    with pytest.raises(ValueError, match="translates images alone. Received: domain"):
        make("Pix2Pix").translate(np.zeros((1, 8, 8, 1), np.uint8), domain=1)


def test_sides_that_the_discriminator_cannot_halve():
    with pytest.raises(ValueError, match="multiples of 8"):
        make("StarGAN", image_shape=(12, 12, 1), discriminator_layers=3)


# === Losses ===


def cross_entropy(logits, labels):
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return -np.mean(np.log(shifted / shifted.sum(1, keepdims=True))[np.arange(len(labels)), labels])


def slopes(model, points):
    """Lengths of the gradients of the sum of an image's logits."""
    with tf.GradientTape() as tape:
        points = tf.constant(points)
        tape.watch(points)
        total = tf.reduce_sum(model.discriminator(points)["logits"])
    return np.sqrt(np.sum(np.float64(tape.gradient(total, points)) ** 2, axis=(1, 2, 3)))


def test_losses_by_hand():
    """Equations 1 to 6 with the authors' weights, to 1e-4 of float64."""
    model = make("StarGAN", reconstruction_weight=10.0, gradient_penalty_weight=10.0)
    images, labels = uniform(6, 8, 8, 1), np.int32([0, 1, 2, 0, 1, 2])
    rng = draws(6)
    domains = np.floor(3 * rng.uniform([]).numpy()).astype(np.int32)
    made = model.generator([images, domains]).numpy()
    real, fake = (model.discriminator(x) for x in (images, made))
    real, fake = ({k: np.float64(v) for k, v in found.items()} for found in (real, fake))
    batch = {"images": tf.constant(images), "labels": tf.constant(labels)}
    alpha = rng.uniform((1, 1, 1)).numpy()
    d_loss, logs = model.discriminator_loss(batch, draws(6))
    penalty = np.mean((slopes(model, images + alpha * (made - images)) - 1) ** 2)
    expected = fake["logits"].mean() - real["logits"].mean() + 10 * penalty
    expected += cross_entropy(real["class_logits"], labels)
    assert float(d_loss) == pytest.approx(expected, rel=1e-4)
    assert float(logs["gradient_penalty"]) == pytest.approx(penalty, rel=1e-4)
    back = np.float64(model.generator([made, labels]))
    expected = -fake["logits"].mean() + cross_entropy(fake["class_logits"], domains)
    expected += 10 * np.mean(np.abs(images - back))
    assert float(model.generator_loss(batch, draws(6))[0]) == pytest.approx(expected, rel=1e-4)


def test_every_domain_is_drawn_as_often():
    domains = make("StarGAN").draw_domains(draws(6000)).numpy()
    np.testing.assert_allclose(np.bincount(domains), 2000, rtol=0.1)


def test_it_trains_and_goes_on(tmp_path):
    """The discriminator learns to tell domains; a file gives the same translations."""
    labels = np.arange(64) % 3
    images = np.clip(uniform(64, 8, 8, 1) * 0.2 + (labels - 1)[:, None, None, None] * 0.7, -1, 1)
    model = make("StarGAN", d_learning_rate=2e-3)
    model.compile()
    logs = model.fit(images.astype(np.float32), labels, batch_size=8, epochs=12, verbose=0).history
    assert logs["d_class"][-1] < 0.8 * logs["d_class"][0]
    with pytest.raises(ValueError, match="needs labels"):
        model.fit(images.astype(np.float32), verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    given = images[:3].astype(np.float32)
    np.testing.assert_array_equal(
        again.translate(given, domain=2), model.translate(given, domain=2)
    )


# === Counts ===


def test_parameters_are_those_of_the_authors_code():
    """Of its layers by hand, with 5 domains and 128 pixels: `main`, `conv1` and `conv2`."""
    norm = lambda maps: 2 * maps  # noqa: E731
    ways = [(3 + 5, 64, 7), (64, 128, 4), (128, 256, 4), (256, 128, 4), (128, 64, 4)]
    generator = sum(size**2 * a * b + norm(b) for a, b, size in ways) + 49 * 64 * 3
    generator += 6 * 2 * (9 * 256 * 256 + norm(256))
    maps = [3, *(64 * 2**level for level in range(6))]
    discriminator = sum(16 * a * b + b for a, b in itertools.pairwise(maps))
    discriminator += 9 * 2048 + 2 * 2 * 2048 * 5
    networks = tfgan_zoo.StarGAN().networks()
    for name, count in (("generator", generator), ("discriminator", discriminator)):
        found = sum(int(np.prod(v.shape)) for v in networks[name].trainable_variables)
        assert found == count


# === Several attributes ===


@pytest.fixture(scope="module")
def attributed():
    model = make("StarGAN", multi_label=True, num_classes=3)
    model.ema_generator.set_weights([4 * weight for weight in model.ema_generator.get_weights()])
    model.class_names = ("black", "male", "young")
    return model


def test_attributes_are_bits_or_zeros_and_ones(attributed):
    images = uniform(2, 8, 8, 1)
    made = np.asarray(attributed(images, domain=[5, 2]))
    for domain in ([[1, 0, 1], [0, 1, 0]], tf.constant([[1.0, 0, 1], [0, 1, 0]])):
        np.testing.assert_array_equal(attributed(images, domain=domain), made)
    one = attributed(images[:1], domain=[1, 0, 1])
    np.testing.assert_allclose(one, made[:1], atol=1e-4)
    named = attributed.translate(images, domain="Male")
    np.testing.assert_array_equal(named, attributed.translate(images, domain=[[0, 1, 0]]))
    network = attributed.ema_generator
    maps = network.layers[2]([images, np.int32([5, 2])])
    np.testing.assert_array_equal(maps[:, 0, 0, 1:], [[1, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize("domain", [8, -1, [0.5, 0, 1], [[0, 2, 1]], [1, 0, 1, 0], "red"])
def test_attributes_that_are_refused(attributed, domain):
    with pytest.raises(ValueError, match="domain|red"):
        attributed.translate(np.zeros((1, 8, 8, 1), np.uint8), domain=domain)


def test_ones_for_as_many_images_as_there_are_attributes_are_ambiguous(attributed):
    images = np.zeros((3, 8, 8, 1), np.uint8)
    with pytest.raises(ValueError, match=r"zeros and ones, \[3, 3\]"):
        attributed.translate(images, domain=[1, 0, 1])
    assert attributed.translate(images, domain=[5, 0, 1]).shape == images.shape


@pytest.mark.full
def test_several_attributes_are_learned():
    model = make("StarGAN", multi_label=True, num_classes=3)
    domains = model.draw_domains(draws(6), tf.range(6)).numpy()
    assert sorted(domains) == [0, 1, 2, 3, 4, 5]
    logits = tf.constant([[2.0, -1, 0.5]])
    expected = np.log1p(np.exp([-2, -1, -0.5])).sum()
    np.testing.assert_allclose(model._cross_entropy(logits, tf.constant([5])), expected, rtol=1e-5)
    model.compile()
    history = model.fit(uniform(8, 8, 8, 1), np.arange(8), batch_size=4, epochs=1, verbose=0)
    assert np.isfinite(history.history["g_loss"]).all()
    with pytest.raises(ValueError, match="30 at most"):
        make("StarGAN", multi_label=True, num_classes=31)
