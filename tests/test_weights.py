"""Variables by name: in artifacts, `.keras` files and checkpoints, of this version and of older ones."""

import contextlib
import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo import presets, regularizers, weights
from tfgan_zoo.callbacks import identity
from tfgan_zoo.weights import artifact, named

PUBLISHED = sorted(
    path.parent.parent.name
    for path in (pathlib.Path(__file__).parents[1] / "saved_models").glob("*/*/assets.extra")
)
CHEAP = ("dcgan_fashion_mnist", "began_fashion_mnist", "stylegan2_fashion_mnist")
RANDOM = np.random.default_rng(0)


def values(gan):
    return {name: v.numpy() for name, v in weights.variables(gan).items()}


def shaken(variant, **options):
    """A model with other values everywhere than a new one has."""
    gan = make(variant, **options)
    for name, variable in weights.variables(gan).items():
        value = 7 if name == "state/iterations" else RANDOM.uniform(0.2, 0.8, variable.shape)
        variable.assign(value)
    return gan


# === Names ===


@pytest.mark.parametrize(
    "variant",
    [
        "DCGAN",
        "ProGAN",
        "StyleGAN2",
        "TextGAN",
        "BEGAN",
        pytest.param("BigGAN", marks=pytest.mark.full),
    ],
)
def test_names_depend_on_the_architecture_alone(variant):
    gan = make(variant)
    keras.layers.Conv2D(3, 3)  # moves the counter of the process
    again = make(variant)
    first, second = weights.variables(gan), weights.variables(again)
    assert list(first) == list(second)
    layers = [name for name in first if not name.startswith(named.STATE)]
    assert [first[name].path for name in layers] == [second[name].path for name in layers]
    assert {id(v) for v in first.values()} == {id(v) for v in gan.variables}
    for network, average in named.averaged(gan).items():
        pair = (named.of_network(gan.networks()[name]) for name in (network, average))
        assert list(next(pair)) == list(next(pair))


def test_layers_of_a_users_own_are_numbered_within_their_network():
    def network(width):
        inner = keras.Sequential([keras.Input([2]), keras.layers.Dense(width)])
        layers = [keras.Input([2]), keras.layers.Dense(2), inner, keras.layers.Dense(1, name="end")]
        return keras.Sequential([*layers, keras.layers.Dropout(0.5)])

    names = list(named.of_network(network(4)))
    assert names == list(named.of_network(network(4)))
    assert names[:2] == ["dense_1/kernel", "dense_1/bias"]  # made after the inner one
    assert names[2:4] == ["sequential/dense/kernel", "sequential/dense/bias"]
    assert names[4:] == ["end/kernel", "end/bias", "seed_generator_state"]


def test_two_variables_of_one_name_stay_apart():
    x = keras.Input([2])
    inner = [keras.Model(x, keras.layers.Dense(2, name="same")(x)) for _ in range(2)]
    network = keras.Model(x, inner[1](inner[0](x)))
    assert list(named.of_network(network)) == [
        "same/kernel",
        "same/bias",
        "same/kernel_1",
        "same/bias_1",
    ]


# === Artifacts ===


@pytest.mark.parametrize("variant", ["BEGAN", pytest.param("TextGAN", marks=pytest.mark.full)])
def test_an_artifact_holds_names_and_all_state(variant, tmp_path):
    gan = shaken(variant)
    folder = gan.export(tmp_path, "model", warmup_batch_sizes=(1,))
    again, dropped = values(tfgan_zoo.from_preset(folder)), named.averaged(gan)
    if variant == "TextGAN":  # `score` reads texts by the encoder that was trained
        del dropped["text_encoder"]
    for name, value in values(gan).items():
        network, _, rest = name.partition("/")
        source = f"{dropped.get(network, network)}/{rest}"  # the generator starts at its average
        np.testing.assert_array_equal(again[name], values(gan)[source] if rest else value)
    keys = dict(tf.train.list_variables(str(folder / "variables" / "variables")))
    assert "weights/state.Siterations/.ATTRIBUTES/VARIABLE_VALUE" in keys
    assert not [key for key in keys if key.startswith("weights/generator.S")]


def test_what_does_not_fit_is_refused_or_told(tmp_path):
    folder = shaken("DCGAN", regularizers=["ada"]).export(
        tmp_path, "model", warmup_batch_sizes=(1,)
    )
    with pytest.raises(
        ValueError, match=r"not those of this model: discriminator/conv2d/kernel has"
    ):
        tfgan_zoo.from_preset(folder, width=8)
    with pytest.raises(ValueError, match=r"generator_?.*batch_normalization/gamma"):
        weights.load(
            make("DCGAN"), _without(folder, "ema_generator/batch_normalization/gamma"), "it"
        )
    with pytest.warns(UserWarning, match=r"New here.*: state/lecam.*There alone.*probability"):
        gan = tfgan_zoo.from_preset(folder, regularizers=["lecam"])
    assert int(gan.iterations.numpy()) == 7


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Weights of:UserWarning")
@pytest.mark.parametrize("is_old", [False, True])
def test_options_take_the_place_of_those_in_the_file(is_old, tmp_path):
    gan = make("DCGAN", regularizers=["ada", "lecam"])
    folder = gan.export(tmp_path, "model", warmup_batch_sizes=(1,))
    if is_old:
        file = folder / "assets.extra" / "preset.json"
        record = json.loads(file.read_text())
        del record["model"]["config"]["regularizers"]
        record["model"]["config"] |= {"augment": "ada", "lecam": 0.1, "top_k": 1.0}
        file.write_text(json.dumps(record))

    def names(**given):
        return {part.name for part in tfgan_zoo.from_preset(folder, **given).regularizers}

    assert names() == names(augment="ada") == {"ada", "lecam"}
    assert names(regularizers=["top_k"]) == {"top_k"}
    assert names(augment=None) == {"lecam"}
    assert names(augment="color", top_k=0.5) == {"lecam", "diff_augment", "top_k"}


def _without(folder, name):
    tensors = artifact.read(folder, None)
    return {key: value for key, value in tensors.items() if key != name}


def test_a_converter_comes_between():
    gan, other = shaken("VanillaGAN"), make("VanillaGAN")
    theirs = {name.replace("/", "."): value for name, value in values(gan).items()}
    weights.load(
        other, theirs, "it", convert=lambda t: {k.replace(".", "/"): v for k, v in t.items()}
    )
    for name, value in values(other).items():
        np.testing.assert_array_equal(value, values(gan)[name])


def test_other_classes_and_sizes_keep_what_fits(tmp_path):
    gan = shaken("ConditionalGAN")
    gan.class_names = ("a", "b", "c")
    folder = gan.export(tmp_path, "model", warmup_batch_sizes=(1,))
    with pytest.warns(UserWarning, match=r"New here, and as in a new model: .*dense/kernel"):
        again = tfgan_zoo.from_preset(folder, num_classes=5)
    assert again.class_names is None
    kept = "ema_generator/conv2d_transpose/kernel"
    np.testing.assert_array_equal(values(again)[kept], values(gan)[kept])
    assert again.generate(5, seed=0).shape == (5, 8, 8, 1)
    with pytest.warns(UserWarning, match="New here"):
        larger = tfgan_zoo.from_preset(folder, image_shape=(16, 16, 1))
    assert larger.generate(3, seed=0).shape == (3, 16, 16, 1)


# === A variable more in the base ===


def add_to_the_base(monkeypatch):
    """As a version to come may: every model has one more state."""
    for base in (tfgan_zoo.GAN, tfgan_zoo.ImageToImage):

        def with_more(self, *args, init=base.__init__, **kwargs):
            init(self, *args, **kwargs)
            self.more = self.add_weight(shape=(), initializer="ones", trainable=False, name="more")

        monkeypatch.setattr(base, "__init__", with_more)


@pytest.mark.parametrize(
    "name", [n if n in CHEAP else pytest.param(n, marks=pytest.mark.full) for n in PUBLISHED]
)
def test_published_artifacts_load_with_a_variable_more(name, monkeypatch):
    before = values(tfgan_zoo.from_preset(name))
    add_to_the_base(monkeypatch)
    with pytest.warns(UserWarning, match="New here, and as in a new model: state/more"):
        gan = tfgan_zoo.from_preset(name)
    after = values(gan)
    assert after.pop("state/more") == 1
    assert after.keys() == before.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)


def test_files_of_keras_load_with_a_variable_more(tmp_path, monkeypatch):
    gan = shaken("BEGAN")
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    gan.save_weights(tmp_path / "gan.weights.h5")
    before = values(gan)
    add_to_the_base(monkeypatch)
    with pytest.warns(UserWarning, match="New here.*: more"):
        whole = keras.saving.load_model(tmp_path / "gan.keras")
    fresh = make("BEGAN")
    with pytest.warns(UserWarning, match="New here.*: more"):
        fresh.load_weights(tmp_path / "gan.weights.h5")
    for again in (whole, fresh):
        after = values(again)
        assert after.pop("state/more") == 1
        for key, value in before.items():
            np.testing.assert_array_equal(after[key], value)


# === Training that goes on ===


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("progan_fashion_mnist", {}),  # grown: its steps are known
        ("dcgan_fashion_mnist", {"regularizers": ["ada", "lecam"]}),
    ],
)
def test_a_published_model_trains_on(name, options):
    with pytest.warns(UserWarning) if options else contextlib.nullcontext():
        gan = tfgan_zoo.from_preset(name, **options)
    before = gan.generate(8, seed=0).astype(float)
    first = int(gan.iterations.numpy())
    gan.compile(run_eagerly=True)
    gan.fit(RANDOM.uniform(-1, 1, (4, 28, 28, 1)).astype(np.float32), batch_size=4, verbose=0)
    assert int(gan.iterations.numpy()) == first + 1 > 9000
    assert 0 < np.abs(gan.generate(8, seed=0) - before).mean() < 0.1  # of 255


@pytest.mark.full
def test_the_text_network_of_the_published_model_scores_as_it_is_served():
    gan = tfgan_zoo.from_preset("textgan_emoji_32")
    folder = presets.published("textgan_emoji_32")
    served = tf.saved_model.load(str(folder)).signatures["score"]
    images = tf.constant(RANDOM.uniform(-1, 1, (3, 32, 32, 3)), tf.float32)
    texts = tf.constant(["red apple", "dog face", "tulip"])
    expected = served(images=images, text=texts)["logits"]
    logits = gan.discriminator_outputs(images, {"texts": texts})["logits"]
    np.testing.assert_allclose(np.ravel(logits), np.ravel(expected), atol=1e-4)


# === Older files ===


class Store(dict):
    """What Keras hands to a model, with the keys of older versions."""


@pytest.mark.parametrize("parts", [(), ("ada/probability", "lecam/real", "lecam/fake")], ids=len)
def test_state_by_its_place(parts):
    """A file of an older version: every model had a measure of who ranks better, which is left out."""
    options = {"regularizers": ["ada", "lecam"] if parts else []}
    gan, other = shaken("BEGAN", **options), make("BEGAN", **options)
    values = {name: variable.numpy() for name, variable in named.state(gan).items()}
    listed = [values["iterations"], 0.5, *(values[name] for name in parts), values["k"]]
    told = pytest.warns(UserWarning, match="New here.*: lecam/updates")
    with told if parts else contextlib.nullcontext():
        other.load_own_variables(Store({str(place): value for place, value in enumerate(listed)}))
    for name in ("iterations", *parts, "k"):
        np.testing.assert_array_equal(other.state[name], values[name])


def test_a_checkpoint_of_an_older_version_is_of_the_same_run():
    """Which named options otherwise."""
    gan = make("WGANGP", regularizers=[regularizers.ADA(0.5), regularizers.LeCam(0.1)])
    gan.compile()
    now = identity.identity(gan, {})
    saved = json.loads(json.dumps(now))
    assert {"g_optimizer", "d_optimizer"} <= saved["compile"].keys()
    model = saved["model"]
    del model["regularizers"]
    model |= {"objective": "wasserstein", "penalty": "gradient_penalty", "lecam": 0.1, "top_k": 1.0}
    model |= {"penalty_weight": 10.0, "penalty_every": 1, "augment": "ada", "ada_target": 0.5}
    assert not identity.differences(identity.brought_up({"identity": saved}, now, gan), now)
    model["lecam"] = 0.2
    found = identity.differences(identity.brought_up({"identity": saved}, now, gan), now)
    assert len(found) == 1 and "regularizers" in found[0]
