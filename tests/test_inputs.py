"""What `fit` takes, and what it refuses before the first step."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

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
    "0 to 1": ("DCGAN", (GOOD + 1) / 2, ValueError, r"look like \[0, 1\]. Give images \* 2 - 1"),
    "NaN": ("DCGAN", with_nan(), ValueError, "contain NaN"),
    "rank 3": ("DCGAN", GOOD[..., 0], ValueError, r"Add the channel axis, images\[..., None\], or"),
    "size": (
        "DCGAN",
        GOOD[:, :4],
        ValueError,
        r"image_shape=\(8, 8, 1\), but .* shape \(4, 8, 1\)",
    ),
    "empty": ("DCGAN", GOOD[:0], ValueError, "The data set is empty"),
    "too few": ("DCGAN", GOOD[:4], ValueError, r"4 images are fewer than .* 8 = batch_size 8"),
    "text": ("DCGAN", "images", TypeError, "Images must be floats"),
    "nothing": ("DCGAN", None, ValueError, "fit needs images"),
    "keys": ("DCGAN", {"pixels": GOOD}, ValueError, r"Received keys: \['pixels'\]"),
    "no labels": ("ConditionalGAN", GOOD, ValueError, "needs labels"),
    "few labels": (
        "ConditionalGAN",
        (GOOD, LABELS[:5]),
        ValueError,
        r"shape \(32,\).*shape \(5,\)",
    ),
    "label 3": ("ConditionalGAN", (GOOD, LABELS + 1), ValueError, r"in \[0, 3\).* from 1 to 3"),
    "label 0.5": ("ConditionalGAN", (GOOD, LABELS / 2), ValueError, "must be integers.*float64"),
}


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
    with pytest.raises(ValueError, match="unknown number of batches.*steps_per_epoch"):
        models["DCGAN"].fit(data.batch(8).repeat(), verbose=0)


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
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_arrays_give_the_same_run(form):
    results = []
    for arguments in (FORMS["arrays"][0], FORMS[form][0]):
        gan = make("ConditionalGAN")
        gan.compile(jit_compile=False)
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
    assert int(gan.iterations.numpy()) == 8  # the last batch, of 2, is left out, and read again


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
