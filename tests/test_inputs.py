"""What `fit` takes, and what it refuses before the first step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.datasets import array_source
from tfgan_zoo.engine import inputs

GOOD = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype(np.float32)
LABELS = np.arange(32) % 3


def with_nan():
    bad = GOOD.copy()
    bad[3, 2, 1] = np.nan
    return bad


BAD = {
    "uint8": (
        "DCGAN",
        np.uint8(GOOD * 0),
        TypeError,
        r"dtype uint8. .*astype\('float32'\) / 127.5 - 1",
    ),
    "0 to 255": (
        "DCGAN",
        (GOOD + 1) * 127.5,
        ValueError,
        r"lie in \[0.*, 255\].*give images / 127.5",
    ),
    "0 to 1": (
        "DCGAN",
        (GOOD + 1) / 2,
        ValueError,
        r"Give images \* 2 - 1.*array_source",
    ),
    "NaN": ("DCGAN", with_nan(), ValueError, r"NaN or infinity: 1 of \d+, first number 3"),
    "rank 3": ("DCGAN", GOOD[..., 0], ValueError, r"Add the channel axis, images\[..., None\], or"),
    "size": (
        "DCGAN",
        GOOD[:, :4],
        ValueError,
        r"image_shape=\(8, 8, 1\), but .* shape \(4, 8, 1\)",
    ),
    "empty": ("DCGAN", GOOD[:0], ValueError, "The data set is empty"),
    "too few": ("DCGAN", GOOD[:4], ValueError, r"4 images are fewer than .* 8 = batch_size 8"),
    "text": ("DCGAN", "images", TypeError, "fit reads no files itself"),
    "nothing": ("DCGAN", None, ValueError, "fit needs images"),
    "bicubic 0 to 1": ("DCGAN", GOOD * 0.55 + 0.5, ValueError, r"np.clip\(images, 0, 1\) \* 2 - 1"),
    "rows": ("DCGAN", GOOD.reshape(32, 64), ValueError, r"images.reshape\(-1, 8, 8, 1\)"),
    "channels first": (
        "DCGAN",
        GOOD.transpose(0, 3, 1, 2),
        ValueError,
        r"images.transpose\(0, 2, 3, 1\)",
    ),
    "sizes": ("DCGAN", [GOOD[0], GOOD[1, :4]], TypeError, "Images: list is no array"),
    "weights": ("DCGAN", (GOOD, LABELS, LABELS), ValueError, "sample weights are not used"),
    "one-hot": (
        "ConditionalGAN",
        (GOOD, np.eye(3)[LABELS]),
        ValueError,
        r"give labels.argmax\(axis=1\)",
    ),
    "names": (
        "ConditionalGAN",
        (GOOD, np.array(["a", "b", "c"])[LABELS]),
        ValueError,
        "names, labels = np.unique",
    ),
    "whole floats": (
        "ConditionalGAN",
        (GOOD, LABELS.astype(float)),
        ValueError,
        r"Give labels.astype\(int\)",
    ),
    "bools": ("ConditionalGAN", (GOOD, LABELS > 1), ValueError, r"Give labels.astype\(int\)"),
    "below 0": ("ConditionalGAN", (GOOD, LABELS - 1), ValueError, "numbered from 0"),
    "keys": ("DCGAN", {"pixels": GOOD}, ValueError, r"Received keys: \['pixels'\]"),
    "no labels": ("ConditionalGAN", GOOD, ValueError, "needs labels"),
    "few labels": (
        "ConditionalGAN",
        (GOOD, LABELS[:5]),
        ValueError,
        r"shape \(32,\).*shape \(5,\)",
    ),
    "label 3": (
        "ConditionalGAN",
        (GOOD, LABELS + 1),
        ValueError,
        r"from 1 to 3.*give labels - 1",
    ),
    "label 0.5": ("ConditionalGAN", (GOOD, LABELS / 2), ValueError, "must be integers.*float64"),
}


LABELLED = {"images": GOOD, "labels": LABELS}
TWICE = {
    "pair": ((GOOD, LABELS), LABELS, "Leave y out"),
    "dictionary": (LABELLED, LABELS, "Received labels and y, which mean the same"),
    "keys": ({**LABELLED, "label": LABELS}, None, "Received label and labels"),
    "images": ({**LABELLED, "image": GOOD}, None, "Received image and images"),
}


@pytest.mark.parametrize("name", TWICE)
def test_nothing_is_taken_twice(name, models):
    x, y, message = TWICE[name]
    with pytest.raises(ValueError, match=message):
        models["ConditionalGAN"].fit(x, y, batch_size=8, verbose=0)


def test_labels_beside_a_dictionary():
    assert steps(eager("ConditionalGAN"), {"images": GOOD[:8]}, LABELS[:8], batch_size=8) == 1


@pytest.fixture(scope="module")
def models():
    gans = {variant: make(variant) for variant in ("DCGAN", "ConditionalGAN")}
    for gan in gans.values():
        gan.compile(jit_compile=False)
    return gans


@pytest.mark.parametrize("name", BAD)
def test_bad_arrays(name, models):
    variant, data, error, message = BAD[name]
    before = models[variant].get_weights()
    with pytest.raises(error, match=message):
        models[variant].fit(data, batch_size=8, verbose=0)
    for ours, theirs in zip(models[variant].get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["uint8", "0 to 255", "NaN", "rank 3", "size", "empty", "label 3"])
def test_bad_data_sets(name, models):
    variant, data, error, message = BAD[name]
    data = tf.data.Dataset.from_tensor_slices(data).batch(8)
    with pytest.raises(error, match=message):
        models[variant].fit(data, verbose=0)


def test_nan_in_a_later_batch(models):
    data = tf.data.Dataset.from_tensor_slices(with_nan()[::-1]).batch(8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="pixels that are NaN or outside"):
        models["DCGAN"].fit(data, verbose=0)


def test_unbatched_and_endless_data_sets(models):
    data = tf.data.Dataset.from_tensor_slices(GOOD)
    with pytest.raises(ValueError, match="or batch the data set"):
        models["DCGAN"].fit(data, verbose=0)
    with pytest.raises(ValueError, match="endless number of batches.*steps_per_epoch"):
        models["DCGAN"].fit(data.batch(8).repeat(), verbose=0)


NUMBERS = {
    "batch_size": ["8", 0, 1.5, True],
    "epochs": [0, 1.5, "2"],
    "steps_per_epoch": [0, 2.5],
    "initial_epoch": [-1, 2],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_refused_before_anything_is_read(name, models):
    for value in NUMBERS[name]:
        with pytest.raises(ValueError, match=rf"{name}( must be|=2 is beyond epochs=1)"):
            models["DCGAN"].fit(Unreadable(), verbose=0, **{name: value})


class Unreadable:
    def __len__(self):
        return 4

    def __iter__(self):
        raise AssertionError("read")


def eager(variant="DCGAN", **options):
    gan = make(variant, **options)
    gan.compile(run_eagerly=True)
    return gan


def steps(gan, *data, **options):
    before = int(gan.iterations.numpy())
    gan.fit(*data, verbose=0, **options)
    return int(gan.iterations.numpy()) - before


def slices(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0])


def test_a_white_batch_does_not_say_where_images_lie():
    images = GOOD.copy()
    images[:8] = 1.0
    gan = eager()
    assert steps(gan, slices(images).batch(8)) == 4
    with pytest.raises(ValueError, match=r"look like \[0, 1\]"):
        gan.fit(slices((GOOD + 1) / 2).batch(8), verbose=0)
    resized = np.clip((GOOD + 1) / 2, 0, 1)
    resized[3, 0, 0] = -0.01
    for data in (resized, slices(resized).batch(8)):
        with pytest.raises(ValueError, match=r"look like \[0, 1\]"):
            gan.fit(data, batch_size=8, verbose=0)
    bright = np.uint8(np.abs(GOOD) * 100 + 130)
    assert steps(gan, array_source(bright), batch_size=8) == 4  # a source says where they lie


def test_steps_do_not_depend_on_how_a_data_set_is_batched():
    gan, images = eager(), GOOD[:20]
    assert steps(gan, slices(images).batch(8), epochs=2) == 4
    assert steps(gan, slices(images).batch(8, drop_remainder=True)) == 2
    assert steps(gan, slices(images).batch(3), batch_size=8) == 2
    uneven = tf.data.Dataset.from_tensor_slices(np.split(images[:18], 2)).unbatch().batch(5)
    assert steps(gan, uneven.concatenate(slices(images[:2]).batch(5)), batch_size=5) == 4
    with pytest.raises(ValueError, match="batches have 2 to 5 images. Give fit batch_size"):
        gan.fit(slices(images[:7]).batch(5).concatenate(slices(images[:5]).batch(5)), verbose=0)
    with pytest.raises(ValueError, match="20 images in 20 batches are fewer"):
        gan.fit(slices(images).batch(1), batch_size=32, verbose=0)
    assert steps(gan, slices(images).repeat().batch(8), steps_per_epoch=3) == 3
    with pytest.raises(ValueError, match="unknown number of batches: give fit steps_per_epoch"):
        gan.fit(slices(images).filter(lambda x: True).batch(8), verbose=0)


class Pages(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return GOOD[8 * index : 8 * index + 8], LABELS[8 * index : 8 * index + 8, None]


class Loader:
    def __len__(self):
        return 4

    def __iter__(self):
        return (Pages()[index] for index in range(4))


def test_other_streams_train_as_a_data_set_does():
    weights = []
    for data in (slices(GOOD, LABELS).batch(8), Pages(), Loader()):
        gan = eager("ConditionalGAN")
        assert steps(gan, data) == 4
        weights.append(gan.get_weights())
    for ours in weights[1:]:
        for one, other in zip(ours, weights[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_streams_refused(models):
    gan = models["ConditionalGAN"]
    with pytest.raises(TypeError, match="A generator can be read once"):
        gan.fit((GOOD[:8] for _ in range(4)), steps_per_epoch=2, verbose=0)
    data = slices(GOOD, LABELS, LABELS).batch(8)
    with pytest.raises(ValueError, match="3 parts in each element.*sample weights"):
        gan.fit(data, verbose=0)
    with pytest.raises(ValueError, match="gives its labels itself.*Leave y out"):
        gan.fit(slices(GOOD, LABELS).batch(8), LABELS, verbose=0)
    with pytest.raises(TypeError, match="Labels must be integers. Received: float"):
        images = slices(GOOD[:8], LABELS[:8]).batch(8)
        floats = slices(GOOD[:8], LABELS[:8] / 1).batch(8)
        data = images.map(lambda x, y: (x, tf.cast(y, tf.float32))) and floats
        inputs.input_streams._checked(gan, 0, next(iter(data)), inputs._split)


def test_a_source_with_a_broken_image_is_named():
    images = GOOD.copy()
    images[29] = np.nan
    gan = eager()
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"NaN or outside \[-1, 1\], in the ima"
    ):
        gan.fit(array_source(images), batch_size=8, verbose=0, shuffle=False)
    labels = np.arange(32) % 4
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels outside \[0, 3\)"):
        eager("ConditionalGAN").fit(array_source(GOOD, labels), batch_size=8, verbose=0)


def test_batch_size_must_divide(mirrored):
    with mirrored.scope():
        gan = make("DCGAN", gradient_accumulation_steps=2)
    gan.compile(jit_compile=False)
    with pytest.raises(ValueError, match="multiple of 4, replicas x gradient_accumulation_steps"):
        gan.fit(GOOD, batch_size=6, verbose=0)


FORMS = {
    "arrays": ((GOOD, LABELS), {}),
    "tuple": (((GOOD, LABELS),), {}),
    "dictionary": (({"images": GOOD, "labels": LABELS},), {}),
    "tensors": ((tf.constant(GOOD), tf.constant(LABELS)), {}),
    "lists": ((list(GOOD), LABELS[:, None].tolist()), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_arrays_give_the_same_run(form):
    results = []
    for arguments in (FORMS["arrays"][0], FORMS[form][0]):
        gan = make("ConditionalGAN")
        gan.compile(run_eagerly=True)
        gan.fit(*arguments, batch_size=8, verbose=0)
        results.append(gan.get_weights())
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("element", [(GOOD, LABELS), {"image": GOOD, "label": LABELS}, GOOD])
def test_data_sets(element):
    variant = "DCGAN" if element is GOOD else "ConditionalGAN"
    gan = make(variant)
    gan.compile(jit_compile=False)
    gan.fit(tf.data.Dataset.from_tensor_slices(element).batch(10), epochs=2, verbose=0)
    assert int(gan.iterations.numpy()) == 6  # as of an array: 32 images are 3 batches of 10


def test_wrong_options():
    with pytest.raises(TypeError, match=r"no argument 'n_critics'. Did you mean 'n_critic'"):
        make("DCGAN").__class__(n_critics=2)
    with pytest.raises(ValueError, match="n_critic must be an integer >= 1. Received: n_critic=0"):
        make("DCGAN", n_critic=0)
    with pytest.raises(ValueError, match="multiples of 4"):
        make("DCGAN", image_shape=(30, 30, 1))
    with pytest.raises(ValueError, match="hinge"):
        make("DCGAN", objective="hing")
    with pytest.raises(ValueError, match="no labels to smooth"):
        make("WGAN", label_smoothing=0.1)
    with pytest.raises(ValueError, match="takes no labels"):
        make("DCGAN").generate(2, labels=[0, 1])
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 3\)"):
        make("ConditionalGAN").generate(2, labels=[0, 3])
