"""Variables of FastGAN's generator, which checkpoints of two families have."""

import numpy as np

from tfgan_zoo.weights.residual import Filling, shape

_FEATURES = r"(?:.*\.)?feat_(\d+)\..*"


def generator_options(tensors, prefix="", side=None):
    """The options of a generator.

    Args:
        tensors: `Tensors`.
        prefix: What their names begin with.
        side: Of images; None: of the largest feature map that it has.
    """
    side = side or max(int(match[1]) for match in tensors.found(_FEATURES))
    return {
        "image_shape": (side, side, shape(tensors, f"{prefix}to_big")[0]),
        "latent_dim": shape(tensors, f"{prefix}init.init.0")[0],
        "width": _first(tensors, f"{prefix}feat_128", "1", "conv", "conv1")[0] // 2,
        "generator_spectral_norm": "stored",
    }


def _first(tensors, prefix, *names):
    return next(found for name in names if (found := shape(tensors, f"{prefix}.{name}")))


def fill_generator(tensors, network, prefix, options, conditional=False):
    """The layers of the feature maps, as a `Filling` to go on with.

    Args:
        options: `image_shape` and `generator_blocks` are read.
        conditional: Whether the batch normalization is.
    """
    filling = Filling(tensors, network, "stored")
    _first_map(filling, f"{prefix}init.init.0")
    filling.normalization(f"{prefix}init.init.1")
    doublings = (options["image_shape"][0] // 4).bit_length() - 1
    for number in range(1, doublings + 1):
        side, blocks = 4 << number, options["generator_blocks"]
        is_double = blocks == "double" or (blocks == "alternating" and number % 2 == 1)
        block = _conditional_block if conditional else _block
        block(filling, f"{prefix}feat_{side}", side, is_double)
        if 64 <= side <= 512:
            for place in (1, 3):
                filling.layer("spectral_conv2d", f"{prefix}se_{side}.main.{place}")
    return filling


def _first_map(filling, prefix):
    """A transposed convolution of one place: its kernel `[in, out, h, w]` by input, place and output."""
    weight = np.transpose(filling.tensors[f"{prefix}.weight_orig"], (0, 2, 3, 1))
    values = {name: filling.tensors[f"{prefix}.weight_{name}"] for name in ("u", "v")}
    kernel = np.reshape(weight, (len(weight), -1))
    filling.give(filling.next_name("spectral_first_map"), {"kernel": kernel, **values})


def _block(filling, prefix, side, is_double):
    place = 1
    for _ in range(2 if is_double else 1):
        filling.layer("spectral_conv2d", f"{prefix}.{place}")
        if is_double:
            place += 1
            _noise(filling, f"{prefix}.{place}", side, place)
        filling.normalization(f"{prefix}.{place + 1}")
        place += 3


def _noise(filling, prefix, side, place=0):
    """A strength; the noise itself is drawn anew in each call there, here it is a constant."""
    noise = np.random.default_rng([side, place]).standard_normal((side, side, 1))
    strength = np.reshape(filling.tensors[f"{prefix}.weight"], ())
    name = filling.next_name("noise_injection")
    filling.give(name, {"strength": strength, "noise": np.float32(noise)})


def _conditional_block(filling, prefix, side, is_double):
    """Whose batch normalization has gains and biases linear in the class; both noises are one."""
    if is_double:
        _noise(filling, f"{prefix}.noise", side)
    for number in ("1", "2") if is_double else ("",):
        filling.layer("spectral_conv2d", f"{prefix}.conv{number}")
        filling.normalization(f"{prefix}.bn{number}")
        for part in ("gain", "bias"):
            filling.layer("spectral_dense", f"{prefix}.bn{number}.{part}")
