"""Images made of their targets: what is lost, what is kept, draws that follow from seed and step."""

import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo.datasets import array_source, degraded, load_degraded, stream
from tfgan_zoo.datasets.degradations import DEGRADATIONS, _distances_squared, boxed, brushed

HOLES = ["free_form", "box"]


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        image = tf.io.encode_png(pixels(16, 12, 3, seed=number))
        tf.io.write_file(str(tmp_path / "photos" / f"{number}.png"), image)
    return tmp_path / "photos"


def one(data):
    return {name: value.numpy() for name, value in next(iter(data)).items()}


def seed(first, step=0):
    return tf.constant([first, step], tf.int64)


# === Loading ===


def test_grey_is_the_luma_of_the_target(folder):
    data = load_degraded(folder, batch_size=6, degradation="grey", flip=True)
    batch = one(data)
    expected = np.float64(batch["targets"]) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(batch["images"][..., 0], expected, atol=1e-6)
    assert data.source.image_shape == (16, 12, 1) and data.source.count == 6
    assert batch["targets"].shape == (6, 16, 12, 3)


@pytest.mark.parametrize("name", HOLES)
def test_holes_are_transparent_and_nothing_else_is_changed(folder, name):
    batch = one(load_degraded(folder, batch_size=6, degradation=name))
    colours, alpha = np.split(batch["images"], [3], axis=-1)
    known = alpha == 1
    assert np.isin(alpha, (-1, 1)).all() and known.any((1, 2, 3)).all()
    assert not known.all((1, 2, 3)).any()
    np.testing.assert_array_equal(colours, np.where(known, batch["targets"], 0))


@pytest.mark.parametrize("name", sorted(DEGRADATIONS))
def test_a_stream_goes_on_where_it_was(folder, name):
    source = load_degraded(folder, batch_size=2, degradation=name, flip=True).source
    whole = [one([batch]) for batch in stream(source, 2, seed=3).take(5)]
    for step, batch in enumerate(stream(source, 2, start_step=3, seed=3).take(2)):
        for key, value in one([batch]).items():
            np.testing.assert_array_equal(value, whole[3 + step][key])
    if name != "grey":
        holes = [batch["images"][..., 3].tobytes() for batch in whole]
        assert len(set(holes)) == 5


def test_masks_of_a_folder(folder, tmp_path):
    """Holes are where a mask is white, each image's one of them, resized."""
    masks = np.zeros((2, 16, 12, 1), np.uint8)
    masks[0, :8], masks[1, :, :6] = 255, 128
    for number, mask in enumerate(masks):
        tf.io.write_file(str(tmp_path / "masks" / f"{number}.png"), tf.io.encode_png(mask))
    found = set()
    for number in range(4):
        data = load_degraded(folder, batch_size=6, degradation=tmp_path / "masks", seed=number)
        batch = one(data)
        for holes, image, target in zip(
            batch["images"][..., 3] < 0, batch["images"], batch["targets"], strict=True
        ):
            [which] = [i for i in (0, 1) if (holes == (masks[i, ..., 0] > 127)).all()]
            found.add(which)
            np.testing.assert_array_equal(image[~holes, :3], target[~holes])
    assert found == {0, 1}
    np.savez(tmp_path / "masks.npz", images=masks)
    masks = str(tmp_path / "masks.npz")
    data = load_degraded(folder, image_size=8, batch_size=2, degradation=masks)
    assert data.source.image_shape == (8, 8, 4)


def halved(targets, seed):
    return targets[:, ::2, ::2]


def test_a_function_and_a_scale(folder):
    data = load_degraded(folder, image_size=4, batch_size=6, degradation=halved, scale=2)
    batch = one(data)
    assert batch["targets"].shape == (6, 8, 8, 3) and data.source.image_shape == (4, 4, 3)
    np.testing.assert_array_equal(batch["images"], batch["targets"][:, ::2, ::2])
    source = degraded(array_source(pixels(5, 8, 8, 1)), lambda targets, seed: -targets)
    batch = source.fetch(tf.range(5, dtype=tf.int64), seed(0))
    np.testing.assert_array_equal(batch["images"], -batch["targets"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"degradation": "gray"}, ValueError, "Did you mean 'grey'"),
        ({"degradation": 3}, TypeError, "a function. Received: 3"),
        ({"degradation": "./nowhere"}, FileNotFoundError, "nowhere"),
        ({"degradation": "grey", "channels": 1}, ValueError, "Give channels=3"),
        ({"degradation": halved}, ValueError, "targets must be 1 times as high"),
        ({"degradation": "grey", "scale": 2}, ValueError, "targets must be 2 times"),
        ({"degradation": "grey", "scale": 0}, ValueError, "scale must be"),
        ({"degradation": lambda t, s: t[0]}, ValueError, r"made: \(16, 12, 3\)"),
        ({"degradation": lambda t, s: None}, TypeError, "float32 images"),
    ],
)
def test_what_cannot_be_used_is_refused(folder, options, error, message):
    with pytest.raises(error, match=message):
        load_degraded(folder, **options)


def test_fit_reads_it(folder):
    data = load_degraded(folder, image_size=8, batch_size=6, degradation="grey")
    model = tfgan_zoo.Pix2Pix(
        image_shape=(8, 8, 1), target_channels=3, width=2, discriminator_width=2, patch=16
    )
    model.compile()
    history = model.fit(data, epochs=2, verbose=0).history
    assert np.isfinite(history["g_loss"]).all()


# === Holes ===


def test_boxes_are_rectangles_of_their_sizes_and_reach_all_places():
    holes = boxed(4000, (16, 24), seed(1)).numpy()[..., 0]
    rows, columns = holes.any(2), holes.any(1)
    np.testing.assert_array_equal(holes, rows[:, :, None] & columns[:, None])
    heights, widths = rows.sum(1), columns.sum(1)
    assert set(heights) == {4, 5, 6, 7}
    assert set(widths) == set(range(6, 12))
    assert (np.abs(np.diff(rows.astype(int), axis=1)).sum(1) <= 2).all()
    assert holes.any(0).all() and holes[:, 0].any(0).all() and holes[:, -1].any(0).all()


@pytest.mark.parametrize("make", [boxed, brushed])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (8, 40)])
def test_every_image_has_a_hole(make, size):
    holes = make(64, size, seed(0)).numpy()
    assert holes.shape == (64, *size, 1) and holes.any((1, 2, 3)).all()


@pytest.mark.full
def test_strokes_are_as_large_at_every_size():
    """And about as much of an image at 32 as at 128 pixels, a tenth to a third."""
    shares = [brushed(200, (side, side), seed(2)).numpy().mean() for side in (32, 128)]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert 0.1 < shares[0] < 0.33


def test_a_stroke_has_its_width():
    """A square of 3x3 pixels fits into the narrowest, 12 of 256, nearly everywhere."""
    holes = brushed(16, (64, 64), seed(3)).numpy().astype(np.float32)
    eroded = -tf.nn.max_pool2d(-holes, 3, 1, "SAME")
    opened = tf.nn.max_pool2d(eroded, 3, 1, "SAME").numpy()
    assert (holes - opened).sum() / holes.sum() < 0.1


def test_distances_from_a_segment():
    """Against the least of 2,001 points of it, in float64; a point is its own segment."""
    starts, ends = (
        np.float32([[[1.0, 6.5]], [[2.0, 3.5]]]),
        np.float32([[[6.0, 6.5]], [[7.5, 3.5]]]),
    )
    found = _distances_squared(tf.constant(starts), tf.constant(ends), (8, 10)).numpy()
    pixel = np.stack(np.meshgrid(np.arange(8) + 0.5, np.arange(10) + 0.5, indexing="ij"))
    for number in range(2):
        start, end = starts[:, 0, number], ends[:, 0, number]
        points = np.float64(start) + np.linspace(0, 1, 2001)[:, None] * (end - start)
        distances = ((pixel[:, None] - points.T[:, :, None, None]) ** 2).sum(0).min(0)
        np.testing.assert_allclose(found[0, number], distances, atol=1e-4)


@pytest.mark.full
def test_draws_depend_on_seed_and_step_alone():
    for make in (boxed, brushed):
        first, again = (make(8, (32, 32), seed(4, 5)).numpy() for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert (make(8, (32, 32), seed(4, 6)).numpy() != first).any((1, 2, 3)).all()
        graph = tf.function(lambda s, make=make: make(8, (32, 32), s), autograph=False)
        np.testing.assert_array_equal(graph(seed(4, 5)), first)
