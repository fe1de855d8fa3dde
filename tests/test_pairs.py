"""Pairs and unpaired sets of images: read, matched, jittered alike, refused with a name."""

import collections

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import evaluation
from tfgan_zoo.datasets import (
    array_source,
    load_degraded,
    load_pairs,
    load_unpaired,
    pairs,
    sources,
    stream,
)
from tfgan_zoo.datasets.degraded import degraded
from tfgan_zoo.datasets.unpaired import _zipped


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    tf.io.write_file(str(path), tf.io.encode_png(image))


def picture(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def floats(image):
    return image.astype(np.float32) / 127.5 - 1


@pytest.fixture
def side_by_side(tmp_path):
    for number in range(4):
        write(tmp_path / "train" / f"{number}.png", picture(number, 8, 24, 3))
    return tmp_path


@pytest.mark.parametrize("swap", [False, True])
def test_side_by_side(side_by_side, swap):
    data = load_pairs(side_by_side, batch_size=4, shuffle=False, swap=swap)
    batch = next(iter(data))
    halves = [
        (floats(picture(i, 8, 24, 3)[:, :12]), floats(picture(i, 8, 24, 3)[:, 12:]))
        for i in range(4)
    ]
    first, second = ("targets", "images") if swap else ("images", "targets")
    np.testing.assert_allclose(batch[first], [pair[0] for pair in halves], atol=1e-6)
    np.testing.assert_allclose(batch[second], [pair[1] for pair in halves], atol=1e-6)
    assert data.source.image_shape == (8, 12, 3)


def test_two_folders_are_matched_by_name(tmp_path):
    for number in range(3):
        write(tmp_path / "a" / f"{number}.png", picture(number, 6, 6, 3))
        write(tmp_path / "b" / f"{number}.jpg", picture(number + 10, 6, 6, 3))
    data = load_pairs((tmp_path / "a", tmp_path / "b"), batch_size=3, shuffle=False)
    batch = next(iter(data))
    np.testing.assert_allclose(batch["images"][2], floats(picture(2, 6, 6, 3)), atol=1e-6)
    np.testing.assert_allclose(batch["targets"][2], floats(picture(12, 6, 6, 3)), atol=1e-6)
    write(tmp_path / "a" / "alone.png", picture(1, 6, 6, 3))
    with pytest.raises(ValueError, match="1 files have no partner.*alone"):
        load_pairs((tmp_path / "a", tmp_path / "b"))


def test_flips_and_crops_are_those_of_the_pair(tmp_path):
    """Targets are the inverted images, and stay so through all that is drawn."""
    for number in range(4):
        image = picture(number, 32, 32, 3)
        write(tmp_path / f"{number}.png", np.concatenate([image, 255 - image], axis=1))
    data = load_pairs(tmp_path, image_size=16, batch_size=4, crop="random", flip=True, seed=1)
    steps = [
        next(
            iter(
                load_pairs(tmp_path, image_size=16, batch_size=4, crop="random", flip=True, seed=s)
            )
        )
        for s in range(3)
    ]
    for batch in steps:
        np.testing.assert_allclose(batch["images"], -batch["targets"], atol=2 / 255)
    assert data.source.image_shape == (16, 16, 3)
    assert (steps[0]["images"].numpy() != steps[1]["images"].numpy()).any()


def test_npz(tmp_path):
    images, targets = picture(0, 5, 8, 8, 3), picture(1, 5, 8, 8, 3)
    np.savez(tmp_path / "pairs.npz", images=images, targets=targets)
    batch = next(iter(load_pairs(tmp_path / "pairs.npz", batch_size=5, shuffle=False)))
    np.testing.assert_allclose(batch["targets"], floats(targets), atol=1e-6)
    np.savez(tmp_path / "half.npz", images=images)
    with pytest.raises(ValueError, match="no array named 'targets'"):
        load_pairs(tmp_path / "half.npz")
    np.savez(tmp_path / "other.npz", images=images, targets=targets[:4])
    with pytest.raises(ValueError, match="do not match"):
        load_pairs(tmp_path / "other.npz")


def test_an_odd_width_is_no_pair(tmp_path):
    write(tmp_path / "1.png", picture(0, 4, 7, 3))
    with pytest.raises(ValueError, match="7 columns"):
        load_pairs(tmp_path)


def unpaired(tmp_path, counts=(6, 4)):
    for letter, count in zip("AB", counts, strict=True):
        for number in range(count):
            value = 10 * number + (5 if letter == "B" else 0)
            image = np.full((4, 4, 3), value, np.uint8)
            write(tmp_path / f"train{letter}" / f"{number:03}.png", image)
    return tmp_path


def values(images):
    return np.round((np.asarray(images)[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def test_unpaired_sets_have_orders_of_their_own(tmp_path):
    """Every target comes equally often, over all epochs, whichever the other set's size is."""
    source = load_unpaired(unpaired(tmp_path)).source
    assert source.count == 6
    seen = collections.Counter()
    for step in range(8):
        indices = tf.range(3, dtype=tf.int64)
        batch = source.fetch(indices, tf.constant([7, step], tf.int64))
        seen.update(values(batch["targets"]))
        again = source.fetch(indices, tf.constant([7, step], tf.int64))
        np.testing.assert_array_equal(again["targets"], batch["targets"])
    assert seen == {5: 6, 15: 6, 25: 6, 35: 6}
    other = [
        source.fetch(tf.range(4, dtype=tf.int64), tf.constant([s, 0], tf.int64)) for s in (1, 2, 3)
    ]
    assert len({tuple(values(batch["targets"])) for batch in other}) > 1


def test_unpaired_test_split(tmp_path):
    for part in ("testA", "testB"):
        write(tmp_path / part / "0.png", picture(7, 8, 8, 3))
    assert load_unpaired(tmp_path, "test").source.count == 1


def test_unpaired_images_and_swap(tmp_path):
    folder = unpaired(tmp_path)
    batch = next(iter(load_unpaired(folder, batch_size=6, shuffle=False)))
    assert values(batch["images"]) == [0, 10, 20, 30, 40, 50]
    batch = next(iter(load_unpaired(folder, batch_size=6, shuffle=False, swap=True)))
    assert values(batch["images"]) == [5, 15, 25, 35, 5, 15]
    pair = load_unpaired((folder / "trainA", folder / "trainB"), batch_size=6, shuffle=False)
    assert values(next(iter(pair))["images"]) == [0, 10, 20, 30, 40, 50]


def greys(images):
    return np.round((np.asarray(images)[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def test_partners_are_found_by_names_without_endings(tmp_path):
    """ "a.bmp" stands before "a.c.png", and "a.png" behind it."""
    for folder, name, grey in (
        ("a", "x.bmp", 20), ("a", "x.c.png", 40), ("b", "x.png", 20), ("b", "x.c.png", 40),
    ):  # fmt: skip
        (tmp_path / folder).mkdir(exist_ok=True)
        Image.new("RGB", (4, 4), (grey,) * 3).save(tmp_path / folder / name)
    data = load_pairs((tmp_path / "a", tmp_path / "b"), batch_size=2, shuffle=False)
    batch = next(iter(data))
    assert greys(batch["images"]) == greys(batch["targets"]) == [20, 40]


def test_a_pair_is_skipped_whole(tmp_path):
    for folder in "ab":
        for number in (1, 2, 3):
            write(tmp_path / folder / f"{number}.png", np.full((4, 4, 3), 20 * number, np.uint8))
    (tmp_path / "a" / "1.png").write_bytes(b"no picture")
    (tmp_path / "b" / "2.png").write_bytes(b"no picture")
    folders = (tmp_path / "a", tmp_path / "b")
    with pytest.raises(ValueError, match="1.png"):
        load_pairs(folders)
    with pytest.warns(UserWarning, match="Skipped"):
        data = load_pairs(folders, shuffle=False, on_unreadable="skip")
    assert data.source.count == 1
    batch = next(iter(data))
    assert greys(batch["images"]) == greys(batch["targets"]) == [60]


@pytest.mark.parametrize("swap", [False, True])
def test_images_and_targets_of_other_channels(tmp_path, swap):
    images, targets = picture(0, 3, 8, 8, 3), picture(1, 3, 8, 8, 1)
    np.savez(tmp_path / "pairs.npz", images=images, targets=targets)
    data = load_pairs(tmp_path / "pairs.npz", batch_size=3, shuffle=False, swap=swap, flip=True)
    batch = next(iter(data))
    assert (batch["images"].shape[-1], batch["targets"].shape[-1]) == ((1, 3) if swap else (3, 1))
    assert data.source.image_shape == (8, 8, 1 if swap else 3)


def test_what_holds_no_pairs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="load_unpaired"):
        load_pairs(unpaired(tmp_path / "both"))
    write(tmp_path / "sizes" / "1.png", picture(0, 4, 8, 3))
    write(tmp_path / "sizes" / "2.png", picture(0, 4, 12, 3))
    with pytest.raises(ValueError, match="must have one size"):
        load_pairs(tmp_path / "sizes", image_size=4)
    (tmp_path / "p.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="two folders"):
        load_pairs((tmp_path / "p.npz", tmp_path / "p.npz"))


@pytest.mark.parametrize(
    ("size", "is_pair"), [((48, 32), True), ((33, 22), True), ((64, 64), False), ((64, 96), False)]
)
def test_partners_have_one_form(tmp_path, size, is_pair):
    """Cut to one size, they must show the same; a pixel of rounding is none."""
    write(tmp_path / "a" / "it.png", picture(0, 96, 64, 3))
    write(tmp_path / "b" / "it.png", picture(1, *size, 3))
    folders = (tmp_path / "a", tmp_path / "b")
    pairs = evaluation.pairs_from_data(folders, image_size=16)
    pairs.images.read(0)
    if is_pair:
        load_pairs(folders, image_size=16)
        assert pairs.targets.read(0).shape == (16, 16, 3)
        return
    with pytest.raises(
        ValueError, match=f"it.png has 96 x 64 pixels, and its partner .*{size[0]} x"
    ):
        load_pairs(folders, image_size=16)
    with pytest.raises(ValueError, match="they would not show the same"):
        pairs.targets.read(0)


@pytest.mark.parametrize(
    ("loader", "options"),
    [(load_pairs, {}), (load_unpaired, {}), (load_degraded, {"degradation": "grey"})],
    ids=["pairs", "unpaired", "degraded"],
)
@pytest.mark.parametrize(
    "given", [{"batch_size": 0}, {"batch_size": 2.9}, {"batch_size": True}, {"seed": 1.7}]
)
def test_numbers_are_checked_by_every_loader(side_by_side, loader, options, given):
    folder = side_by_side / "train"
    path = folder if loader is load_degraded else (folder, folder)
    (name,) = given
    with pytest.raises(ValueError, match=f"{name} must be an integer from"):
        loader(path, image_size=8, **options, **given)


# === How often one picture may come ===


def thrice(*shape):
    return array_source(np.zeros((6, *shape), np.uint8))._replace(repeats=3)


@pytest.mark.parametrize(
    "made",
    [
        lambda: degraded(thrice(4, 4, 1), lambda targets, seed: targets),
        lambda: pairs._halved(thrice(4, 8, 1), "folder"),
        lambda: pairs._parted(thrice(4, 4, 2), 1, False),
        lambda: pairs._joined(thrice(4, 4, 1), thrice(4, 4, 1)._replace(repeats=1), "folder"),
        lambda: pairs._resized(thrice(4, 4, 1), (2, 2)),
        lambda: sources.in_memory(thrice(4, 4, 1)),
        lambda: sources._resized(thrice(4, 4, 1), (2, 2), 3),
    ],
)
def test_sources_that_are_made_of_others_repeat_as_often(made):
    """Or a model with privacy would count a picture once that comes three times."""
    assert made().repeats == 3


@pytest.mark.parametrize(
    ("images", "targets", "often"), [(3, 7, 3), (7, 3, 3), (5, 5, 2), (1, 1, 1)]
)
def test_unpaired_pictures_come_no_more_often_than_is_said(images, targets, often):
    """Over any epoch, wherever the permutations of the targets begin in it."""
    sets = [
        np.broadcast_to(np.arange(n)[:, None, None, None], (n, 2, 2, 1)) for n in (images, targets)
    ]
    source = _zipped(*[array_source(np.uint8(values)) for values in sets])
    assert source.repeats == often
    steps = iter(stream(source, 1))
    seen, most = [next(steps) for _ in range(8 * source.count)], 0
    for first in range(0, len(seen), source.count):
        for name in ("images", "targets"):
            epoch = [float(step[name][0, 0, 0, 0]) for step in seen[first : first + source.count]]
            most = max(most, *collections.Counter(epoch).values())
    assert most <= often
    assert most == often or images == targets
