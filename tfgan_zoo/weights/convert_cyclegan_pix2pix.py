"""Checkpoints of pytorch-CycleGAN-and-pix2pix: residual and U-Net generators, discriminators of patches
and of pixels.

Names are places in `nn.Sequential`, in which layers without weights count. What a file does not say is
read from `train_opt.txt` beside it, if it is there, and else as the authors' code has it by default.
"""

import re
from typing import NamedTuple

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers

FILE = r"(.+)_net_([GDF](?:_[AB])?)\.pth"  # of an epoch, or "latest"
_PATCHES = {1: 16, 2: 34, 3: 70, 4: 142, 5: 286}  # {n_layers: side of a patch}
_DEEPEST = 8  # U-Net: a larger image is halved as often
_OBJECTIVES = {"lsgan": "least_squares", "vanilla": "non_saturating"}
_STATISTICS = "statistics of old versions of PyTorch, which instance normalization does not use"


# === Files ===


def networks(source):
    """`{"G", "D_A", …: Tensors}` of the latest epoch in the folder; a file of another name, if it is
    alone, is a generator."""
    if source.path.is_file():
        match = re.fullmatch(FILE, source.path.name)
        return {match[2] if match else "G": _tensors(source, source.path)}
    found = {}
    for file in sorted(source.matching(FILE), key=_age):
        found[re.fullmatch(FILE, file.name)[2]] = file
    if not found:
        files = source.matching(r".*\.pth")
        found = {"G": files[0]} if len(files) == 1 else {}
    return {name: _tensors(source, file) for name, file in found.items()}


def _age(file):
    epoch = re.fullmatch(FILE, file.name)[1]
    return (epoch == "latest", int(epoch) if epoch.isdigit() else 0, epoch)


def _tensors(source, file):
    return Tensors(pytorch.state_dict(source.tree(file)))


def training_options(source):
    """What `train_opt.txt`, or `opt.txt`, in the folder or beside the file says: `{name: text}`."""
    folder = source.path if source.path.is_dir() else source.path.parent
    for name in ("train_opt.txt", "opt.txt", "test_opt.txt"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(errors="replace").splitlines()
            rows = [
                re.fullmatch(r"\s*(\w+): (.*?)\s*(?:\[default: .*\])?\s*", line) for line in lines
            ]
            return {row[1]: row[2] for row in rows if row}
    return {}


def is_residual(tensors):
    return bool(tensors.found(r"model\.\d+\.conv_block\.\d+\.weight"))


def is_unet(tensors):
    return "model.model.0.weight" in tensors


def filters(tensors):
    """The matches of the filters of anti-aliased networks."""
    return tensors.found(r"model\.(\d+)\.filt")


def _recognizes(source):
    found = networks(source)
    generators = [tensors for name, tensors in found.items() if name[0] == "G"]
    is_cut = "F" in found or training_options(source).get("model") in ("cut", "fastcut", "sincut")
    fits = [is_unet(g) or (is_residual(g) and not filters(g)) for g in generators]
    return bool(fits) and all(fits) and not is_cut


# === Networks ===


class Part(NamedTuple):
    """What a file of one network holds.

    Attributes:
        tensors: `Tensors`.
        options: Arguments of our classes.
        channels: Of what it is given, and of what it makes.
        layers: `(class in snake case, prefix, prefix of its normalization or None)` of convolutions, in
            the order in which ours are made.
        swapped: Prefixes of transposed convolutions that are given a skip connection first, ours last.
    """

    tensors: Tensors
    options: dict
    channels: tuple
    layers: list
    swapped: tuple = ()

    def found(self, network):
        """`{our name: array}`, by our name of the network."""
        rows, kind = [], self.options["normalization"]
        for convolution, prefix, norm in self.layers:
            rows.append((convolution, prefix))
            if norm and kind == "batch":
                rows.append(("batch_normalization", norm))
        if kind == "instance":
            self.tensors.leave(r"\.running_(mean|var)$", _STATISTICS)
        found = by_layers(self.tensors, network, rows)
        places = {kind: [row[1] for row in rows if row[0] == kind] for kind, _ in rows}
        for prefix in self.swapped:
            number = places["conv2d_transpose"].index(prefix)
            name = f"{network}/conv2d_transpose{f'_{number}' if number else ''}/kernel"
            found[name] = np.concatenate(np.split(found[name], 2, axis=3)[::-1], axis=3)
        return found | _zeros(found, kind)


def _zeros(found, kind):
    """Biases that the file does not have: ours are there wherever no normalization follows."""
    kernels = [name for name in found if name.endswith("/kernel")] if kind is None else []
    names = [name.removesuffix("kernel") + "bias" for name in kernels]
    axes = [2 if "transpose" in name else 3 for name in kernels]
    return {
        bias: np.zeros(found[name].shape[axis], np.float32)
        for name, bias, axis in zip(kernels, names, axes, strict=True)
        if bias not in found
    }


def normalization(tensors, convolution, norm):
    """What comes after a convolution, as our option calls it: without one, or with batch normalization,
    convolutions have no biases."""
    if f"{norm}.weight" in tensors:
        return "batch"
    return "instance" if f"{convolution}.bias" in tensors else None


def residual(tensors):
    """The `Part` of a residual generator, anti-aliased or not."""
    inner = tensors.found(r"model\.(\d+)\.conv_block\.(\d+)\.weight")
    inner = sorted((int(m[1]), int(m[2])) for m in inner if len(tensors.shape(m[0])) == 4)
    outer = tensors.found(r"model\.(\d+)\.weight")
    outer = sorted(int(m[1]) for m in outer if len(tensors.shape(m[0])) == 4)
    blocks = [f"model.{block}.conv_block" for block, _ in inner]
    is_blurred = [block for match in filters(tensors) if (block := int(match[1])) > inner[-1][0]]
    up = "conv2d" if is_blurred else "conv2d_transpose"
    down = [("conv2d", f"model.{n}", f"model.{n + 1}") for n in outer[:3]]
    middle = [
        ("conv2d", f"{block}.{n}", f"{block}.{n + 1}")
        for block, (_, n) in zip(blocks, inner, strict=True)
    ]
    ups = [(up, f"model.{n}", f"model.{n + 1}") for n in outer[3:-1]]
    first, last = (tensors.shape(f"model.{n}.weight") for n in (outer[0], outer[-1]))
    has_dropout = len(inner) > 1 and inner[1][1] - inner[0][1] > 4
    options = {
        "width": first[0],
        "blocks": len(set(blocks)),
        "dropout": 0.5 if has_dropout else 0.0,
        "normalization": normalization(tensors, *down[0][1:]),
    }
    rows = [*down, *middle, *ups, ("conv2d", f"model.{outer[-1]}", None)]
    return Part(tensors, {"network": "resnet", **options}, (first[1], last[0]), rows)


def unet(tensors):
    """The `Part` of a U-Net."""
    levels = ["model.model", "model.model.1.model"]
    while f"{levels[-1]}.3.model.1.weight" in tensors:
        levels.append(f"{levels[-1]}.3.model")
    outermost, *middle, innermost = levels
    down = [("conv2d", f"{outermost}.0", None)]
    down += [("conv2d", f"{level}.1", f"{level}.2") for level in middle]
    down.append(("conv2d", f"{innermost}.1", None))
    swapped = (*(f"{level}.5" for level in reversed(middle)), f"{outermost}.3")
    up = [("conv2d_transpose", f"{innermost}.3", f"{innermost}.4")]
    up += [("conv2d_transpose", f"{level}.5", f"{level}.6") for level in reversed(middle)]
    up.append(("conv2d_transpose", f"{outermost}.3", None))
    width, channels = tensors.shape(f"{outermost}.0.weight")[:2]
    if len(levels) > _DEEPEST:
        raise ValueError(f"A U-Net of {len(levels)} halvings: those of up to {_DEEPEST} are read.")
    side = 2 ** len(levels)
    options = {
        "network": "unet",
        "image_shape": (side, side, channels),
        "width": width,
        "normalization": normalization(tensors, *up[0][1:]),
    }
    made = tensors.shape(f"{outermost}.3.weight")[1]
    return Part(tensors, options, (channels, made), down + up, swapped)


def discriminator(tensors):
    """The `Part` of a discriminator of patches, anti-aliased or not, or of pixels."""
    stem = "net" if "net.0.weight" in tensors else "model"
    places = tensors.found(rf"{stem}\.(\d+)\.weight")
    places = sorted(int(m[1]) for m in places if len(tensors.shape(m[0])) == 4)
    first, *middle, last = places
    rows = [("conv2d", f"{stem}.{n}", f"{stem}.{n + 1}") for n in middle]
    rows = [("conv2d", f"{stem}.{first}", None), *rows, ("conv2d", f"{stem}.{last}", None)]
    if stem == "model" and len(middle) not in _PATCHES:
        raise ValueError(
            f"A discriminator of n_layers={len(middle)}: those of 1 to {max(_PATCHES)} are read."
        )
    width, channels = tensors.shape(f"{stem}.{first}.weight")[:2]
    options = {
        "patch": 1 if stem == "net" else _PATCHES[len(middle)],
        "discriminator_width": width,
        "normalization": normalization(tensors, *rows[1][1:]),
    }
    return Part(tensors, options, (channels, 1), rows)


# === Models ===


def _convert(source):
    told, parts = training_options(source), {}
    for name, tensors in networks(source).items():
        parts[name] = discriminator(tensors) if name[0] == "D" else generator(tensors)
    generators = [parts[name] for name in sorted(parts) if name[0] == "G"]
    is_pix2pix = _is_pix2pix(parts, told)
    names = _names(parts)
    given = {ours: parts[name] for name, ours in names.items() if name in parts}
    options = {**merged(given), **shape(generators[0], told), **objective(told)}
    is_padded = options["network"] == "resnet"
    options |= {"pad_to": 1} if is_padded else {"dropout": _dropout(told, is_pix2pix)}
    if is_pix2pix:
        options |= {"innermost_dropout": False}
    else:
        options |= {"both_ways": len(generators) > 1}
        options |= {"identity_weight": 0.0} if "target_channels" in options else {}
    found = {}
    for ours, part in given.items():
        found |= part.found(ours)
    variant = "Pix2Pix" if is_pix2pix else "CycleGAN"
    return Converted(variant, options, found, [part.tensors for part in given.values()])


def generator(tensors):
    """The `Part` of a generator of either kind."""
    return unet(tensors) if is_unet(tensors) else residual(tensors)


def _is_pix2pix(parts, told):
    """Whether a single generator is one of pairs: so the training's options say, or what its
    discriminator is given; else a U-Net is."""
    if "G" not in parts:
        return False
    if told.get("model") in ("pix2pix", "colorization", "cycle_gan"):
        return told["model"] != "cycle_gan"
    if "D" in parts:
        return parts["D"].channels[0] == sum(parts["G"].channels)
    return parts["G"].options["network"] == "unet"


def _names(parts):
    """`{name in files: our network}`. A single generator's direction is forward."""
    both = {"G_A", "G_B"} <= set(parts)
    first = next(name for name in ("G", "G_A", "G_B") if name in parts)[1:]
    names = {f"G{first}": "ema_generator", f"D{first}": "discriminator"}
    backward = {"G_B": "ema_backward_generator", "D_B": "backward_discriminator"}
    return names | (backward if both else {})


def merged(given):
    """The options of all parts of a model, `{our network: Part}`."""
    options = {}
    for network, part in given.items():
        for name, value in part.options.items():
            if options.setdefault(name, value) != value:
                raise ValueError(
                    f"All networks must have one {name}. {network} has {value!r}, those before it have "
                    f"{options[name]!r}."
                )
    return options


def shape(part, told):
    """Options of what a generator is given and makes; sides are those of training where they are known,
    and give a U-Net of that depth."""
    channels, made = part.channels
    side = int(told.get("crop_size") or told.get("fineSize") or 256)
    least = part.options.get("image_shape", (None,))[0]  # of a U-Net
    if least is None:
        side = 256 if side % 4 else side
    elif side % least or (least < 2**_DEEPEST and not side // least % 2):
        side = least
    options = {"image_shape": (side, side, channels)}
    return options | ({} if channels == made else {"target_channels": made})


def objective(told):
    """Options of the adversarial loss, of those of training."""
    found = _OBJECTIVES.get(told.get("gan_mode"))
    return {"objective": found} if found else {}


def _dropout(told, is_pix2pix):
    """The rate of a U-Net, whose file does not tell it."""
    default = "False" if is_pix2pix else "True"
    return 0.0 if told.get("no_dropout", default) == "True" else 0.5


FAMILY = Family(
    "cyclegan_pix2pix",
    "pytorch-CycleGAN-and-pix2pix",
    "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
    "BSD 2-clause; terms of its published weights are not stated apart",
    _recognizes,
    _convert,
)
