"""Text to image: tokens, the losses of pairs, texts at every door."""

import json

import numpy as np
import pytest
import tensorflow as tf
from cases import TEXTS, make

from tfgan_zoo import callbacks, datasets, evaluation, losses
from tfgan_zoo.layers import ConditioningAugmentation, EmbeddingBag, Rng
from tfgan_zoo.losses.texts import contrastive_loss
from tfgan_zoo.models import textgan
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput
from tfgan_zoo.tasks.conditions import tokens
from tfgan_zoo.visualization import write_png

V, T = 8192, 24


def ids(*texts, length=T):
    return tokens(tf.constant(list(texts)), V, length).numpy()


def test_known_tokens():
    """Words, pairs of words, then triples of letters, by the hash that TensorFlow fixes for ever."""
    found = ["red", "apple", "red apple", "##r#e", "r#e#d", "e#d##"]
    found += ["##a#p", "a#p#p", "p#p#l", "p#l#e", "l#e##"]
    expected = 1 + tf.strings.to_hash_bucket_fast(found, V - 1).numpy()
    (row,) = ids("Red  APPLE!")
    np.testing.assert_array_equal(row[: len(found)], expected)
    assert not row[len(found) :].any()
    assert row[:3].tolist() == [835, 5409, 7428]


@pytest.mark.parametrize("text", ["", "  ", "...", "\u200d", "\x00"])
def test_texts_without_a_word(text):
    assert not ids(text).any()


def test_texts_of_any_kind():
    same = ids("École", "éCOLE", "é-cole")
    np.testing.assert_array_equal(same[0], same[1])
    assert not np.array_equal(same[0], same[2])
    assert ids("日本語")[0].any() and ids("🍎")[0].any()  # other scripts, and symbols, are words
    assert ids(b"\xff\xfe")[0].any()  # not UTF-8
    long = ids("word " * 100_000, "word " * 100, length=8)
    np.testing.assert_array_equal(*long)
    assert ids("a" * 1_000_000).shape == (1, T)


def test_a_text_is_read_by_itself():
    texts = ["red apple", "a much longer text than all of the others, with many words", ""]
    together = ids(*texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_array_equal(row, ids(text)[0])


def test_similar_words_share_tokens():
    apple, apples, zebra = (set(row[row > 0]) for row in ids("apple", "apples", "zebra"))
    assert len(apple & apples) >= 4 and not apple & zebra


# === Losses ===


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_wrong_texts_are_those_of_others(count):
    rows = textgan.neighbours(count)
    assert sorted({*rows}) <= list(range(count))
    assert count == 1 or (rows != np.arange(count)).all()
    if count == 8:  # halves, as two replicas have them, exchange the same ones as the whole
        np.testing.assert_array_equal(rows, [1, 0, 3, 2, 5, 4, 7, 6])
        np.testing.assert_array_equal(rows[:4], textgan.neighbours(4))


def softplus(x):
    return np.logaddexp(0.0, np.float64(x))


def output_of(logits, rng, latents=None):
    projection = tf.constant(rng.normal(size=(len(logits), 6)), tf.float32)
    outputs = {"logits": tf.constant(logits[:, None], tf.float32), "projection": projection}
    return DiscriminatorOutput(tf.zeros([len(logits), 8, 8, 1]), outputs, latents)


def test_matching_aware_loss(monkeypatch):
    """Algorithm 1 of Reed et al., -log s_r - (log(1 - s_w) + log(1 - s_f)) / 2, in float64."""
    rng = np.random.default_rng(0)
    real, fake, wrong = rng.normal(size=(3, 4))
    gan = make("TextGAN", contrastive_weight=0.0)
    batch = gan.embedded({"texts": tf.constant(["a", "b", "c", "c"])})
    monkeypatch.setattr(gan, "discriminate", lambda images, batch: output_of(wrong, rng).outputs)
    terms = gan.discriminator_terms(output_of(real, rng), output_of(fake, rng), batch, None)
    (weight, value), *others = terms.values()
    assert list(terms) == ["wrong_texts"] and not others
    pairs = losses.get("non_saturating").discriminator(real[:, None], fake[:, None])
    whole = float(tf.reduce_mean(pairs) + weight * value)
    # The last two have the same text, which is no wrong one: generated images count in full there.
    others = np.array([*softplus(wrong[:2]), *softplus(fake[2:])])
    expected = (softplus(-real) + (others + softplus(fake)) / 2).mean()
    np.testing.assert_allclose(whole, expected, rtol=1e-6)


def test_the_discriminator_is_shown_the_neighbours_texts():
    gan = make("TextGAN", contrastive_weight=0.0)
    seen = []
    gan.discriminate = lambda images, batch: seen.append(batch) or {"logits": tf.zeros([4, 1])}
    batch = gan.embedded({"texts": tf.constant(["a", "b", "c", "d"])})
    zeros = output_of(np.zeros(4), np.random.default_rng(0))
    gan.discriminator_terms(zeros, zeros, batch, None)
    for name in ("texts", "text_embeddings"):
        np.testing.assert_array_equal(seen[0][name], batch[name].numpy()[[1, 0, 3, 2]])


def test_contrastive_loss():
    rng = np.random.default_rng(0)
    images, texts = rng.normal(size=(2, 5, 7))
    texts[4] = texts[1]
    same = (texts[:, None] == texts[None]).all(-1)
    cosines = images @ texts.T / np.linalg.norm(images, axis=1)[:, None]
    exps = np.exp(cosines / np.linalg.norm(texts, axis=1) / 0.1)
    exps[1, 4] = exps[4, 1] = 0  # equal texts are not told apart
    expected = -np.log(np.diag(exps) ** 2 / exps.sum(0) / exps.sum(1)) / 2
    found = contrastive_loss(tf.constant(images), tf.constant(texts), same, 0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    perfect = contrastive_loss(tf.eye(4), tf.eye(4), np.eye(4, dtype=bool), 0.01)
    np.testing.assert_allclose(perfect, 0, atol=1e-6)


def test_divergence_is_the_integral():
    """Of p log(p / q), by the trapezoidal rule in float64."""
    mean, log_variance = 0.7, -0.9
    x = np.linspace(-12, 12, 20_001)
    log_p = -0.5 * ((x - mean) ** 2 / np.exp(log_variance) + log_variance)
    integrand = np.exp(log_p) / np.sqrt(2 * np.pi) * (log_p + 0.5 * x**2)
    found = textgan.divergence(tf.constant(mean), tf.constant(log_variance))
    np.testing.assert_allclose(found, np.trapezoid(integrand, x), rtol=1e-5)
    np.testing.assert_array_equal(textgan.divergence(tf.zeros(3), tf.zeros(3)), np.zeros(3))


# === Layers ===


def test_embedding_bag():
    layer = EmbeddingBag(10, 3)
    found = layer(np.array([[4, 2, 2, 0], [0, 0, 0, 0], [9, 0, 0, 0]], np.int32))
    table = np.float64(layer.embeddings.numpy())
    expected = [(table[4] + 2 * table[2]) / np.sqrt(3), np.zeros(3), table[9]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_conditioning_augmentation():
    """Draws have the layer's mean and variance; outside of training there are none."""
    layer, count = ConditioningAugmentation(2), 20_000
    texts = np.tile(np.random.default_rng(0).normal(size=(1, 5)) * 20, (count, 1)).astype(
        np.float32
    )
    inference = layer(texts)
    mean, log_variance = (part.numpy()[0] for part in layer.moments(texts))
    np.testing.assert_allclose(inference[:3], np.tile(mean, (3, 1)), rtol=1e-6)
    with Rng(0, tf.constant(0, tf.int64), 0, count).active():
        drawn = layer(texts, training=True).numpy()
    error = 4 / np.sqrt(count)  # four standard errors
    np.testing.assert_allclose(drawn.mean(0), mean, atol=error * np.exp(log_variance / 2).max())
    np.testing.assert_allclose(drawn.var(0), np.exp(log_variance), rtol=2 * error)


# === Doors ===

IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype(np.float32)
CAPTIONS = TEXTS[np.arange(16) % 3]
BAD = {
    "none": (None, "draws from texts and needs them: fit"),
    "labels": (np.arange(16), r"strings of shape \(16,\).*dtype int64"),
    "too few": (CAPTIONS[:5], r"shape \(16,\).*Received shape \(5,\)"),
    "blank": (
        np.where(np.arange(16) == 3, " ", CAPTIONS),
        "1 of 16 texts are blank, the first at 3",
    ),
}


@pytest.fixture(scope="module")
def gan():
    gan = make("TextGAN")
    gan.compile(jit_compile=False)
    return gan


@pytest.mark.parametrize("name", BAD)
def test_texts_that_fit_refuses(name, gan):
    texts, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        gan.fit(IMAGES, texts, batch_size=8, verbose=0)


@pytest.mark.full
def test_forms_of_data_give_the_same_run():
    """Arrays of str and of bytes, and data sets."""
    as_bytes = np.char.encode(CAPTIONS)
    data = tf.data.Dataset.from_tensor_slices({"images": IMAGES, "texts": CAPTIONS}).batch(8)
    source = datasets.array_source(IMAGES, texts=as_bytes)
    forms = [(IMAGES, [*CAPTIONS]), ({"images": IMAGES, "text": as_bytes},), (data,)]
    results = []
    for form in forms:
        gan = make("TextGAN")
        gan.compile(jit_compile=False)
        gan.fit(*form, batch_size=None if form[0] is data else 8, verbose=0, shuffle=False)
        results.append(gan.get_weights())
    for weights in results[1:]:
        for ours, theirs in zip(weights, results[0], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert source.fetch(tf.constant([4, 0], tf.int64), None)["texts"].numpy().tolist() == [
        as_bytes[4],
        as_bytes[0],
    ]


def test_generate(gan):
    defaults = gan.generate(4, seed=1)
    texts = [gan.default_texts[i % 2] for i in (1, 2, 3, 4)]
    np.testing.assert_array_equal(defaults, gan.generate(4, seed=1, texts=texts))
    one = gan.generate(4, seed=1, texts="DOG")
    np.testing.assert_array_equal(one, gan.generate(4, seed=1, texts=["dog"] * 4))
    with pytest.raises(ValueError, match="TextGAN takes no labels. Received: labels=3"):
        gan.generate(1, labels=3)
    with pytest.raises(ValueError, match="DCGAN takes no texts. Received: texts='dog'"):
        make("DCGAN").generate(1, texts="dog")
    with pytest.raises(ValueError, match="1 of 2 texts are blank"):
        gan.generate(2, texts=["dog", ""])
    for texts in (["dog"] * 3, [["dog"]], []):
        with pytest.raises(ValueError, match=r"Texts must be strings of shape \(2,\)"):
            gan.generate(2, texts=texts)
    with pytest.raises(ValueError, match="1 of 1 texts are blank"):
        make("TextGAN", default_texts=[""])


def test_the_text_changes_the_image(gan):
    other = make("TextGAN")
    other.ema_generator.set_weights([20 * w for w in gan.ema_generator.get_weights()])
    red, dog = (other.generate(1, seed=0, texts=text).astype(int) for text in ("red apple", "dog"))
    assert np.abs(red - dog).max() > 10


def test_exported_texts(gan, tmp_path):
    """The default texts are recorded; a blank one is answered, and changes none beside it."""
    path = gan.export(tmp_path, "model")
    record = json.loads((path / "assets.extra" / "golden.json").read_text())
    assert record["texts"] == ["red apple", "dog"] * 4 and record["labels"] is None
    generate = tf.saved_model.load(path).signatures["generate"]
    texts = ["dog", "", "x" * 50_000, b"\xff\xfe", "dog"]
    found = generate(seed=tf.constant([5] * 5, tf.int64), text=tf.constant(texts))["images"].numpy()
    alone = generate(seed=tf.constant([5], tf.int64), text=tf.constant(["dog"]))["images"].numpy()
    np.testing.assert_allclose(found[[0, 4]], np.repeat(alone, 2, axis=0), atol=1e-6)
    assert np.isfinite(found).all()
    with pytest.raises(ValueError, match="jit_compile must be False"):
        gan.export(tmp_path, "model", jit_compile=True)


@pytest.mark.full
def test_collapse_monitor_takes_texts(gan):
    monitor = callbacks.CollapseMonitor(IMAGES, CAPTIONS, every=1, n=8)
    gan.fit(IMAGES, CAPTIONS, batch_size=8, verbose=0, callbacks=[monitor])
    assert {"g_gradient", "d_gradient", "d_ranking_accuracy"} <= monitor.history[-1][1].keys()


def test_evaluation_draws_the_texts_it_is_given(gan):
    texts = ["dog", "blue heart", "red apple"]
    images, labels = evaluation.from_model(gan, seed=3, texts=texts).read(np.arange(5))
    expected = gan.generate(5, seed=3, texts=[texts[i % 3] for i in range(5)])
    np.testing.assert_array_equal(images, expected)
    assert labels is None


# === Folders ===


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("b", "a", "c"):
        write_png(tmp_path / "set" / f"{name}.png", rng.integers(0, 256, (8, 8, 3), np.uint8))
    names = {"a.png": "red apple", "b.png": "dog", "c.png": "été"}
    (tmp_path / "set" / "names.json").write_text(json.dumps(names))
    return tmp_path / "set"


def test_folder_with_captions(folder):
    for name, options in ((folder, {}), ("set", {"data_dir": folder.parent})):
        data = datasets.load(name, batch_size=2, shuffle=False, **options)
        found = [text.decode() for batch in data for text in batch["texts"].numpy()]
        assert found == ["red apple", "dog", "été"]
    assert set(next(iter(datasets.load(folder, batch_size=2, labels=False)))) == {"images"}
    with pytest.raises(ValueError, match="no data set named 'other'"):
        datasets.load("other", data_dir=folder.parent)


def test_unreadable_files_take_their_captions_along(folder):
    (folder / "b.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match="1 of 3 images cannot be used"):
        data = datasets.load(folder, shuffle=False, on_unreadable="skip")
    assert next(iter(data))["texts"].numpy().tolist() == [b"red apple", "été".encode()]


@pytest.mark.parametrize("text", [None, " "])
def test_images_without_captions(folder, text):
    names = json.loads((folder / "names.json").read_text())
    (folder / "names.json").write_text(json.dumps({**names, "b.png": text}))
    with pytest.raises(ValueError, match=r"no text for 1 of 3 images, such as b\.png"):
        datasets.load(folder)


@pytest.mark.full
def test_fit_from_a_folder(folder):
    gan = make("TextGAN", image_shape=(8, 8, 3))
    gan.compile(jit_compile=False)
    gan.fit(datasets.load(folder, batch_size=2), epochs=1, verbose=0)
    assert int(gan.iterations.numpy()) == 1
