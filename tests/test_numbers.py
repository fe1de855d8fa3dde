"""Numbers that are no seed, class, share or latent are refused by name, and never coerced; a served row
that nothing can be drawn for is blank."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo import numbers
from tfgan_zoo.cli import arguments

LATENTS = np.zeros((2, 4), np.float32)
NOT_GENERATED = {
    "labels float": (dict(labels=1.7), r"labels must be an integer, or 2 integers.*labels=1.7"),
    "labels whole float": (dict(labels=[0.0, 1.0]), r"Give labels.astype\(int\)"),
    "labels bool": (dict(labels=True), "labels must be an integer.*labels=True"),
    "labels string": (dict(labels="orange"), "labels='orange'"),
    "labels one-hot": (dict(labels=[[1, 0, 0], [0, 1, 0]]), r"give labels.argmax\(axis=1\)"),
    "labels count": (dict(labels=[0, 1, 2]), "or 2 integers"),
    "labels beyond int32": (dict(labels=2**32), r"no class 4294967296: .* in \[0, 3\)"),
    "labels negative": (dict(labels=-1), r"no class -1: .* in \[0, 3\)"),
    "labels ragged": (dict(labels=[[0], [0, 1]]), "labels must be a number or an array"),
    "seed float": (dict(seed=1.5), "seed must be an integer in .*seed=1.5"),
    "seed string": (dict(seed="7"), "seed must be an integer"),
    "seed bool": (dict(seed=True), "seed must be an integer"),
    "seed 65 bits": (dict(seed=2**63), r"seed must be an integer in \[-2\*\*63, 2\*\*63\)"),
    "last seed": (dict(seed=2**63 - 1), "last of 2 seeds .* is beyond"),
    "truncation 0": (dict(truncation=0), r"truncation must lie in \(0, 1\]"),
    "truncation NaN": (dict(truncation=np.nan), r"truncation must lie in \(0, 1\]"),
    "truncation 1.5": (dict(truncation=[0.5, 1.5]), r"truncation must lie in \(0, 1\]"),
    "truncation string": (dict(truncation="0.5"), "truncation must be a number"),
    "truncation count": (dict(truncation=[0.5] * 3), "or 2 numbers, one for each image"),
    "batch_size": (dict(batch_size=0), "batch_size must be a positive integer"),
    "n": (dict(n=2.0), "n must be a positive integer. Received: n=2.0"),
    "n bool": (dict(n=True), "n must be a positive integer"),
}


@pytest.fixture(scope="module")
def conditional():
    return make("ConditionalGAN")


@pytest.mark.parametrize("name", NOT_GENERATED)
def test_generate_refuses(name, conditional):
    arguments, message = NOT_GENERATED[name]
    with pytest.raises(ValueError, match=message):
        conditional.generate(**{"n": 2, "seed": 0, **arguments})


def test_numbers_of_other_kinds_are_the_same_numbers(conditional):
    expected = conditional.generate(2, seed=3, labels=[1, 2], truncation=0.5)
    for made in (np.int64, np.uint8, tf.constant):
        given = {"seed": made(3), "labels": made([1, 2]), "truncation": np.float32(0.5)}
        np.testing.assert_array_equal(conditional.generate(2, **given), expected)
    np.testing.assert_array_equal(
        numbers.seeds("seeds", [2**63 - 1, -(2**63)]), [2**63 - 1, -(2**63)]
    )
    assert conditional.generate(1, seed=-(2**63)).shape == (1, 8, 8, 1)


@pytest.mark.parametrize("seeds", [[1.5], [], ["1"], [2**63], [2**64, -1], [[1, 2]], [True]])
def test_seeds_refused(seeds, conditional):
    with pytest.raises(ValueError, match="seeds must"):
        conditional.generate_from_seeds(seeds)


def test_interpolate_refuses(conditional):
    with pytest.raises(ValueError, match="steps must be a positive integer"):
        conditional.interpolate(0, 1, steps=0)
    with pytest.raises(ValueError, match="end_seed must be an integer"):
        conditional.interpolate(0, 0.5)
    with pytest.raises(ValueError, match="no class 3"):
        conditional.interpolate(0, 1, label=3)


RENDERED = {
    "width": ("ConditionalGAN", (LATENTS[:, :3], [0, 1]), r"shape \[B, 4\]. Received: \(2, 3\)"),
    "kind": ("ConditionalGAN", (LATENTS.astype(int), [0, 1]), "must be floats. Received: int64"),
    "NaN": ("ConditionalGAN", (LATENTS + np.nan, [0, 1]), "Latents hold NaN or infinity"),
    "no labels": ("ConditionalGAN", (LATENTS,), "needs labels, one for each row"),
    "class": ("ConditionalGAN", (LATENTS, [0, 3]), "no class 3"),
    "labels": ("DCGAN", (LATENTS, [0, 1]), "DCGAN takes no labels"),
    "truncation": ("DCGAN", (LATENTS, None, 0.0), r"truncation must lie in \(0, 1\]"),
    "styles": ("StyleGAN", (LATENTS + np.inf,), "Latents hold NaN or infinity"),
    "style truncation": ("StyleGAN", (LATENTS, None, np.nan), r"truncation must lie in \(0, 1\]"),
}


@pytest.mark.parametrize("name", RENDERED)
def test_render_refuses(name, conditional):
    variant, arguments, message = RENDERED[name]
    gan = conditional if variant == "ConditionalGAN" else make(variant)
    with pytest.raises(ValueError, match=message):
        gan.render(*arguments)


def test_a_called_model_draws_no_class_that_does_not_exist(conditional):
    with pytest.raises(ValueError, match="no class 3"):
        conditional(LATENTS, labels=[0, 3])
    drawn = tf.function(lambda labels: conditional(LATENTS, labels))(tf.constant([0, 3])).numpy()
    np.testing.assert_allclose(drawn[0], conditional(LATENTS, labels=[0, 0])[0], atol=1e-6)
    assert np.isnan(drawn[1]).all()


# === Served ===

ROWS = {  # the first of three rows can be drawn, of the others some input cannot
    "seed": np.arange(3),
    "label": [0, 3, -1],
    "category": [[0, 2], [0, 3], [-1, 0]],
    "truncation": [1.0, np.nan, 1.5],
    "latents": LATENTS[[0, 0, 0]] + np.array([[0], [np.nan], [np.inf]]),
    "images": np.zeros((3, 8, 8, 1)) + np.array([0, np.nan, np.inf])[:, None, None, None],
    "code": np.array([[0, 0], [np.nan, 0], [0, np.inf]]),
}


def answer(gan, name, rows):
    """What a served signature answers to these rows of `ROWS`."""
    function, signature = gan.served()[name]
    inputs = []
    for spec in signature:
        values = np.asarray(ROWS[spec.name])[rows]
        if spec.name == "latents":
            values = np.tile(values[:, :1], gan.latent_dim)
        inputs.append(tf.constant(values, spec.dtype))
    return {k: v.numpy() for k, v in function(*inputs).items()}


@pytest.mark.parametrize(
    "variant", ["ConditionalGAN", "ACGAN", "SAGAN", "BigGAN", "StyleGAN2", "InfoGAN", "VAEGAN"]
)
def test_rows_that_cannot_be_drawn_are_blank_and_harm_no_other(variant):
    gan = make(variant)
    assert ("classes" in gan.served()) == (gan.num_classes is not None)
    for name, (_, signature) in gan.served().items():
        names = {spec.name for spec in signature}
        if name == "classes" or names == {"seed"}:
            continue
        together, alone = answer(gan, name, [0, 1, 2]), answer(gan, name, [0])
        for output, values in together.items():
            if output == "image_bytes":
                assert values[0] == alone[output][0] and list(values[1:]) == [b"", b""]
            else:
                np.testing.assert_allclose(values[0], alone[output][0], atol=1e-5, err_msg=name)
                assert np.isnan(values[1:]).all(), (name, output)


# === What is written ===


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.5", "Numbers are written as"),
        ("²", "Numbers are written as"),
        ("-3", "Numbers are written as"),
        ("1,,2", "Numbers are written as"),
        ("7,5-2", "from the smaller to the larger. Received: '5-2'"),
        ("0-999999999999", "A million numbers"),
        ("9223372036854775808", r"below 2\*\*63"),
    ],
)
def test_numbers_of_the_command_line(text, message):
    with pytest.raises(ValueError, match=message):
        arguments.numbers(text)
    assert arguments.numbers("0-3, 7") == [0, 1, 2, 3, 7]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("num", "n"), ("label", "labels"), ("text", "texts"), ("truncatoin", "trunc")],
)
def test_generate_names_the_argument_that_was_meant(name, meant, conditional):
    with pytest.raises(
        TypeError, match=f"generate has no argument '{name}'. Did you mean '{meant}"
    ):
        conditional.generate(**{name: 2})
    with pytest.raises(
        TypeError, match="interpolate has no argument 'labels'. Did you mean 'label'"
    ):
        conditional.interpolate(0, 1, labels=2)


def test_from_preset_names_its_own_arguments():
    with pytest.raises(
        TypeError, match=r"^DCGAN has no argument 'weights'.*itself takes load_weig"
    ):
        tfgan_zoo.DCGAN.from_preset("dcgan_fashion_mnist", weights=False)


def test_paths_that_hold_no_exported_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    (tmp_path / "all" / "one" / "1" / "assets.extra").mkdir(parents=True)
    (tmp_path / "all" / "one" / "1" / "assets.extra" / "preset.json").write_text("{}")
    messages = {
        "m.keras": "keras.saving.load_model",
        "w.h5": "HDF5 file holds weights",
        "./run": "tfgan_zoo.runs.load_run",
        "run": "a path is written as ./run",
        "./nowhere": "no such file or folder",
        "./dcgan_mnist": "a preset 'dcgan_mnist', without a path",
        "./all": "holds models in folders: one. Give one",
    }
    for name, message in messages.items():
        with pytest.raises(ValueError, match=message):
            tfgan_zoo.from_preset(name)
    with pytest.raises(TypeError, match="named by a string.*Received: 3"):
        tfgan_zoo.from_preset(3)
