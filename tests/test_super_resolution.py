"""Models that make images larger: sizes, phases, losses by hand, interpolation; and their data."""

import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from PIL import Image

import tfgan_zoo
from tfgan_zoo.datasets import load_degraded
from tfgan_zoo.datasets.bicubic import imresize
from tfgan_zoo.datasets.real_esrgan import real_esrgan
from tfgan_zoo.layers import BilinearUpsampling, PixelShuffle, PixelUnshuffle, Rng
from tfgan_zoo.metrics.images import psnr
from tfgan_zoo.models.real_esrgan import sharpened

BENCHMARKS = "sr_bench"
MODELS = ("SRGAN", "ESRGAN", "RealESRGAN")


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def trained(model, steps, seed=1):
    images = uniform(8 * steps, 8, 8, 1, seed=seed)
    side = 8 * model.scale
    if not model.compiled:  # a second compile would trace anew
        model.compile()
    history = model.fit(images, uniform(8 * steps, side, side, 1), batch_size=8, verbose=0).history
    return {name: values[-1] for name, values in history.items()}


# === Networks ===


@pytest.mark.parametrize("scale", [pytest.param(2, marks=pytest.mark.full), 3, 4])
@pytest.mark.parametrize("variant", MODELS)
def test_images_become_larger(variant, scale):
    model = make(variant, scale=scale)
    for height, width in ((1, 1), (5, 7), (8, 8)):
        made = model.translate(np.zeros((2, height, width, 1), np.uint8))
        assert made.shape == (2, scale * height, scale * width, 1)


def test_the_compact_network_of_zeros_is_nearest_neighbours():
    model = make("RealESRGAN", scale=3)
    model.ema_generator.set_weights([0 * w for w in model.ema_generator.get_weights()])
    images = np.random.default_rng(0).integers(0, 256, (1, 5, 7, 1), np.uint8)
    np.testing.assert_array_equal(model.translate(images), images.repeat(3, 1).repeat(3, 2))


def test_large_images_in_tiles():
    model = make("RealESRGAN")
    image = np.random.default_rng(0).integers(0, 256, (60, 50, 1), np.uint8)
    whole = model.translate(image).astype(int)
    assert np.abs(model.translate(image, tile=24, overlap=16) - whole).max() <= 1


def test_shuffled_pixels():
    """Channel (dy * s + dx) * C + c is channel c of the pixel (dy, dx) of a square."""
    x = uniform(2, 3, 4, 18)
    made = PixelShuffle(3)(x).numpy()
    for dy, dx, c in ((0, 0, 1), (1, 2, 0), (2, 1, 1)):
        np.testing.assert_array_equal(made[:, dy::3, dx::3, c], x[..., (dy * 3 + dx) * 2 + c])
    np.testing.assert_array_equal(PixelUnshuffle(3)(made), x)


@pytest.mark.parametrize("size", [2, 3, (1, 4)])
def test_bilinear_enlargement(size):
    """Against Keras's layer, which has the centres of pixels at halves, to 2e-6; of unknown sides."""
    x = uniform(2, 5, 7, 3)
    expected = keras.layers.UpSampling2D(size, interpolation="bilinear")(x)
    layer = BilinearUpsampling(size)
    graph = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 3])])
    np.testing.assert_allclose(graph(x), expected, atol=2e-6)
    assert layer.compute_output_shape(x.shape) == expected.shape
    with pytest.raises(ValueError, match="size must be a positive integer. Received: size=0"):
        BilinearUpsampling((2, 0))


# === Phases ===


@pytest.mark.parametrize("variant", ["RealESRGAN"])
def test_the_first_phase_leaves_the_discriminator(variant):
    model = make(variant, pretraining_steps=2)
    before = model.discriminator.get_weights()
    logs = trained(model, 2)
    assert logs["d_loss"] == logs["g_adversarial"] == 0
    assert logs["g_loss"] == logs["pixels"] > 0
    trainable = len(model.discriminator.trainable_variables)
    assert trainable and int(model.d_optimizer.iterations.numpy()) == 0
    after = {v.path: v.numpy() for v in model.discriminator.trainable_variables}
    paths = [v.path for v in model.discriminator.variables]
    for path, weight in zip(paths, before, strict=True):
        if path in after:
            np.testing.assert_array_equal(after[path], weight)
    logs = trained(model, 1)
    assert logs["d_loss"] > 0 and int(model.d_optimizer.iterations.numpy()) == 1


def test_a_model_of_pixels_alone_has_one_player():
    model = make("RealESRGAN", pretraining_steps=None)
    assert [player.name for player in model.players()] == ["generator"]
    assert model.discriminator is None and "discriminator" not in model.networks()
    logs = trained(model, 2)
    assert logs.keys() == {"g_loss", "pixels"}


def test_maps_of_a_deep_compact_network_keep_their_variance():
    model = make("RealESRGAN", blocks=16, width=32)
    images = uniform(4, 8, 8, 1)
    maps = [x.output for x in model.generator.layers if isinstance(x, keras.layers.PReLU)]
    found = keras.Model(model.generator.input, [maps[0], maps[-1]])(images)
    first, last = (float(tf.math.reduce_std(x)) for x in found)
    assert 0.05 < last / first < 20


@pytest.mark.full
def test_two_calls_are_one_after_the_other(tmp_path):
    first = make("RealESRGAN", pretraining_steps=None)
    trained(first, 2)
    path = first.export(tmp_path, "pixels")
    with pytest.warns(UserWarning, match="New here, and as in a new model: discriminator/"):
        second = tfgan_zoo.from_preset(path, pretraining_steps=0, trust_model=True)
    assert int(second.iterations.numpy()) == 2
    assert trained(second, 1)["d_loss"] > 0
    for pair in ((first, second), (second, first)):
        between = pair[0].interpolated(pair[1], 0.5)
        assert between.networks().keys() == pair[0].networks().keys()


# === Losses ===


def losses(model, stage=1):
    """Both losses of one batch, and the batch."""
    batch = {"images": uniform(4, 8, 8, 1), "targets": uniform(4, 16, 16, 1, seed=1)}
    rng = Rng(0, tf.constant(0, tf.int64), 0, 4, stage)
    return batch, model.discriminator_loss(batch, rng)[0], model.generator_loss(batch, rng)[0]


def logits(model, images):
    return np.float64(model.discriminator(images, training=True)["logits"]).ravel()


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize("objective", ["relativistic_average", "non_saturating"])
def test_losses_by_hand(objective):
    """In float64 of what the networks give, to 1e-5."""
    options = {"discriminator_normalization": None, "adversarial_weight": 0.3, "pixel_weight": 0.2}
    options["perceptual_weight"] = 0.0
    model = make("ESRGAN", objective=objective, **options)
    batch, d_loss, g_loss = losses(model)
    made = np.float64(model.generator(batch["images"], training=True))
    real, fake = logits(model, batch["targets"]), logits(model, np.float32(made))
    if objective == "relativistic_average":
        d = softplus(fake.mean() - real) + softplus(fake - real.mean())
        g = softplus(real.mean() - fake) + softplus(real - fake.mean())
    else:
        d, g = softplus(-real) + softplus(fake), softplus(-fake)
    pixels = np.abs(made - batch["targets"]).mean() / 2
    assert float(d_loss) == pytest.approx(d.mean(), rel=1e-5)
    assert float(g_loss) == pytest.approx(0.2 * pixels + 0.3 * g.mean(), rel=1e-5)
    assert float(losses(model, stage=0)[2]) == pytest.approx(pixels, rel=1e-5)


def test_pixels_by_squares():
    model = make("SRGAN", normalization=None)
    batch, _, g_loss = losses(model, stage=0)
    made = np.float64(model.generator(batch["images"], training=True))
    expected = np.mean(((made - batch["targets"]) / 2) ** 2)
    assert float(g_loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.full
def test_perceptual_distance_of_shipped_features():
    options = {"perceptual_weight": 1.0, "features": "efficientnet_lite0"}
    model = make("RealESRGAN", image_shape=(16, 16, 3), adversarial_weight=0.0, **options)
    images, targets = uniform(2, 16, 16, 3), uniform(2, 32, 32, 3, seed=1)
    logs = trained_on(model, images, targets)
    assert logs["perceptual"] > 0
    assert len(model.networks()) == 3  # the features are no part of the model


def trained_on(model, images, targets):
    model.compile()
    model.fit(images, targets, batch_size=2, epochs=2, verbose=0)
    history = model.fit(images, targets, batch_size=2, epochs=1, verbose=0).history
    return {name: values[-1] for name, values in history.items()}


def test_sharpening():
    """Flat places stay; an edge becomes steeper."""
    flat = np.full((1, 24, 24, 1), 0.3, np.float32)
    np.testing.assert_allclose(sharpened(flat), flat, atol=1e-6)
    edge = np.concatenate([flat[:, :, :12] - 0.5, flat[:, :, 12:]], axis=2)
    sharp = sharpened(edge).numpy()
    assert sharp[0, 12, 11, 0] < edge[0, 12, 11, 0] and sharp[0, 12, 12, 0] > edge[0, 12, 12, 0]


# === Interpolation ===


@pytest.mark.full
def test_interpolation_lies_between():
    first, second = make("ESRGAN", seed=1), make("ESRGAN", seed=2)
    middle = first.interpolated(second, 0.25)
    weights = [m.ema_generator.get_weights() for m in (first, second, middle)]
    for a, b, c in zip(*weights, strict=True):
        np.testing.assert_allclose(c, 0.75 * a + 0.25 * b, atol=1e-6)
    with pytest.raises(ValueError, match="share must lie"):
        first.interpolated(second, 1.5)
    with pytest.raises(ValueError, match="same shapes"):
        first.interpolated(make("ESRGAN", width=6), 0.5)


# === Data ===


def benchmark_pairs(name):
    root = os.environ.get("TFGAN_ZOO_DATA")
    folder = root and pathlib.Path(root) / BENCHMARKS / name / "image_SRF_4"
    if not folder or not folder.is_dir():
        pytest.skip(f"TFGAN_ZOO_DATA with {BENCHMARKS} is not set.")
    for path in sorted(folder.glob("*HR.png")):
        small = path.with_name(path.name.replace("HR", "LR"))
        yield [np.array(Image.open(p).convert("RGB"))[None] for p in (path, small)]


@pytest.mark.parametrize(("name", "expected"), [("Set5", 28.43), ("Set14", 26.09)])
def test_bicubic_is_matlabs(name, expected):
    """All pixels of the small images that Matlab made; and PSNR of enlarging them, that of Set5 as
    published: Y channel, a border of 4 left out."""
    found = []
    for large, small in benchmark_pairs(name):
        np.testing.assert_array_equal(imresize(np.float32(large), 1 / 4), small)
        again = np.uint8(imresize(np.float32(small), 4))
        inner = [x[:, 4:-4, 4:-4] for x in (again, large)]
        found.append(psnr(*inner, luma=True)[0])
    assert np.mean(found) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("scale", [1 / 2, 1 / 3, 2, 3])
def test_bicubic_keeps_what_is_constant_and_straight(scale):
    ramp = np.tile(np.arange(24, dtype=np.float32) * 6, (24, 1))[None, ..., None]
    made = imresize(ramp, scale).numpy()[0, ..., 0]
    places = (np.arange(made.shape[1]) + 0.5) / scale - 0.5
    inner = slice(int(6 * max(scale, 1)), -int(6 * max(scale, 1)))
    if scale < 1:
        inner = slice(3, -3)
    np.testing.assert_allclose(
        made[:, inner], np.tile(6 * places, (len(made), 1))[:, inner], atol=1
    )


def write(folder, *sizes):
    folder.mkdir()
    for number, (height, width) in enumerate(sizes):
        rows, columns = np.mgrid[:height, :width]
        image = np.stack([rows, columns, np.full_like(rows, 40 * number)], -1).astype(np.uint8)
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def windows(folder, **options):
    common = {"degradation": "bicubic", "crop": "window", "image_size": 8, "scale": 2}
    return load_degraded(folder, batch_size=8, **{**common, **options})


def pixels(images):
    return np.round((np.asarray(images) + 1) * 127.5).astype(int)


@pytest.mark.full
def test_windows_are_parts_of_their_pictures(tmp_path):
    """Each pixel of the pictures tells its row, its column and its picture."""
    data = windows(write(tmp_path / "a", (40, 50), (60, 16)), windows_per_image=8)
    assert data.source.count == 16 and data.source.image_shape == (8, 8, 3)
    batches = list(data)
    found = np.concatenate([pixels(batch["targets"]) for batch in batches])
    for window in found:
        rows, columns, number = window[..., 0], window[..., 1], window[0, 0, 2]
        np.testing.assert_array_equal(rows - rows[0, 0], np.mgrid[:16, :16][0])
        np.testing.assert_array_equal(columns - columns[0, 0], np.mgrid[:16, :16][1])
        height, width = ((40, 50), (60, 16))[number // 40]
        assert rows[-1, 0] < height and columns[0, -1] < width
    assert {int(window[0, 0, 2]) for window in found} == {0, 40}
    assert len({tuple(window[0, 0]) for window in found}) > 8
    expected = imresize(np.float32(found[:8]), 0.5)
    np.testing.assert_array_equal(pixels(batches[0]["images"]), expected)


def test_windows_turn_and_flip(tmp_path):
    data = windows(write(tmp_path / "a", (40, 50)), windows_per_image=64, flip=True, rotate=True)
    seen = set()
    for batch in data:
        for window in pixels(batch["targets"]):
            down, right = window[1, 0, :2] - window[0, 0, :2], window[0, 1, :2] - window[0, 0, :2]
            seen.add((*down, *right))
    assert len(seen) == 8  # the symmetries of a square
    for down_row, down_column, right_row, right_column in seen:
        assert abs(down_row) + abs(down_column) == abs(right_row) + abs(right_column) == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"image_size": 32}, ValueError, "smaller than a window"),
        ({"image_size": (8, 4), "rotate": True}, ValueError, "square"),
        ({"cache": True}, TypeError, "cache"),
        ({"windows_per_image": 0}, ValueError, "windows_per_image"),
        ({"image_size": None}, ValueError, "image_size"),
    ],
)
def test_windows_that_cannot_be_cut(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        windows(write(tmp_path / "a", (40, 50)), **options)


def test_degradation_of_real_esrgan():
    """A function of the seed; each image has its own; and as bright as the image was."""
    images = np.tile(
        np.linspace(-0.8, 0.8, 64, dtype=np.float32)[None, :, None, None], (6, 1, 64, 3)
    )
    first, again, other = (
        real_esrgan(images, tf.constant([1, s], tf.int64), 4).numpy() for s in (1, 1, 2)
    )
    assert first.shape == (6, 16, 16, 3)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first[0] != first[1]).any()
    np.testing.assert_allclose((first + 1) * 127.5, pixels(first), atol=1e-3)
    assert np.abs(first.mean((1, 2, 3)) - images.mean((1, 2, 3))).max() < 0.1
    assert np.corrcoef(first.mean((0, 2, 3)), images[0, 1::4].mean((1, 2)))[0, 1] > 0.98
