"""AdaIN: the layer and the losses in float64, styles in every form, serving, and what is saved."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import TRANSLATORS, make

import tfgan_zoo
from tfgan_zoo import callbacks
from tfgan_zoo.models.adain import aligned, moments
from tfgan_zoo.networks import perceptual
from tfgan_zoo.networks.stylized_decoder import decoder

COLOUR = {"image_shape": (16, 16, 3)}


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def model():
    """It shows styles: what is decoded differs enough for pixels."""
    model = make("AdaIN", **COLOUR, width=8)
    network = model.ema_generator
    network.set_weights([2 * weight for weight in network.get_weights()])
    return model


def by_hand(content, style):
    x, y = np.float64(content), np.float64(style)
    of = lambda z: (z.mean((1, 2), keepdims=True), z.std((1, 2), keepdims=True, ddof=1))  # noqa: E731
    (mean, deviation), (wanted, wanted_deviation) = of(x), of(y)
    root = lambda z: np.sqrt(z**2 + 1e-5)  # noqa: E731
    return (x - mean) / root(deviation) * root(wanted_deviation) + wanted


# === The layer ===


def test_alignment_by_hand():
    content, style = images(2, 5, 4, 3), 3 * images(2, 7, 2, 3, seed=1) + 1
    np.testing.assert_allclose(aligned(content, style), by_hand(content, style), atol=1e-5)


def test_a_single_place_is_no_nan():
    """It has no deviation: what is made has the mean of the style, and gradients are finite."""
    content, style = tf.constant(images(2, 1, 1, 3)), images(2, 1, 1, 3, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(content)
        made = aligned(content, style)
    np.testing.assert_allclose(made, style, atol=1e-5)
    assert np.isfinite(tape.gradient(made, content)).all()
    assert np.isfinite(np.stack(moments(content))).all()


def test_decoder_doubles():
    maps = keras.Input([None, None, 5])
    network = keras.Model(maps, decoder(maps, 3, 4, 3))
    made = network(images(1, 2, 3, 5))
    assert made.shape == (1, 16, 24, 3) and np.abs(made).max() <= 1
    kernels = [w.shape for w in network.weights if len(w.shape) == 4]
    widths = [(5, 16), *[(16, 16)] * 3, (16, 8), (8, 8), (8, 4), (4, 4), (4, 3)]
    assert kernels == [(3, 3, *pair) for pair in widths]


# === Training ===


def test_losses_by_hand():
    """Equations 11 to 13, in float64 from the maps."""
    model = make("AdaIN", content_weight=2.0, style_weight=5.0)
    batch = {"images": images(3, 8, 8, 1), "targets": images(3, 8, 8, 1, seed=1)}
    maps = lambda x: {k: np.float64(v) for k, v in model.maps(tf.constant(x)).items()}  # noqa: E731
    content, styles = maps(batch["images"])["quarter"], maps(batch["targets"])
    wanted = by_hand(content, styles["quarter"])
    made = maps(model.generator(wanted.astype(np.float32), training=True))
    expected_content = np.mean((made["quarter"] - wanted) ** 2)
    expected_style = 0.0
    for layer in ("half", "quarter"):
        ours, theirs = made[layer], styles[layer]
        expected_style += np.mean((ours.mean((1, 2)) - theirs.mean((1, 2))) ** 2)
        deviations = (np.sqrt(z.var((1, 2), ddof=1) + 1e-5) for z in (ours, theirs))
        expected_style += np.mean(np.subtract(*deviations) ** 2)
    loss, logs = model.generator_loss(batch, None)
    assert float(logs["content"]) == pytest.approx(expected_content, rel=1e-4)
    assert float(logs["style"]) == pytest.approx(expected_style, rel=1e-4)
    assert float(loss) == pytest.approx(2 * expected_content + 5 * expected_style, rel=1e-4)


def test_the_encoder_is_frozen_and_saved(tmp_path):
    model = make("AdaIN", ema_decay=0.5)
    before = model.encoder.get_weights()
    model.compile()
    data = (images(8, 8, 8, 1), images(8, 8, 8, 1, seed=1))
    model.fit(*data, batch_size=4, epochs=2, verbose=0)
    for ours, theirs in zip(model.encoder.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "frozen" not in model.get_config() and int(model.encoder_is_loaded) == 1
    model.save(tmp_path / "model.keras")
    path = model.export(tmp_path, "own", warmup_batch_sizes=[1])
    given = (pixels(1, 5, 9, 1), pixels(1, 7, 7, 1, seed=1))
    for again in (
        keras.models.load_model(tmp_path / "model.keras"),
        tfgan_zoo.from_preset(path, trust_model=True),
    ):
        np.testing.assert_array_equal(
            again.translate(given[0], styles=given[1]), model.translate(given[0], styles=given[1])
        )
        assert int(again.encoder_is_loaded) == 1


def test_weights_of_the_encoder_are_read_once(monkeypatch):
    """When training begins, and not where a model has them from its file."""
    read = []
    row = perceptual.get("tiny")._replace(load=read.append)
    monkeypatch.setitem(perceptual._networks, "tiny", row)
    model = make("AdaIN")
    model.compile()
    assert not read
    for _ in range(2):
        model.fit(images(4, 8, 8, 1), images(4, 8, 8, 1), batch_size=4, verbose=0)
        assert read == [model.encoder]


@pytest.mark.parametrize("name", ["vgg19", "hed", "efficientnet_lite0"])
def test_encoders(name):
    model = make("AdaIN", image_shape=(16, 16, 3), features=name)
    assert model.halvings == 3 and model.size_multiple == 16
    made = model.translate(pixels(5, 5, 3), styles=pixels(20, 3, 3, seed=1))
    assert made.shape == (5, 5, 3)
    padding = [layer for layer in model.encoder.layers if "ReflectionP" in type(layer).__name__]
    assert len(padding) == {"vgg19": 9, "hed": 8}.get(name, 0)


def test_options_are_refused(monkeypatch):
    row = perceptual.get("tiny")._replace(encoder=())
    monkeypatch.setitem(perceptual._networks, "flat", row)
    for options, message in (
        ({"features": "flat"}, "are no encoder"),
        ({"features": "vgg"}, "There are: vgg16"),
        ({"image_shape": (12, 8, 1)}, "multiples of 8"),
        ({"image_shape": (8, 8, 4)}, "1 or 3 channels"),
    ):
        with pytest.raises(ValueError, match=message):
            make("AdaIN", **options)


def test_it_learns_to_rebuild():
    """A decoder of few images, whose styles are their own."""
    model = make("AdaIN", width=8, g_learning_rate=3e-3)
    model.compile()
    data = images(16, 8, 8, 1)
    history = model.fit(data, data, batch_size=8, epochs=30, verbose=0).history
    assert history["g_loss"][-1] < 0.5 * history["g_loss"][0]


# === Translation ===


def test_styles_in_every_form(model, tmp_path):
    photos, paintings = pixels(3, 20, 12, 3), pixels(3, 9, 17, 3, seed=1)
    each = [model.translate(p, styles=s) for p, s in zip(photos, paintings, strict=True)]
    together = model.translate(photos, styles=paintings, batch_size=2)
    assert together.shape == (3, 20, 12, 3) and together.dtype == np.uint8
    assert np.abs(together.astype(int) - np.stack(each)).max() <= 1
    one = model.translate(photos, styles=paintings[0], batch_size=3)
    assert np.abs(one[0].astype(int) - each[0]).max() <= 1 and (one[1] != each[1]).any()
    for number in range(3):
        for kind, array in {"photo": photos, "style": paintings}.items():
            (tmp_path / kind).mkdir(exist_ok=True)
            file = tf.io.encode_png(array[number])
            (tmp_path / kind / f"{number}.png").write_bytes(file.numpy())
    listed = model.translate(tmp_path / "photo", styles=tmp_path / "style")
    assert isinstance(listed, list)
    np.testing.assert_array_equal(np.stack(listed), np.stack(each))
    styles = [paintings[0], tmp_path / "style/1.png"]
    mixed = model.translate([photos[0], photos[1][:5]], styles=styles)
    np.testing.assert_array_equal(mixed[0], each[0])
    assert mixed[1].shape == (5, 12, 3)


def test_the_strength_of_the_style(model):
    photo, style = pixels(16, 16, 3), pixels(16, 16, 3, seed=1)
    none, half, whole = (
        model.translate(photo, styles=style, alpha=a).astype(int) for a in (0, 0.5, 1)
    )
    content = model.maps(tf.constant(photo[None] / np.float32(127.5) - 1))["quarter"]
    plain = np.round((np.asarray(model.ema_generator(content))[0] + 1) * 127.5)
    assert np.abs(none - plain).max() <= 1
    assert (half != none).any() and (half != whole).any()


def test_what_is_no_translation(model):
    photo, style = pixels(8, 8, 3), pixels(8, 8, 3)
    for given, options, message in (
        (photo, {}, "styles beside images. Received: images alone"),
        (photo, {"styles": style, "alpha": 1.5}, r"alpha must be a number in \[0, 1\]"),
        (photo, {"styles": style, "alpha": "much"}, r"alpha must be a number in \[0, 1\]"),
        (photo, {"styles": style, "domain": 1}, "Received: styles, domain"),
        (photo, {"styles": style[..., :1]}, "must be"),
        (pixels(3, 8, 8, 3), {"styles": pixels(2, 8, 8, 3)}, "each of 3 images. Received: 2"),
        (photo, {"styles": style, "direction": "backward"}, "translates forward"),
    ):
        with pytest.raises(ValueError, match=message):
            model.translate(given, **options)
    with pytest.raises(ValueError, match="takes images, styles, alpha. Received: 4 inputs"):
        model((photo[None],) * 4)


def test_a_strength_for_each(model):
    photos, style = pixels(2, 8, 8, 3), pixels(16, 16, 3, seed=1)
    both = model.translate(photos, styles=style, alpha=[0, 1], batch_size=2).astype(int)
    for photo, made, alpha in zip(photos, both, (0, 1), strict=True):
        assert np.abs(model.translate(photo, styles=style, alpha=alpha) - made).max() <= 1


def test_tiles_predict_and_grid(model, tmp_path):
    photo, style = pixels(40, 24, 3), pixels(16, 16, 3, seed=1)
    assert model.translate(photo, styles=style, tile=16, overlap=8).shape == photo.shape
    batch = {"images": images(4, 16, 16, 3), "targets": images(4, 16, 16, 3, seed=1)}
    made = model.predict((batch["images"], batch["targets"]), batch_size=2, verbose=0)
    np.testing.assert_allclose(made, model(batch["images"], styles=batch["targets"]), atol=1e-4)
    grid = callbacks.translations.translation_grid(model, batch)
    assert grid.shape == (52, 70, 3)  # with lines between them


def test_the_case_has_the_encoder_of_its_name():
    assert perceptual.get(TRANSLATORS["AdaIN"]["features"]).encoder == ("half", "quarter")
