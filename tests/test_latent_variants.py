"""The tools of latent spaces with every variant that has them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, TEXTS, asked_for, make
from typer.testing import CliRunner

from tfgan_zoo import cli, latent
from tfgan_zoo.latent.affine import first_maps
from tfgan_zoo.layers import SpectralDense

SOME = ("TextGAN", "ProGAN")


@pytest.mark.parametrize(
    "variant", [pytest.param(v, marks=() if v in SOME else pytest.mark.full) for v in CASES]
)
def test_every_variant_has_them(variant):
    """Ways end at the images of the seeds, to a level of 255; projection lowers the loss; an edit by
    nothing changes nothing."""
    gan = make(variant)
    space, asked = latent.Space(gan, "z"), asked_for(gan, np.array([1, 1]))
    points = space.from_seeds([50, 51])
    kind = {} if gan.condition is None else {gan.condition.key: asked}
    drawn = gan.generate(2, seed=50, **kind)
    way = latent.path(space, points, 3)
    np.testing.assert_allclose(space.images(way[[0, 2]], asked).astype(int), drawn, atol=1)
    found = latent.project(gan, drawn, "z", labels=asked, steps=4, candidates=4, restarts=1)
    assert found.points.shape == points.shape and np.isfinite(found.losses).all()
    assert (found.losses.min(axis=0) < found.losses[0]).all()
    directions, strengths = latent.closed_form_directions(gan, 2)
    assert (strengths > 0).all()
    if latent.Space(gan).name == "z":
        moved = latent.edit(gan, points, directions[0], [0.0, 9.0], labels=asked)
        np.testing.assert_allclose(moved[:, 0].astype(int), drawn, atol=1)


def test_texts_lead_through_the_space_of_latents():
    gan = make("TextGAN")
    weights = gan.ema_generator.get_weights()
    gan.ema_generator.set_weights([10 * w if w.ndim > 1 else w for w in weights])
    space = latent.Space(gan)
    points = space.from_seeds([5, 6])
    for asked in ("Blue heart!", TEXTS[1:]):
        drawn = gan.generate(2, seed=5, texts=asked)
        np.testing.assert_array_equal(space.images(points, asked), drawn)
    first = gan.generate(2, seed=5, texts=gan.default_texts[0])
    np.testing.assert_array_equal(space.images(points), first)
    assert not np.array_equal(first, drawn)
    for wrong, message in ((1, "Texts must be strings"), (" ", "2 of 2 texts are blank")):
        with pytest.raises(ValueError, match=message):
            space.images(points, wrong)


@pytest.mark.full
def test_texts_on_the_command_line(tmp_path):
    gan = make("TextGAN")
    gan.export(tmp_path, "tiny")
    for command, size in (("interpolate", 28), ("directions", 18)):
        out = tmp_path / f"{command}.png"
        words = [command, tmp_path / "tiny", "--seeds", "0,1", "--frames", 3, "--out", out]
        words += ["--count", 1] if command == "directions" else []
        words += ["--text", "Blue heart!"]
        done = CliRunner().invoke(cli.app, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        image = tf.io.decode_png(out.read_bytes()).numpy()
        assert image.shape[1] == 28 and image.shape[0] in (8, size)
    way = latent.Space(gan)
    points = latent.path(way, way.from_seeds([0, 1]), 3)
    drawn = way.images(points, "Blue heart!")
    image = tf.io.decode_png((tmp_path / "interpolate.png").read_bytes()).numpy()
    np.testing.assert_array_equal(image[:8, :8], drawn[0])


def test_closed_form_directions_are_those_of_the_kernels_in_use():
    """BigGAN's first layers are divided by their largest singular values, each by its own: what
    they make of latents, called as they are, is the matrix of the directions."""
    gan = make("BigGAN")
    layers = [x for x in gan.ema_generator.layers if isinstance(x, SpectralDense)]
    rng = np.random.default_rng(0)
    for layer in layers:
        layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    outputs = keras.Model(gan.ema_generator.inputs, [layer.output for layer in layers])
    latents = np.concatenate([np.zeros([1, gan.latent_dim]), np.eye(gan.latent_dim)])
    made = outputs([latents.astype(np.float32), np.ones(len(latents), np.int32)])
    made = np.concatenate([np.float64(x[1:] - x[:1]) for x in made], axis=1)
    _, values, rows = np.linalg.svd(made.T)
    count = len(values)
    found = latent.closed_form_directions(gan, count)
    np.testing.assert_allclose(found.strengths, values, rtol=1e-4)
    same = np.abs(np.sum(found.directions * rows[:count], axis=1))
    np.testing.assert_allclose(same, 1, atol=1e-3)


def test_first_layers_within_networks_are_found():
    """ProGAN's, at length sqrt(D), where the pixel normalization before it changes nothing."""
    gan = make("ProGAN")
    block = gan.ema_generator.get_layer("features_0")
    dense = next(layer for layer in block.layers if hasattr(layer, "kernel"))
    (found,) = first_maps(gan)
    np.testing.assert_allclose(found.T, dense.scaled_kernel(), rtol=1e-4, atol=1e-6)
