"""Published FastGANs and Projected GANs become models whose outputs are those that were recorded."""

import re

import keras
import numpy as np
import pytest
from test_checkpoints import ROOT, case, close, needs_files, nhwc

import tfgan_zoo
from tfgan_zoo.checkpoints import FAMILIES
from tfgan_zoo.layers.noise import noise_mode
from tfgan_zoo.weights import loading, pytorch
from tfgan_zoo.weights.pickled import Global, Object
from tfgan_zoo.weights.torch_values import Storage, Tensor

RANDOM = np.random.default_rng(0)


@needs_files
def test_fastgan():
    """Without noise, which their code draws anew in each call; and the logits of both sizes' patches."""
    folder, given, recorded = case("fastgan/a")
    model = tfgan_zoo.from_checkpoint(folder / "all_50000.pth")
    assert type(model).__name__ == "FastGAN" and model.image_shape == (256, 256, 3)
    images = np.asarray(model.render(given["z"], noise_mode="none", training=True))
    close(images[:, ::4, ::4], nhwc(recorded["image_every_4th"]))
    close(images[:, :32, :32], nhwc(recorded["image_corner"]))
    with noise_mode("none"):
        small = model.ema_generator.get_layer("pyramid")(given["z"])["small_images"]
    close(np.asarray(small), nhwc(recorded["image_128"]))
    large = nhwc(given["d_image_128"]).repeat(2, axis=1).repeat(2, axis=2)
    logits = model.discriminator_outputs(large, {})["logits"]
    close(np.asarray(logits)[0], recorded["d_logits"])
    pyramid = model.ema_generator.get_layer("pyramid")
    places = {"after_init": 0, "after_feat_8": 2, "after_feat_32": 5}
    close_within(pyramid, "glu", given["z"], places, recorded)


def close_within(network, kind, latents, places, recorded):
    """Whether feature maps agree: those of the operations of a kind, which are numbered as they were
    made, at the places of the names of what is recorded."""
    found = [(re.fullmatch(rf"{kind}(?:_(\d+))?", o.name), o.output) for o in network.operations]
    made = sorted((int(match[1] or 0), n) for n, (match, _) in enumerate(found) if match)
    outputs = [found[made[place][1]][1] for place in places.values()]
    with noise_mode("none"):
        maps = keras.Model(network.inputs, outputs)([latents])
    for ours, name in zip(keras.tree.flatten(maps), places, strict=True):
        theirs = nhwc(recorded[name])
        close(np.asarray(ours)[: len(theirs)], theirs)


@needs_files
def test_projected_gan():
    """Images before they are clipped, and feature maps."""
    folder, given, recorded = case("projected_gan/a")
    model = tfgan_zoo.from_checkpoint(folder / "network-snapshot.pkl")
    assert type(model).__name__ == "ProjectedGAN" and model.generator_blocks == "single"
    assert model.image_shape == (128, 128, 3) and model.num_classes is None
    close(np.asarray(model(given["z"]))[:1], np.clip(nhwc(recorded["image"]), -1, 1))
    for network, name in (("ema_generator", "image_strided"), ("generator", "image_of_G_strided")):
        network = getattr(model, network)
        raw = keras.Model(network.inputs, network.get_layer("images").input)([given["z"]])
        theirs = nhwc(recorded[name])
        close(np.asarray(raw)[: len(theirs), ::2, ::2], theirs)
    places = {"after_init": 0, "after_feat_8": 1, "after_feat_16": 2}
    close_within(model.ema_generator, "glu", given["z"], places, recorded)
    close_within(model.ema_generator, "multiply", given["z"], {"after_se_64": 0}, recorded)


@needs_files
def test_projected_gan_of_stylegan2():
    """A generator of StyleGAN2's code beside another discriminator is read as that family's is."""
    (file,) = (ROOT / "stylegan2_ada_pytorch" / "a").glob("*.pkl")
    tree = {**pytorch.read(file), "D": pickled("ProjectedDiscriminator", {})}
    assert [f.name for f in FAMILIES.values() if recognized(f, tree)] == ["projected_gan"]
    model = loaded("projected_gan", tree)
    other = tfgan_zoo.from_checkpoint(file)
    assert type(model).__name__ == "StyleGAN2"
    ours, theirs = model.ema_generator.get_weights(), other.ema_generator.get_weights()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def recognized(family, tree):
    try:
        return family.recognizes(Given(tree))
    except (ValueError, AttributeError, TypeError, KeyError):
        return False


# === Other sizes, of which nothing was recorded ===


class Given:
    """What a converter reads of a file."""

    def __init__(self, tree):
        self.tree = tree

    def trees(self):
        return {"file": self.tree}


def tensor(*shape):
    """A random one, of positive values, as variances are."""
    array = RANDOM.uniform(0.5, 1.5, shape).astype("<f4")
    storage = Storage("f4", array.size)
    storage.fill(array.tobytes(), "<")
    return Tensor(storage, 0, shape, [stride // 4 for stride in array.strides])


def spectral(name, *shape, transposed=False):
    """`torch.nn.utils.spectral_norm` of a kernel; a transposed one's is a matrix of other rows."""
    rows = shape[1] if transposed else shape[0]
    vectors = {"u": tensor(rows), "v": tensor(int(np.prod(shape)) // rows)}
    return {f"{name}.weight_orig": tensor(*shape)} | {
        f"{name}.weight_{key}": value for key, value in vectors.items()
    }


def norm(name, channels):
    names = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": tensor(channels) for part in names}


def doubled(name, inputs, outputs, noisy):
    """`UpBlockComp`, or `UpBlock`."""
    found = spectral(f"{name}.1", 2 * outputs, inputs, 3, 3)
    if not noisy:
        return found | norm(f"{name}.2", 2 * outputs)
    found |= {f"{name}.2.weight": tensor(1)} | norm(f"{name}.3", 2 * outputs)
    found |= spectral(f"{name}.5", 2 * outputs, outputs, 3, 3) | {f"{name}.6.weight": tensor(1)}
    return found | norm(f"{name}.7", 2 * outputs)


def excited(name, small, large):
    gates = spectral(f"{name}.main.1", large, small, 4, 4)
    return gates | spectral(f"{name}.main.3", large, large, 1, 1)


GENERATOR = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}


def generator(width, latents, side, noisy):
    """`Generator.state_dict()`; `noisy`: sides of the feature maps of two convolutions with noise."""
    widths = {key: int(value * width) for key, value in GENERATOR.items()}
    found = spectral("init.init.0", latents, 2 * widths[4], 4, 4, transposed=True)
    found |= norm("init.init.1", 2 * widths[4])
    built = [key for key in widths if 8 <= key <= max(side, 256)]
    for key in built:
        found |= doubled(f"feat_{key}", widths[key // 2], widths[key], key in noisy)
    for key in (64, 128, 256, 512):
        if key in built:
            found |= excited(f"se_{key}", widths[key // 16], widths[key])
    return found, widths


def halved_in_two_ways(name, inputs, outputs):
    found = spectral(f"{name}.main.0", outputs, inputs, 4, 4) | norm(f"{name}.main.1", outputs)
    found |= spectral(f"{name}.main.3", outputs, outputs, 3, 3) | norm(f"{name}.main.4", outputs)
    return (
        found
        | spectral(f"{name}.direct.1", outputs, inputs, 1, 1)
        | norm(f"{name}.direct.2", outputs)
    )


def decoder(name, inputs, width):
    found, channels = {}, inputs
    for place, multiple in enumerate((4, 2, 2, 1), 1):
        made = width * multiple
        found |= spectral(f"{name}.main.{place}.1", 2 * made, channels, 3, 3)
        found |= norm(f"{name}.main.{place}.2", 2 * made)
        channels = made
    return found | spectral(f"{name}.main.5", 3, channels, 3, 3)


def discriminator(width, side):
    """`Discriminator.state_dict()`."""
    multiples = {8: 16, 16: 8, 32: 4, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
    widths = {key: int(value * width) for key, value in multiples.items()}
    if side == 1024:
        found = spectral("down_from_big.0", widths[1024], 3, 4, 4)
        found |= spectral("down_from_big.2", widths[512], widths[1024], 4, 4)
        found |= norm("down_from_big.3", widths[512])
    else:
        taps = 4 if side == 512 else 3
        found = spectral("down_from_big.0", widths[512], 3, taps, taps)
    for halvings in (4, 8, 16, 32, 64):
        key = 1024 // halvings
        found |= halved_in_two_ways(f"down_{halvings}", widths[2 * key], widths[key])
    for small, large in ((2, 16), (4, 32), (8, 64)):
        found |= excited(f"se_{small}_{large}", widths[1024 // small], widths[1024 // large])
    found |= spectral("rf_big.0", widths[8], widths[16], 1, 1) | norm("rf_big.1", widths[8])
    found |= spectral("rf_big.3", 1, widths[8], 4, 4) | spectral("rf_small", 1, widths[32], 4, 4)
    found |= spectral("down_from_small.0", widths[256], 3, 4, 4)
    for place, key in ((2, 128), (3, 64), (4, 32)):
        found |= spectral(f"down_from_small.{place}.main.0", widths[key], widths[2 * key], 4, 4)
        found |= norm(f"down_from_small.{place}.main.1", widths[key])
    found |= decoder("decoder_big", widths[16], 32) | decoder("decoder_small", widths[32], 32)
    return found | decoder("decoder_part", widths[32], 32)


def loaded(family, tree):
    """A model of a converter's options, which has taken all tensors, and all of whose variables are
    given."""
    converted = FAMILIES[family].convert(Given(tree))
    assert not [name for tensors in converted.given for name in tensors.unused()]
    model = getattr(tfgan_zoo, converted.variant)(**converted.options)
    loading.load(model, converted.tensors, "it", foreign=True)
    return model


@pytest.mark.full  # test_fastgan has a size
@pytest.mark.parametrize("side", [512, 1024])
def test_fastgan_of_other_sizes(side):
    """Averages alone, under the names that DataParallel gives; every number finds its place."""
    noisy = (8, 32, 128, 512)
    state, widths = generator(8, 5, side, noisy)
    state |= spectral("to_128", 3, widths[128], 1, 1) | spectral("to_big", 3, widths[side], 3, 3)
    wrapped = {f"module.{name}": value for name, value in state.items()}
    tree = {"g": wrapped, "d": discriminator(8, side)}
    assert FAMILIES["fastgan"].recognizes(Given(tree))
    model = loaded("fastgan", tree)
    assert model.image_shape == (side, side, 3) and model.latent_dim == 5
    assert (model.width, model.discriminator_width, model.decoder_width) == (8, 8, 32)
    networks = (model.generator, model.discriminator, model.decoder)
    assert count(state) + count(tree["d"]) == held(*networks)


# === Projected GAN ===


def pickled(kind, tensors, **attributes):
    """A module as a pickle has it: tensors by their names, and what else it holds."""
    found = Object(Global("pg_modules", kind))
    found.state = {"_parameters": {}, "_buffers": {}, "_modules": {}, **attributes}
    inner = {}
    for name, value in tensors.items():
        head, _, rest = name.partition(".")
        if rest:
            inner.setdefault(head, {})[rest] = value
        else:
            found.state["_buffers"][name] = value
    for name, values in inner.items():
        found.state["_modules"][name] = pickled("Module", values)
    return found


def linear(name, inputs, outputs):
    return spectral(name, outputs, inputs) | {f"{name}.bias": tensor(outputs)}


def conditional_norm(name, channels, length):
    found = {f"{name}.stored_mean": tensor(channels), f"{name}.stored_var": tensor(channels)}
    return (
        found | linear(f"{name}.gain", length, channels) | linear(f"{name}.bias", length, channels)
    )


def conditional_block(name, inputs, outputs, length, double):
    """`UpBlockBigCond`, or `UpBlockSmallCond`."""
    if not double:
        found = spectral(f"{name}.conv", 2 * outputs, inputs, 3, 3)
        return found | conditional_norm(f"{name}.bn", 2 * outputs, length)
    found = {f"{name}.noise.weight": tensor(1)}
    for number, channels in ((1, inputs), (2, outputs)):
        found |= spectral(f"{name}.conv{number}", 2 * outputs, channels, 3, 3)
        found |= conditional_norm(f"{name}.bn{number}", 2 * outputs, length)
    return found


def synthesis(side, classes, double, width=4, latents=5):
    """`FastganSynthesis.state_dict()`, or `FastganSynthesisCond`'s."""
    sides = [key for key in GENERATOR if 8 <= key <= max(side, 256)]
    found, widths = generator(width, latents, side, sides if double else ())
    if classes:
        found = {name: value for name, value in found.items() if not name.startswith("feat_")}
        for key in sides:
            name, channels = f"feat_{key}", (widths[key // 2], widths[key])
            found |= conditional_block(name, *channels, latents, double)
        found["embed.weight"] = tensor(classes, latents)
    return found | spectral("to_big", 3, widths[side], 3, 3) | {"to_big.bias": tensor(3)}


@pytest.mark.full  # test_projected_gan has a size
@pytest.mark.parametrize(
    ("side", "classes", "double"),
    [(256, None, True), (512, None, False), (256, 3, True), (128, 3, False)],
)
def test_projected_gans_of_other_sizes(side, classes, double):
    tensors = synthesis(side, classes, double)
    module = pickled("Generator", {})
    module.state["_modules"]["synthesis"] = pickled("Synthesis", tensors, img_resolution=side)
    tree = {"G": module, "D": pickled("ProjectedDiscriminator", {}), "G_ema": module}
    assert [f.name for f in FAMILIES.values() if recognized(f, tree)] == ["projected_gan"]
    model = loaded("projected_gan", tree)
    assert model.image_shape == (side, side, 3) and model.num_classes == classes
    assert model.generator_blocks == ("double" if double else "single") and model.width == 4
    unused = [name for name in tensors if side < 256 and "_256." in name]
    assert count(tensors, unused) == held(model.generator)


def count(tensors, unused=()):
    """Of values, without those of tensors that are not used."""
    return sum(int(np.prod(t.shape)) for name, t in tensors.items() if name not in unused)


def held(*networks):
    """How many values networks hold, without the noise, which files do not have."""
    found = {id(v): v for network in networks for v in network.variables}.values()
    return sum(int(np.prod(v.shape)) for v in found if not v.path.endswith("/noise"))
