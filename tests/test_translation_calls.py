"""What models from images to images are given by calls, `predict` and `fit`: taken, or refused."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo import callbacks, evaluation

SIDE = 16


def images(count=3, channels=3, seed=0, side=SIDE):
    shape = (count, side, side, channels)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


@pytest.fixture(scope="module")
def pix2pix():
    return make("Pix2Pix", image_shape=(SIDE, SIDE, 3))


@pytest.fixture(scope="module")
def stargan():
    model = make("StarGAN", image_shape=(SIDE, SIDE, 3))
    model.class_names = ("black", "blond", "brown")
    return model


@pytest.fixture(scope="module")
def adain():
    return make("AdaIN", image_shape=(SIDE, SIDE, 3))


UINT8 = np.zeros((2, SIDE, SIDE, 3), np.uint8)
WRONG = {
    "uint8": (UINT8, TypeError, "uint8"),
    "[0, 255]": (UINT8.astype(np.float32) + 200, ValueError, r"lie in \[200, 200\]"),
    "NaN": (images() * np.nan, ValueError, "lie in .nan"),
    "one image": (images()[0], TypeError, r"\(16, 16, 3\)"),
    "grey": (images(channels=1), ValueError, r"width, 3\].*\(3, 16, 16, 1\)"),
    "nothing": (images(0), ValueError, r"\(0, 16, 16, 3\)"),
    "None": (None, TypeError, "predict needs floats"),
}


@pytest.mark.parametrize("name", WRONG)
def test_predict_refuses(name, pix2pix):
    given, error, message = WRONG[name]
    for method in (pix2pix.predict, pix2pix.predict_on_batch):
        with pytest.raises(error, match=message):
            method(given)


def test_a_call_refuses_what_can_be_told_of_tensors(pix2pix):
    with pytest.raises(TypeError, match="floats in .-1, 1.; translate.. takes uint8.*uint8"):
        pix2pix(UINT8)
    with pytest.raises(
        ValueError, match=r"\[N, height, width, 3\]. Received shape: \(3, 16, 16, 1\)"
    ):
        pix2pix(images(channels=1))
    colorizer = make("Colorizer", image_shape=(SIDE, SIDE, 1))
    with pytest.raises(ValueError, match=r"\[N, height, width, 1\]"):
        colorizer(images())


def test_predict_takes_what_fit_takes(pix2pix):
    given = images()
    expected = pix2pix.predict(given)
    data = tf.data.Dataset.from_tensor_slices({"images": given, "targets": given}).batch(2)
    pairs = tf.data.Dataset.from_tensor_slices((given, given)).batch(2)
    for x in (data, pairs, data.map(lambda batch: batch["images"]), {"images": given}):
        np.testing.assert_allclose(pix2pix.predict(x), expected, atol=1e-6)
    np.testing.assert_allclose(pix2pix.predict_on_batch(given), expected, atol=1e-6)
    np.testing.assert_allclose(pix2pix.predict(list(given)), expected, atol=1e-6)


def test_domains_of_a_call(stargan):
    """As `translate` takes them: numbers and names, one for all or one for each."""
    given = images()
    expected = stargan(given, domain=tf.constant([1, 1, 1]))
    for domain in (1, [1, 1, 1], "blond", ["blond"] * 3, np.int64(1), tf.constant(1)):
        np.testing.assert_array_equal(stargan(given, domain=domain), expected)
    np.testing.assert_array_equal(stargan((given, 1)), expected)
    np.testing.assert_array_equal(stargan({"images": given, "domain": "blond"}), expected)
    np.testing.assert_allclose(
        stargan.predict({"images": given, "domain": "blond"}), expected, atol=1e-6
    )


@pytest.mark.parametrize("domain", [7, -1, [0, 1, 3]])
def test_domains_that_do_not_exist(domain, stargan):
    asked = {"images": images(), "domain": domain}
    for method in (stargan, stargan.predict):
        with pytest.raises(ValueError, match=r"no class -?\d: domain must lie in \[0, 3\)"):
            method(asked)
    numbers = np.broadcast_to(np.int32(domain), 3)
    data = tf.data.Dataset.from_tensors({**asked, "domain": numbers})
    found = np.isnan(stargan.predict(data)).all(axis=(1, 2, 3))  # which is read in the graph
    np.testing.assert_array_equal(found, (numbers < 0) | (numbers > 2))


def test_words_of_domains(stargan):
    for domain, message in (
        ([0, 1, 0, 1], "domain must be an integer, or 3 integers"),
        (1.0, "domain must be an integer"),
        (["black", 1, 0], "domain must be an integer"),
    ):
        with pytest.raises(ValueError, match=message):
            stargan.translate(images(), domain=domain)


def test_styles_and_strength_of_a_call(adain):
    given, style = images(), images(1, seed=1)
    expected = adain(given, styles=tf.constant(np.repeat(style, 3, 0)), alpha=tf.fill([3], 0.5))
    np.testing.assert_allclose(adain(given, styles=style[0], alpha=0.5), expected, atol=1e-6)
    asked = {"images": given, "styles": style[0], "alpha": 0.5}
    np.testing.assert_allclose(adain.predict(asked), expected, atol=1e-6)
    data = tf.data.Dataset.from_tensor_slices((given, given)).batch(3)
    with pytest.raises(ValueError, match="takes images, styles, alpha. Give predict batches"):
        adain.predict(data)
    with tf.GradientTape() as tape:
        styles = tf.constant(np.repeat(style, 3, 0))
        tape.watch(styles)
        loss = tf.reduce_mean(adain(given, styles=styles))
    assert np.abs(tape.gradient(loss, styles)).max() > 0


# === Training ===


@pytest.mark.parametrize("as_data", [False, True])
def test_targets_that_are_no_images(pix2pix, as_data):
    """As for images: those in [0, 1], and integers."""
    given = images(8)
    for targets, error, message in (
        (
            (given + 1) / 2,
            ValueError,
            r"'targets' must be floats in \[-1, 1\].*look like \[0, 1\].*load_pairs",
        ),
        ((given > 0).astype(np.uint8), TypeError, "'targets' must be float32.*uint8"),
    ):
        data = tf.data.Dataset.from_tensor_slices((given, targets)).batch(4)
        model = make("Pix2Pix", image_shape=(SIDE, SIDE, 3))
        model.compile()
        with pytest.raises(error, match=message):
            model.fit(data) if as_data else model.fit(given, targets, batch_size=4)
        assert int(model.iterations) == 0


def test_scores_while_training(pix2pix):
    """What draws from seeds is refused before the first step, with what to use."""
    model = make("Pix2Pix", image_shape=(SIDE, SIDE, 3))
    model.compile()
    real = evaluation.from_arrays(np.zeros((8, SIDE, SIDE, 3), np.uint8))
    watch = callbacks.Evaluate(["fd8_effnet"], real, every=1)
    with pytest.raises(TypeError, match="Pix2Pix translates images.*TranslationGrid.*translation"):
        model.fit(images(), images(), batch_size=1, callbacks=[watch])
    assert int(model.iterations) == 0
    with pytest.raises(TypeError, match="evaluate_translation"):
        evaluation.from_model(pix2pix)
    with pytest.raises(NotImplementedError, match="TranslationGrid.*evaluate_translation"):
        model.evaluate(images(), images())


@pytest.mark.full
def test_attention_has_a_bound_of_pixels():
    model = tfgan_zoo.Inpainter(image_shape=(16, 16, 4), width=1, discriminator_width=1)
    picture = np.zeros((600, 600, 4), np.uint8)
    with pytest.raises(ValueError, match=r"up to 262,144 pixels as a whole. Give tile=512"):
        model.translate(picture)
    assert model.translate(picture[:80, :80], tile=64).shape == (80, 80, 3)
    without = tfgan_zoo.Inpainter(image_shape=(16, 16, 4), width=1, attention=False)
    assert without.max_pixels is None
