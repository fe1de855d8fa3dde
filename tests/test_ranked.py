"""The images of a source that score highest."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo import datasets

SCORES = np.array([0.1, 0.9, 0.5, 0.5, 0.3, 0.7])


def source(labels=None):
    """Image n has the pixels n."""
    images = np.arange(6, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones([1, 4, 4, 1], np.uint8)
    return datasets.array_source(images, labels)


def numbers(found):
    """Which images a source has, in its order."""
    images = found.fetch(tf.range(found.count, dtype=tf.int64), tf.zeros([2], tf.int64))["images"]
    return np.round((images.numpy()[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.01, [1]),
        (0.5, [1, 2, 5]),
        (0.51, [1, 2, 3, 5]),
        (1.0, [0, 1, 2, 3, 4, 5]),
        (1, [*range(6)]),
    ],
)
def test_the_highest_are_left(share, expected):
    """Rounded up; of equal ones the earlier."""
    assert numbers(datasets.ranked(source(), SCORES, share)) == expected
    assert datasets.ranked(source(), SCORES, share).count == len(expected)


def test_a_share_of_each_class():
    """Of classes 0 (images 0, 2, 4) and 1 (1, 3, 5) the better half each; without, class 1 has more."""
    labelled = source(np.arange(6) % 2)
    found = datasets.ranked(labelled, SCORES, 0.5, by_class=True)
    assert numbers(found) == [1, 2, 4, 5] and found.num_classes == 2
    assert found.fetch(tf.constant([0, 1], tf.int64), tf.zeros([2], tf.int64))[
        "labels"
    ].numpy().tolist() == [1, 0]
    assert numbers(datasets.ranked(labelled, -SCORES, 0.5)) == [0, 2, 4]


def test_shares_that_grow_train_one_model():
    """Steps are counted on, and a shuffled epoch has each image that is left once."""
    gan = make("DCGAN")
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (32, *gan.image_shape)).astype(np.float32)
    everything, scores = datasets.array_source(images), np.arange(32)
    for share in (0.25, 1.0):
        gan.fit(datasets.ranked(everything, scores, share), batch_size=8, epochs=1, verbose=0)
    assert int(gan.iterations) == 8 // 8 + 32 // 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scores": SCORES[:5]}, r"6 finite numbers, one an image. Received: shape \(5,\)"),
        ({"scores": SCORES[None]}, r"shape \(1, 6\)"),
        ({"scores": [0, 1, 2, 3, 4, np.nan]}, "NaN or infinity"),
        ({"share": 0}, r"share must lie in \(0, 1\]. Received: 0"),
        ({"share": 1.5}, "Received: 1.5"),
        ({"share": "all"}, "Received: 'all'"),
        ({"share": float("nan")}, "Received: nan"),
        ({"by_class": True}, "no labels"),
    ],
)
def test_what_cannot_be_ranked(options, message):
    with pytest.raises(ValueError, match=message):
        datasets.ranked(source(), **{"scores": SCORES, **options})
