"""Latent spaces of models with styles."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from typer.testing import CliRunner

from tfgan_zoo import cli, latent
from tfgan_zoo.latent.affine import first_maps


@pytest.fixture(
    scope="module", params=["StyleGAN2", pytest.param("StyleGAN", marks=pytest.mark.full)]
)
def gan(request):
    return make(request.param)


@pytest.mark.parametrize("name", [None, "z", "w", "w+"])
def test_points_of_seeds_give_the_images_of_generate(gan, name):
    space = latent.Space(gan, name)
    points = space.from_seeds([7, 8])
    assert points.shape[1:] == ((gan.num_styles, 4) if name == "w+" else (4,))
    np.testing.assert_array_equal(space.images(points), gan.generate(2, seed=7))
    truncated = latent.Space(gan, "w+").from_seeds([7, 8], truncation=0.5)
    images = latent.Space(gan, "w+").images(truncated)
    np.testing.assert_array_equal(images, gan.generate(2, seed=7, truncation=0.5))


def test_styles_go_along_the_line(gan):
    space = latent.Space(gan, "w+")
    points = space.from_seeds([1, 2])
    way = latent.path(space, points, 3)
    np.testing.assert_allclose(way[1], points.mean(axis=0), atol=1e-6)


def test_mixed_styles(gan):
    """Equal seeds give that seed's image; others that of the first styles of one and the last of the
    other."""
    mixed = latent.mix(gan, [3, 4], [3, 4, 5], crossover=1)
    assert mixed.shape == (2, 3, 8, 8, 1)
    np.testing.assert_array_equal(mixed[[0, 1], [0, 1]], gan.generate(2, seed=3))
    coarse, fine = gan.styles_from_latents(gan.latents_for([3, 5])).numpy()
    expected = gan.images_from_styles([[*coarse[:1], *fine[1:]]]).numpy()
    assert abs((mixed[0, 2] / 127.5 - 1) - expected[0]).max() < 1 / 127
    assert (mixed[0, 2] != mixed[0, 0]).any()
    with pytest.raises(ValueError, match=f"must lie in .1, {gan.num_styles}.*Received: 0"):
        latent.mix(gan, [1], [2], crossover=0)


@pytest.mark.parametrize("name", ["w", pytest.param("w+", marks=pytest.mark.full)])
def test_an_image_of_the_model_is_found_again(gan, name):
    """The loss falls to less than a tenth of that of the best of 32 seeds."""
    targets = gan.generate(2, seed=1000)
    found = latent.project(gan, targets, name, steps=100, candidates=32, restarts=1)
    assert (found.losses.min(axis=0) < found.losses[0] / 10).all()
    assert found.points.shape[1:] == latent.Space(gan, name).shape


def test_closed_form_directions_are_those_of_all_affine_layers(gan):
    """The rows of Vᵀ of all kernels that take a style, side by side, up to sign, to 1e-4. All are
    multiplied by 1 / sqrt(4) where they are used."""
    synthesis = gan.ema_generator.get_layer("synthesis")
    kind = "style_kernel" if type(gan).__name__ == "StyleGAN2" else "kernel"
    kernels = [w.numpy() for w in synthesis.weights if w.name == kind and w.shape[0] == 4]
    _, values, rows = np.linalg.svd(np.concatenate(kernels, axis=1).T.astype(np.float64) / 2)
    found = latent.closed_form_directions(gan, 4)
    np.testing.assert_allclose(found.strengths, values, rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.directions @ rows.T), np.eye(4), atol=1e-4)


def test_directions_of_some_layers(gan):
    """What other layers take is left out; all layers together are the sum of both parts."""
    first, rest = (first_maps(gan, part) for part in (slice(1), slice(1, None)))
    for a, b, both in zip(first, rest, first_maps(gan), strict=True):
        np.testing.assert_allclose(a + b, both, atol=1e-6)
        assert not (a.any() and b.any())
    assert any(a.any() for a in first) and any(b.any() for b in rest)
    whole, part = (latent.closed_form_directions(gan, 1, x) for x in (None, slice(1)))
    assert part.strengths[0] < whole.strengths[0]


def test_an_edit_of_some_layers(gan):
    space, direction = latent.Space(gan, "w+"), np.array([1.0, 0, 0, 0])
    points = space.from_seeds([1])
    images = latent.edit(gan, points, direction, [0, 2], "w+", layers=slice(1, 2))
    moved = points.copy()
    moved[:, 1] += 2 * direction
    np.testing.assert_array_equal(images[:, 1], space.images(moved))
    np.testing.assert_array_equal(images[:, 0], gan.generate(1, seed=1))


def test_the_command(gan, tmp_path):
    gan.export(tmp_path, "tiny")
    out = tmp_path / "mix.png"
    words = ["mix", tmp_path / "tiny", "--rows", "0-1", "--columns", "2-4", "--out", out]
    done = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert tf.io.decode_png(out.read_bytes()).shape == (3 * 10 - 2, 4 * 10 - 2, 1)
