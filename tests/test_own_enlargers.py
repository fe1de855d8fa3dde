"""Networks of one's own that enlarge images: what follows from them, and what is refused."""

import keras
import numpy as np
import pytest
from cases import own_enlargers
from keras import layers

import tfgan_zoo
from tfgan_zoo import SuperResolution


def enlarger(scale=2, channels=1, made=None, sides=None, activation=None):
    return keras.Sequential(
        [
            keras.Input([sides, sides, channels]),
            layers.Conv2D((made or channels) * scale**2, 3, padding="same", activation=activation),
            tfgan_zoo.layers.PixelShuffle(scale),
        ]
    )


@pytest.mark.parametrize(("scale", "channels"), [(2, 3), (3, 1), (8, 4)])
def test_options_are_those_of_the_network(scale, channels):
    network = enlarger(scale, channels)
    model = SuperResolution(generator=network)
    assert model.generator is network and model.discriminator is None
    assert (model.scale, model.image_shape) == (scale, (32, 32, channels))
    assert model.pretraining_steps is None
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    expected = network(pixels[None].astype("float32") / 127.5 - 1)[0] * 127.5 + 127.5
    np.testing.assert_allclose(
        model.translate(pixels), np.clip(expected, 0, 255), atol=0.501, rtol=0
    )


def test_sizes_are_those_of_the_discriminator():
    model = SuperResolution(**own_enlargers(), features="tiny")
    assert model.image_shape == (8, 8, 1) and model.target_shape == (16, 16, 1)
    assert model.pretraining_steps == 0 and model.has_discriminator


@pytest.mark.full
def test_what_is_trained_is_saved(tmp_path):
    model = SuperResolution(generator=enlarger(), image_shape=(8, 8, 1))
    before = model.generator.get_weights()
    model.compile(run_eagerly=True)
    images, targets = (np.random.default_rng(0).uniform(-1, 1, (8, n, n, 1)) for n in (8, 16))
    model.fit(images.astype("float32"), targets.astype("float32"), batch_size=8, verbose=0)
    moved = zip(before, model.generator.get_weights(), strict=True)
    assert all(not np.array_equal(old, new) for old, new in moved)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 1), np.uint8)
    np.testing.assert_array_equal(again.translate(pixels), model.translate(pixels))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (lambda: {}, NotImplementedError, "SuperResolution has no generator: give generator="),
        (lambda: {"generator": enlarger}, TypeError, "must be a Keras model.*the function"),
        (
            lambda: {"generator": enlarger(sides=8)},
            ValueError,
            r"must take images of any size.*It takes \(None, 8, 8, 1\)",
        ),
        (
            lambda: {"generator": enlarger(made=3)},
            ValueError,
            r"same channels. Of images of shape \(None, 12, 20, 1\) it makes \(None, 24, 40, 3\)",
        ),
        (
            lambda: {"generator": enlarger(scale=1)},
            ValueError,
            "2 or more",
        ),
        (
            lambda: {"generator": enlarger(), "scale": 3},
            ValueError,
            "makes images 2 times as large, and scale is 3",
        ),
        (
            lambda: {"generator": enlarger(), "pretraining_steps": 10},
            NotImplementedError,
            "SuperResolution has no discriminator: give discriminator=",
        ),
        (
            lambda: {**own_enlargers(), "pretraining_steps": None},
            ValueError,
            "trains without a discriminator, and one is given",
        ),
        (
            lambda: {
                **own_enlargers(),
                "discriminator": keras.Sequential(
                    [keras.Input([16, 16, 1]), layers.Flatten(), layers.Dense(1, "sigmoid")]
                ),
                "features": "tiny",
            },
            ValueError,
            "the discriminator ends in 'sigmoid'",
        ),
        (
            lambda: {
                "generator": keras.Sequential(
                    [
                        keras.Input([None, None, 1]),
                        layers.UpSampling2D(2),
                        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
                    ]
                )
            },
            ValueError,
            r"ends in 'sigmoid', and images lie in \[-1, 1\]",
        ),
        (
            lambda: {
                "generator": keras.Sequential(
                    [
                        keras.Input([None, None, 1]),
                        layers.UpSampling2D(2, interpolation="bilinear"),
                        layers.Conv2D(1, 3, padding="same"),
                    ]
                )
            },
            ValueError,
            r"fails where sides are unknown: .*UpSampling2D.call\(\).*BilinearUpsampling\)",
        ),
    ],
)
def test_refused_at_the_door(options, error, message):
    with pytest.raises(error, match=message):
        SuperResolution(**options())


def test_classes_that_make_networks_take_none():
    for kind in (tfgan_zoo.SRGAN, tfgan_zoo.ESRGAN, tfgan_zoo.RealESRGAN):
        assert not {"generator", "discriminator"} & kind.defaults.keys()
        with pytest.raises(ValueError, match="scale"):
            kind(scale=8)
