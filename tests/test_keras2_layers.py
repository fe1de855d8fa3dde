"""Layers of Keras 2, held against tf_keras, which writes the files, to 1e-4 of the output's spread."""

import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tf_keras = pytest.importorskip("tf_keras", reason="needs tf-keras, the oracle")
layers = tf_keras.layers


def branches(x):
    """Every layer with two inputs, and one that is called twice."""
    shared = layers.Conv2D(4, 3, padding="same", activation="tanh", name="shared")
    a, b = shared(x), shared(layers.Conv2D(4, 1)(x))
    kinds = (
        layers.Add,
        layers.Average,
        layers.Maximum,
        layers.Minimum,
        layers.Multiply,
        layers.Subtract,
    )
    x = layers.Concatenate()([kind()([a, b]) for kind in kinds])
    return layers.Conv2D(2, 1)(x)


def nested(x):
    inner = tf_keras.Sequential([layers.Dense(3, name="inner_dense"), layers.BatchNormalization()])
    outer = tf_keras.Input([6, 6, 4])
    block = tf_keras.Model(outer, layers.LeakyReLU(0.3)(inner(outer)))
    return layers.Conv2D(2, 3)(block(x))


def of_sequentials(x):
    """Sequential models within one, both made with an input and without."""
    first = tf_keras.Sequential([tf_keras.Input([6, 6, 4]), layers.Conv2D(3, 1, name="c1")])
    second = tf_keras.Sequential([layers.Conv2D(5, 1, name="c2", activation="tanh")])
    return tf_keras.Sequential([first, second, layers.Conv2D(2, 3, name="c3"), layers.ReLU()])(x)


def chain(*rows):
    def made(x):
        for row in rows:
            x = row(x)
        return x

    return made


CASES = {
    "branches": lambda: branches,
    "nested": lambda: nested,
    "of_sequentials": lambda: of_sequentials,
    "norms": lambda: chain(
        layers.BatchNormalization(momentum=0.8, epsilon=1e-2),
        layers.LayerNormalization(epsilon=1e-2),
        layers.BatchNormalization(scale=False),
    ),
    "activations": lambda: chain(
        layers.PReLU(shared_axes=[1, 2]),
        layers.ELU(0.7),
        layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.05),
        *(layers.Activation(name) for name in ("elu", "gelu", "swish", "leaky_relu", "selu")),
        layers.Activation("softplus"),
        layers.Softmax(axis=-1),
    ),
    "convolutions": lambda: chain(
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2),
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.Conv2D(6, 2, dilation_rate=2, padding="same", groups=2),
    ),
    "transposed": lambda: chain(
        layers.Conv2DTranspose(3, 5, strides=2, padding="same", use_bias=False),
        layers.Conv2DTranspose(3, 3, strides=2),
        layers.Conv2DTranspose(2, 4, strides=3, padding="valid", output_padding=1),
        layers.Conv2DTranspose(2, 2, strides=3, padding="same"),
    ),
    "sizes": lambda: chain(
        layers.UpSampling2D(2),
        layers.ZeroPadding2D(((1, 2), (0, 1))),
        layers.UpSampling2D((2, 3), interpolation="bilinear"),
        layers.Cropping2D(((1, 0), (2, 1))),
        layers.AveragePooling2D(2, padding="same"),
        layers.MaxPooling2D(3, strides=2),
        layers.Rescaling(0.5, 0.1),
        layers.Permute((2, 1, 3)),
        layers.Dropout(0.3),
    ),
}  # fmt: skip


def generator(body):
    """A network from 5 latents to images, with a body between maps of 6x6x4 and the last layers."""
    latents = tf_keras.Input([5])
    x = layers.Reshape((6, 6, 4))(layers.Dense(144, activation="relu")(latents))
    x = layers.Flatten()(body(x))
    images = layers.Reshape((4, 4, 1))(layers.Dense(16, activation="sigmoid")(x))
    return perturbed(tf_keras.Model(latents, images))


def perturbed(model):
    """Other weights than new ones, so that a wrong place shows; variances stay positive."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        moved = weight.numpy() + 0.1 * rng.normal(size=weight.shape)
        weight.assign(np.abs(moved) if "variance" in weight.name else moved)
    return model


def assert_agrees(model, path, inputs, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of h5 as a legacy format
        model.save(path)
    theirs = model(inputs if len(inputs) > 1 else inputs[0], training=False).numpy()
    assert np.std(theirs) > 0
    gan = tfgan_zoo.from_checkpoint(path, **options)
    order = sorted(inputs, key=lambda value: value.dtype.kind)  # floats, the latents, come first
    ours = np.asarray(
        gan(*(value.reshape(-1) if value.dtype.kind == "i" else value for value in order))
    )
    np.testing.assert_allclose(ours / 2 + 0.5, theirs, atol=1e-4 * np.std(theirs), rtol=0)
    return gan


QUICK = ("nested", "of_sequentials", "convolutions")  # the others, and folders, take seconds


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param(
            name, form, marks=() if form == "file.h5" and name in QUICK else pytest.mark.full
        )
        for name in CASES
        for form in ("file.h5", "folder")
    ],
)
def test_layers(name, form, tmp_path):
    latents = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    assert_agrees(generator(CASES[name]()), tmp_path / form, [latents])


@pytest.mark.parametrize("first", ["latents", "labels"])
def test_labels_of_an_embedding(first, tmp_path):
    latents, labels = tf_keras.Input([5]), tf_keras.Input([1], dtype="int32")
    table = layers.Flatten()(layers.Embedding(7, 6)(labels))
    x = layers.Concatenate()([layers.Dense(10)(latents), table])
    images = layers.Reshape((4, 4, 1))(layers.Dense(16, activation="sigmoid")(x))
    inputs = [latents, labels] if first == "latents" else [labels, latents]
    values = {5: np.random.default_rng(1).normal(size=(3, 5)).astype("float32")}
    values[1] = np.int32([[6], [0], [2]])
    model = perturbed(tf_keras.Model(inputs, images))
    gan = assert_agrees(model, tmp_path / "g.h5", [values[given.shape[1]] for given in inputs])
    assert (gan.num_classes, gan.latent_dim) == (7, 5)
    with pytest.raises(ValueError, match="num_classes is 3, and its embedding has 7 rows"):
        tfgan_zoo.from_checkpoint(tmp_path / "g.h5", num_classes=3)


@pytest.mark.full
def test_a_class_of_its_authors_own_is_refused(tmp_path):
    class Mine(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)

        def call(self, x):
            return self.dense(x)

    model = Mine()
    model(tf.zeros((1, 5)))
    model.save(tmp_path / "folder", save_format="tf")
    with pytest.raises(ValueError, match="The model is a Mine, a class of its authors' own"):
        tfgan_zoo.from_checkpoint(tmp_path / "folder")


def test_layers_of_enlargers(tmp_path):
    """idealo's and UpscalerJS's two classes, by their formulas, of a file made by hand."""
    nodes = [("x", "InputLayer", {"batch_input_shape": [None, None, None, 8]})]
    nodes += [("half", "MultiplyBeta", {"beta": 0.25}), ("larger", "PixelShuffle2x", {"scale": 2})]
    nodes += [("deeper", "Conv2D", {"filters": 8, "kernel_size": [1, 1], "use_bias": False})]
    before, records = [], []
    for name, kind, config in nodes:
        config = {"name": name, **config}
        records.append(
            {"class_name": kind, "config": config, "name": name, "inbound_nodes": before}
        )
        before = [[[name, 0, 0, {}]]]
    graph = {"layers": records, "input_layers": [["x", 0, 0]], "output_layers": [["deeper", 0, 0]]}
    kernel = np.random.default_rng(0).normal(size=(1, 1, 2, 8)).astype("<f4")
    weights = [{"name": "deeper/kernel", "shape": list(kernel.shape), "dtype": "float32"}]
    model = {
        "modelTopology": {"model_config": {"class_name": "Functional", "config": graph}},
        "weightsManifest": [{"paths": ["a.bin"], "weights": weights}],
    }
    (tmp_path / "model.json").write_text(json.dumps(model))
    (tmp_path / "a.bin").write_bytes(kernel.tobytes())
    read = tfgan_zoo.from_checkpoint(tmp_path, value_range=(-1, 1))
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, 4, 8)).astype("float32")
    expected = tf.nn.depth_to_space(0.25 * x, 2) @ kernel[0, 0]
    np.testing.assert_allclose(read(x), expected, atol=1e-6)


@pytest.mark.parametrize("form", ["file.h5", pytest.param("folder", marks=pytest.mark.full)])
def test_a_chain_of_chains(form, tmp_path):
    """The model itself is sequential too; weights alone go into such a network of Keras 3."""
    latents = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    model = perturbed(chain_of_chains(tf_keras))
    assert_agrees(model, tmp_path / form, [latents])
    model.save_weights(tmp_path / "weights.h5")
    network = chain_of_chains(keras)
    gan = tfgan_zoo.from_checkpoint(tmp_path / "weights.h5", generator=network, value_range=(0, 1))
    theirs = model(latents).numpy()
    np.testing.assert_allclose(gan(latents) / 2 + 0.5, theirs, atol=1e-4 * np.std(theirs), rtol=0)


def chain_of_chains(library):
    layers = library.layers
    first = library.Sequential([library.Input([5]), layers.Dense(6, name="da")], name="a")
    second = library.Sequential([library.Input([6]), layers.Dense(7, name="db")], name="b")
    ends = [layers.Dense(16, activation="sigmoid", name="out"), layers.Reshape((4, 4, 1))]
    return library.Sequential([library.Input([5]), first, second, *ends])


def test_bilinear_enlargers_take_any_size(tmp_path):
    up = layers.UpSampling2D((3, 3), interpolation="bilinear")
    rows = [tf_keras.Input([None, None, 3]), up, layers.Conv2D(3, 3, padding="same")]
    model = perturbed(tf_keras.Sequential(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "g.h5")
    read = tfgan_zoo.from_checkpoint(tmp_path / "g.h5", value_range=(0, 255))
    assert read.scale == 3
    images = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 3), np.uint8)
    expected = np.clip(model(images.astype("float32")), 0, 255)
    np.testing.assert_allclose(read.translate(images), expected, atol=0.501)
