"""Networks that Keras 2 and TensorFlow.js saved become models whose outputs are those recorded."""

import json

import keras
import numpy as np
import pytest
from test_checkpoints import ROOT, case, close, needs_files
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, serving

GENERATORS = {"a_conditional_gan": {"num_classes": 10}, "a_dcgan_faces": {}}
SLIM = "tfjs/a_esrgan_slim_x2"


def latents_and_labels(given, model):
    """What a model takes, of one recorded input: latents, and classes one-hot behind them."""
    (values,) = given.values()
    if model.num_classes is None:
        return (values,)
    size = model.latent_dim
    return values[:, :size], np.argmax(values[:, size:], axis=1).astype("int32")


@needs_files
@pytest.mark.parametrize("form", ["generator.h5", "saved_model", "generator_weights.h5"])
@pytest.mark.parametrize("name", GENERATORS)
def test_keras2(name, form):
    folder, given, recorded = case(f"keras2/{name}")
    options = dict(GENERATORS[name])
    if "weights" in form:  # into a network of Keras 3 that its user made
        options |= {"generator": made_by_hand(name), "value_range": (0, 1)}
    model = tfgan_zoo.from_checkpoint(folder / form, **options)
    assert type(model) is tfgan_zoo.GAN and model.origin["family"] == "keras2"
    asked = latents_and_labels(given, model)
    close(np.asarray(model(*asked)) / 2 + 0.5, recorded["image"])
    if "weights" in form:
        return
    for key in [key for key in recorded if key.startswith("after_")]:
        network = model.ema_generator
        inner = keras.Model(network.input, network.get_layer(key.removeprefix("after_")).output)
        inputs = asked[0] if len(asked) == 1 else list(asked)
        close(np.asarray(inner(inputs))[:1], recorded[key])


def made_by_hand(name):
    """The network of a case as one would write it, with the names of its layers."""
    layers = keras.layers
    faces = name == "a_dcgan_faces"
    slope = lambda: layers.LeakyReLU(0.2)  # noqa: E731
    up = lambda width: layers.Conv2DTranspose(width, 4, 2, "same")  # noqa: E731
    if faces:
        rows = [layers.Dense(1024), layers.Reshape((8, 8, 16))]
        rows += [up(12), slope(), up(14), slope(), up(16), slope()]
        rows += [layers.Conv2D(3, 5, padding="same", activation="sigmoid")]
    else:
        rows = [
            layers.Dense(882),
            slope(),
            layers.Reshape((7, 7, 18)),
            up(14),
            slope(),
            up(14),
            slope(),
        ]
        rows += [layers.Conv2D(1, 7, padding="same", activation="sigmoid")]
    names = {}
    for layer in rows:
        kind = {"Dense": "dense", "Conv2D": "conv2d", "Conv2DTranspose": "conv2d_transpose"}.get(
            type(layer).__name__, type(layer).__name__.lower()
        )
        layer.name = f"{kind}_{names[kind]}" if kind in names else kind
        names[kind] = names.get(kind, 0) + 1
    return keras.Sequential([keras.Input([24 if faces else 18]), *rows])


@needs_files
def test_classes_are_asked_for_by_label():
    folder, given, recorded = case("keras2/a_conditional_gan")
    model = tfgan_zoo.from_checkpoint(folder / "generator.h5", num_classes=10)
    latents, labels = latents_and_labels(given, model)
    levels = np.asarray(model.predict((latents, labels), verbose=0)) * 127.5 + 127.5
    close(levels / 255, recorded["image"])
    pixels = model.generate(3, seed=0, labels=[7, 7, 3])
    assert pixels.shape == (3, 28, 28, 1) and pixels.dtype == np.uint8
    expected = np.asarray(model(model.latents_for([0, 1, 2]), np.int32([7, 7, 3]))) * 127.5 + 127.5
    np.testing.assert_allclose(pixels, expected, atol=0.51)
    whole = tfgan_zoo.from_checkpoint(
        folder / "generator.h5"
    )  # latents alone, when nothing is said
    assert (whole.latent_dim, whole.num_classes) == (18, None)


@needs_files
def test_tfjs():
    folder, given, recorded = case(SLIM)
    model = tfgan_zoo.from_checkpoint(folder, value_range=(0, 255))
    assert type(model) is tfgan_zoo.SuperResolution and model.scale == 2
    made = np.asarray(model(given["images"].astype("float32") / 127.5 - 1)) * 127.5 + 127.5
    close(made, recorded["image_tfjs_0_255"])
    close(made, recorded["image_tf_keras_0_255"])
    expected = np.clip(recorded["image_tfjs_0_255"], 0, 255)
    np.testing.assert_allclose(model.translate(given["images"]), expected, atol=0.501)
    unit = tfgan_zoo.from_checkpoint(folder / "model.json", value_range=(0, 1))
    made = np.asarray(unit(given["images"].astype("float32") / 127.5 - 1)) / 2 + 0.5
    close(made, recorded["image_tfjs_of_images_over_255"])


@needs_files
@pytest.mark.parametrize(
    ("code", "tolerance"),
    [
        ("uint8", 1 / 255),
        pytest.param("uint16", 1 / 65535, marks=pytest.mark.full),
        pytest.param("float16", 2**-10, marks=pytest.mark.full),
    ],
)
def test_quantized_weights_of_tfjs(code, tolerance, tmp_path):
    """Each value within half a step of its array's range, or float16's rounding."""
    folder, *_ = case(SLIM)
    model = json.loads((folder / "model.json").read_text())
    content, start, parts = (folder / "group1-shard1of1.bin").read_bytes(), 0, []
    values = {}
    for weight in model["weightsManifest"][0]["weights"]:
        count = int(np.prod(weight["shape"]))
        array = np.frombuffer(content, "<f4", count, start)
        start += 4 * count
        values[weight["name"]] = array.reshape(weight["shape"])
        low, scale = float(array.min()), float(np.ptp(array)) / {"uint8": 255}.get(code, 65535)
        weight["quantization"] = {"dtype": code, "original_dtype": "float32"}
        if code != "float16":
            weight["quantization"] |= {"min": low, "scale": scale}
            array = np.round((array - low) / scale)
        parts.append(array.astype(code).tobytes())
    model["weightsManifest"][0]["paths"] = ["one.bin", "two.bin"]
    whole = b"".join(parts)
    (tmp_path / "one.bin").write_bytes(whole[:1001])
    (tmp_path / "two.bin").write_bytes(whole[1001:])
    (tmp_path / "model.json").write_text(json.dumps(model))
    read = tfgan_zoo.from_checkpoint(tmp_path, value_range=(0, 255))
    for name, array in values.items():
        layer, variable = name.split("/")
        ours = np.asarray(getattr(read.ema_generator.get_layer(layer), variable))
        assert np.max(np.abs(ours - array)) <= tolerance * max(np.ptp(array), np.abs(array).max())


@needs_files
def test_the_command_line_takes_what_files_do_not_say():
    def run(*words):
        return CliRunner().invoke(cli.app, ["import", *map(str, words)])

    digits = ROOT / "keras2" / "a_conditional_gan" / "generator.h5"
    assert "images      28x28x1" in run(digits, "--num-classes", 10).output
    told = run(digits, "--num-classes", 18)
    assert told.exit_code == 1 and "num_classes is 18, and its input has 18 values" in told.output
    told = run(ROOT / SLIM, "--value-range", 0, 255).output
    assert "SuperResolution. " in told and "parameters  generator 222,075" in told


# === What was read goes on ===


@needs_files
@pytest.mark.full  # exports take seconds each
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("keras2/a_conditional_gan/generator.h5", {"num_classes": 10}),
        ("keras2/a_dcgan_faces/saved_model", {}),
        (SLIM, {"value_range": (0, 255)}),
    ],
)
def test_what_was_read_is_saved_exported_and_verified(name, options, tmp_path):
    model = tfgan_zoo.from_checkpoint(ROOT / name, **options)
    model.save(tmp_path / "saved.keras")
    version = model.export(tmp_path, "own", warmup_batch_sizes=(1,))
    assert serving.verify(version, trust_model=True) == "8 images, identical"
    images = np.random.default_rng(0).integers(0, 256, (1, 12, 10, 3), np.uint8)
    draw = lambda each: (  # noqa: E731
        each.generate(4, seed=0) if hasattr(each, "generate") else each.translate(images)
    )
    expected = draw(model)
    assert np.std(expected) > 1
    again = [
        keras.saving.load_model(tmp_path / "saved.keras"),
        tfgan_zoo.from_preset(version, trust_model=True),
    ]
    for other in again:
        assert other.origin == model.origin
        np.testing.assert_array_equal(draw(other), expected)


@needs_files
@pytest.mark.full
def test_what_was_read_trains():
    """The discriminator is new, and takes labels where the generator does."""
    folder, *_ = case("keras2/a_conditional_gan")
    gan = tfgan_zoo.from_checkpoint(folder / "generator.h5", num_classes=10)
    assert gan.conditional_discriminator
    images = np.random.default_rng(0).uniform(-1, 1, (8, 28, 28, 1)).astype("float32")
    before = gan.generator.get_weights()
    gan.compile(run_eagerly=True)
    gan.fit(images, np.arange(8), batch_size=8, verbose=0)
    moved = zip(before, gan.generator.get_weights(), strict=True)
    assert all(not np.array_equal(old, new) for old, new in moved)
