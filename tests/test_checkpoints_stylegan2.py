"""StyleGAN2's networks in files of PyTorch and TensorFlow, with all options of their authors' code."""

import re

import keras
import numpy as np
import pytest
from stylegan2_in_numpy import Network, discriminator, generator
from test_checkpoints import case, close, levels, needs_files, nhwc

import tfgan_zoo
from tfgan_zoo.tasks.pixels import to_uint8
from tfgan_zoo.weights import (
    convert_stylegan2_ada_pytorch,
    convert_stylegan2_tf,
    loading,
    pytorch,
)
from tfgan_zoo.weights.pickled import Global, Object
from tfgan_zoo.weights.torch_values import Storage, Tensor


def nchw(images):
    return np.transpose(images, (0, 3, 1, 2))


# === Files ===


@pytest.fixture(scope="module", params=["stylegan2_ada_pytorch", "stylegan2_tf"])
def read(request):
    folder, given, recorded = case(f"{request.param}/a")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model) is tfgan_zoo.StyleGAN2 and model.origin["family"] == request.param
    return model, given, recorded


@needs_files
def test_styles(read):
    model, given, recorded = read
    close(model.styles_from_latents(given["z"]).numpy(), recorded["w_psi1"])
    close(model.styles_from_latents(given["z"], 0.7).numpy(), recorded["w_psi0.7"])
    if "w_psi0.7_cutoff4" in recorded:
        styles = model.styles_from_latents(given["z"], 0.7, truncation_cutoff=4)
        close(styles.numpy(), recorded["w_psi0.7_cutoff4"])


@needs_files
@pytest.mark.parametrize("psi", [1, 0.7])
@pytest.mark.parametrize("noise_mode", ["const", "none"])
def test_images(read, psi, noise_mode):
    """As they are made, and as they are given, clipped."""
    model, given, recorded = read
    name = f"image_psi{psi}_{noise_mode}"
    if name not in recorded:
        pytest.skip("not recorded")
    options = {"truncation": float(psi), "noise_mode": noise_mode}
    close(model.render(given["z"], training=True, **options).numpy(), nhwc(recorded[name]))
    clipped = np.clip(nhwc(recorded[name]), -1, 1)
    close(model.render(given["z"], **options).numpy(), clipped)


@needs_files
def test_generator_beside_its_average(read):
    model, given, recorded = read
    expected = nhwc(recorded["image_of_G_psi1_const"])
    styles = model._styles(model.generator, given["z"][: len(expected)], training=False)
    close(model.generator.get_layer("synthesis")(styles, training=True).numpy(), expected)


@needs_files
def test_discriminator(read):
    """Logits depend on the batch, as while training; those of an image alone are what is served."""
    model, given, recorded = read
    images = nhwc(given["d_images"])
    if "d_logits_one" in recorded:
        found = model.discriminator(images).numpy()
        np.testing.assert_allclose(found[:1], recorded["d_logits_one"], atol=1e-5)
    for name, count in (("d_logits", 8), ("d_logits_first_4", 4)):
        if name in recorded:
            logits = model.discriminate(images[:count], {})["logits"]
            close(logits.numpy(), recorded[name])


@needs_files
def test_other_outputs_of_pytorch(read):
    model, given, recorded = read
    if "ws_mixed" not in recorded:
        pytest.skip("not recorded")
    close(
        model.images_from_styles(recorded["ws_mixed"], True).numpy(),
        nhwc(recorded["image_mixed_const"]),
    )
    mean = np.tile(model.w_avg, (1, model.num_styles, 1))
    close(model.images_from_styles(mean, True, "none").numpy(), nhwc(recorded["image_psi0_none"]))
    made = model.render(given["z"], None, 0.7, training=True, truncation_cutoff=4)
    close(made.numpy(), nhwc(recorded["image_psi0.7_cutoff4_const"]))
    levels(to_uint8(model.render(given["z"])), recorded["uint8_psi1_const"])


@needs_files
def test_it_goes_on(tmp_path):
    """It draws, and is saved and exported as every model."""
    model = tfgan_zoo.from_checkpoint(case("stylegan2_ada_pytorch/a")[0])
    images = model.generate(3, seed=5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.generate(3, seed=5), images)
    assert again.origin == model.origin
    found = tfgan_zoo.from_preset(model.export(tmp_path, "faces", warmup_batch_sizes=(1,)))
    np.testing.assert_array_equal(found.generate(3, seed=5), images)


class Holding:
    """A file that holds such a tree."""

    def __init__(self, tree):
        self.tree = tree

    def trees(self):
        return {None: self.tree}


@needs_files
@pytest.mark.parametrize("kept", [["G_ema"], ["G"], ["G", "D"], None])
def test_some_networks_are_enough(kept):
    """Without an average the generator is its own; a module may be the whole file."""
    folder, given, recorded = case("stylegan2_ada_pytorch/a")
    tree = pytorch.read(next(folder.glob("*.pkl")))
    held = Holding(tree["G_ema"] if kept is None else {name: tree[name] for name in kept})
    assert convert_stylegan2_ada_pytorch.FAMILY.recognizes(held)
    model = made(convert_stylegan2_ada_pytorch.FAMILY.convert(held))
    name = "image_of_G_psi1_const" if kept and "G" in kept else "image_psi1_const"
    expected = nhwc(recorded[name])
    close(model.render(given["z"][: len(expected)], training=True).numpy(), expected)
    if kept == ["G", "D"]:
        logits = model.discriminate(nhwc(given["d_images"]), {})["logits"]
        close(logits.numpy(), recorded["d_logits"])


@needs_files
def test_a_discriminator_alone_is_refused():
    folder, *_ = case("stylegan2_ada_pytorch/a")
    tree = pytorch.read(next(folder.glob("*.pkl")))
    assert not convert_stylegan2_ada_pytorch.FAMILY.recognizes(Holding({"D": tree["D"]}))


@needs_files
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": 3}, "version 3: StyleGAN, and not StyleGAN2"),
        ({"static_kwargs": {"blur": 2}}, "arguments that are not known: blur"),
        ({"static_kwargs": {"normalize_latents": False}}, "latents are not normalized"),
        ({"variables": []}, "no tensor mapping.w_avg"),
    ],
)
def test_what_is_refused_of_tensorflow(changed, message):
    folder, *_ = case("stylegan2_tf/a")
    tree = pytorch.read(next(folder.glob("*.pkl")))
    tree[2].state = {**tree[2].state, **changed}
    with pytest.raises(ValueError, match=message):
        convert_stylegan2_tf.FAMILY.convert(Holding(tree[2]))


# === All options, against their definitions ===

PLAIN = {
    "image_shape": (16, 16, 3),
    "latent_dim": 6,
    "style_dim": 5,
    "mapping_layers": 2,
    "mapping_learning_rate_multiplier": 0.01,
    "d_mapping_learning_rate_multiplier": 0.01,
    "mapping_activation": "lrelu",
    "g_architecture": "skip",
    "d_architecture": "resnet",
    "g_activation": "lrelu",
    "d_activation": "lrelu",
    "g_resample_filter": (1, 3, 3, 1),
    "d_resample_filter": (1, 3, 3, 1),
    "g_conv_clamp": None,
    "d_conv_clamp": None,
    "use_noise": True,
    "d_mapping_layers": 8,
    "stddev_group_size": 4,
    "stddev_features": 1,
}
WIDTHS = {4: 6, 8: 6, 16: 4}  # channel_base 64, channel_max 6
OTHERS = {
    "residual generator, summing discriminator": {
        "g_architecture": "resnet",
        "d_architecture": "skip",
        "mapping_layers": 1,
    },
    "original networks": {
        "g_architecture": "orig",
        "d_architecture": "orig",
        "use_noise": False,
        "stddev_features": 0,
    },
    "filters": {"g_resample_filter": (1, 2, 1), "d_resample_filter": (1, 4, 6, 4, 1)},
    "longer filters": {
        "g_resample_filter": (1, 2, 3, 3, 2, 1),
        "d_resample_filter": (1, 1),
        "d_architecture": "skip",
    },
    "long filters": {"g_resample_filter": (1, 2, 3, 4, 5, 6, 4, 3, 2, 1)},
    "clamps": {"g_conv_clamp": 0.5, "d_conv_clamp": 0.75, "g_architecture": "resnet"},
    "activations": {
        "mapping_activation": "swish",
        "g_activation": "tanh",
        "d_activation": "softplus",
    },
    "deviations": {"stddev_features": 3, "stddev_group_size": None},
    "pairs": {"stddev_features": 2, "stddev_group_size": 2, "image_shape": (16, 16, 1)},
    "labels": {"num_classes": 3, "d_mapping_layers": 2},
    "labels that are embedded only": {
        "num_classes": 3,
        "d_mapping_layers": 0,
        "mapping_learning_rate_multiplier": 0.1,
    },
    "widths of mappings": {
        "num_classes": 4,
        "label_dim": 3,
        "mapping_width": 7,
        "mapping_layers": 3,
        "class_map_dim": 4,
        "d_label_dim": 3,
        "d_mapping_width": 2,
        "d_mapping_layers": 3,
    },
}


def made(found):
    """The model of what was converted; every tensor is used."""
    model = getattr(tfgan_zoo, found.variant)(**found.options)
    loading.load(model, found.tensors, "the file", foreign=True)
    assert not any(tensors.unused() for tensors in found.given)
    return model


def with_filters(tensors, options):
    """With the buffers that say how maps are resampled."""
    found = {}
    for layer in ("conv0", "conv1"):
        player = "g" if layer == "conv0" else "d"
        taps = np.array(options[f"{player}_resample_filter"], float)
        taps /= taps.sum()
        found[layer] = taps if len(taps) >= 8 else np.outer(taps, taps)
    for edge in (8, 16):
        start = f"synthesis.b{edge}.conv0" if "mapping.w_avg" in tensors else f"b{edge}.conv1"
        tensors[f"{start}.resample_filter"] = found[start[-5:]]
    return tensors


def pickled(tensors, attributes):
    """A module with modules within, as PyTorch's version pickles it.

    Args:
        tensors: `{path: array}`.
        attributes: `{path of a module: its attributes}`; "" is the whole.
    """
    own, within = {}, {}
    for name, array in tensors.items():
        first, _, rest = name.partition(".")
        within.setdefault(first, {})[rest] = array
    for name, parts in [*within.items()]:
        if "" in parts:
            own[name] = as_tensor(within.pop(name)[""])
    below = {path.partition(".")[0] for path in attributes} - {""}
    modules = {}
    for name in {**within, **dict.fromkeys(below)}:
        start = f"{name}."
        inner = {"": attributes.get(name, {})}
        inner |= {k.removeprefix(start): v for k, v in attributes.items() if k.startswith(start)}
        modules[name] = pickled(within.get(name, {}), inner)
    state = {"_parameters": own, "_buffers": {}, "_modules": modules, **attributes.get("", {})}
    kind = Global("torch_utils.persistence", "_reconstruct_persistent_obj")
    return Object(kind, ({"class_name": "Module", "state": state},))


def as_tensor(array):
    array = np.float32(array)
    storage = Storage("f4", array.size)
    storage.fill(array.tobytes(), "<")
    strides = [stride // 4 for stride in np.ascontiguousarray(array).strides]
    return Tensor(storage, 0, array.shape, tuple(strides[: array.ndim]))


def file_of_pytorch(parts, options):
    """What a file holds, with what no tensor tells."""
    mapping = {"activation": options["mapping_activation"]}
    found = {}
    for name, player in (("ema_generator", ""), ("discriminator", "d_")):
        multiplier = options[f"{player}mapping_learning_rate_multiplier"]
        dense = {**mapping, "bias_gain": multiplier}
        numbers = [n for n in range(9) if f"mapping.fc{n}.weight" in parts[name]]
        found[name] = {f"mapping.fc{n}": dense for n in numbers}
    generator = {
        "mapping": {"z_dim": options["latent_dim"], "w_avg_beta": 0.998},
        "synthesis.b4.conv1": {
            "activation": options["g_activation"],
            "conv_clamp": options["g_conv_clamp"],
        },
    }
    activation = {"activation": options["d_activation"]}
    critic = {
        "b4.conv": {**activation, "conv_clamp": options["d_conv_clamp"]},
        "b8.conv0": activation,
        "b16.conv0": activation,
    }
    if options["stddev_features"]:
        critic["b4.mbstd"] = {"group_size": options["stddev_group_size"]}
    return {
        "G_ema": pickled(parts["ema_generator"], {**found["ema_generator"], **generator}),
        "D": pickled(parts["discriminator"], {**found["discriminator"], **critic}),
    }


def drawn_parts(name, **changed):
    """Random tensors of both networks, and the options that they have."""
    random, options = np.random.default_rng(0), {**PLAIN, **OTHERS[name], **changed}
    classes = options.get("num_classes")
    return options, {
        "ema_generator": generator(random, options, WIDTHS, classes),
        "discriminator": discriminator(random, options, WIDTHS, classes),
    }


def agrees(model, parts, options):
    """Whether images and logits are those of the definitions."""
    random, classes = np.random.default_rng(1), options.get("num_classes")
    labels = None if classes is None else np.arange(8) % classes
    few = None if labels is None else labels[:3]
    z = np.float32(random.normal(size=(3, options["latent_dim"])))
    expected = Network(parts["ema_generator"], options).images(z, few)
    close(model.render(z, few, training=True).numpy(), nhwc(expected))
    images = np.float32(random.normal(size=(8, *options["image_shape"])))
    expected = Network(parts["discriminator"], options).logits(nchw(images), labels)
    batch = {} if labels is None else {"labels": labels}
    close(model.discriminate(images, batch)["logits"].numpy(), expected)


@pytest.mark.parametrize("name", OTHERS)
def test_options(name):
    options, parts = drawn_parts(name)
    parts = {part: with_filters(tensors, options) for part, tensors in parts.items()}
    held = Holding(file_of_pytorch(parts, options))
    assert convert_stylegan2_ada_pytorch.FAMILY.recognizes(held)
    model = made(convert_stylegan2_ada_pytorch.FAMILY.convert(held))
    assert model.w_avg_momentum == 0.998
    for option, value in OTHERS[name].items():
        found = getattr(model, option)
        if option.endswith("filter"):
            found = np.multiply(found, sum(value) / sum(found))
            np.testing.assert_allclose(found, value, rtol=1e-5)
        else:
            assert found == value
    agrees(model, parts, options)


@pytest.mark.parametrize(
    ("part", "changed", "message"),
    [
        ("G_ema", {"mapping": {"w_avg_beta": None}}, "keeps no average of styles"),
        ("D", {"b8": {"conv0": {"activation": "relu"}}}, "another activation than its blocks"),
        ("D", {"mapping": {"fc0": {"activation": "relu"}}}, "the discriminator's relu"),
        ("G_ema", {"synthesis": {"b4": {"conv1": {"activation": "gelu"}}}}, "g_activation must be"),
    ],
)
def test_what_is_refused_of_pytorch(part, changed, message):
    options, parts = drawn_parts("labels")
    tree = file_of_pytorch(parts, options)
    state, values = tree[part].args[0]["state"], changed
    while isinstance(next(iter(values.values())), dict):
        name, values = next(iter(values.items()))
        state = state["_modules"][name].args[0]["state"]
    state.update(values)
    with pytest.raises(ValueError, match=message):
        made(convert_stylegan2_ada_pytorch.FAMILY.convert(Holding(tree)))


NAMES_OF_TENSORFLOW = [  # as the authors' converter has them
    (r"mapping\.embed\.(\w+)", r"mapping/LabelEmbed/\1"),
    (r"mapping\.fc(\d+)\.(\w+)", r"mapping/Dense\1/\2"),
    (r"mapping\.w_avg", r"dlatent_avg"),
    (r"synthesis\.b4\.const", r"synthesis/4x4/Const/const"),
    (r"synthesis\.b4\.conv1\.noise_const", r"synthesis/noise0"),
    (r"synthesis\.b8\.conv0\.noise_const", r"synthesis/noise1"),
    (r"synthesis\.b8\.conv1\.noise_const", r"synthesis/noise2"),
    (r"synthesis\.b16\.conv0\.noise_const", r"synthesis/noise3"),
    (r"synthesis\.b16\.conv1\.noise_const", r"synthesis/noise4"),
    (r"synthesis\.b4\.conv1\.(.+)", r"synthesis/4x4/Conv/\1"),
    (r"synthesis\.b(\d+)\.conv0\.(.+)", r"synthesis/\1x\1/Conv0_up/\2"),
    (r"synthesis\.b(\d+)\.conv1\.(.+)", r"synthesis/\1x\1/Conv1/\2"),
    (r"synthesis\.b(\d+)\.torgb\.(.+)", r"synthesis/\1x\1/ToRGB/\2"),
    (r"synthesis\.b(\d+)\.skip\.(.+)", r"synthesis/\1x\1/Skip/\2"),
    (r"b(\d+)\.fromrgb\.(.+)", r"\1x\1/FromRGB/\2"),
    (r"b(\d+)\.conv0\.(.+)", r"\1x\1/Conv0/\2"),
    (r"b(\d+)\.conv1\.(.+)", r"\1x\1/Conv1_down/\2"),
    (r"b(\d+)\.skip\.(.+)", r"\1x\1/Skip/\2"),
    (r"b4\.conv\.(.+)", r"4x4/Conv/\1"),
    (r"b4\.fc\.(.+)", r"4x4/Dense0/\1"),
    (r"b4\.out\.(.+)", r"Output/\1"),
]


def network_of_tensorflow(name, tensors, arguments):
    found = {"lod": 0.0}
    for theirs, array in tensors.items():
        patterns = NAMES_OF_TENSORFLOW
        if name == "D":
            patterns = [
                (p, n.replace("mapping/", "").replace("Dense", "Mapping")) for p, n in patterns
            ]
            patterns = [(p, n.replace("4x4/Mapping0", "4x4/Dense0")) for p, n in patterns]
        new = next(re.sub(p, n, theirs) for p, n in patterns if re.fullmatch(p, theirs))
        if array.ndim == 4:
            array = np.transpose(array, (2, 3, 1, 0))
            array = array[::-1, ::-1] if "Conv0_up" in new else array
        elif theirs.endswith("const"):
            array = array[None] if theirs.endswith(".const") else array[None, None]
        elif array.ndim == 2:
            array = array.T
        array = array - 1 if theirs.endswith("affine.bias") else array
        found[new.replace("affine.", "mod_")] = np.float32(array)
    network = Object(Global("dnnlib.tflib.network", "Network"))
    network.state = {
        "version": 5,
        "static_kwargs": arguments,
        "components": {},
        "build_func_name": f"{name}_main",
        "variables": [*found.items()],
    }
    return network


@pytest.mark.parametrize(
    "name",
    [
        "labels",
        "labels that are embedded only",
        "residual generator, summing discriminator",
        "clamps",
    ],
)
def test_options_of_tensorflow(name):
    options, parts = drawn_parts(
        name, d_mapping_learning_rate_multiplier=0.1, stddev_group_size=None
    )
    multiplier = options["mapping_learning_rate_multiplier"]
    whole = network_of_tensorflow(
        "G",
        parts["ema_generator"],
        {"conv_clamp": options["g_conv_clamp"], "mapping_lrmul": multiplier},
    )
    critic = {"conv_clamp": options["d_conv_clamp"]}
    tree = (whole, network_of_tensorflow("D", parts["discriminator"], critic), whole)
    assert convert_stylegan2_tf.FAMILY.recognizes(Holding(tree))
    model = made(convert_stylegan2_tf.FAMILY.convert(Holding(tree)))
    agrees(model, parts, options)


def test_networks_of_tensorflow_that_have_grown():
    """Of configurations B to D: colours of the largest maps alone are used."""
    options, parts = drawn_parts("original networks", use_noise=True, stddev_features=1)
    options["stddev_group_size"] = 4
    parts["discriminator"] = discriminator(np.random.default_rng(0), options, WIDTHS)
    parts["ema_generator"] = generator(np.random.default_rng(0), options, WIDTHS)
    tree = [
        network_of_tensorflow(name, parts[part], {})
        for name, part in (("G", "ema_generator"), ("D", "discriminator"), ("G", "ema_generator"))
    ]
    for network in tree:
        network.state["variables"] = [
            (name.replace("16x16/ToRGB", "ToRGB_lod0").replace("16x16/FromRGB", "FromRGB_lod0"), x)
            for name, x in network.state["variables"]
        ]
    tree[0].state["variables"].append(("synthesis/ToRGB_lod1/bias", np.zeros(3)))
    tree[1].state["build_func_name"] = "D_stylegan"
    model = made(convert_stylegan2_tf.FAMILY.convert(Holding(tuple(tree))))
    agrees(model, parts, options)


def test_labels_go_on(tmp_path):
    """A model with labels learns, draws, and is saved; its styles are of a class."""
    options = {"style_dim": 5, "latent_dim": 6, "mapping_layers": 2, "channel_base": 32}
    options |= {"path_length_every": 1, "penalty": None, "d_mapping_layers": 1, "channel_max": 8}
    model = tfgan_zoo.StyleGAN2((8, 8, 1), num_classes=3, **options)
    model.compile(run_eagerly=True)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    history = model.fit(images, np.arange(4) % 3, batch_size=4, epochs=1, verbose=0).history
    assert np.isfinite(history["g_loss"]).all() and history["path_length"][0] > 0
    drawn = model.generate(3, seed=5, labels=[0, 1, 2], truncation=0.7)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.generate(3, 5, [0, 1, 2], 0.7), drawn)
    space = tfgan_zoo.latent.Space(model, "w")
    first, second = (space.from_seeds([5, 6], labels=label) for label in (0, [1, 2]))
    assert first.shape == (2, 5) and np.abs(first - second).max(axis=1).min() > 1e-3
    np.testing.assert_array_equal(first, space.from_seeds([5, 6]))
    expected = model.generate_from_seeds([5, 6], labels=[1, 2])
    assert np.abs(space.images(second).astype(int) - expected).max() <= 1


# === Noise and truncation ===


def test_random_noise_is_of_its_seed():
    model = tfgan_zoo.StyleGAN2((8, 8, 1), 4, style_dim=4, mapping_layers=1, channel_base=32)
    for variable in model.ema_generator.variables:
        if variable.name == "strength":
            variable.assign(0.5)
    z = np.ones((2, 4), np.float32)
    draw = lambda **options: model.render(z, training=True, **options).numpy()  # noqa: E731
    first, again = (draw(noise_mode="random", noise_seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 1e-3  # each image has noise of its own
    assert np.abs(first - draw(noise_mode="random", noise_seed=4)).max() > 1e-3
    assert np.abs(draw()[0] - draw(noise_mode="none")[0]).max() > 1e-3
    np.testing.assert_allclose(draw()[0], draw()[1], atol=1e-5)
    with pytest.raises(ValueError, match="noise_mode must be one of 'const', 'random', 'none'"):
        draw(noise_mode="off")
    with pytest.raises(ValueError, match="truncation_cutoff must be an integer in .0, 4"):
        draw(truncation=0.5, truncation_cutoff=5)
