"""Losses that read several images of a batch together: on two replicas, and in the parts of a batch."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, TEXTS, WITHOUT_BATCH_STATISTICS, make

import tfgan_zoo
from tfgan_zoo.layers import MinibatchStddev, Rng
from tfgan_zoo.penalties import DRAGAN
from tfgan_zoo.regularizers import TopK, Unrolled

PLAIN = {**WITHOUT_BATCH_STATISTICS, "seed": 5}


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": DRAGAN(10.0, every=2), "n_critic": 2},
        {"regularizers": [Unrolled(2)]},
    ],
    ids=["dragan", "unrolled"],
)
def test_two_replicas_make_the_update_of_one(options, images, mirrored):
    """Images whose halves have other statistics; both players move by more than the tolerance."""
    images = images * np.linspace(0.1, 1, 64, dtype=np.float32)[:, None, None, None]
    gans = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            gan = make("DCGAN", **PLAIN, **options)
        before = gan.generator.get_weights() + gan.discriminator.get_weights()
        gan.compile(keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.5))
        gan.fit(images, batch_size=16, epochs=1, steps_per_epoch=2, verbose=0, shuffle=False)
        gans.append(gan)
    for first, second in zip(*(gan.variables for gan in gans), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-7, err_msg=first.path)
    after = gan.generator.get_weights() + gan.discriminator.get_weights()
    moved = [np.abs(a - b).max() for a, b in zip(after, before, strict=True)]
    assert max(moved) > 1e-3
    with pytest.raises(
        ValueError, match="averages over the whole batch within the loss, which on 2"
    ):
        gan.compile(jit_compile=True)


@pytest.mark.parametrize(
    ("variant", "options", "name"),
    [
        ("DCGAN", {"objective": "relativistic_average"}, "objective=RelativisticAverage()"),
        ("R3GAN", {"objective": "relativistic_average"}, "objective=RelativisticAverage()"),
        ("LSGAN", {"penalty": DRAGAN(1.0)}, "penalty=DRAGAN(weight=1.0, every=1)"),
        ("BEGAN", {"regularizers": [Unrolled(1)]}, "Unrolled(steps=1)"),
        ("DCGAN", {"regularizers": ["lecam", TopK(0.5)]}, "TopK(share=0.5, steps=0)"),
        ("WGAN", {"minibatch_discrimination": 3}, "minibatch_discrimination=3"),
        ("TextGAN", {}, "contrastive_weight=1.0"),
    ],
)
def test_parts_of_a_batch_are_refused(variant, options, name):
    """A loss that reads the batch cannot be taken of its parts, and was, without a word."""
    gan = getattr(tfgan_zoo, variant)(
        **{**CASES[variant], **options, "gradient_accumulation_steps": 2}
    )
    message = f"^{re.escape(name)} reads several images of the batch together"
    with pytest.raises(ValueError, match=message):
        gan.compile()


def losses_of(gan, images, texts=None, parts=1):
    """Both losses of a batch, as the means over parts of it, as replicas and accumulation take them."""
    found = []
    batch = {"images": tf.constant(images)} | ({} if texts is None else {"texts": texts})
    for part in range(parts):
        rows = slice(part * len(images) // parts, (part + 1) * len(images) // parts)
        rng = Rng(gan.seed, tf.constant(0, tf.int64), rows.start, rows.stop - rows.start)
        given = {name: value[rows] for name, value in batch.items()}
        losses = (gan.discriminator_loss, gan.generator_loss)
        found.append([float(loss(given, rng)[0]) for loss in losses])
    return np.mean(found, axis=0)


@pytest.mark.parametrize(
    ("variant", "options", "differs"),
    [
        ("DCGAN", {}, (False, False)),
        ("DCGAN", {"regularizers": [TopK(0.5)]}, (False, True)),
        ("DCGAN", {"minibatch_discrimination": 3}, (True, True)),
        ("TextGAN", {"contrastive_weight": 1.0}, (True, True)),
        ("TextGAN", {}, (False, False)),
    ],
)
def test_what_the_docstrings_say_depends_on_a_replicas_rows(variant, options, differs, images):
    gan = make(variant, **{**PLAIN, **options})
    for network in gan.networks().values():
        network.set_weights([5 * weight for weight in network.get_weights()])
    texts = tf.constant(np.resize(TEXTS, 8)) if variant == "TextGAN" else None
    whole, halves = (losses_of(gan, images[:8], texts, parts) for parts in (1, 2))
    assert tuple(np.abs(whole - halves) > 1e-4 * np.abs(whole)) == differs
    if any(differs):
        argument = next(iter(options)) + ":"
        text = type(gan).__doc__.partition(argument)[2][:400]
        text = TopK.__doc__ if gan.regularizers else text
        assert "replicas each" in text.replace("\n", " ")


def test_groups_of_standard_deviation_within_a_replica():
    """Four rows that follow one another: equal on replicas that have whole groups, else not."""
    x = np.random.default_rng(0).normal(size=(8, 2, 2, 3)).astype(np.float32)

    def split(parts):
        layer = MinibatchStddev()
        return np.concatenate([layer(part, training=True) for part in np.split(x, parts)])

    np.testing.assert_array_equal(split(1), split(2))
    assert np.abs(split(1) - split(4)).max() > 1e-3
    for variant in (tfgan_zoo.StyleGAN, tfgan_zoo.ProGAN):
        assert "rows of one replica" in variant.__doc__
