"""Models from images to images: translation of any size, in tiles, training, pools."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import TRANSLATORS, WITH_FURTHER_INPUTS, asked_for, make

import tfgan_zoo
from tfgan_zoo.layers import InstanceNormalization, ReflectionPadding2D, Rng, reflected
from tfgan_zoo.tasks import tiling
from tfgan_zoo.tasks.image_pool import ImagePool

SIZES = [(1, 1), (3, 5), (8, 8), (16, 16), (17, 23)]


OTHERS = [name for name in TRANSLATORS if name not in WITH_FURTHER_INPUTS]


@pytest.fixture(
    params=[pytest.param(n, marks=pytest.mark.full if i % 2 else ()) for i, n in enumerate(OTHERS)],
    scope="module",
)
def model(request):
    return make(request.param)


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def pictures_for(model, *shape, direction="forward"):
    """Pictures with the channels that the model takes."""
    return pictures(*shape, channels(model, direction))


def channels(model, direction):
    return model.image_shape[-1] if direction == "forward" else model.target_shape[-1]


def channels_made(model, direction="forward"):
    return channels(model, "backward" if direction == "forward" else "forward")


# === Translation ===


@pytest.mark.parametrize("size", SIZES)
def test_images_of_any_size(model, size):
    for direction in model.directions:
        made = model.translate(pictures_for(model, 2, *size, direction=direction), direction)
        sides = (model.scale * side for side in size)
        assert made.shape == (2, *sides, channels_made(model, direction))
        assert made.dtype == np.uint8


def test_a_row_is_translated_by_itself(model):
    images = pictures_for(model, 3, 9, 11)
    together = model.translate(images, batch_size=3).astype(int)
    alone = np.stack([model.translate(image) for image in images]).astype(int)
    assert np.abs(together - alone).max() <= 1


def test_predict_and_call(model):
    images = pictures_for(model, 4, 8, 8).astype(np.float32) / 127.5 - 1
    made = model.predict(images, batch_size=2, verbose=0)
    side = 8 * model.scale
    assert made.shape == (4, side, side, channels_made(model)) and made.dtype == np.float32
    np.testing.assert_allclose(made, model(images), atol=1e-5)
    assert model.translate(images).dtype == np.uint8


def test_seeded_dropout_draws_and_repeats():
    model = make("Pix2Pix", dropout=0.5)
    scale = [10 * weight for weight in model.ema_generator.get_weights()]
    model.ema_generator.set_weights(scale)
    images = pictures(2, 8, 8, 1)
    plain, first, again, other = (model.translate(images, seed=s) for s in (None, 1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != plain).any()
    second = model.translate(images[1], seed=2)  # image i by seed + i
    assert np.abs(first[1].astype(int) - second).max() <= 1


def test_seeds_of_images_in_tiles():
    model = make("Pix2Pix", dropout=0.5)
    images = pictures(2, 20, 12, 1)
    both = model.translate(images, seed=3, batch_size=2, tile=8, overlap=4)
    alone = [
        model.translate(image, seed=3 + i, tile=8, overlap=4) for i, image in enumerate(images)
    ]
    assert np.abs(both.astype(int) - np.stack(alone)).max() <= 1


def test_what_is_translated_follows_the_networks():
    """Also one in the place of a freed one, whose id Python gives anew."""
    model, image = make("Pix2Pix"), pictures(1, 8, 8, 1)
    for seed in range(3):
        other = make("Pix2Pix", seed=seed)
        model.ema_generator = other.ema_generator
        np.testing.assert_array_equal(model.translate(image), other.translate(image))
        assert len(model._graphs[1]) == 1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 4), np.uint8), "must be"),
        (np.zeros((1, 4, 4, 3), np.uint8), "must be"),
        (np.full((1, 4, 4, 1), 3.0, np.float32), "lie in"),
        (np.full((1, 4, 4, 1), np.nan, np.float32), "lie in"),
    ],
)
def test_bad_images_are_refused(model, images, message):
    if message == "lie in":
        images = images.repeat(model.image_shape[-1], axis=-1)
    with pytest.raises(ValueError, match=message):
        model.translate(images)


def test_unknown_direction_is_refused(model):
    with pytest.raises(ValueError, match="translates forward"):
        model.translate(pictures_for(model, 1, 8, 8), direction="sideways")


def test_files_and_folders(model, tmp_path):
    for number in range(3):
        tf.io.write_file(
            str(tmp_path / f"{number}.png"), tf.io.encode_png(pictures_for(model, 5 + number, 7))
        )
    made = model.translate(tmp_path)
    sides = [(model.scale * (5 + n), model.scale * 7, channels_made(model)) for n in range(3)]
    assert [image.shape for image in made] == sides
    np.testing.assert_array_equal(made[1], model.translate(tmp_path / "1.png"))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bad\.png"):
        model.translate(tmp_path / "bad.png")


@pytest.mark.parametrize(
    "options",
    [
        {"tile": 8, "overlap": 8},
        {"tile": "8"},
        {"tile": 64, "overlap": 100},
        {"direction": "up"},
        {"seed": -1},
    ],
)
def test_options_are_refused_whatever_the_image_is(model, options):
    with pytest.raises(ValueError, match="overlap|tile|translates|seed"):
        model.translate(pictures_for(model, 1, 8, 8), **options)


def test_images_of_channels_that_no_file_has(tmp_path):
    model = make("Pix2Pix", image_shape=(8, 8, 2))
    assert list(model.endpoints()) == ["translate_tensor"]
    assert model.translate(pictures(1, 8, 8, 2)).shape == (1, 8, 8, 2)
    with pytest.raises(ValueError, match="1, 3 or 4 channels"):
        model.translate(tmp_path / "any.png")
    path = model.export(tmp_path, "own", warmup_batch_sizes=[1])
    again = tfgan_zoo.from_preset(path)  # which decodes nothing
    np.testing.assert_array_equal(
        again.translate(pictures(1, 8, 8, 2)), model.translate(pictures(1, 8, 8, 2))
    )


def test_a_side_that_a_network_cannot_halve_twice():
    for network in ("unet", "resnet"):
        with pytest.raises(ValueError, match="multiples of 4"):
            make("Pix2Pix", image_shape=(18, 18, 1), network=network, blocks=1)


# === Tiles ===


def test_tiles_of_what_looks_at_one_pixel_are_exact():
    image = np.random.default_rng(0).uniform(-1, 1, (70, 45, 2)).astype(np.float32)
    made = tiling.translated(lambda part: 2 * part + 1, image, 32, 8)
    np.testing.assert_allclose(made, 2 * image + 1, rtol=1e-6)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("overlap", [8, 12, 20])
def test_tiles_are_exact_where_a_quarter_of_the_overlap_holds_what_a_pixel_depends_on(
    scale, overlap
):
    """Of a blur that looks two pixels far."""
    image = np.random.default_rng(0).uniform(-1, 1, (67, 80, 1)).astype(np.float32)

    def blurred(part):
        padded = tf.pad(part, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
        made = tf.nn.avg_pool2d(padded, 5, 1, "VALID")
        return tf.repeat(tf.repeat(made, scale, 1), scale, 2)

    whole = blurred(image[None])[0].numpy()
    found = tiling.translated(blurred, image, 32, overlap, scale)
    np.testing.assert_allclose(found, whole, atol=1e-6)


def test_without_overlap_tiles_stand_side_by_side():
    image = np.random.default_rng(0).uniform(-1, 1, (10, 5, 1)).astype(np.float32)
    made = tiling.translated(lambda part: part * 0 + part.mean(), image, 5, 0)
    np.testing.assert_allclose(made[:5, :5], image[:5, :5].mean(), rtol=1e-5)


def test_tiles_that_overlap_whole_are_refused():
    with pytest.raises(ValueError, match="overlap must be less"):
        tiling.translated(lambda x: x, np.zeros((9, 9, 1), np.float32), 4, 4)


def test_translate_in_tiles(model):
    images = pictures_for(model, 1, 40, 24)
    whole = model.translate(images).astype(int)
    tiled = model.translate(images, tile=16, overlap=8)
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole).mean() < 32


# === Layers ===


def test_instance_normalization():
    x = np.random.default_rng(0).normal(3, 2, (2, 4, 5, 3))
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    for affine in (True, False):
        layer = InstanceNormalization(affine)
        np.testing.assert_allclose(layer(x.astype(np.float32)), expected, atol=1e-5)
        assert len(layer.weights) == 2 * affine
    ones = np.ones((1, 1, 1, 3), np.float32)
    np.testing.assert_array_equal(InstanceNormalization()(ones), 0 * ones)  # never NaN


def test_reflection_padding():
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    around = ((0, 0), (2, 2), (2, 2), (0, 0))
    np.testing.assert_array_equal(ReflectionPadding2D(2)(x), np.pad(x, around, "reflect"))
    for height, width in ((3, 4), (5, 9), (16, 16)):
        below = ((0, 0), (0, height - 3), (0, width - 4), (0, 0))
        np.testing.assert_array_equal(reflected(x, height, width), np.pad(x, below, "reflect"))
    np.testing.assert_array_equal(reflected(x[:, :1, :1], 3, 2), np.zeros((1, 3, 2, 1)))


# === Training ===


@pytest.mark.parametrize("variant", ["Pix2Pix", pytest.param("CycleGAN", marks=pytest.mark.full)])
def test_fit_takes_images_and_targets(variant):
    model = make(variant)
    images = pictures_for(model, 16, 8, 8).astype(np.float32) / 127.5 - 1
    targets = asked_for(model, np.arange(16))
    logs = []
    for data in ((images, targets), ({"images": images, "targets": targets}, None)):
        again = type(model).from_config(json.loads(json.dumps(model.get_config())))
        again.compile()
        history = again.fit(*data, batch_size=8, epochs=1, verbose=0).history
        logs.append(history)
    assert logs[0] == logs[1]
    with pytest.raises(ValueError, match="targets"):
        again.fit(images, verbose=0)
    with pytest.raises(ValueError, match="shape"):
        again.fit(images, targets[:, :4], verbose=0)


@pytest.mark.full
def test_discriminators_of_several_scales():
    model = make("Pix2Pix", image_shape=(16, 16, 1), discriminator_scales=2)
    found = model.discriminate(tf.zeros([2, 16, 16, 1]), tf.zeros([2, 16, 16, 1]))
    assert [part["logits"].shape for part in found] == [(2, 6, 6, 1), (2, 2, 2, 1)]
    images = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype(np.float32)
    model.compile()
    history = model.fit(images, -images, batch_size=8, verbose=0).history
    assert np.isfinite([value[-1] for value in history.values()]).all()
    with pytest.raises(ValueError, match="needs images of 48x48"):
        make("Pix2Pix", image_shape=(32, 32, 1), patch=34, discriminator_scales=3)


@pytest.mark.full
def test_pix2pix_learns_to_invert(tmp_path):
    """A map that L1 alone can learn; and the exported model and the .keras file give the same."""
    images = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype(np.float32)
    model = make("Pix2Pix", width=16, dropout=0.0, g_learning_rate=2e-3)
    model.compile()
    model.fit(images, -images, batch_size=8, epochs=40, verbose=0)
    error = np.abs(model.predict(images, verbose=0) + images).mean()
    assert error < 0.25
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.translate(images[:2]), model.translate(images[:2]))


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_losses_of_cyclegan_by_hand(player):
    """Of section 3 of the paper and of the authors' code, in float64 from what the networks give."""
    model = make("CycleGAN", pool_size=0, cycle_weight=10.0, dropout=0.0)
    images, targets = (
        np.random.default_rng(seed).uniform(-1, 1, (4, 8, 8, 1)).astype(np.float32)
        for seed in (0, 1)
    )
    forward = lambda x: np.float64(model.generator(x, training=True))  # noqa: E731
    backward = lambda x: np.float64(model.backward_generator(x, training=True))  # noqa: E731
    of_targets, of_images = (
        lambda x, network=network: np.float64(network(x, training=True)["logits"])
        for network in (model.discriminator, model.backward_discriminator)
    )
    made, back = forward(images), backward(targets)
    loss, _ = getattr(model, f"{player}_loss")({"images": images, "targets": targets}, None)
    if player == "discriminator":
        pairs = ((of_targets, targets, made), (of_images, images, back))
        expected = sum(
            0.5 * (np.mean((d(real) - 1) ** 2) + np.mean(d(fake) ** 2)) for d, real, fake in pairs
        )
    else:
        game = np.mean((of_targets(made) - 1) ** 2) + np.mean((of_images(back) - 1) ** 2)
        l1 = lambda a, b: np.mean(np.abs(a - b))  # noqa: E731
        cycle = l1(backward(made), images) + l1(forward(back), targets)
        identity = l1(forward(targets), targets) + l1(backward(images), images)
        expected = game + 10 * cycle + 5 * identity
    assert float(loss) == pytest.approx(expected, rel=1e-5)


# === Pool ===


def test_image_pool_by_hand():
    """Fills, then shows half of its images; a row that is stored is the one that was not shown."""
    model = make("CycleGAN", pool_size=0)
    pool = ImagePool(model, "own", 6, (1, 1, 1))
    seen = []
    for update in range(40):
        rng = Rng(0, tf.constant(update, tf.int64), 0, 2)
        images = np.float32([2 * update, 2 * update + 1])[:, None, None, None]
        before = pool.images.numpy().ravel()
        shown, rows = pool.shown(images, rng)
        pool.keep(rows)
        after, shown = pool.images.numpy().ravel(), shown.numpy().ravel()
        if update < 3:
            np.testing.assert_array_equal(shown, images.ravel())
            continue
        for new, out in zip(images.ravel(), shown, strict=True):
            seen.append(out != new)
            assert (out == new) == (new not in after)
            assert out == new or (out in before and out not in after)
    assert int(pool.count.numpy()) == 80
    assert 0.3 < np.mean(seen) < 0.7


def test_pool_refuses_batches_that_it_cannot_hold():
    model = make("CycleGAN", pool_size=7)
    model.compile()
    images = np.zeros((8, 8, 8, 1), np.float32) - 0.5
    with pytest.raises(ValueError, match="8 images, and the pool 7 places"):
        model.fit(images, images, batch_size=8, verbose=0)


def test_pool_refuses_accumulation():
    model = make("CycleGAN", gradient_accumulation_steps=2)
    with pytest.raises(ValueError, match="pool_size"):
        model.compile()


# === Counts ===


@pytest.mark.parametrize(("patch", "side"), [(1, 1), (16, 16), (34, 34), (70, 70)])
def test_a_logit_looks_at_its_patch(patch, side):
    """The gradient of the logit in the middle reaches as many pixels as the patch has."""
    model = tfgan_zoo.Pix2Pix(
        image_shape=(128, 128, 1), patch=patch, discriminator_width=2, normalization=None, width=1
    )
    images = tf.random.stateless_uniform([1, 128, 128, 2], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(images)
        found = model.discriminator(images)["0"]
        height = found["logits"].shape[1]
        logit = found["logits"][0, height // 2, height // 2, 0]
    rows = np.flatnonzero(np.abs(tape.gradient(logit, images)[0]).sum((1, 2)))
    assert rows[-1] - rows[0] + 1 == side
