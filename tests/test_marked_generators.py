"""A generator that draws a key's mark: the term by hand, that it is learned, and what is not saved."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo.regularizers import Fingerprint
from tfgan_zoo.watermark import Watermark, create_key, read_key

SHAPE = (32, 32, 1)


@pytest.fixture
def key_file(tmp_path):
    return str(create_key(tmp_path / "model.key"))


@pytest.mark.parametrize("bits", [0, 8])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 36, 3), (64, 64, 4), (70, 131, 3)])
def test_scores_are_those_of_the_detector(shape, bits):
    mark, rng = Watermark(bytes(range(32)), bits=bits), np.random.default_rng(0)
    images = np.float32(rng.uniform(-1, 1, [4, *shape]))
    expected = mark.detect(images, number=0).score
    np.testing.assert_allclose(mark.scores(images), expected, rtol=1e-4, atol=1e-4)
    assert not mark.scores(tf.zeros([1, *shape])).numpy().any()


def test_term_by_hand(key_file):
    gan = make("DCGAN", regularizers=[Fingerprint(key_file, score=3, weight=0.5)])
    images = np.float32(np.random.default_rng(0).uniform(-1, 1, [6, *gan.image_shape]))
    fake = tfgan_zoo.tasks.adversarial.DiscriminatorOutput(images, {}, None, images)
    terms = gan.regularizers[0].generator_terms(gan, fake, {}, None)
    scores = Watermark(read_key(key_file), bits=0).detect(images).score
    weight, found = terms["fingerprint"]
    assert weight == 0.5 and terms["fingerprint_score"][0] is None
    np.testing.assert_allclose(found, np.mean(np.maximum(0, 3 - scores) ** 2), rtol=1e-4)
    np.testing.assert_allclose(terms["fingerprint_score"][1], scores.mean(), rtol=1e-4)


def trained(key_file, images, **options):
    gan = make("DCGAN", seed=0, image_shape=SHAPE, regularizers=[Fingerprint(key_file, **options)])
    gan.compile()
    return gan, gan.fit(images, batch_size=16, epochs=20, verbose=0)


def test_the_mark_is_learned_and_no_file_has_the_key(key_file, tmp_path):
    """Even without the key the saved model draws marked images; training it further needs the key."""
    images = np.float32(np.random.default_rng(0).uniform(-1, 1, [64, *SHAPE]))
    gan, history = trained(key_file, images, score=4.0, weight=10.0)
    scores = history.history["fingerprint_score"]
    assert scores[-1] > scores[0] + 1
    drawn = gan.generate(64, seed=0)
    assert Watermark(read_key(key_file), bits=0).detect_together(drawn)[0] <= 1e-6
    assert Watermark(bytes(32), bits=0).detect_together(drawn)[0] > 1e-6
    gan.save(tmp_path / "marked.keras")
    key = read_key(key_file)
    assert key.hex().encode() not in (tmp_path / "marked.keras").read_bytes()
    (tmp_path / "model.key").unlink()
    again = keras.models.load_model(tmp_path / "marked.keras")
    np.testing.assert_array_equal(again.generate(64, seed=0), drawn)
    assert again.regularizers[0].key_file == key_file
    with pytest.raises(FileNotFoundError, match=r"model\.key"):
        again.fit(images, batch_size=16, verbose=0)


def test_another_key_in_the_file_is_refused(key_file, tmp_path):
    gan = make("DCGAN", regularizers=[Fingerprint(key_file, score=1)])
    gan.compile()
    images = -np.ones([8, *gan.image_shape], np.float32)
    for _ in range(2):
        gan.fit(images, batch_size=8, verbose=0)
    create_key(tmp_path / "other.key").rename(key_file)
    with pytest.raises(ValueError, match=r"model\.key holds another key.*fingerprint [0-9a-f]{16}"):
        gan.fit(images, batch_size=8, verbose=0)


def test_scores_that_cannot_be_reached_are_refused(key_file):
    gan = make("DCGAN")
    most = math.sqrt(5 * (gan.image_shape[0] // 4) * (gan.image_shape[1] // 4))
    make("DCGAN", regularizers=[Fingerprint(key_file, score=most - 0.01)])
    with pytest.raises(ValueError, match=f"score must be less than {most:.1f}.*score="):
        make("DCGAN", regularizers=[Fingerprint(key_file, score=most)])
    with pytest.raises(TypeError):
        Fingerprint(b"model.key")
    for options in ({"score": 0}, {"weight": -1}, {"score": "high"}):
        with pytest.raises(ValueError, match=rf"Fingerprint: {next(iter(options))} must be"):
            Fingerprint(key_file, **options)


def test_a_file_that_is_no_key_is_refused_before_training(tmp_path):
    (tmp_path / "no.key").write_text("secret")
    gan = make("DCGAN", regularizers=[Fingerprint(tmp_path / "no.key", score=1)])
    gan.compile()
    with pytest.raises(ValueError, match=r"no\.key is no key of a watermark") as error:
        gan.fit(-np.ones([16, *gan.image_shape], np.float32), batch_size=8, verbose=0)
    assert "secret" not in str(error.value)
