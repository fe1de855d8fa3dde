"""Old names work for one more release, and what was saved under them loads."""

import h5py
import keras
import numpy as np
import pytest
from cases import make

import tfgan_zoo
from tfgan_zoo import layers
from tfgan_zoo.engine.frozen import freeze_layers, frozen_layers
from tfgan_zoo.layers import former_names

OLD_LAYERS = {
    "Draws": "Rng",
    "LearnedConstant": "ConstantInput",
    "StyleAverage": "MovingAverage",
    "TokenSum": "EmbeddingBag",
}


@pytest.mark.parametrize(("old", "new"), OLD_LAYERS.items())
def test_old_names_of_layers(old, new):
    with pytest.warns(
        DeprecationWarning, match=rf"layers\.{old} is called .*\.{new} now"
    ) as caught:
        assert getattr(layers, old) is getattr(layers, new)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [("training", "runs", "load_run"), ("pictures", "visualization", "write_png")],
)
def test_old_names_of_modules(old, new, name):
    found = getattr(getattr(tfgan_zoo, new), name)
    with pytest.warns(DeprecationWarning, match=rf"tfgan_zoo\.{new}\.{name} now") as caught:
        assert getattr(getattr(tfgan_zoo, old), name) is found
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="goes with the next release"):
        exec(f"from tfgan_zoo.{old} import {name}")
    with pytest.raises(AttributeError, match=f"'tfgan_zoo.{old}' has no attribute 'unknown'"):
        getattr(tfgan_zoo, old).unknown  # noqa: B018
    assert old not in dir(tfgan_zoo)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match=r"'tfgan_zoo\.layers' has no attribute 'TokenSums'"):
        layers.TokenSums  # noqa: B018


def test_old_attribute_of_a_model():
    gan = make("StyleGAN")
    with pytest.warns(DeprecationWarning, match=r"StyleGAN\.mean_style is called w_avg now"):
        np.testing.assert_array_equal(gan.mean_style, gan.w_avg)
    assert "mean_style" not in dir(gan) and "w_avg" in dir(gan)


def rename_groups(path):
    """Gives layers in an HDF5 file the places that they had under their old names."""
    snake = former_names._snake_case
    names = {snake(new): snake(old) for old, new in former_names.FORMER.items()}
    with h5py.File(path, "r+") as file:
        groups = []
        file.visit(lambda name: groups.append(name) or None)
        for place in sorted(groups, key=len, reverse=True):
            parent, _, own = place.rpartition("/")
            for new, old in names.items():
                if own.startswith(new):
                    file.move(place, f"{parent}/{own.replace(new, old)}")
                    yield own


@pytest.mark.parametrize(
    ("variant", "moved"),
    [
        ("StyleGAN2", {"constant_input", "moving_average"}),
        ("TextGAN", {"embedding_bag"}),
        ("ProGAN", {"fade_in_images", "fade_in_features"}),
    ],
)
def test_weights_saved_under_old_names_load(variant, moved, tmp_path):
    gan, again = make(variant), make(variant, seed=5)
    for variable in gan.variables:
        variable.assign(keras.ops.cast(keras.ops.ones_like(variable) * 3, variable.dtype))
    gan.save_weights(path := tmp_path / "old.weights.h5")
    assert set(rename_groups(path)) == moved
    again.load_weights(path)
    for one, other in zip(again.variables, gan.variables, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("old", "new"), former_names.FORMER.items())
def test_a_config_with_an_old_name_is_that_of_the_new_layer(old, new):
    config = {
        "module": "tfgan_zoo.layers",
        "class_name": old,
        "registered_name": f"tfgan_zoo>{old}",
    }
    arguments = {"LearnedConstant": {"shape": (2, 2, 1)}}
    arguments["TokenSum"] = {"vocabulary_size": 3, "units": 2}
    layer = keras.saving.deserialize_keras_object({**config, "config": arguments.get(old, {})})
    assert type(layer).__name__ == new


def test_layers_frozen_under_old_names():
    gan = make("TextGAN")
    (name,) = [name for name in _named(gan) if name.endswith("/EmbeddingBag")]
    freeze_layers(gan, [name.replace("EmbeddingBag", "TokenSum")])
    assert frozen_layers(gan) == [name]


def _named(gan):
    """The names of a model's layers, as its config would have them if all were frozen."""
    for network in gan.networks().values():
        network.trainable = False
    found = frozen_layers(gan)
    for network in gan.networks().values():
        network.trainable = True
    return found
