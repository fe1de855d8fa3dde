"""Folders as they lie on disks: what is read, what is left out, and what is said of it."""

import io
import json
import os
import re
import shutil
import warnings
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo.datasets import array_source, load
from tfgan_zoo.datasets.labels import joined, to_numbers

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)


def write(folder, *names, image=PIXELS):
    """Images of those names; a name without a suffix is a class with two images."""
    for name in names:
        for path in (folder / name,) if "." in name else (folder / name / f"{k}.png" for k in "01"):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path, "PNG")
    return folder


def loaded(folder, *arguments, **options):
    """The source of a folder, its labels, and what was said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source = load(folder, *arguments, batch_size=1, **options).source
    said = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert len(said) <= 1
    indices = tf.range(source.count, dtype=tf.int64)
    labels = source.fetch(indices, tf.zeros([2], tf.int64)).get("labels")
    return source, None if labels is None else labels.numpy().tolist(), "".join(said)


# === What is read ===


def test_every_suffix_of_images_and_none(tmp_path):
    names = ["a.png", "b.PNG", "c.jfif", "d.JPG", "e.tif", "f.TIFF", "g.jpe", "h.webp", "i.avif"]
    write(tmp_path, *names)
    shutil.copy(tmp_path / "a.png", tmp_path / "without")
    for other in ("x.heic", "y.txt", "z.txt", "README"):
        (tmp_path / other).write_text("text")
    source, _, said = loaded(tmp_path)
    assert source.count == len(names) + 1
    assert "2 not read: files ending in .txt, such as y.txt" in said
    assert "1 not read: files ending in .heic, such as x.heic" in said
    assert "1 not read: files that are no images, such as README" in said


def test_hidden_folders_are_no_classes(tmp_path):
    hidden = (".ipynb_checkpoints", ".git", "__MACOSX", "@eaDir")
    write(tmp_path, "cat", "dog", *hidden, "cat/._0.png")
    (tmp_path / "Thumbs.db").write_text("")
    source, labels, said = loaded(tmp_path)
    assert source.class_names == ("cat", "dog") and labels == [0, 0, 1, 1]
    assert "6 not read: hidden, or of an operating system, such as .git" in said


def test_links_are_followed_and_loops_are_not(tmp_path):
    write(tmp_path / "real", "dog")
    write(tmp_path / "set", "cow")
    (tmp_path / "set" / "dog").symlink_to(tmp_path / "real" / "dog")
    (tmp_path / "set" / "cow" / "again").symlink_to(tmp_path / "set")
    (tmp_path / "real" / "dog" / "back").symlink_to(tmp_path / "set" / "cow")
    (tmp_path / "set" / "lost").symlink_to(tmp_path / "nowhere")
    source, labels, said = loaded(tmp_path / "set")
    assert source.class_names == ("cow", "dog") and labels.count(0) == 2 and labels.count(1) == 4
    assert "links to a folder around them, such as cow/again" in said
    assert "links that lead nowhere, such as lost" in said


def test_what_cannot_be_opened_is_refused_or_skipped(tmp_path):
    write(tmp_path, "a.png", "b.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "dangling.png").symlink_to("nowhere")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ValueError, match=r"(?s)4 of 6 images.*dangling.*empty.*pipe.*zero.*skip"):
        load(tmp_path)
    source, _, said = loaded(tmp_path, on_unreadable="skip")
    assert source.count == 2 and "4 of 6 images cannot be used" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="to root everything is readable")
def test_folders_without_permission_are_refused(tmp_path):
    write(tmp_path, "cat", "dog")
    (tmp_path / "dog").chmod(0)
    with pytest.raises(ValueError, match=r"(?s)dog: Permission denied.*skip"):
        load(tmp_path)
    (tmp_path / "dog").chmod(0o700)


def test_names_that_are_no_utf8(tmp_path):
    write(tmp_path / "flat", "a.png")
    name = os.fsdecode(b"\xff\xfe.png")
    shutil.copy(tmp_path / "flat" / "a.png", tmp_path / "flat" / name)
    assert loaded(tmp_path / "flat")[0].count == 2
    (tmp_path / "flat" / name).write_text("no image")
    with pytest.raises(ValueError, match=r"\\udcff\\udcfe\.png: It is no image") as error:
        load(tmp_path / "flat")
    str(error.value).encode()
    write(tmp_path / "classes", "cat", os.fsdecode(b"\xff"))
    with pytest.raises(ValueError, match=r"class folder \\udcff is no UTF-8 text"):
        load(tmp_path / "classes")


def test_what_was_reinterpreted_is_said_once_with_counts(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    write(tmp_path, "a.png", "b.png", image=np.zeros((4, 4, 4), np.uint8))
    Image.fromarray(PIXELS).save(tmp_path / "c.jpg", exif=exif)
    frames = [Image.new("RGB", (4, 4), (k, 0, 0)) for k in (0, 250)]
    frames[0].save(tmp_path / "d.webp", save_all=True, append_images=frames[1:])
    deep = np.full((4, 4), 4000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "e.png")
    _, _, said = loaded(tmp_path)
    assert "5 images:" in said
    assert (
        "2 of 5 transparent, laid on white (channels=4 keeps transparency), such as a.png" in said
    )
    assert "1 of 5 rotated upright, as their EXIF orientation says, such as c.jpg" in said
    assert "1 of 5 of several frames or pages, of which the first is read, such as d.webp" in said
    assert "1 of 5 of more than 8 bits a channel, scaled to 8, such as e.png" in said
    assert "largest of their values is 4000 of 65,535" in said and "give bit_depth=12" in said
    assert "bits" not in loaded(tmp_path, bit_depth=12)[2].replace("8 bits a channel", "")


def test_channels(tmp_path):
    write(tmp_path / "grey", "a.png", "b.png", image=PIXELS[..., 0])
    assert loaded(tmp_path / "grey")[0].image_shape == (4, 4, 1)
    assert loaded(tmp_path / "grey", channels=3)[0].image_shape == (4, 4, 3)
    write(tmp_path / "grey", "c.png")
    assert loaded(tmp_path / "grey")[0].image_shape == (4, 4, 3)
    source, _, said = loaded(tmp_path / "grey", channels=4, cache=False)
    batch = source.fetch(tf.range(3, dtype=tf.int64), tf.zeros([2], tf.int64))["images"]
    assert batch.shape == (3, 4, 4, 4) and not said and np.all(batch[..., 3] == 1)


# === Classes and splits ===


def test_classes_have_one_number_in_all_splits(tmp_path):
    write(
        tmp_path,
        "train/cat",
        "train/cow",
        "train/dog",
        "test/cat",
        "test/dog",
        "val/dog",
        "val/ant",
    )
    source, labels, _ = loaded(tmp_path, "test")
    assert source.class_names == ("cat", "cow", "dog") and labels == [0, 0, 2, 2]
    assert source.num_classes == 3
    source, labels, said = loaded(tmp_path, "val")
    assert source.class_names == ("cat", "cow", "dog", "ant") and labels == [3, 3, 2, 2]
    assert "Classes that 'train' does not have: ant" in said


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path / "a", "bus", "car", "train")
    source, labels, said = loaded(tmp_path / "a")
    assert source.class_names == ("bus", "car", "train") and len(labels) == 6
    assert "'train' is read as a class" in said and "bus, car" in said
    write(tmp_path / "b", "train/bus", "train/car", "masks", "stray.png")
    source, _, said = loaded(tmp_path / "b")
    assert source.class_names == ("bus", "car")
    assert (
        "folders with images beside 'train': masks" in said and "images beside the folder" in said
    )


def test_a_split_may_have_any_name(tmp_path):
    write(tmp_path, "trainA", "trainB")
    source, labels, said = loaded(tmp_path, "trainA")
    assert source.count == 2 and labels is None
    assert "folders with images beside 'trainA': trainB" in said


@pytest.mark.parametrize("split", ["train", "tset", "valid"])
def test_splits_that_are_not_there(tmp_path, split):
    write(tmp_path, "Train/cat", "test/cat")
    near = {"train": "Train", "tset": "test", "valid": "Train"}[split]
    with pytest.raises(ValueError, match=f"no subfolder '{split}'.*did you mean '{near}'"):
        load(tmp_path, split)


def test_splits_of_links_are_known(tmp_path):
    write(tmp_path / "far", "cat")
    for split in ("Train", "Test"):
        (tmp_path / "set" / split).mkdir(parents=True)
        (tmp_path / "set" / split / "cat").symlink_to(tmp_path / "far" / "cat")
        (tmp_path / "set" / split / "around").symlink_to(tmp_path / "set")
    with pytest.raises(ValueError, match="no subfolder 'train'.*did you mean 'Train'"):
        load(tmp_path / "set")


def test_a_split_leads_nowhere_else(tmp_path):
    write(tmp_path / "photos", "0.png")
    for split in ("..", ".", "../photos", str(tmp_path)):
        with pytest.raises(ValueError, match="no such split"):
            load(tmp_path / "photos", split)


@pytest.mark.full
def test_folders_may_lie_deep(tmp_path):
    folder = tmp_path / "photos"
    for _ in range(600):
        folder /= "d"
    folder.mkdir(parents=True)
    write(folder, "0.png")
    assert loaded(tmp_path / "photos")[0].class_names == ("d",)


def test_a_class_that_cannot_be_read_is_said(tmp_path):
    write(tmp_path, "cat", "dog")
    for file in (tmp_path / "dog").iterdir():
        file.write_text("no image")
    source, labels, said = loaded(tmp_path, on_unreadable="skip")
    assert source.class_names == ("cat", "dog") and labels == [0, 0]
    assert "No image of class 'dog' is left." in said


def test_what_looks_like_a_mistake_is_said(tmp_path):
    write(tmp_path, "Cat", "cat", "dog/puppy")
    (tmp_path / "empty").mkdir()
    source, labels, said = loaded(tmp_path)
    assert source.class_names == ("Cat", "cat", "dog") and labels == [0, 0, 1, 1, 2, 2]
    assert "Folders without images are no classes: empty" in said
    assert "upper and lower case alone: Cat, cat" in said
    assert "2 images lie deeper: dog/puppy/0.png has the class 'dog'" in said


def test_sources_are_joined_by_names():
    source = array_source(np.zeros((3, 2, 2, 1), np.uint8), ["dog", "cat", "dog"])
    assert source.class_names == ("cat", "dog")
    other = joined(source, ("ant", "dog", "cat"))
    batch = other.fetch(tf.range(3, dtype=tf.int64), tf.zeros([2], tf.int64))
    assert batch["labels"].numpy().tolist() == [1, 2, 1] and other.num_classes == 3
    with pytest.raises(
        ValueError, match="no class 'cat'. Did you mean 'cats'.*classes are: cats, dog"
    ):
        joined(source, ("cats", "dog"))


# === Captions ===


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("[]", 'holds a list. It must be an object {"file": "text"}'),
        ("null", "holds a NoneType"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        ('{"a.png": 1}', "no text for 1 of 1 images, such as a.png"),
        ('{"a.png": "\\ud800"}', "no text for 1 of 1 images"),
    ],
)
def test_captions_of_a_wrong_kind(tmp_path, contents, message):
    write(tmp_path, "a.png")
    contents = contents if isinstance(contents, bytes) else contents.encode()
    (tmp_path / "names.json").write_bytes(contents)
    with pytest.raises(ValueError, match=re.escape(message)):
        load(tmp_path)
    assert loaded(tmp_path, labels=False)[0].count == 1


def test_captions_of_no_image_and_of_any_length(tmp_path):
    write(tmp_path, "a.png", "b.png")
    texts = {"a.png": "x" * 10**6, "b.png": "y", "c.png": "z"}
    (tmp_path / "names.json").write_text(json.dumps(texts))
    source, _, said = loaded(tmp_path)
    assert "1 captions of names.json are of no image, such as c.png" in said
    found = source.fetch(tf.range(2, dtype=tf.int64), tf.zeros([2], tf.int64))["texts"].numpy()
    assert [len(text) for text in found] == [10**6, 1]


# === Files that change, and .npz ===


@pytest.mark.parametrize("change", ["vanish", "replace"])
def test_files_that_change_after_they_were_checked(tmp_path, change):
    write(tmp_path, "a.png", "b.png")
    data = load(tmp_path, batch_size=2, cache=False)
    assert next(iter(data))["images"].shape == (2, 4, 4, 3)
    (tmp_path / "b.png").unlink()
    if change == "replace":
        os.mkfifo(tmp_path / "b.png")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"b\.png could be read before"
    ) as error:
        next(iter(data))
    assert "Traceback" not in str(error.value)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


X = np.zeros((3, 4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0.0, 2.0, 1.0], [0, 2, 1]),
        (np.array([[0], [2], [1]], np.uint64), [0, 2, 1]),
        ([True, False, True], [1, 0, 1]),
        (np.eye(3)[[0, 2, 1]], [0, 2, 1]),
        (np.array(["b", "a", "b"]), [1, 0, 1]),
        (np.array([b"b", b"a", b"b"]), [1, 0, 1]),
    ],
)
def test_labels_that_can_only_mean_one_thing(tmp_path, labels, expected):
    source, found, _ = loaded(npz(tmp_path / "a.NPZ.npz", x=X, y=labels))
    assert found == expected and source.num_classes in (2, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5, 1, 2], "must be integers. Received: float64, with values such as 0.5"),
        ([np.nan, 1, 2], "values such as nan"),
        ([0, 1, 2**31], r"\[0, 2\*\*31 - 1\). Received labels from 0 to 2147483648"),
        (np.array([0, 1, 2**63], np.uint64), "from 0 to 9223372036854775808"),
        ([-1, 0, 1], "from -1 to 1"),
        ([0, 1], r"one label for each of the 3 images.*\(2,\)"),
        (np.full((3, 2), 0.5), "one-hot rows"),
        (np.array([1, 2, 3], object), "Python objects, which are not read"),
        (np.array([1j, 2, 3]), "must be integers. Received: complex128"),
    ],
)
def test_labels_that_are_refused(tmp_path, labels, message):
    with pytest.raises(ValueError, match=message):
        load(npz(tmp_path / "a.npz", x=X, y=np.asarray(labels)))


def test_class_names_of_an_npz(tmp_path):
    names = np.array(["cat", "dog", "eel", "fox"])
    source = load(npz(tmp_path / "a.npz", x=X, y=[0, 2, 1], class_names=names), batch_size=1).source
    assert source.class_names == tuple(names) and source.num_classes == 4
    with pytest.raises(ValueError, match="labels up to 2, and 2 class names"):
        load(npz(tmp_path / "a.npz", x=X, y=[0, 2, 1], class_names=names[:2]))
    with pytest.raises(ValueError, match="more than once: cat"):
        to_numbers([0, 1], 2, ["cat", "cat"])


@pytest.mark.parametrize("change", ["bomb", "header", "text", "pickle", "half", "npy"])
def test_archives_that_are_refused(tmp_path, change):
    path = npz(tmp_path / "a.npz", x=X)
    header = {"descr": "|u1", "fortran_order": False, "shape": (2**20, 2**10, 2, 1)}
    if change in ("bomb", "header"):
        np.lib.format.write_array_header_1_0(start := io.BytesIO(), header)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                "x.npy", start.getvalue() + bytes(1000 if change == "header" else 2**20)
            )
    if change == "bomb":  # the archive says that more follows
        path.write_bytes(_with_size(path.read_bytes(), 2**31 - 1))
    if change == "text":
        path.write_text("no archive")
    if change == "pickle":
        np.savez(path, x=np.array([{}], object))
    if change == "half":
        path.write_bytes(path.read_bytes()[:200])
    if change == "npy":
        path.write_bytes(b"\x93NUMPY" + bytes(100))
    message = {"bomb": "would unpack to", "header": "is cut off", "pickle": "Python objects"}
    with pytest.raises(ValueError, match=f"cannot be read as .npz: .*{message.get(change, '')}"):
        load(path)


def _with_size(contents, size):
    place = contents.index(b"PK\x01\x02") + 24  # the uncompressed size in the central directory
    return contents[:place] + size.to_bytes(4, "little") + contents[place + 4 :]


def test_arrays_of_any_layout(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), np.uint8)
    data = load(npz(tmp_path / "a.npz", x=np.asfortranarray(images)), batch_size=3, shuffle=False)
    assert np.array_equal(np.round((next(iter(data))["images"] + 1) * 127.5), images)
    floats = (images / 127.5 - 1).astype(">f8")
    (tmp_path / "a.npz").rename(tmp_path / "B.NPZ")
    assert load(tmp_path / "B.NPZ", batch_size=3).source.image_shape == (4, 5, 3)
    data = load(npz(tmp_path / "a.npz", x=floats), batch_size=3, shuffle=False)
    assert np.allclose(next(iter(data))["images"], floats)
    with pytest.raises(ValueError, match=r"look like \[0, 1\]"):
        load(npz(tmp_path / "a.npz", x=np.abs(floats)))
    with pytest.raises(ValueError, match=r"seem to be \[N, channels, height, width\]"):
        load(npz(tmp_path / "a.npz", x=np.zeros((2, 3, 8, 8), np.uint8)))


# === Arguments ===


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("./photos", 64), {}, "split, the second argument, .*Did you mean image_size=64"),
        (("./photos", (64, 32)), {}, r"Did you mean image_size=\(64, 32\)"),
        (("photos",), {}, r"There is a folder photos here: to read it, write './photos'"),
        (
            ("./photos",),
            {"batch_size": "8"},
            "batch_size must be an integer from 1 up. Received: '8'",
        ),
        (("./photos",), {"batch_size": True}, "batch_size must be"),
        (("./photos",), {"image_size": (0, 5)}, "image_size must be"),
        (("./photos",), {"image_size": 8.0}, "image_size must be"),
        (("./photos",), {"image_size": (8, 8, 3)}, "image_size must be"),
        (("./photos",), {"bit_depth": 8}, "bit_depth must be an integer from 9 to 16"),
        (("./photos",), {"max_pixels": 0}, "max_pixels must be"),
        (("./photos/0.png",), {}, "0.png is a file. Give a folder"),
        (("",), {}, "The data are a name, a folder or a file"),
        ((None,), {}, "The data are a name, a folder or a file"),
    ],
)
def test_arguments_that_are_refused(tmp_path, monkeypatch, arguments, options, message):
    write(tmp_path / "photos", "0.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=message):
        load(*arguments, **options)


def test_numbers_of_numpy_are_numbers(tmp_path):
    write(tmp_path, "0.png", "1.png")
    options = {"image_size": np.array([2, 3]), "batch_size": np.int64(2), "seed": np.uint8(1)}
    assert next(iter(load(tmp_path, **options)))["images"].shape == (2, 2, 3, 3)
