"""Data that a resumed run reads on exactly, from arrays, files and TFDS."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.datasets import array_source, load, stream


def numbered(count, size=2):
    """A source whose image number n has label n and one pixel of value n modulo 256."""
    images = np.zeros((count, size, size, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(count) % 256
    return array_source(images, np.arange(count))


def labels_of(data, steps):
    return np.stack([batch["labels"].numpy() for batch in data.take(steps)])


def write_images(folder, count, size=(8, 8), seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (count, *size, 3), np.uint8)
    for number, image in enumerate(pixels):
        tf.io.write_file(str(folder / f"{number:03}.png"), tf.io.encode_png(image))
    return pixels


def same(first, second):
    batches = zip(first, second, strict=True)
    return all(np.array_equal(a[k], b[k]) for a, b in batches for k in a)


# === The stream ===


@pytest.mark.parametrize("count", [12, 13, 100])
def test_an_epoch_is_a_permutation_of_its_own(count):
    steps = count // 4
    first, second = np.split(labels_of(stream(numbered(count), 4), 2 * steps).ravel(), 2)
    assert len(set(first)) == len(set(second)) == 4 * steps
    assert set(first) <= set(range(count))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.sort(first))


def test_the_images_left_out_differ_between_epochs():
    epochs = labels_of(stream(numbered(13), 4), 3 * 20).reshape(20, 12)
    assert len({(set(range(13)) - set(epoch)).pop() for epoch in epochs}) > 5


def test_the_orders_of_two_epochs_are_not_correlated():
    epochs = labels_of(stream(numbered(60_000), 60_000), 12)
    correlations = np.corrcoef(epochs)[np.triu_indices(12, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(60_000)  # five standard deviations of chance


@pytest.mark.parametrize("start", [1, 3, 7, 1_000_000])
def test_starting_at_a_step_equals_skipping_to_it(start):
    late = labels_of(stream(numbered(13), 4, start_step=start), 5)
    if start < 100:
        assert np.array_equal(late, labels_of(stream(numbered(13), 4).skip(start), 5))
    assert np.array_equal(late[1:], labels_of(stream(numbered(13), 4, start_step=start + 1), 4))


def test_seeds_give_orders_of_their_own():
    seeds = (0, 1, -1, 256, 2**31, 2**40, 2**63)
    orders = {labels_of(stream(numbered(50), 50, seed=s), 1).tobytes() for s in seeds}
    assert len(orders) == len(seeds)


def test_no_order_comes_again_after_256_epochs():
    orders = labels_of(stream(numbered(50), 50), 600)
    assert len(np.unique(orders, axis=0)) == 600


def test_without_shuffling_the_order_is_that_of_the_source():
    found = labels_of(stream(numbered(5), 2, shuffle=False), 3)
    assert found.tolist() == [[0, 1], [2, 3], [0, 1]]


def test_pixels_become_floats_exactly():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    batch = next(iter(stream(array_source(pixels), 1)))
    assert batch["images"].dtype == tf.float32 and set(batch) == {"images"}
    assert np.array_equal(batch["images"], pixels.astype(np.float32) / np.float32(127.5) - 1)
    floats = np.random.default_rng(0).uniform(-1, 1, (1, 2, 2, 3)).astype(np.float32)
    assert np.array_equal(next(iter(stream(array_source(floats), 1)))["images"], floats)


def test_replicas_get_the_halves_of_each_step_in_place(mirrored):
    whole = labels_of(stream(numbered(50), 8), 3)
    parts = iter(mirrored.experimental_distribute_dataset(stream(numbered(50), 8)))
    for expected in whole:
        halves = mirrored.experimental_local_results(next(parts)["labels"])
        assert np.array_equal(np.stack(halves), expected.reshape(2, 4))


def test_a_step_larger_than_the_source_is_refused():
    with pytest.raises(ValueError, match="has 5 images, and one step uses 8. Give a smaller"):
        stream(numbered(5), 8)


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (np.zeros((2, 4, 4), np.uint8), None, ValueError, r"height, width, channels.*\(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 1), np.int32), None, TypeError, "uint8 or floats. Received: int32"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0.5, 1.0], TypeError, "integers. Received: float64"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0], ValueError, r"2 images, shape \(2,\).*\(1,\)"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(images, labels, error, message):
    with pytest.raises(error, match=message):
        array_source(images, labels)


def test_importing_the_stream_does_not_import_tfds():
    code = "import sys, tfgan_zoo.datasets; sys.exit('tensorflow_datasets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# === load ===


def test_the_built_in_set():
    data = load("fashion_mnist_10k", batch_size=100)
    source = data.source
    assert (source.count, source.image_shape, source.num_classes) == (10_000, (28, 28, 1), 10)
    assert int(data.cardinality()) == 100 and data.batch_size == 100
    labels = np.concatenate([batch["labels"] for batch in data])
    assert np.bincount(labels).tolist() == [1000] * 10
    package = resources.files("tfgan_zoo.datasets")
    assert len((package / "fashion_mnist_10k.npz").read_bytes()) < 6_000_000
    assert "Zalando SE" in (package / "LICENSE.fashion_mnist").read_text()
    assert same(data.take(2), stream(source, 100).take(2))


def test_a_folder_and_its_labels(tmp_path):
    dogs = write_images(tmp_path / "train" / "dogs", 3, seed=1)
    cats = write_images(tmp_path / "train" / "cats", 2, seed=2)
    data = load(tmp_path, batch_size=2, shuffle=False)
    batches = list(data)
    assert [len(batch["images"]) for batch in batches] == [2, 2, 1]
    assert np.concatenate([b["labels"] for b in batches]).tolist() == [0, 0, 1, 1, 1]
    pixels = np.concatenate([b["images"] for b in batches])
    assert np.array_equal(np.round((pixels + 1) * 127.5), np.concatenate([cats, dogs]))
    assert set(next(iter(load(tmp_path, batch_size=2, labels=False)))) == {"images"}


@pytest.mark.parametrize("options", [{}, {"flip": True, "crop": "random", "channels": 1}])
def test_the_cache_changes_nothing(tmp_path, options):
    write_images(tmp_path, 9, (20, 30))
    arguments = {"image_size": (8, 10), "batch_size": 3} | options
    cached, read_anew = (load(tmp_path, cache=cache, **arguments) for cache in (True, False))
    assert cached.source.image_shape == (8, 10, options.get("channels", 3))
    assert same(cached, read_anew)


@pytest.mark.parametrize("option", [{"flip": True}, {"crop": "random"}])
def test_what_is_drawn_follows_from_seed_and_step(tmp_path, option):
    write_images(tmp_path, 4, (9, 9))
    source = load(tmp_path, image_size=8, batch_size=4, **option).source
    first, again, other = (
        np.stack([b["images"] for b in stream(source, 4, seed=s, shuffle=False).take(6)])
        for s in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert all(len(np.unique(first[:, image], axis=0)) > 1 for image in range(4))
    late = next(iter(stream(source, 4, start_step=5, shuffle=False)))["images"]
    assert np.array_equal(late, first[5])


def test_a_flip_mirrors_half_of_the_images(tmp_path):
    images = np.zeros((200, 1, 3, 1), np.float32)
    images[:, 0, 0], images[:, 0, 1:] = 1, -1
    np.savez(tmp_path / "a.npz", images=images)
    batch = next(iter(load(tmp_path / "a.npz", batch_size=200, flip=True)))["images"]
    assert {tuple(row) for row in batch.numpy()[:, 0, :, 0]} == {(1, -1, -1), (-1, -1, 1)}
    assert 70 < np.sum(batch[:, 0, 0] > 0) < 130


@pytest.mark.parametrize("cache", [True, False])
def test_unreadable_images_are_named_or_skipped(tmp_path, cache):
    write_images(tmp_path, 4)
    (tmp_path / "001.png").write_bytes(b"text")
    (tmp_path / "002.png").write_bytes((tmp_path / "002.png").read_bytes()[:60])
    named = r"(?s)2 of 4 images.*001\.png: It is no image.*002\.png: .*skip"
    with pytest.raises(ValueError, match=named):
        load(tmp_path, cache=cache)
    with pytest.warns(UserWarning, match=r"2 of 4 images.*\n.*001\.png") as warned:
        data = load(tmp_path, batch_size=2, cache=cache, on_unreadable="skip")
    assert len(warned) == 1 and data.source.count == 2
    assert len(next(iter(data))["images"]) == 2


def test_images_of_many_sizes_need_a_size(tmp_path):
    write_images(tmp_path / "a", 1, (8, 8))
    write_images(tmp_path / "b", 1, (8, 9))
    with pytest.raises(ValueError, match=r"(?s)1 of 2 images.*b/000\.png.*image_size"):
        load(tmp_path)
    assert load(tmp_path, image_size=4, batch_size=2).source.image_shape == (4, 4, 3)


def test_transparency_lies_on_white_and_the_middle_is_kept(tmp_path):
    image = np.zeros((4, 8, 4), np.uint8)
    image[:, 2:6] = [0, 0, 0, 255]  # a black square in the middle of nothing
    for suffix, size in (("a", (4, 8)), ("b", 4)):
        tf.io.write_file(str(tmp_path / suffix / "0.png"), tf.io.encode_png(image))
        with pytest.warns(UserWarning, match="1 of 1 transparent, laid on white .channels=4"):
            batch = next(iter(load(tmp_path / suffix, image_size=size, batch_size=1)))["images"][0]
        assert np.all(batch[:, -6 if size == 4 else 2 : 6] == -1)
    with pytest.warns(UserWarning, match="laid on white"):
        wide = next(iter(load(tmp_path / "a", batch_size=1, channels=1)))["images"][0, 0, :, 0]
    assert wide.numpy().tolist() == [1, 1, -1, -1, -1, -1, 1, 1]


def test_npz_splits_and_shapes(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (6, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(6)[:, None], x_test=x[:2])
    train, test = (load(tmp_path / "a.npz", split, batch_size=2) for split in ("train", "test"))
    assert (train.source.count, train.source.num_classes) == (6, 6)
    assert (test.source.count, test.source.num_classes) == (2, None)
    assert load(tmp_path / "a.npz", image_size=6, channels=3, batch_size=6).source.image_shape == (
        6,
        6,
        3,
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros((1, 2, 2, 1), np.uint8)}, r"'train'.*It has \['pictures'\]"),
        ({"x": np.full((1, 2, 2, 1), 255.0)}, r"float64 in \[255, 255\].*astype\('uint8'\)"),
        ({"x": np.full((1, 2, 2, 1), np.nan)}, "float64 in"),
        ({"x": np.zeros((1, 2, 2, 1), np.int64)}, "int64 in"),
    ],
)
def test_npz_files_that_cannot_be_used_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "a.npz")


def test_folders_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(ValueError, match="has no images: no files ending in .apng"):
        load(tmp_path)
    with pytest.raises(ValueError, match="no subfolder 'test'"):
        load(tmp_path, "test")
    with pytest.raises(FileNotFoundError, match="no folder of images or .npz file at .*nowhere"):
        load(tmp_path / "nowhere")
    write_images(tmp_path, 1)
    write_images(tmp_path / "class", 1)
    with pytest.raises(ValueError, match=r"class/000\.png.*beside them \(000\.png\)"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": "middle"}, "crop must be one of"),
        ({"crop": "random"}, "crop='random' needs image_size"),
        ({"channels": 2}, r"channels must be one of \(None, 1, 3, 4\). Received: 2"),
        ({"cache": "no"}, "cache must be"),
        ({"on_unreadable": "ignore"}, "on_unreadable must be"),
        ({"split": "test"}, "fashion_mnist_10k.npz has no images for the split 'test'"),
        ({"batch_size": 20_000}, "10000 images, and one step uses 20000"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load("fashion_mnist_10k", **options)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("fashon_mnist", ValueError, r"Near names: .*fashion_mnist.*folder.*npz"),
        ("mnist:9.9.9", ValueError, "cannot open 'mnist:9.9.9'.*only: 3.0.1"),
        ("a/b/c", ValueError, "cannot open 'a/b/c'"),
        ("celeb_a_hq/64", RuntimeError, "not prepared at .*celeb_a_hq.*(?s:.)*TFDS_DATA_DIR"),
    ],
)
def test_tfds_names_that_cannot_be_used_are_refused(tmp_path, name, error, message):
    with pytest.raises(error, match=message):
        load(name, data_dir=tmp_path)


def test_tfds_images_are_those_that_tfds_reads(data_dir, monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir / "tfds"))
    split = "test[100:300]+train[:50]"
    (batch,) = load("fashion_mnist", split, batch_size=250, shuffle=False)
    builder = tfds.builder("fashion_mnist", data_dir=data_dir / "tfds")
    parts = [tfds.as_numpy(builder.as_dataset(split=s)) for s in split.split("+")]
    expected = [example for part in parts for example in part]
    images = np.stack([example["image"] for example in expected])
    assert np.array_equal(batch["images"], images / np.float32(127.5) - 1)
    assert np.array_equal(batch["labels"], [example["label"] for example in expected])


def test_tfds_read_anew_equals_the_cache(data_dir):
    arguments = {"data_dir": data_dir / "tfds", "image_size": 16, "flip": True, "channels": 3}
    cached, anew = (load("mnist", "test[:500]", cache=c, **arguments) for c in (True, False))
    assert cached.source.num_classes == anew.source.num_classes == 10
    assert same(cached, anew)
    with pytest.raises(ValueError, match="no split 'valid'.* Its splits: test, train"):
        load("mnist", "valid", data_dir=data_dir / "tfds")


def test_records_that_are_damaged_or_would_end_the_process_are_refused(tmp_path):
    from tfgan_zoo.datasets.images import decode
    from tfgan_zoo.datasets.records import _record_places

    with tf.io.TFRecordWriter(str(tmp_path / "a")) as writer:
        writer.write(b"one")
        writer.write(b"another")
    starts, lengths = _record_places(tmp_path / "a")
    contents = (tmp_path / "a").read_bytes()
    records = [contents[s : s + n] for s, n in zip(starts, lengths, strict=True)]
    assert records == [b"one", b"another"]
    for cut in (len(contents) - 1, len(contents) - 20):
        (tmp_path / "a").write_bytes(contents[:cut])
        with pytest.raises(ValueError, match="cut off or damaged"):
            _record_places(tmp_path / "a")
    with pytest.raises(tf.errors.InvalidArgumentError, match="WebP in a record"):
        decode(b"RIFF....WEBPVP8X", (4, 4), 3)


def test_no_tuner_that_an_iterator_would_wait_for_at_its_end():
    source = array_source(np.zeros((8, 4, 4, 1), np.float32))
    for data in (stream(source, 4, seed=0), load("fashion_mnist_10k")):
        assert data.options().autotune.enabled is False
