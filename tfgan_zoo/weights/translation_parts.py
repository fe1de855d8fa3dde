"""Networks of pytorch-CycleGAN-and-pix2pix, which CUT has too: residual and U-Net generators,
discriminators of patches and of pixels.

Names are places in `nn.Sequential`, in which layers without weights count. What a file does not say is
read from `train_opt.txt` beside it, if it is there.
"""

import re
from typing import NamedTuple

import numpy as np

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Tensors, by_layers

FILE = r"(.+)_net_([GDF](?:_[AB])?)\.pth"  # of an epoch, or "latest"
_PATCHES = {1: 16, 2: 34, 3: 70, 4: 142, 5: 286}  # {n_layers: side of a patch}
DEEPEST = 8  # U-Net: a larger image is halved as often
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
    """The places of the filters of anti-aliased networks."""
    return [int(match[1]) for match in tensors.found(r"model\.(\d+)\.filt")]


# === Networks ===


class Part(NamedTuple):
    """What a file of one network holds.

    Attributes:
        tensors: `Tensors`.
        options: Arguments of our classes.
        channels: Of what it is given, and of what it makes.
        layers: `(class in snake case, prefix, prefix of its normalization or None)` of convolutions, in
            the order in which ours are made.
        halvings: Of a U-Net, else 0.
    """

    tensors: Tensors
    options: dict
    channels: tuple
    layers: list
    halvings: int = 0

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
        for number in range(1, self.halvings):  # the skip comes first there, and last here
            name = f"{network}/conv2d_transpose_{number}/kernel"
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


def _normalization(tensors, convolution, norm):
    """What comes after a convolution, as our option calls it: without one, or with batch normalization,
    convolutions have no biases."""
    if f"{norm}.weight" in tensors:
        return "batch"
    return "instance" if f"{convolution}.bias" in tensors else None


def _places(tensors, pattern):
    """The numbers in the names of kernels, sorted: a list of tuples."""
    found = [match for match in tensors.found(pattern) if len(tensors.shape(match[0])) == 4]
    return sorted(tuple(int(number) for number in match.groups()) for match in found)


def _rows(kind, stem, places):
    return [(kind, f"{stem}.{n}", f"{stem}.{n + 1}") for n in places]


def residual(tensors):
    """The `Part` of a residual generator, anti-aliased or not."""
    inner = _places(tensors, r"model\.(\d+)\.conv_block\.(\d+)\.weight")
    outer = [place for (place,) in _places(tensors, r"model\.(\d+)\.weight")]
    is_bilinear = any(place > inner[-1][0] for place in filters(tensors))
    rows = _rows("conv2d", "model", outer[:3])
    for block, place in inner:
        rows += _rows("conv2d", f"model.{block}.conv_block", [place])
    rows += _rows("conv2d" if is_bilinear else "conv2d_transpose", "model", outer[3:-1])
    rows.append(("conv2d", f"model.{outer[-1]}", None))
    width, given = tensors.shape(f"{rows[0][1]}.weight")[:2]
    made = tensors.shape(f"{rows[-1][1]}.weight")[0]
    has_dropout = inner[1][1] - inner[0][1] > 4  # a place between two convolutions
    options = {
        "network": "resnet",
        "width": width,
        "blocks": len(inner) // 2,
        "dropout": 0.5 if has_dropout else 0.0,
        "normalization": _normalization(tensors, *rows[0][1:]),
    }
    return Part(tensors, options, (given, made), rows)


def unet(tensors):
    """The `Part` of a U-Net."""
    levels = ["model.model", "model.model.1.model"]
    while f"{levels[-1]}.3.model.1.weight" in tensors:
        levels.append(f"{levels[-1]}.3.model")
    if len(levels) > DEEPEST:
        raise ValueError(f"A U-Net of {len(levels)} halvings: those of up to {DEEPEST} are read.")
    outermost, *middle, innermost = levels
    rows = [("conv2d", f"{outermost}.0", None)]
    rows += [("conv2d", f"{level}.1", f"{level}.2") for level in middle]
    rows.append(("conv2d", f"{innermost}.1", None))
    ups = [(f"{innermost}.3", f"{innermost}.4")]
    ups += [(f"{level}.5", f"{level}.6") for level in reversed(middle)]
    ups.append((f"{outermost}.3", None))
    rows += [("conv2d_transpose", *up) for up in ups]
    width, given = tensors.shape(f"{outermost}.0.weight")[:2]
    made = tensors.shape(f"{outermost}.3.weight")[1]
    options = {"network": "unet", "width": width, "normalization": _normalization(tensors, *ups[0])}
    return Part(tensors, options, (given, made), rows, len(levels))


def discriminator(tensors):
    """The `Part` of a discriminator of patches, anti-aliased or not, or of pixels."""
    stem = "net" if "net.0.weight" in tensors else "model"
    first, *middle, last = (place for (place,) in _places(tensors, rf"{stem}\.(\d+)\.weight"))
    if stem == "model" and len(middle) not in _PATCHES:
        raise ValueError(
            f"A discriminator of n_layers={len(middle)}: those of 1 to {max(_PATCHES)} are read."
        )
    between = _rows("conv2d", stem, middle)
    ends = [("conv2d", f"{stem}.{place}", None) for place in (first, last)]
    width, channels = tensors.shape(f"{stem}.{first}.weight")[:2]
    options = {
        "patch": 1 if stem == "net" else _PATCHES[len(middle)],
        "discriminator_width": width,
        "normalization": _normalization(tensors, *between[0][1:]),
    }
    return Part(tensors, options, (channels, 1), [ends[0], *between, ends[1]])


def generator(tensors):
    """The `Part` of a generator of either kind."""
    return unet(tensors) if is_unet(tensors) else residual(tensors)


# === Options ===


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
    least = 2**part.halvings
    if part.halvings and (side % least or (part.halvings < DEEPEST and not side // least % 2)):
        side = least
    side = 256 if side % 4 else side
    options = {"image_shape": (side, side, channels)}
    return options | ({} if channels == made else {"target_channels": made})


def objective(told):
    """Options of the adversarial loss, of those of training."""
    found = _OBJECTIVES.get(told.get("gan_mode"))
    return {"objective": found} if found else {}
