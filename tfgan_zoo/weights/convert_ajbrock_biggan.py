"""Checkpoints of BigGAN-PyTorch: BigGAN and BigGAN-deep, of G.pth, G_ema.pth and D.pth."""

import functools
import math
import re

from tfgan_zoo.weights import pytorch, residual
from tfgan_zoo.weights.source import Family, Tensors

_ATTENTION = ("theta", "phi", "g", "o")
_MULTIPLES = {32: 4, 64: 2}  # of the width, by the side: channels of the last block
_RGB, _DEPTH, _FLAT_SIDE = 3, 2, 32
_FILE = r"(G_ema|G|D|state_dict)(_.*)?\.pth"
_OPTIONS = {  # of its command line: what it has where it is like our model
    "norm_style": "bn",
    "num_G_SVs": 1,
    "num_D_SVs": 1,
    "z_var": 1.0,
}


def _recognizes(source):
    return any(_is_generator(tree) or _is_discriminator(tree) for tree in source.trees().values())


def _is_generator(tree):
    return {"output_layer.2.weight", "blocks.0.0.conv1.weight"} <= _names(tree)


def _is_discriminator(tree):
    wanted = {"blocks.0.0.conv1.weight", "linear.weight", "embed.weight"}
    return wanted <= _names(tree) and not _is_generator(tree)


def _names(tree):
    return {str(name).removeprefix("module.") for name in tree} if isinstance(tree, dict) else set()


def _convert(source):
    states, config = _states(source), _config(source)
    for name, usual in _OPTIONS.items():
        if config.get(name, usual) != usual:
            raise ValueError(f"{name}={config[name]}: only {usual} is read.")
    make = functools.partial(Generator, config=config)
    return residual.converted(
        states, make, Discriminator, "It has no generator, G.pth or G_ema.pth."
    )


def _states(source):
    """`Tensors` of the networks "G", "G_ema" and "D", of one set of files where there are several."""
    found = {}
    for file, tree in source.trees().items():
        match = re.fullmatch(_FILE, file.name)
        if _is_generator(tree):
            role = "G_ema" if "ema" in file.name else "G"
        elif _is_discriminator(tree):
            role = "D"
        else:
            continue
        found.setdefault((match and match[2]) or "", {})[role] = Tensors(pytorch.state_dict(tree))
    whole = [suffix for suffix, states in sorted(found.items()) if {*states} - {"D"}]
    return found[whole[0]] if whole else next(iter(found.values()))


def _config(source):
    """The options of the command line, of a state_dict.pth in the folder or beside the file; or {}."""
    folder = source.path if source.path.is_dir() else source.path.parent
    for file in sorted(folder.glob("state_dict*.pth")):
        tree = source.tree(file)
        if isinstance(tree, dict) and isinstance(tree.get("config"), dict):
            return tree["config"]
    return {}


def _layers(tensors):
    """Its blocks, and the attention that follows some: see `residual.parted`."""
    found = []
    for entry in range(tensors.count(r"blocks\.(\d+)\..*")):
        count = tensors.count(rf"blocks\.{entry}\.(\d+)\..*")
        found += [f"blocks.{entry}.{number}" for number in range(count)]
    return residual.parted(tensors, found, "gamma")


class Generator:
    """One of its generators, from the names and shapes of its tensors."""

    def __init__(self, tensors, config):
        self.tensors, self.config = tensors, config
        self.blocks, self.follows = _layers(tensors)
        self.is_deep = "blocks.0.0.conv4.weight" in tensors
        self.is_shared = "shared.weight" in tensors
        self.embedding_dim = tensors.shape("shared.weight")[-1] if self.is_shared else 0
        self.condition = tensors.shape("blocks.0.0.bn1.gain.weight")[1]
        self.is_whole = self.is_shared and self.condition > self.embedding_dim
        self.mode = "stored" if residual.is_normalized(tensors) else None
        self.depth = config.get("G_depth", _DEPTH) if self.is_deep else 1
        self.levels = len(self.blocks) // self.depth

    def variant(self):
        return "BigGANDeep" if self.is_deep else "BigGAN"

    def options(self):
        last = "conv4" if self.is_deep else "conv2"
        made = [self.tensors.shape(f"{block}.{last}.weight")[0] for block in self.blocks]
        image_channels = self.tensors.shape("output_layer.2.weight")[0]
        table = "shared" if self.is_shared else "blocks.0.0.bn1.gain"
        kind = "embedding" if self.is_shared else "class"
        return {
            "image_shape": (self.side(), self.side(), min(_RGB, image_channels)),
            "latent_dim": self.latent_dim(),
            "num_classes": self.tensors.shape(f"{table}.weight")[0],
            "conditioning": "hierarchical" if self.is_whole else kind,
            **({"embedding_dim": self.embedding_dim} if self.is_shared else {}),
            "width": max(1, made[-1] // _MULTIPLES.get(self.side(), 1)),
            "generator_channels": (self.first(), *made[self.depth - 1 :: self.depth]),
            "attention_size": None,
            "attention_blocks": residual.attended(self.blocks, self.follows),
            "normalization_epsilon": self.config.get("BN_eps", 1e-5),
            "generator_spectral_norm": self.mode,
            **({"depth": self.depth} if self.is_deep else {}),
            **({"last_channels": image_channels} if image_channels > _RGB else {}),
        }

    def first(self):
        """Channels of the first feature map."""
        return self.tensors.shape("blocks.0.0.conv1.weight")[1]

    def side(self):
        """Of the images."""
        pixels = self.tensors.shape("linear.weight")[0] // self.first()
        return math.isqrt(pixels) << self.levels

    def latent_dim(self):
        given = self.tensors.shape("linear.weight")[1]
        if not self.is_whole:
            return given
        return given - self.embedding_dim if self.is_deep else given * (self.levels + 1)

    def filled(self, network):
        """`{our name: array}` of its variables, as those of one of our networks."""
        filling = residual.Filling(self.tensors, network, self.mode)
        if self.is_shared:
            filling.layer("dense", "shared", "class_embedding", is_table=True)
        pixels = self.tensors.shape("linear.weight")[0] // self.first()
        filling.layer("spectral_dense", "linear", pixels=pixels)
        for block in self.blocks:
            self._fill_block(filling, block)
            if block in self.follows:
                filling.attention(self.follows[block], _ATTENTION, "gamma")
        filling.normalization("output_layer.0", inner="bn.")
        filling.layer("spectral_conv2d", "output_layer.2")
        # Theirs has the class before the latents, ours behind them; so has a later version of theirs,
        # which makes more channels than an image's.
        if self.is_deep and self.is_whole and "last_channels" not in self.options():
            residual.put_class_last(filling.found, self.embedding_dim)
        return filling.found

    def _fill_block(self, filling, block):
        convolutions = ["conv_sc", "conv1", "conv2"]
        if self.is_deep:
            convolutions = ["conv1", "conv2", "conv3", "conv4"]
        else:
            filling.layer("spectral_conv2d", f"{block}.conv_sc")
        for number, name in enumerate(n for n in convolutions if n != "conv_sc"):
            self._fill_normalization(filling, f"{block}.bn{number + 1}")
            filling.layer("spectral_conv2d", f"{block}.{name}")

    def _fill_normalization(self, filling, prefix):
        filling.normalization(prefix, inner="bn.")
        kind = "spectral_dense" if self.is_shared else "dense"
        for part in ("gain", "bias"):
            filling.layer(kind, f"{prefix}.{part}", is_table=not self.is_shared)


class Discriminator:
    """Its discriminator, for the images of a `Generator`."""

    def __init__(self, tensors, generator):
        self.tensors, self.is_deep = tensors, generator.is_deep
        self.blocks, self.follows = _layers(tensors)
        self.depth = tensors.count(r"blocks\.0\.(\d+)\.conv1\..*") if self.is_deep else 1
        self.mode = "stored" if residual.is_normalized(tensors) else None
        self.is_small = generator.side() == _FLAT_SIDE

    def is_read(self):
        return True

    def options(self):
        shape, last = self.tensors.shape, "conv4" if self.is_deep else "conv2"
        channels = [shape(f"{block}.{last}.weight")[0] for block in self.blocks[:: self.depth]]
        found = {
            "discriminator_channels": tuple(channels),
            "discriminator_halvings": 2 if self.is_small else len(channels) - 1,
            "discriminator_attention_blocks": residual.attended(self.blocks, self.follows),
            "discriminator_spectral_norm": self.mode,
        }
        if self.is_deep:
            found["discriminator_channels"] = (shape("input_conv.weight")[0], *channels)
            found["discriminator_halvings"] += not self.is_small
            return found
        narrow = [block for block in self.blocks if not self._is_wide(block)]
        return {**found, "discriminator_hidden": "inputs" if narrow else "outputs"}

    def _is_wide(self, block):
        first, second = (self.tensors.shape(f"{block}.conv{n}.weight")[0] for n in (1, 2))
        return first == second

    def filled(self):
        filling = residual.Filling(self.tensors, "discriminator", self.mode)
        if self.is_deep:
            filling.layer("spectral_conv2d", "input_conv")
        names = ["conv_sc", "conv1", "conv2", *(["conv3", "conv4"] if self.is_deep else [])]
        for block in self.blocks:
            for name in names:
                if f"{block}.{name}.weight" in self.tensors:
                    filling.layer("spectral_conv2d", f"{block}.{name}")
            if block in self.follows:
                filling.attention(self.follows[block], _ATTENTION, "gamma")
        filling.layer("spectral_dense", "embed", is_table=True)
        filling.layer("spectral_dense", "linear", "logits")
        return filling.found


FAMILY = Family(
    "ajbrock_biggan",
    "BigGAN-PyTorch by its first author",
    "https://github.com/ajbrock/BigGAN-PyTorch",
    "MIT (of the code: the weights come with no other terms)",
    _recognizes,
    _convert,
)
