"""Checkpoints of mimicry (torch-mimicry): SNGAN, SSGAN, cGAN-PD and SAGAN, of netG and netD files."""

import math
import re

from tfgan_zoo.weights import pytorch, residual
from tfgan_zoo.weights.source import Converted, Family, Tensors, listed

_POOLINGS = {"wgan": "mean", "dcgan": "sum"}
_STATE = "model_state_dict"
_ATTENTION = ("theta", "phi", "g", "o")
_RGB, _FLAT_SIDE, _ALL_HALVED_SIDE = 3, 32, 64


def _recognizes(source):
    return any(_role(tree) for tree in source.trees().values())


def _role(tree):
    """ "G", "D" or None."""
    state = tree.get(_STATE, tree) if isinstance(tree, dict) else {}
    names = {str(name).removeprefix("module.").rpartition(".")[0] for name in state}
    if {"l1", "block2.c1", "block2.b1"} <= names or {"l1", "block2.c1", "block2.b1.bn"} <= names:
        return "G"
    return "D" if {"block1.c1", "block1.c_sc", "block2.c1"} <= names else None


def _convert(source):
    states = _states(source)
    if "G" not in states:
        raise ValueError("It has no generator, a netG file.")
    generator = Generator(states["G"])
    found, options, variant = generator.filled(), generator.options(), generator.variant()
    if "D" in states:
        critic = Discriminator(states["D"], generator.side(), _pooling(source))
        if critic.is_read():
            found |= critic.filled()
            options |= critic.options()
            variant = "SSGAN" if critic.tells_turns() else variant
    return Converted(variant, options, found, [*states.values()])


def _states(source):
    """`Tensors` of the networks "G" and "D", of the most steps where there are several files."""
    found, steps = {}, {}
    for file, tree in source.trees().items():
        role, step = _role(tree), _steps(file.name, tree)
        if role and step >= steps.get(role, 0):
            state = tree.get(_STATE, tree)
            found[role], steps[role] = Tensors(pytorch.state_dict(state)), step
    return found


def _pooling(source):
    """ "sum", or "mean" in WGAN-GP, as the path says: in its discriminators and DCGAN's, which are not
    spectrally normalized, nothing else does. None where it says neither."""
    names = " ".join([*source.path.absolute().parts[-2:], *source.files]).lower()
    return next((kind for name, kind in _POOLINGS.items() if name in names), None)


def _steps(name, tree):
    match = re.search(r"_(\d+)_steps", name)
    return int(match[1]) if match else tree.get("global_step") or 0


def _blocks(tensors):
    found = [int(match[1]) for match in tensors.found(r"block(\d+)\.c1\.bias")]
    return [f"block{number}" for number in sorted(found)]


class Generator:
    """One of its generators, from the names and shapes of its tensors."""

    def __init__(self, tensors):
        self.tensors, self.blocks = tensors, _blocks(tensors)
        self.last = int(self.blocks[-1].removeprefix("block")) + 1
        self.classes = tensors.shape("block2.b1.embed.weight")[:1]
        self.attends = "attn_block.gamma" in tensors
        self.mode = "stored" if residual.is_normalized(tensors) else None

    def variant(self):
        return "SAGAN" if self.attends else "SNGAN"

    def side(self):
        """Of the images."""
        return math.isqrt(self._pixels()) << len(self.blocks)

    def options(self):
        made = [residual.shape(self.tensors, f"{block}.c2")[0] for block in self.blocks]
        image_channels = residual.shape(self.tensors, f"c{self.last}")[0]
        found = {
            "width": made[-1],
            "image_shape": (self.side(), self.side(), image_channels),
            "latent_dim": residual.shape(self.tensors, "l1")[1],
            "num_classes": self.classes[0] if self.classes else None,
            "generator_channels": (self._first(), *made),
            "upsampling": "bilinear",
            "generator_spectral_norm": self.mode,
        }
        if not self.attends:
            is_flat = {self._first(), *made} == {made[-1]}
            found["network"] = "resnet_flat" if is_flat else "resnet"
        else:
            found |= {"attention_size": None, "attention_blocks": (self._attended(),)}
        return found

    def _attended(self):
        """The number of the block before attention: the second one at 32x32, else the third."""
        return 1 if self.side() <= _FLAT_SIDE else 2

    def _first(self):
        return residual.shape(self.tensors, "block2.c1")[1]

    def _pixels(self):
        return residual.shape(self.tensors, "l1")[0] // self._first()

    def filled(self):
        filling = residual.Filling(self.tensors, "ema_generator", self.mode)
        self.spectral = "spectral_" if self.mode else ""
        filling.layer(f"{self.spectral}dense", "l1", pixels=self._pixels())
        for number, block in enumerate(self.blocks):
            filling.layer(f"{self.spectral}conv2d", f"{block}.c_sc")
            for part in (1, 2):
                self._fill_normalization(filling, f"{block}.b{part}")
                filling.layer(f"{self.spectral}conv2d", f"{block}.c{part}")
            if self.attends and number == self._attended():
                filling.attention("attn_block", _ATTENTION, "gamma")
        filling.normalization(f"b{self.last}")
        filling.layer(f"{self.spectral}conv2d", f"c{self.last}")
        return filling.found

    def _fill_normalization(self, filling, prefix):
        filling.normalization(prefix, inner="bn.")
        if self.classes:  # gains around 1, where ours are around 0
            gains, biases = _halves(self.tensors[f"{prefix}.embed.weight"])
            for kernel in (gains - 1, biases):
                filling.give(filling.next_name("dense"), {"kernel": kernel})


def _halves(table):
    return table[:, : table.shape[1] // 2], table[:, table.shape[1] // 2 :]


class Discriminator:
    """One of its discriminators, for images of a side."""

    def __init__(self, tensors, side, pooling):
        self.tensors, self.side, self.blocks = tensors, side, _blocks(tensors)
        self.head = f"l{len(self.blocks) + 1}"
        self.attends = "attn_block.gamma" in tensors
        self.mode = "stored" if residual.is_normalized(tensors) else None
        self.pooling = "sum" if self.mode else pooling

    def is_read(self):
        """Whether ours is such a network; else all of it is left out."""
        known = {"l_y", "attn_block", self.head}
        heads = {match[1] for match in self.tensors.found(r"(?!block\d)([^.]+)\..*")} - known
        if self.pooling and not heads:
            return True
        why = f"a discriminator with {listed(heads)}, which ours has not"
        if not heads:
            why = 'WGAN-GP\'s discriminator or DCGAN\'s: whose, a path with "wgan" or "dcgan" would say'
        self.tensors.leave("", why)
        return False

    def tells_turns(self):
        return "l_y.bias" in self.tensors

    def options(self):
        channels = [residual.shape(self.tensors, f"{block}.c2")[0] for block in self.blocks]
        halvings = {_FLAT_SIDE: 2, _ALL_HALVED_SIDE: len(channels)}
        found = {
            "discriminator_channels": tuple(channels),
            "discriminator_halvings": halvings.get(self.side, len(channels) - 1),
            "discriminator_hidden": "inputs",
            "activated_shortcuts": True,
            "discriminator_spectral_norm": self.mode,
        }
        if self.pooling == "mean":
            found |= {"objective": "wasserstein", "penalty": "gradient_penalty"}
        if not self.attends:
            found["discriminator_pooling"] = self.pooling
        return found | ({"discriminator_attention_blocks": (1,)} if self.attends else {})

    def filled(self):
        filling = residual.Filling(self.tensors, "discriminator", self.mode)
        kind = "spectral_conv2d" if self.mode else "conv2d"
        for number, block in enumerate(self.blocks):
            for name in ("c_sc", "c1", "c2"):
                if residual.shape(self.tensors, f"{block}.{name}"):
                    filling.layer(kind, f"{block}.{name}")
            if self.attends and number == 1:
                filling.attention("attn_block", _ATTENTION, "gamma")
        if self.tells_turns():
            filling.layer("spectral_dense", "l_y", "rotation_logits")
        elif residual.shape(self.tensors, "l_y"):
            filling.layer("spectral_dense", "l_y", is_table=True)
        filling.layer("spectral_dense", self.head, "logits")
        return filling.found


FAMILY = Family(
    "mimicry",
    "mimicry (torch-mimicry)",
    "https://github.com/kwotsin/mimicry",
    "MIT",
    _recognizes,
    _convert,
)
