"""StyleGAN3: its filters, its equivariance, its averages and its transform."""

import functools
import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from stylegan3_in_numpy import design, resampled

import tfgan_zoo
from tfgan_zoo.layers import AliasFreeConv2D, FilteredLeakyReLU, FourierFeatures
from tfgan_zoo.layers.alias_free import downsample, upsample
from tfgan_zoo.layers.lowpass import bessel_j1, lowpass
from tfgan_zoo.layers.resampling import is_small

RANDOM = np.random.default_rng(0)
IDENTITY = np.eye(3, dtype=np.float32)

# === Filters ===


def test_bessel_function():
    """Values of Abramowitz and Stegun, table 9.1, and of their asymptotic expansion."""
    x = np.array([0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0])
    expected = [0, 0.4400505857449335, 0.5767248077568734, -0.3275791375914652]
    expected += [0.04347274616886144, 0.06683312417584991, -0.11875106261662295]
    np.testing.assert_allclose(bessel_j1(x), expected, atol=1e-14)


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(("factor", "size"), [(2, 6), (4, 6), (2, 3)])
def test_lowpass(radial, factor, size):
    signal, options = {"cutoff": 2.5, "half_width": 4.5}, {"filter_size": size}
    found = lowpass(size * factor, 2.5, 9.0, 32, radial)
    np.testing.assert_allclose(found, design(factor, signal, options, 32, radial), atol=1e-12)


def test_large_filters_take_little_memory():
    """A radial one of the most taps that StyleGAN3 may have: 32 MiB, where an integral for each tap at
    once took 10 times as much. A config that asks for more is refused before memory is."""
    tracemalloc.start()
    taps = lowpass(256, 4.0, 6.0, 32, radial=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25
    found = [response(taps, frequency / 32, 0) for frequency in (1, 4, 8)]
    np.testing.assert_allclose(found, [1, 0.5, 0], atol=0.02)
    with pytest.raises(ValueError, match="has 2 to 1024 taps. Received: 60000000"):
        FilteredLeakyReLU(8, (8, 80_000_000, 8), (2, 2), (4, 4), 6, radial=True)


def response(taps, x, y):
    """How much of a wave of these frequencies passes, in cycles for each sample."""
    places = np.arange(len(taps)) - (len(taps) - 1) / 2
    columns, rows = np.meshgrid(places, places)
    return np.sum(taps * np.cos(2 * np.pi * (x * columns + y * rows)))


def test_response():
    """Half passes at the cutoff and nothing that must stop; a radial filter treats all directions alike,
    another one does not."""
    line = lowpass(24, 4.0, 6.0, 32)
    radial, both = lowpass(24, 4.0, 6.0, 32, radial=True), np.outer(line, line)
    assert response(both, 4 / 32, 0) == pytest.approx(0.5, abs=0.01)
    assert abs(response(both, 8 / 32, 0)) < 1e-3
    diagonal = 4 / 32 * 0.5**0.5
    along = [response(taps, 4 / 32, 0) for taps in (radial, both)]
    across = [response(taps, diagonal, diagonal) for taps in (radial, both)]
    assert across[0] == pytest.approx(along[0], abs=0.01)
    assert across[1] > along[1] + 0.2


def compiled(function, x, jit_compile):
    """NCHW, of one graph."""
    images = tf.TensorSpec(x.shape)
    graph = tf.function(lambda x: function(x), autograph=False, jit_compile=jit_compile)
    return np.transpose(graph.get_concrete_function(images)(tf.constant(x)), (0, 3, 1, 2))


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("side", [7, 66], ids=["products", "convolutions"])
def test_resampling(side, jit_compile):
    """Zeros between, zeros around or edges cropped, the filter and every so manieth place, to 1e-5."""
    x = RANDOM.normal(size=(2, side, side, 3)).astype(np.float32)
    assert is_small(tf.TensorSpec(x.shape)) == (side == 7)
    for up, count, padding in ((1, 4, (2, 0)), (2, 6, (5, 4)), (3, 5, (-4, 6)), (4, 9, (3, -7))):
        taps = RANDOM.normal(size=count)

        def finer(x, taps=taps, up=up, padding=padding):
            return upsample(upsample(x, taps, up, padding, 1), taps, up, padding, 2)

        found = compiled(finer, x, jit_compile)
        expected = resampled(np.transpose(x, (0, 3, 1, 2)), up * taps, up, 1, padding)
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    for down, shape in ((1, 4), (2, 4), (3, (3, 3))):
        taps = RANDOM.normal(size=shape)

        def coarser(x, taps=taps, down=down):
            return downsample(x, taps, down)

        found = compiled(coarser, x, jit_compile)
        expected = resampled(np.transpose(x, (0, 3, 1, 2)), taps, 1, down, (0, 0))
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


# === Equivariance ===

EQUIVARIANT = {
    "image_shape": (32, 32, 3),
    "latent_dim": 4,
    "style_dim": 4,
    "channel_base": 128,
    "channel_max": 8,
    "num_layers": 4,
    "num_critical": 1,
}
ROTATING = {**EQUIVARIANT, "conv_kernel": 1, "use_radial_filters": True}


def moving(x=0.0, y=0.0, quarters=0):
    """The transform of an image that is turned counter-clockwise, and then moved to the right and
    down."""
    cosine, sine = np.cos(quarters * np.pi / 2), np.sin(quarters * np.pi / 2)
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    return (turned @ [[1, 0, -x], [0, 1, -y], [0, 0, 1]]).astype(np.float32)


def quality(found, expected):
    """The ratio of the largest signal to the noise, in dB."""
    return 10 * np.log10(np.ptp(expected) ** 2 / np.mean((found - expected) ** 2))


def pictures(gan, transform=None):
    latents = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    return gan.render(latents, training=True, transform=transform).numpy()


@functools.cache
def configured(name):
    return tfgan_zoo.StyleGAN3(**{"T": EQUIVARIANT, "R": ROTATING}[name])


@pytest.mark.parametrize("name", ["T", "R"])
def test_images_move_with_the_transform(name):
    """By places that are none of the coarser maps: away from the border to 80 dB, where an image that
    stays has 30 (35 with all layers)."""
    gan = configured(name)
    before = pictures(gan)
    for right, down in ((1, 0), (3, 1), (0, 5)):
        after = pictures(gan, moving(right / 32, down / 32))
        found = after[:, 6 + down : -6, 6 + right : -6]
        rest = before[:, 6 : 26 - down, 6 : 26 - right]
        assert quality(found, rest) > 80
        assert quality(after, before) < 40


@pytest.mark.parametrize("edge", [28, 24])
def test_edges_that_are_no_powers_of_two(edge):
    """A quarter of the edge is a quarter of the pixels: to 80 dB, where one pixel more has 40."""
    gan, by = tfgan_zoo.StyleGAN3(**EQUIVARIANT | {"image_shape": (edge, edge, 1)}), edge // 4
    after, before = pictures(gan, moving(0.25)), pictures(gan)[:, 6:-6, 6 : -6 - by]
    assert quality(after[:, 6:-6, 6 + by : -6], before) > 80
    assert quality(after[:, 6:-6, 7 + by : -5], before) < 40


def test_aliasing_would_show():
    """Units at the maps' own rate, without filters, do not move that well."""
    gan = tfgan_zoo.StyleGAN3(**EQUIVARIANT | {"lrelu_upsampling": 1, "num_critical": 0})
    before, after = pictures(gan), pictures(gan, moving(1 / 32))
    assert quality(after[:, 6:-6, 7:-6], before[:, 6:-6, 6:-7]) < 70


@pytest.mark.parametrize(("name", "turns"), [("T", False), ("R", True)])
def test_images_turn_with_the_transform(name, turns):
    """Configuration R alone: by a quarter, to 100 dB, counter-clockwise as `np.rot90` does."""
    gan = configured(name)
    found = quality(pictures(gan, moving(quarters=1)), np.rot90(pictures(gan), axes=(1, 2)))
    assert found > 100 if turns else found < 30


def test_the_style_moves_the_image_too():
    """Its four values are a rotation (cosine, sine) and a translation, whatever their length."""
    layer = FourierFeatures(5, 8, 8, 2.0)
    latents = RANDOM.normal(size=(1, 3)).astype(np.float32)
    plain = layer(latents)
    layer.style_bias.assign([0.0, 2.0, 0.5, 0.0])  # a quarter turn, and 0.25 to the right
    moved = layer(latents).numpy()
    layer.style_bias.assign([1.0, 0.0, 0.0, 0.0])
    layer.transform.assign(moving(0.25, quarters=1))
    np.testing.assert_allclose(layer(latents), moved, atol=1e-5)
    assert np.abs(moved - plain).max() > 0.1


def test_short_waves_are_damped():
    """A transform that shows twice as much makes waves twice as short; beyond the band they fade."""
    layer = FourierFeatures(64, 16, 16, 2.0)
    latents = np.zeros((1, 3), np.float32)
    plain = np.std(layer(latents))
    layer.transform.assign(np.diag([2.0, 2.0, 1.0]))
    assert 0.3 * plain < np.std(layer(latents)) < 0.95 * plain
    layer.transform.assign(np.diag([1000.0, 1000.0, 1.0]))
    assert np.std(layer(latents)) < 0.2 * plain


# === The average of mean squares ===


def test_magnitude():
    """A training call divides by what was known before it, and then moves the average."""
    layer, x = AliasFreeConv2D(2, 1, momentum=0.75), RANDOM.normal(3, size=(2, 4, 4, 3))
    inputs = [x.astype(np.float32), RANDOM.normal(size=(2, 5)).astype(np.float32)]
    plain = layer(inputs)
    np.testing.assert_array_equal(layer(inputs, training=True), plain)
    known = 0.75 + 0.25 * np.mean(x**2)
    np.testing.assert_allclose(layer.magnitude, known, rtol=1e-5)
    np.testing.assert_allclose(layer(inputs), plain / np.sqrt(known), rtol=1e-5)
    layer.trainable = False
    layer(inputs, training=True)
    np.testing.assert_allclose(layer.magnitude, known, rtol=1e-5)


def test_images_do_not_depend_on_their_batch():
    gan = make("StyleGAN3")
    latents = RANDOM.normal(size=(3, 4)).astype(np.float32)
    alone = gan.render(latents[1:2], training=True)
    np.testing.assert_allclose(gan.render(latents, training=True)[1:2], alone, atol=1e-6)


def test_rendering_changes_nothing():
    gan = make("StyleGAN3")
    before = [v.numpy() for v in gan.variables]
    gan.render(np.ones((2, 4), np.float32), training=True)
    for value, variable in zip(before, gan.variables, strict=True):
        np.testing.assert_array_equal(value, variable)


# === The transform ===


def test_generated_images_are_transformed():
    gan = make("StyleGAN3")
    plain = gan.generate(2, seed=0)
    gan.transform = moving(0.25)
    assert (gan.generate(2, seed=0) != plain).any()
    gan.transform = IDENTITY
    np.testing.assert_array_equal(gan.generate(2, seed=0), plain)


@pytest.mark.full
def test_the_transform_is_kept(images, tmp_path):
    """In a .keras file, in an export, and by training."""
    gan = make("StyleGAN3")
    gan.transform = moving(0.25)
    gan.compile(jit_compile=False)
    gan.fit(images[:8], batch_size=8, verbose=0)
    moved = gan.generate(2, seed=0)
    gan.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    exported = tfgan_zoo.from_preset(gan.export(tmp_path, "moved", warmup_batch_sizes=(1,)))
    for model in (again, exported):
        np.testing.assert_array_equal(model.transform, moving(0.25))
        np.testing.assert_array_equal(model.generate(2, seed=0), moved)
