"""Colorizer and Inpainter: CIE Lab, gates, contextual attention, losses by hand, files in and out."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from PIL import Image

import tfgan_zoo
from tfgan_zoo import serving
from tfgan_zoo.layers import ContextualAttention, GatedConv2D, lab_to_rgb, rgb_to_lab
from tfgan_zoo.models.inpainter import completed
from tfgan_zoo.tasks.picture_bytes import picture


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def floats(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def in_floats(image):
    return image.astype(np.float32) / 127.5 - 1


def written(image, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def brightened(model, factor=20.0):
    """The model with larger weights, so that what it makes is not grey."""
    weights = [factor * weight for weight in model.ema_generator.get_weights()]
    model.ema_generator.set_weights(weights)
    return model


# === CIE Lab ===

LAB = {  # of sRGB under D65, as colour tables and calculators print it
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
    (255, 255, 0): (97.14, -21.55, 94.48),
    (0, 255, 255): (91.11, -48.09, -14.13),
    (255, 0, 255): (60.32, 98.23, -60.82),
    (119, 119, 119): (50.03, 0.0, 0.0),
}


def lab_in_float64(images):
    """The formulas of CIE 15 and IEC 61966-2-1."""
    encoded = (np.float64(images) + 1) / 2
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ matrix.T / matrix.sum(1)
    roots = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_lab_of_known_colours():
    """To the 2 digits that tables have, and the last digits of their white."""
    found = rgb_to_lab(in_floats(np.array(list(LAB), np.uint8)))
    np.testing.assert_allclose(found, list(LAB.values()), atol=0.03)


def test_lab_against_float64_and_back():
    every = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(-1, 3)
    images = in_floats(every.astype(np.uint8))
    lab = rgb_to_lab(images)
    np.testing.assert_allclose(lab, lab_in_float64(images), atol=5e-4)
    np.testing.assert_allclose(lab_to_rgb(lab), images, atol=2e-5)
    greys = rgb_to_lab(in_floats(np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)))
    assert np.abs(greys[:, 1:]).max() < 1e-3
    assert (np.diff(greys[:, 0]) > 0).all()


def test_gradients_of_lab_are_finite_and_those_of_finite_differences():
    images = np.concatenate([floats(30, 3), -np.ones((1, 3)), np.ones((1, 3))]).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=images.shape)
    with tf.GradientTape() as tape:
        given = tf.constant(images)
        tape.watch(given)
        loss = tf.reduce_sum(rgb_to_lab(given) * tf.constant(weights, tf.float32))
    found = tape.gradient(loss, given).numpy()
    assert np.isfinite(found).all()
    step = 1e-6 * np.eye(3)
    expected = [
        [((lab_in_float64(image + d) - lab_in_float64(image - d)) * w).sum() / 2e-6 for d in step]
        for image, w in zip(images, weights, strict=True)
    ]
    np.testing.assert_allclose(found[:30], expected[:30], rtol=1e-3, atol=1e-2)
    with tf.GradientTape() as tape:
        lab = tf.constant([[0.0, 0.0, 0.0], [0.0, 90.0, -90.0], [100.0, 90.0, 90.0]])
        tape.watch(lab)
        made = lab_to_rgb(lab)
    assert np.isfinite(tape.gradient(made, lab)).all()
    assert np.abs(made).max() > 1  # no such colour in sRGB: nothing is clipped here


# === Colorizer ===


def test_the_lightness_of_what_is_made_is_that_of_the_grey_picture():
    """Where the colour is one of sRGB; L* of (v, v, v), in [0, 100], and not the luma."""
    model = brightened(make("Colorizer"), 3.0)
    grey = floats(4, 8, 8, 1)
    made = model(grey).numpy()
    inside = (np.abs(made) < 1).all(-1)
    assert inside.mean() > 0.2 and np.ptp(made, axis=-1).max() > 0.05
    lightness, expected = lab_in_float64(made)[..., 0], lab_in_float64(grey.repeat(3, -1))[..., 0]
    np.testing.assert_allclose(lightness[inside], expected[inside], atol=2e-3)


def test_the_best_generator_makes_the_targets_of_their_own_lightness():
    """a* and b* of a colour whose L* is that of its grey picture come back as they were."""
    model = make("Colorizer")
    lab = np.float32([[[[60.0, 10.0, -20.0], [40.0, -15.0, 12.0]]]])
    targets = np.clip(lab_to_rgb(lab), -1, 1)
    level = np.linspace(-1, 1, 200_001)
    lightness = lab_in_float64(level[:, None].repeat(3, 1))[:, 0]
    grey = np.float32([level[np.searchsorted(lightness, value)] for value in (60.0, 40.0)])
    model.ema_generator = lambda images, training: tf.constant(
        np.pad(
            lab[..., 1:] / 110, ((0, 0), (0, images.shape[1] - 1), (0, images.shape[2] - 2), (0, 0))
        )
    )
    np.testing.assert_allclose(model(grey.reshape(1, 1, 2, 1)), targets, atol=1e-4)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_losses_of_colorizer_by_hand(player):
    """pix2pix's equations 1 to 4 of L*, a* and b*, in float64 from what the networks give."""
    model = make("Colorizer", l1_weight=100.0, dropout=0.0)
    images, targets = floats(4, 8, 8, 1), floats(4, 8, 8, 3, seed=1)
    lightness = lab_in_float64(images.repeat(3, -1))[..., :1] / 50 - 1
    colours = lab_in_float64(targets)[..., 1:] / 110
    made = np.float64(model.generator(np.float32(lightness), training=True))

    def logits(of):
        joined = np.float32(np.concatenate([lightness, of], axis=-1))
        return np.float64(model.discriminator(joined, training=True)["0"]["logits"])

    softplus = lambda x: np.logaddexp(0, x).mean()  # noqa: E731
    if player == "discriminator":
        expected = 0.5 * (softplus(-logits(colours)) + softplus(logits(made)))
    else:
        expected = softplus(-logits(made)) + 100 * np.abs(made - colours).mean()
    loss, _ = getattr(model, f"{player}_loss")({"images": images, "targets": targets}, None)
    assert float(loss) == pytest.approx(expected, rel=1e-4)


@pytest.mark.full
def test_colorizer_learns_a_colour():
    """All targets have one hue, in the lightness of the image: L1 and the game find it."""
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (64, 1, 1, 1)).astype(np.float32)
    images = np.broadcast_to(images, (64, 8, 8, 1))
    lab = np.array(rgb_to_lab(images.repeat(3, -1)))
    lab[..., 1], lab[..., 2] = 25.0, 20.0
    targets = np.clip(lab_to_rgb(lab), -1, 1)
    model = make("Colorizer", width=8, l1_weight=100.0, dropout=0.0, g_learning_rate=2e-3)
    model.compile()
    before = np.abs(model.predict(images, verbose=0) - targets).mean()
    model.fit(images, targets, batch_size=8, epochs=15, verbose=0)
    assert np.abs(model.predict(images, verbose=0) - targets).mean() < 0.3 * before


def test_a_colour_file_is_read_as_its_luma(tmp_path):
    """And so the data are made that it trains on."""
    model = make("Colorizer")
    image = pixels(9, 7, 3)
    (tmp_path / "colour.png").write_bytes(written(image))
    luma = np.uint8(np.round(image @ [0.299, 0.587, 0.114]))
    made = model.translate(tmp_path / "colour.png")
    assert made.shape == (9, 7, 3)
    assert np.abs(made.astype(int) - model.translate(luma[..., None])).max() <= 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Colorizer", {"image_shape": (8, 8, 3)}, "3 channels of those of 1"),
        ("Colorizer", {"target_channels": None}, "3 channels of those of 1"),
        ("Inpainter", {"image_shape": (8, 8, 3)}, "3 channels of those of 4"),
        ("Inpainter", {"image_shape": (12, 8, 4)}, "multiples of 8"),
    ],
)
def test_other_channels_and_sizes_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        make(name, **options)


# === Gates ===


@pytest.mark.parametrize("activation", ["elu", None])
def test_gated_convolution_by_hand(activation):
    layer = GatedConv2D(3, 3, activation, strides=2)
    x = floats(2, 6, 8, 4)
    made = layer(x)
    kernel, bias = layer.get_weights()
    assert made.shape == layer.compute_output_shape(x.shape) == (2, 3, 4, 3)
    assert kernel.shape == (3, 3, 4, 6)
    padded = np.pad(np.float64(x), ((0, 0), (0, 1), (0, 1), (0, 0)))
    for row, column in ((0, 0), (1, 2), (2, 3)):
        patch = padded[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        found = np.einsum("bijc,ijco->bo", patch, kernel) + bias
        features, gates = np.split(found, 2, axis=-1)
        if activation:
            features = np.where(features > 0, features, np.expm1(features))
        np.testing.assert_allclose(made[:, row, column], features / (1 + np.exp(-gates)), atol=1e-5)
    again = GatedConv2D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


# === Contextual attention ===


def attended(features, holes, sharpness=10.0):
    """Equations 2 and 3 of the paper and its propagation, by loops in float64."""
    count, height, width, channels = features.shape
    rows, columns = height // 2, width // 2
    found = np.zeros(features.shape)
    for b in range(count):
        small = np.pad(np.float64(features[b, ::2, ::2]), ((1, 1), (1, 1), (0, 0)))
        full = np.pad(np.float64(features[b]), ((1, 1), (1, 1), (0, 0)))
        gaps = np.pad(holes[b, ..., 0], 1)
        places = [(i, j) for i in range(rows) for j in range(columns)]
        around = {p: small[p[0] : p[0] + 3, p[1] : p[1] + 3].ravel() for p in places}
        around = {p: a / np.sqrt((a**2).sum() + 1e-8) for p, a in around.items()}
        cosine = np.array([[around[p] @ around[q] for q in places] for p in places])
        for order in (places, sorted(places, key=lambda p: p[::-1])):
            numbers = [places.index(p) for p in order]
            c = cosine[np.ix_(numbers, numbers)]
            total = c.copy()
            total[1:, 1:] += c[:-1, :-1]
            total[:-1, :-1] += c[1:, 1:]
            cosine[np.ix_(numbers, numbers)] = total
        usable = np.array([gaps[i : i + 3, j : j + 3].max() == 0 for i, j in places])
        total = np.zeros((height + 2, width + 2, channels))
        counts = np.zeros((height + 2, width + 2, 1))
        for p, (i, j) in enumerate(places):
            weights = np.exp(sharpness * (cosine[p] - cosine[p].max())) * usable
            weights /= max(weights.sum(), 1e-300)
            for weight, (k, m) in zip(weights, places, strict=True):
                piece = full[2 * k : 2 * k + 4, 2 * m : 2 * m + 4]
                total[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += weight * piece
            counts[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += 1
        found[b] = (total / np.maximum(counts, 1))[1:-1, 1:-1]
    return found


@pytest.mark.parametrize("size", [(2, 2), (8, 8), (6, 12)])
def test_contextual_attention_by_hand(size):
    features = floats(3, *size, 2)
    holes = np.zeros((3, size[0] // 2, size[1] // 2, 1), np.float32)
    holes[1, 0, 0], holes[2] = 1, 1
    layer = ContextualAttention(3.0)
    found = layer([features, holes]).numpy()
    np.testing.assert_allclose(found, attended(features, holes, 3.0), atol=1e-5)
    np.testing.assert_array_equal(found[2], 0)  # nothing to take pieces of
    compiled = tf.function(lambda x, y: layer([x, y]), jit_compile=True)(features, holes)
    np.testing.assert_allclose(compiled, found, atol=1e-5)


def test_contextual_attention_copies_what_is_alike():
    """A pattern that repeats is put into its hole, which the features show as zeros."""
    tile = floats(4, 4, 3)
    whole = np.tile(tile, (8, 8, 1))[None]
    torn = whole.copy()
    torn[:, 14:18, 14:18] *= 0.1
    holes = np.zeros((1, 16, 16, 1), np.float32)
    holes[:, 7:9, 7:9] = 1
    found = ContextualAttention(50.0)([torn, holes]).numpy()
    np.testing.assert_allclose(found[:, 14:18, 14:18], whole[:, 14:18, 14:18], atol=0.02)


# === Inpainter ===


def test_known_pixels_are_exactly_those_given():
    """Of any alpha from 128 up, in any precision of training; colours of a hole are not looked at."""
    for dtype in ("float32", "mixed_bfloat16"):
        model = make("Inpainter", dtype=dtype)
        image = pixels(13, 9, 4)
        image[0, :, 3], image[1, :, 3] = 127, 128
        known = image[..., 3] >= 128
        made = model.translate(image)
        np.testing.assert_array_equal(made[known], image[known][:, :3])
        assert not (made[~known] == image[~known][:, :3]).all()
        other = image.copy()
        other[~known] = (9, 99, 199, 3)
        np.testing.assert_array_equal(model.translate(other), made)
        exact = in_floats(image)[None] * np.float32(0.9)
        known = exact[..., 3] >= 0
        np.testing.assert_array_equal(model(exact).numpy()[known], exact[known][:, :3])


@pytest.mark.full
def test_holes_are_filled_from_what_is_around():
    """What is made in a hole depends on known colours, and tiles leave known pixels alone."""
    model = make("Inpainter")
    image = pixels(40, 24, 4)
    image[..., 3] = 255
    image[10:20, 10:20, 3] = 0
    other = image.copy()
    other[:10, :, :3] = 255 - other[:10, :, :3]
    made, changed = model(in_floats(image)[None]), model(in_floats(other)[None])
    assert np.abs(made - changed)[:, 10:20, 10:20].max() > 1e-4
    tiled = model.translate(image, tile=16, overlap=8)
    known = image[..., 3] == 255
    np.testing.assert_array_equal(tiled[known], image[known][:, :3])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_losses_of_inpainter_by_hand(player):
    """The hinge loss of completed pictures with their holes, L1 of both stages, in float64."""
    model = make("Inpainter", image_shape=(16, 16, 4), l1_weight=2.0)
    images, targets = floats(4, 16, 16, 4), floats(4, 16, 16, 3, seed=1)
    holes = np.float32(images[..., 3:] < 0)
    made = np.float64(model.generator(images, training=True))
    coarse, refined = made[..., :3], made[..., 3:]

    def logits(of):
        joined = np.float32(np.concatenate([of, holes], axis=-1))
        return np.float64(model.discriminator(joined, training=True)["logits"])

    fake = logits(np.where(holes == 1, refined, images[..., :3]))
    if player == "discriminator":
        real = logits(targets)
        expected = np.maximum(1 - real, 0).mean() + np.maximum(1 + fake, 0).mean()
    else:
        l1 = np.abs(coarse - targets).mean() + np.abs(refined - targets).mean()
        expected = -fake.mean() + 2 * l1
    loss, _ = getattr(model, f"{player}_loss")({"images": images, "targets": targets}, None)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert model.discriminator.output["logits"].shape[-1] == 4 * model.discriminator_width


def test_the_refinement_sees_the_completed_picture():
    """A change of the coarse stage alone changes what is refined, and nothing of known pixels."""
    model = make("Inpainter", image_shape=(64, 64, 4))
    images = floats(1, 64, 64, 4)
    before = np.asarray(model.generator(images))
    layer = next(x for x in model.generator.layers if isinstance(x, GatedConv2D))
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    after = np.asarray(model.generator(images))
    for stage in np.split(np.abs(after - before), 2, axis=-1):
        assert stage.max() > 1e-6
    np.testing.assert_array_equal(
        completed(images, after[..., 3:])[images[..., 3] >= 0], images[images[..., 3] >= 0][:, :3]
    )


@pytest.mark.full
def test_inpainter_learns_to_fill(tmp_path):
    """Pictures of one colour: L1 finds it; the .keras file gives the same."""
    targets = np.broadcast_to(np.float32([0.6, -0.4, 0.2]), (32, 16, 16, 3))
    alpha = np.ones((32, 16, 16, 1), np.float32)
    alpha[:, 4:12, 4:12] = -1
    images = np.concatenate([targets * (alpha > 0), alpha], axis=-1)
    model = make("Inpainter", image_shape=(16, 16, 4), g_learning_rate=1e-2)
    model.compile()
    before = np.abs(model.predict(images, verbose=0) - targets).mean()
    model.fit(images, targets, batch_size=8, epochs=15, verbose=0)
    assert np.abs(model.predict(images, verbose=0) - targets).mean() < 0.5 * before
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again.predict(images, verbose=0), model.predict(images, verbose=0)
    )


# === Files, exports, endpoints ===

FILES = {
    "transparent": written(pixels(9, 7, 4)),
    "opaque": written(pixels(9, 7, 3)),
    "grey": written(pixels(9, 7)),
    "JPEG": written(np.asarray(Image.fromarray(pixels(3, 3, 3)).resize((24, 16))), "JPEG"),
}


@pytest.mark.parametrize("name", ["Colorizer", pytest.param("Inpainter", marks=pytest.mark.full)])
def test_exports_serve_files(name, tmp_path):
    model = brightened(make(name), 3.0 if name == "Colorizer" else 1.0)
    path = model.export(tmp_path, "own", warmup_batch_sizes=[1])
    assert "identical" in serving.verify(path, trust_model=True)
    served = tf.saved_model.load(str(path)).signatures["translate"]
    answers = served(image_bytes=tf.constant(list(FILES.values())))["image_bytes"].numpy()
    for (kind, file), answer in zip(FILES.items(), answers, strict=True):
        found = tf.io.decode_png(answer).numpy()
        _, decoded = picture(tf.constant(file), model.image_shape[-1], 2**18)
        given = decoded().numpy()
        assert found.shape == (*given.shape[:2], 3)
        assert np.abs(found.astype(int) - model.translate(given)).max() <= 1
        if name == "Inpainter" and kind != "transparent":  # no holes
            assert given.shape[-1] == 4
            np.testing.assert_array_equal(found, np.round((given[..., :3] + 1) * 127.5))
    again = tfgan_zoo.from_preset(path, trust_model=True)
    images = pixels(1, 8, 8, model.image_shape[-1])
    np.testing.assert_array_equal(again.translate(images), model.translate(images))


def test_signals_keep_their_size_through_all_gates():
    """Of a generator at the paper's size: neither lost nor grown, in both stages."""
    model = tfgan_zoo.Inpainter(image_shape=(64, 64, 4))
    made = np.asarray(model.generator(floats(2, 64, 64, 4)))
    for stage in (made[..., :3], made[..., 3:]):
        assert 0.005 < stage.std() < 0.8


def test_a_server_takes_fewer_pixels_where_attention_compares_all():
    assert make("Inpainter").max_served_pixels == 2**18
    model = make("Inpainter", attention=False)
    assert model.max_served_pixels == 2**20 and model.size_multiple == 4


@pytest.mark.parametrize("name", ["Colorizer", "Inpainter"])
def test_what_the_loader_is_given(name):
    model_class = getattr(tfgan_zoo, name)
    options = {
        **model_class.defaults,
        "image_shape": (32, 48, model_class.defaults["image_shape"][2]),
    }
    assert model_class.loader == "load_degraded"
    assert model_class.loader_arguments(options) == {"image_size": (32, 48), "channels": 3}
    for preset in model_class.presets.values():
        assert preset.data_options["degradation"] in ("grey", "free_form")
