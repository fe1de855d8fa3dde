"""Latent spaces: ways, projection, directions, and their commands."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, make
from PIL import Image
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, latent, visualization
from tfgan_zoo.latent.affine import first_maps
from tfgan_zoo.metrics import extractors


@pytest.fixture(scope="module")
def gan():
    """A DCGAN whose weights are large enough that its images differ."""
    return spread(make("DCGAN"))


@pytest.fixture(scope="module")
def conditional():
    return spread(make("ConditionalGAN"))


def spread(gan):
    weights = gan.ema_generator.get_weights()
    gan.ema_generator.set_weights([10 * w if w.ndim > 1 else w for w in weights])
    return gan


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


# === Ways ===


def test_a_way_leads_through_its_points(gan):
    space = latent.Space(gan)
    points = space.from_seeds([3, 5, 9])
    way = latent.path(space, points, 9)
    np.testing.assert_allclose(way[[0, 4, 8]], points, atol=1e-6)
    np.testing.assert_allclose(way[2], (points[0] + points[1]) / 2, atol=1e-6)  # uniform: a line


def test_a_loop_comes_back_and_repeats_no_point(gan):
    space = latent.Space(gan)
    points = space.from_seeds([3, 5])
    way = latent.path(space, points, 8, loop=True)
    np.testing.assert_allclose(way[[0, 4]], points, atol=1e-6)
    np.testing.assert_allclose(way[7], way[1], atol=1e-6)  # the way back is the same line


def test_normal_latents_keep_their_length():
    space = latent.Space(tfgan_zoo.DCGAN(**CASES["DCGAN"], latent_distribution="normal"))
    points = space.from_seeds([0, 1])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    way = latent.path(space, points, 7)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, atol=1e-6)


def test_points_of_seeds_give_the_images_of_generate(gan, conditional):
    points = latent.Space(gan).from_seeds([7, 8])
    np.testing.assert_array_equal(latent.Space(gan).images(points), gan.generate(2, seed=7))
    space = latent.Space(conditional)
    expected = conditional.generate(2, seed=7, labels=[2, 0])
    np.testing.assert_array_equal(space.images(space.from_seeds([7, 8]), [2, 0]), expected)
    truncated = latent.Space(gan).from_seeds([7, 8], truncation=0.5)
    np.testing.assert_array_equal(
        latent.Space(gan).images(truncated), gan.generate(2, seed=7, truncation=0.5)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gan, s: latent.Space(gan, "w"), "DCGAN has the latent spaces z. Received: 'w'"),
        (lambda gan, s: latent.path(s, s.from_seeds([1]), 9), "needs 2 points or more"),
        (
            lambda gan, s: latent.path(s, s.from_seeds([1, 2, 3]), 2),
            r"needs 3 frames or more",
        ),
        (lambda gan, s: s.images(np.zeros([2, 5])), r"shape \[N, 4\]. Received: \(2, 5\)"),
        (lambda gan, s: s.images(np.zeros([2, 4]), labels=1), "DCGAN takes no labels"),
        (lambda gan, s: s.from_seeds([1], truncation=0), r"must lie in \(0, 1\]"),
        (lambda gan, s: latent.mix(gan, [0], [1]), "DCGAN has no styles"),
    ],
)
def test_what_a_space_refuses(gan, call, message):
    with pytest.raises(ValueError, match=message):
        call(gan, latent.Space(gan))


# === Projection ===


def test_an_image_of_the_model_is_found_again(gan):
    """The loss falls to less than a tenth of that of the best of 64 seeds."""
    targets = gan.generate(2, seed=1000)
    found = latent.project(gan, targets, steps=120, candidates=64, restarts=3)
    assert found.losses.shape == (121, 2)
    assert (found.losses.min(axis=0) < found.losses[0] / 10).all()
    assert np.abs(found.images.astype(int) - targets).mean() < 6  # of 255
    assert np.abs(found.points).max() <= 1  # as the generator's own
    np.testing.assert_array_equal(found.images, latent.Space(gan).images(found.points))


def test_labels_lead_the_projection(conditional):
    targets = conditional.generate(2, seed=50, labels=[1, 2])
    options = {"steps": 60, "candidates": 64, "restarts": 1}
    right = latent.project(conditional, targets, labels=[1, 2], **options)
    wrong = latent.project(conditional, targets, labels=[2, 1], **options)
    assert (right.losses.min(axis=0) < wrong.losses.min(axis=0)).all()


def test_images_do_not_change_each_others_projection(gan):
    targets = gan.generate(3, seed=70)
    options = {"steps": 20, "candidates": 16, "restarts": 2}
    together = latent.project(gan, targets, **options)
    alone = latent.project(gan, targets[1:2] / np.float32(127.5) - 1, **options)
    np.testing.assert_allclose(together.points[1:2], alone.points, atol=2e-3)


def test_an_encoder_gives_the_start(gan):
    """A model that knows the latents of an image starts, and stays, there."""
    point = latent.Space(gan).from_seeds([123])
    encoding = make("DCGAN")
    encoding.set_weights(gan.get_weights())
    encoding.encode = lambda images: tf.repeat(point, len(images), axis=0)
    found = latent.project(encoding, gan.generate(1, seed=123), steps=0, candidates=2, restarts=1)
    np.testing.assert_array_equal(found.points, point)


def test_gradients_flow_through_every_packaged_extractor():
    """Against central differences of the distance of one image, along a random direction."""
    rng = np.random.default_rng(0)
    for name, size in (("lenet_fashion_mnist", 28), ("efficientnet_lite0", 24)):
        measure = extractors.get(name)
        first, second, way = rng.uniform(60, 190, (3, 1, size, size, 1)).astype(np.float32)
        image = tf.constant(first)
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = measure.between(image, second)
        slope = float(np.sum(tape.gradient(value, image) * (way - 125)))
        ends = [measure.between(first + s * (way - 125), second).numpy() for s in (2e-3, -2e-3)]
        expected = (ends[0] - ends[1]).item() / 4e-3
        assert slope == pytest.approx(expected, rel=0.1, abs=1e-5)


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (
            np.zeros([1, 9, 8, 1], np.uint8),
            {},
            ValueError,
            r"\[N, 8, 8, 1\]. Received shape \(1, 9",
        ),
        (np.zeros([8, 8, 1], np.uint8), {}, ValueError, r"Received shape \(8, 8, 1\)"),
        (np.zeros([0, 8, 8, 1], np.uint8), {}, ValueError, r"Received shape \(0, 8, 8, 1\)"),
        (np.zeros([1, 8, 8, 1], np.int64), {}, TypeError, "Received dtype int64"),
        (np.full([1, 8, 8, 1], 200.0), {}, ValueError, r"Received floats in \[200, 200\]"),
        (np.full([1, 8, 8, 1], np.nan), {}, ValueError, r"Received floats in \[nan, nan\]"),
        (np.zeros([1, 8, 8, 1]), {"steps": -1}, ValueError, "Received: steps=-1"),
        (np.zeros([1, 8, 8, 1]), {"restarts": 9, "candidates": 8}, ValueError, "no fewer than"),
        (np.zeros([1, 8, 8, 1]), {"learning_rate": 0}, ValueError, "learning_rate must be above 0"),
        (np.zeros([1, 8, 8, 1]), {"labels": 1}, ValueError, "DCGAN takes no labels"),
        (np.zeros([1, 8, 8, 1]), {"extractor": "x"}, ValueError, "There is no extractor 'x'"),
    ],
)
def test_what_projection_refuses(gan, images, options, error, message):
    with pytest.raises(error, match=message):
        latent.project(gan, images, **options)


# === Directions ===


def test_closed_form_directions_are_numpys_singular_vectors(gan):
    """The rows of Vᵀ up to sign, to 1e-4; no other unit vector is stretched more than the first."""
    kernel = gan.ema_generator.layers[1].get_weights()[0]  # [latent_dim, units]
    _, values, rows = np.linalg.svd(kernel.T.astype(np.float64))
    found = latent.closed_form_directions(gan, 4)
    np.testing.assert_allclose(found.strengths, values, rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.directions @ rows.T), np.eye(4), atol=1e-4)
    others = np.random.default_rng(0).normal(size=(1000, 4))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    first = np.linalg.norm(kernel.T @ found.directions[0])
    assert first >= np.linalg.norm(others @ kernel, axis=1).max()


def test_only_the_latents_part_of_a_kernel_counts(conditional):
    """ConditionalGAN's first layer takes latents and a label's embedding side by side."""
    kernel = next(w for w in conditional.ema_generator.get_weights() if w.shape[0] == 8)
    np.testing.assert_allclose(first_maps(conditional), [kernel[:4].T], rtol=1e-5)


def test_what_comes_before_the_first_layer_is_taken_along():
    """Latents that are cut in two, one half for each of two layers, and scaled."""

    class Split(tfgan_zoo.DCGAN):
        def build_generator(self):
            latents = keras.Input([4])
            x = latents / keras.ops.sqrt(keras.ops.mean(latents**2, axis=1, keepdims=True) + 1e-8)
            x = keras.layers.Dense(16, "relu")(x[:, :1]) + keras.layers.Dense(16)(x[:, 1:])
            images = keras.layers.Dense(64, "tanh")(x)
            return keras.Model(latents, keras.layers.Reshape((8, 8, 1))(images))

    gan = Split(image_shape=(8, 8, 1), width=4, latent_dim=4)
    kernels = [w for w in gan.ema_generator.get_weights() if w.shape[-1] == 16 and w.ndim == 2]
    found = np.concatenate([m.T for m in first_maps(gan)], axis=1)
    expected = np.zeros([4, 32])
    expected[:1, :16], expected[1:, 16:] = sorted(kernels, key=len)
    np.testing.assert_allclose(found / found[0, 0], expected / expected[0, 0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [bool, float])
def test_a_known_direction_is_recovered(kind):
    """400 noisy labels by the side of a hyperplane in 12 dimensions: cosine above 0.95."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 12)) * np.linspace(0.5, 2, 12)
    known = rng.normal(size=12)
    known /= np.linalg.norm(known)
    scores = points @ known + 0.2 * rng.normal(size=400) + 0.3
    found = latent.supervised_direction(points, scores > 0 if kind is bool else scores)
    assert found.direction @ known > 0.95
    assert np.linalg.norm(found.direction) == pytest.approx(1, abs=1e-6)
    assert found.accuracy > 0.9 and found.chance < 0.65


def test_labels_without_meaning_are_not_learned():
    rng = np.random.default_rng(0)
    found = latent.supervised_direction(rng.normal(size=(1000, 8)), rng.random(1000) < 0.5)
    assert abs(found.accuracy - 0.5) < 0.05  # three standard errors


@pytest.mark.parametrize("kind", [bool, float])
def test_the_fit_is_the_minimum(kind):
    """The gradient of the penalised loss, in float64, is 0 at the coefficients."""
    from tfgan_zoo.latent import directions

    rng = np.random.default_rng(0)
    points, ridge = rng.normal(size=(60, 3)) + 1, 2.0
    labels = points[:, 0] + rng.normal(size=60)
    labels = labels > 1 if kind is bool else labels
    if kind is bool:
        weights, offset = directions._logistic(points, labels, ridge)
        residual = 1 / (1 + np.exp(-points @ weights - offset)) - labels
    else:
        weights, offset = directions._least_squares(points, labels, ridge)
        residual = points @ weights + offset - labels
    np.testing.assert_allclose(points.T @ residual + ridge * weights, 0, atol=1e-6)
    assert abs(residual.sum()) < 1e-6


def test_samples_of_a_classifier_give_a_direction(gan):
    """A classifier that looks at brightness; moving along the direction makes images brighter."""
    inputs = keras.Input((8, 8, 1))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    middle = float(gan.generate(200, seed=0).mean()) / 127.5 - 1
    logits = keras.ops.concatenate([middle - mean, mean - middle, mean * 0 - 9], axis=-1)
    extractors.register("brightness", keras.Model(inputs, [mean, logits]), (8, 8, 1))
    found = latent.class_direction(gan, "brightness", 0, 1, count=400)
    assert found.accuracy > 0.8 > found.chance
    points = latent.Space(gan).from_seeds(range(50, 60))
    images = latent.edit(gan, points, found.direction, [-1, 0, 1])
    assert images.shape == (10, 3, 8, 8, 1)
    np.testing.assert_array_equal(images[:, 1], gan.generate(10, seed=50))
    dark, same, bright = images.mean(axis=(0, 2, 3, 4))
    assert dark < same < bright


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gan: latent.closed_form_directions(gan, 5), r"count must lie in \[1, 4\]"),
        (lambda gan: latent.edit(gan, np.zeros([1, 4]), np.ones(3), [1]), r"has shape \(4,\)"),
        (lambda gan: latent.edit(gan, np.zeros([1, 3]), np.ones(4), [1]), r"shape \[N, 4\]"),
        (
            lambda gan: latent.edit(gan, np.zeros([1, 4]), np.ones(4), [1], layers=slice(2)),
            r"in the space w\+, not in z",
        ),
        (lambda gan: latent.class_direction(gan, "lenet_mnist", 0, 10), "Two classes of the 10"),
        (lambda gan: latent.supervised_direction(np.ones([9, 2]), np.arange(9)), "bools or floats"),
        (
            lambda gan: latent.supervised_direction(np.ones([99, 2]), np.arange(99) < 3),
            "need 10 samples of each side or more. Received: 3 of one in 99",
        ),
    ],
)
def test_what_directions_refuse(gan, call, message):
    with pytest.raises(ValueError, match=message):
        call(gan)


def test_a_model_with_labels_needs_no_direction_between_them(conditional):
    with pytest.raises(ValueError, match="give it another label"):
        latent.class_direction(conditional, "lenet_mnist", 0, 1)


# === Animations ===


@pytest.mark.parametrize("suffix", ["gif", "apng", "webp"])
def test_an_animation_is_read_back(tmp_path, suffix):
    frames = np.random.default_rng(0).integers(0, 256, (5, 12, 10, 1), np.uint8)
    visualization.write_animation(tmp_path / f"a.{suffix}", frames, fps=25)
    with Image.open(tmp_path / f"a.{suffix}") as animation:
        assert animation.n_frames == 5 and animation.info["loop"] == 0
        for number, frame in enumerate(frames):
            animation.seek(number)
            np.testing.assert_array_equal(np.asarray(animation.convert("L")), frame[..., 0])
            assert animation.info["duration"] == 40


def test_what_animations_refuse(tmp_path):
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    for name, images, fps, message in (
        ("a.mp4", frames, 20, "Animations are .gif, .apng, .webp files"),
        ("a.gif", frames[..., :2], 20, "Frames have shape"),
        ("a.gif", frames, 0, "fps must lie in"),
    ):
        with pytest.raises(ValueError, match=message):
            visualization.write_animation(tmp_path / name, images, fps)


# === Commands ===


@pytest.fixture(scope="module")
def exported(gan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    gan.export(folder, "tiny")
    return folder / "tiny"


def size(path):
    return tf.io.decode_image(path.read_bytes()).shape


def test_interpolate(exported, tmp_path):
    out = tmp_path / "ways.png"
    done = run("interpolate", exported, "--seeds", "0-2", "--frames", 4, "--loop", "--out", out)
    assert done.exit_code == 0, done.output
    assert size(out) == (3 * 10 - 2, 4 * 10 - 2, 1)
    out = tmp_path / "ways.gif"
    options = ["--seeds", "0-2", "--frames", 4, "--scale", 2, "--out", out]
    assert run("interpolate", exported, *options).exit_code == 0
    assert size(out) == (8, 16, 16, 3)


@pytest.mark.full
def test_project(exported, gan, tmp_path):
    np.savez(tmp_path / "real.npz", x_test=gan.generate(3, seed=9))
    out, save = tmp_path / "found.png", tmp_path / "found.npz"
    options = ["--numbers", "0,2", "--steps", 2, "--candidates", 8, "--out", out, "--save", save]
    done = run("project", exported, "--images", tmp_path / "real.npz", *options)
    assert done.exit_code == 0, done.output
    assert size(out) == (18, 18, 1) and "Mean loss: " in done.output
    with np.load(save) as found:
        assert found["points"].shape == (2, 4) and found["losses"].shape == (3, 2)
    visualization.write_png(tmp_path / "one.png", gan.generate(1, seed=9)[0])
    done = run("project", exported, "--images", tmp_path / "one.png", *options[2:])
    assert done.exit_code == 0, done.output
    assert size(out) == (18, 8, 1)


def test_directions(exported, gan, tmp_path):
    out, save = tmp_path / "ways.png", tmp_path / "ways.npz"
    options = ["--count", 2, "--seeds", "0-2", "--frames", 5, "--out", out, "--save", save]
    done = run("directions", exported, *options)
    assert done.exit_code == 0, done.output
    assert size(out) == (6 * 10 - 2, 5 * 10 - 2, 1)
    with np.load(save) as found:
        expected = latent.closed_form_directions(gan, 2).directions
        np.testing.assert_allclose(found["directions"], expected, atol=1e-5)
    out = tmp_path / "ways.gif"
    assert run("directions", exported, *options[:-4], "--out", out).exit_code == 0
    assert size(out) == (8, 18, 28, 3)  # there and back


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["interpolate", "--out", "x.mp4"],
            "--out is a .png, .jpg, .jpeg, .webp, .gif, .apng file",
        ),
        (["interpolate", "--out", "x.png", "--seeds", "3"], "needs 2 seeds or more"),
        (["interpolate", "--out", "x.png", "--frames", "1"], "--frames must be 2 or more"),
        (["mix", "--out", "x.png"], "DCGAN has no styles"),
        (["mix", "--out", "x.bmp"], "--out is a .png, .jpg, .jpeg, .webp, .gif file"),
        (["project", "--images", "./no.npz", "--out", "x.png"], "no folder of images or .npz file"),
        (["directions", "--classes", "3", "--out", "x.png"], "--classes needs two, START,END"),
        (["directions", "--count", "9", "--out", "x.png"], "count must lie in [1, 4]"),
    ],
)
def test_a_mistake_gets_one_line(exported, words, message):
    done = run(words[0], exported, *words[1:])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ") and message in done.output
    assert done.output.count("\n") == 1
