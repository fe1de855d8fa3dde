"""StyleGAN3's snapshots: outputs that were recorded, and all options against their definitions."""

import keras
import numpy as np
import pytest
from stylegan2_in_numpy import Network, discriminator
from stylegan3_in_numpy import DEFAULTS, Generator, plan, tensors
from test_checkpoints import case, close, needs_files, nhwc
from test_checkpoints_stylegan2 import PLAIN, WIDTHS, Holding, file_of_pytorch, made, nchw, pickled

import tfgan_zoo
from tfgan_zoo.weights import convert_stylegan2_ada_pytorch, convert_stylegan3, pytorch

FAMILY = convert_stylegan3.FAMILY

# === The file ===


@pytest.fixture(scope="module")
def read():
    folder, given, recorded = case("stylegan3/a")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model) is tfgan_zoo.StyleGAN3 and model.origin["family"] == "stylegan3"
    assert "non-commercial" in model.origin["licence"]
    return model, given, recorded


@needs_files
@pytest.mark.parametrize(
    ("name", "truncation"),
    [
        ("psi1", {}),
        ("psi0.7", {"truncation": 0.7}),
        ("psi0.7_cutoff6", {"truncation": 0.7, "truncation_cutoff": 6}),
    ],
)
def test_styles_and_images(read, name, truncation):
    model, given, recorded = read
    close(model.styles_from_latents(given["z"], **truncation).numpy(), recorded[f"w_{name}"])
    images = nhwc(recorded[f"image_{name}"])
    close(model.render(given["z"], training=True, **truncation).numpy(), images)
    close(model.render(given["z"], **truncation).numpy(), np.clip(images, -1, 1))


@needs_files
def test_transformed_images(read):
    """By an argument, by one for each image, and by the attribute."""
    model, given, recorded = read
    expected = nhwc(recorded["image_psi1_transform"])
    z, transform = given["z"][: len(expected)], given["transform"]
    close(model.render(z, training=True, transform=transform).numpy(), expected)
    both = np.stack([np.eye(3), transform])
    mixed = model.render(z, training=True, transform=both).numpy()
    close(mixed, np.stack([nhwc(recorded["image_psi1"])[0], expected[1]]))
    model.transform = transform
    close(model.render(z, training=True).numpy(), expected)
    model.transform = np.eye(3)


@needs_files
def test_generator_beside_its_average(read):
    model, given, recorded = read
    styles = model._styles(model.generator, given["z"], training=False)
    made = model.generator.get_layer("synthesis")(styles, training=False)
    close(made.numpy(), np.clip(nhwc(recorded["image_of_G_psi1"]), -1, 1))


@needs_files
def test_maps(read):
    model, given, recorded = read
    network = model.ema_generator.get_layer("synthesis")
    kinds = {kind: [x for x in network.layers if type(x).__name__ == kind] for kind in KINDS}
    found = {"input_features": network.get_layer("waves")}
    for name in [name for name in recorded if name.startswith("layer_L")]:
        number = int(name.split("_")[1][1:])
        is_last = number == model.num_layers
        found[name] = kinds[KINDS[is_last]][number]
    assert len(found) == 5
    maps = keras.Model(network.inputs, {name: layer.output for name, layer in found.items()})
    for name, array in maps(model.styles_from_latents(given["z"][:1])).items():
        close(array.numpy(), nhwc(recorded[name]))


KINDS = ("FilteredLeakyReLU", "AliasFreeConv2D")


@needs_files
def test_discriminator(read):
    model, given, recorded = read
    images = nhwc(given["d_images"])
    for name, count in (("d_logits", 8), ("d_logits_first_4", 4)):
        close(model.discriminate(images[:count], {})["logits"].numpy(), recorded[name])


@needs_files
def test_the_file_is_of_one_family():
    (file,) = case("stylegan3/a")[0].glob("*.pkl")
    held = Holding(pytorch.read(file))
    families = tfgan_zoo.checkpoints.FAMILIES.values()
    assert [family.name for family in families if recognizes(family, held)] == ["stylegan3"]


def recognizes(family, held):
    try:
        return family.recognizes(held)
    except (ValueError, LookupError, TypeError, AttributeError):
        return False


# === All options, against their definitions ===

SMALL = {
    **PLAIN,
    **DEFAULTS,
    "channel_base": 64,
    "channel_max": 6,
    "num_layers": 3,
    "num_critical": 1,
    "margin_size": 2,
    "d_channel_base": 64,
    "d_channel_max": 6,
}
OTHERS = {
    "configuration T": {},
    "configuration R": {
        "conv_kernel": 1,
        "use_radial_filters": True,
        "channel_base": 128,
        "channel_max": 12,
    },
    "labels": {"num_classes": 3, "d_mapping_layers": 8, "mapping_layers": 1},
    "bands": {
        "image_shape": (32, 32, 3),
        "first_cutoff": 1.5,
        "first_stopband": 3.1,
        "last_stopband_rel": 1.4,
        "num_layers": 5,
        "num_critical": 2,
    },
    "filters": {"filter_size": 4, "lrelu_upsampling": 4, "margin_size": 0},
    "longer radial filters": {"filter_size": 8, "use_radial_filters": True, "margin_size": 5},
    "units at the maps' own rate": {"lrelu_upsampling": 1, "num_critical": 0},
    "scale and clamp": {"output_scale": 0.5, "conv_clamp": 0.75, "image_shape": (16, 16, 1)},
    "no clamp": {"conv_clamp": None, "magnitude_ema_beta": 0.9, "conv_kernel": 2},
}
QUICK = ("configuration R", "labels")
DRAWN = {name: SMALL | changed for name, changed in OTHERS.items()}


def file_of(parts, options):
    """What a snapshot holds of these tensors: what is at its default is not said."""
    known = {name: options[name] for name in DEFAULTS if options[name] != DEFAULTS[name]}
    edge, colours = options["image_shape"][1:]
    dense = {"activation": "lrelu", "bias_gain": options["mapping_learning_rate_multiplier"]}
    attributes = {
        "mapping": {"z_dim": options["latent_dim"], "w_avg_beta": 0.998},
        **{f"mapping.fc{number}": dense for number in range(options["mapping_layers"])},
        "synthesis": {
            "img_resolution": edge,
            "img_channels": colours,
            "_init_kwargs": {**known, "img_resolution": edge, "img_channels": colours, "w_dim": 5},
        },
    }
    for number, signal in enumerate(plan(options)):
        name = f"synthesis.L{number}_{signal['size']}_{signal['channels']}"
        attributes[name] = {"out_size": signal["size"]}
    found = {"G_ema": pickled(parts["ema_generator"], attributes)}
    if "discriminator" in parts:
        found["D"] = file_of_pytorch(parts, options)["D"]
    return found


def drawn(name):
    random, options = np.random.default_rng(0), DRAWN[name]
    parts = {"ema_generator": tensors(random, options)}
    if options["image_shape"][1] == 16:
        classes = options.get("num_classes")
        parts["discriminator"] = discriminator(random, options, WIDTHS, classes)
    return options, parts


@pytest.mark.parametrize(
    "name", [pytest.param(x, marks=() if x in QUICK else pytest.mark.full) for x in OTHERS]
)
def test_options(name):
    options, parts = drawn(name)
    held = Holding(file_of(parts, options))
    assert FAMILY.recognizes(held)
    assert not convert_stylegan2_ada_pytorch.FAMILY.recognizes(held)
    model = made(FAMILY.convert(held))
    for option, value in OTHERS[name].items():
        ours = {"conv_clamp": "g_conv_clamp", "magnitude_ema_beta": "magnitude_momentum"}
        assert getattr(model, ours.get(option, option)) == value
    random, classes = np.random.default_rng(1), options.get("num_classes")
    labels = None if classes is None else np.arange(8) % classes
    few = None if labels is None else labels[:2]
    z = np.float32(random.normal(size=(2, options["latent_dim"])))
    transform = np.array([[0.9, 0.3, 0.1], [-0.2, 1.1, -0.3], [0, 0, 1]])
    expected = Generator(parts["ema_generator"], options).images(z, few, transform)
    found = model.render(z, few, training=True, transform=transform).numpy()
    agree(found, nhwc(expected))
    if "discriminator" in parts:
        images = np.float32(random.normal(size=(8, *options["image_shape"])))
        expected = Network(parts["discriminator"], options).logits(nchw(images), labels)
        batch = {} if labels is None else {"labels": labels}
        agree(model.discriminate(images, batch)["logits"].numpy(), expected)


def agree(found, expected):
    """As `close`, which counts what was recorded."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.std(expected))


def changed(tree, path, **values):
    """The tree, with other attributes of a module within."""
    state = tree["G_ema"].args[0]["state"]
    for name in filter(None, path.split(".")):
        state = state["_modules"][name].args[0]["state"]
    state.update(values)
    return tree


@pytest.mark.parametrize(
    ("path", "values", "message"),
    [
        ("mapping", {"w_avg_beta": None}, "keeps no average of styles"),
        ("synthesis", {"_init_kwargs": {"blur": 1}}, "arguments that are not known: blur"),
        ("synthesis", {"_init_kwargs": {}}, "It has 4 layers, and num_layers is 14"),
        ("synthesis", {"_init_kwargs": {"num_layers": 10**12}}, "num_layers is 1000000000000"),
        ("synthesis.L1_20_6", {"out_size": 21}, "L1_20_6 gives maps of 21, and its options 20"),
    ],
)
def test_what_is_refused(path, values, message):
    options, parts = drawn("configuration T")
    tree = changed(file_of(parts, options), path, **values)
    with pytest.raises(ValueError, match=message):
        made(FAMILY.convert(Holding(tree)))


def test_other_filters_are_refused():
    options, parts = drawn("configuration T")
    parts["ema_generator"]["synthesis.L1_20_6.down_filter"] *= 1.001
    with pytest.raises(ValueError, match="down_filter of L1_20_6 is not that which its options"):
        FAMILY.convert(Holding(file_of(parts, options)))


@needs_files
@pytest.mark.full
def test_stylegan2_of_the_same_code():
    """Its options lie directly among the generator's arguments; the modules say what they are."""
    folder, given, recorded = case("stylegan2_ada_pytorch/a")
    tree = pytorch.read(next(folder.glob("*.pkl")))
    for name in ("G", "G_ema"):
        state = tree[name].args[0]["state"]
        inner = state["_init_kwargs"].pop("synthesis_kwargs")
        state["_init_kwargs"] |= inner
    tree["D"].args[0]["state"]["_init_kwargs"] = {}
    held = Holding(tree)
    found = tfgan_zoo.checkpoints.FAMILIES.values()
    (family,) = (family for family in found if recognizes(family, held))
    model = made(family.convert(held))
    assert type(model) is tfgan_zoo.StyleGAN2
    agree(model.render(given["z"], training=True).numpy(), nhwc(recorded["image_psi1_const"]))
    logits = model.discriminate(nhwc(given["d_images"]), {})["logits"]
    agree(logits.numpy(), recorded["d_logits"])
