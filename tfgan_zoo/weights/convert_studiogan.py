"""Checkpoints of PyTorch-StudioGAN: its backbones deep_conv, resnet, big_resnet, big_resnet_deep and
stylegan2."""

import functools
import math
import re

from tfgan_zoo.weights import plain_yaml, pytorch, residual, studiogan_stylegan2
from tfgan_zoo.weights.source import Family, Tensors

_STATE, _EPSILON, _SMALL_SIDE, _DEPTH = "state_dict", 1e-4, 32, 2
_ATTENTION = ("conv1x1_theta", "conv1x1_phi", "conv1x1_g", "conv1x1_attn")
_CONDITIONS = (
    ("gain", "bias", False),
    ("embed0", "embed1", True),
)  # of two versions; are they tables
_ACTIVATIONS = {"ReLU": "relu", "Leaky_ReLU": "leaky_relu", "ELU": "elu", "GELU": "gelu"}
_LATENTS = {"gaussian": "normal", "uniform": "uniform"}
_LOSSES = {"least_square": "least_squares", "hinge": "hinge", "wasserstein": "wasserstein"}
_LOSSES |= dict.fromkeys(("vanilla", "logistic"), "non_saturating")


def _recognizes(source):
    return any(_role(file.name, tree) for file, tree in source.trees().items())


def _role(file, tree):
    """ "G", "G_ema", "D" or None."""
    state = tree.get(_STATE, tree) if isinstance(tree, dict) else {}
    names = {str(name).removeprefix("module.") for name in state}
    if found := studiogan_stylegan2.role(names):
        return "G_ema" if found == "G" and "G_ema" in file else found
    names = {name.rpartition(".")[0] for name in names}
    if "linear0" in names and names & {"blocks.0.0.deconv0", "blocks.0.0.conv2d1"}:
        return "G_ema" if "G_ema" in file else "G"
    is_critic = "linear1" in names and names & {"blocks.0.0.conv0", "blocks.0.0.conv2d1"}
    return "D" if is_critic else None


def _convert(source):
    states, config = _states(source), plain_yaml.beside(source.path)
    if any(studiogan_stylegan2.role({*tensors}) for tensors in states.values()):
        return studiogan_stylegan2.converted(states, config)
    missing = "It has no generator, a file of model=G or model=G_ema."
    make = functools.partial(Generator, config=config)
    return residual.converted(states, make, Discriminator, missing)


def _states(source):
    """`Tensors` of the networks "G", "G_ema" and "D", the best ones where there are several."""
    found, ranks = {}, {}
    for file, tree in source.trees().items():
        step = re.search(r"step=(\d+)", file.name)
        rank = ("-best-" in file.name, int(step[1]) if step else 0)
        role = _role(file.name, tree)
        if role and rank >= ranks.get(role, (False, 0)):
            found[role], ranks[role] = Tensors(pytorch.state_dict(tree.get(_STATE, tree))), rank
    return found


def _layers(tensors):
    """Its blocks, and the attention that follows some: see `residual.parted`."""
    names = [f"blocks.{number}.0" for number in range(tensors.count(r"blocks\.(\d+)\..*"))]
    return residual.parted(tensors, names, "sigma")


def _named(config, name, names, usual):
    given = config.get(name, usual)
    if given not in names:
        raise ValueError(f"{name}: {given}. One of {', '.join(names)} is read.")
    return names[given]


class Generator:
    """One of its generators, from its names and shapes, and from the YAML file."""

    def __init__(self, tensors, config):
        self.tensors, self.config = tensors, config
        self.blocks, self.follows = _layers(tensors)
        self.mode = "stored" if residual.is_normalized(tensors) else None
        self.is_plain = bool(self._shape("blocks.0.0.deconv0"))
        self.is_deep = bool(self._shape("blocks.0.0.conv2d4"))
        self.is_big = "shared.weight" in tensors
        self.depth = int(config.get("g_depth", _DEPTH)) if self.is_deep else 1
        self.spectral = "spectral_" if self.mode or self.is_big or self.follows else ""
        self.last = next(n for n in ("conv2d5", "conv4", "conv2d4") if self._shape(n))
        self.is_table = any(self._shape(f"blocks.0.0.bn{n}.embed0") for n in (0, 1))
        self.classes = self._classes()
        if self.is_plain and (self.mode or self.follows):
            raise ValueError("deep_conv is read without spectral normalization and attention in G.")

    def _shape(self, prefix):
        return residual.shape(self.tensors, prefix)

    def _classes(self):
        """How many there are, or None."""
        if self.is_big:
            return self._shape("shared")[0]
        norm = "blocks.0.0.bn0" if self.is_plain else "blocks.0.0.bn1"
        if self.is_table:
            return self._shape(f"{norm}.embed0")[0]
        return self._shape(f"{norm}.gain")[1] if self._shape(f"{norm}.gain") else None

    def variant(self):
        if self.is_big:
            return "BigGANDeep" if self.is_deep else "BigGAN"
        return "SAGAN" if self.follows else "SNGAN"

    def channels(self):
        """Of the first feature map and of each one of twice the side."""
        if self.is_plain:
            made = [self._shape(f"{block}.deconv0") for block in self.blocks]
            return [made[0][0], *(shape[1] for shape in made)]
        last = "conv2d4" if self.is_deep else "conv2d2"
        made = [self._shape(f"{block}.{last}")[0] for block in self.blocks]
        return [self._shape("blocks.0.0.conv2d1")[1], *made[self.depth - 1 :: self.depth]]

    def pixels(self):
        """Of the first feature map."""
        return self._shape("linear0")[0] // self.channels()[0]

    def side(self):
        """Of the images."""
        return math.isqrt(self.pixels()) << (len(self.channels()) - 1)

    def options(self):
        channels, loss = self.channels(), self.config.get("adv_loss")
        found = {
            "image_shape": (self.side(), self.side(), self._shape(self.last)[0]),
            "width": channels[-1],
            "latent_dim": self._shape("linear0")[1],
            "latent_distribution": _named(self.config, "z_prior", _LATENTS, "gaussian"),
            "num_classes": self.classes,
            "generator_channels": tuple(channels),
            "generator_activation": _named(self.config, "g_act_fn", _ACTIVATIONS, "ReLU"),
            "generator_spectral_norm": self.mode,
            "normalization_epsilon": _EPSILON,
        }
        if loss in _LOSSES:
            found["objective"] = _LOSSES[loss]
        if self.variant() == "SNGAN":
            flat = "resnet_flat" if len({*channels}) == 1 else "resnet"
            found["network"] = "cnn" if self.is_plain else flat
        if self.is_big:
            found |= self._big_options()
        if self.is_big or self.follows:
            blocks = residual.attended(self.blocks, self.follows)
            found |= {"attention_size": None, "attention_blocks": blocks}
        return found

    def _big_options(self):
        given, embedding_dim = self._shape("linear0")[1], self._shape("shared")[1]
        found = {"embedding_dim": embedding_dim, "last_normalization_epsilon": _EPSILON}
        if self.is_deep:
            return {**found, "latent_dim": given - embedding_dim, "depth": self.depth}
        return {**found, "latent_dim": given * len(self.channels())}

    def filled(self, network):
        """`{our name: array}` of its variables, as those of one of our networks."""
        filling = residual.Filling(self.tensors, network, self.mode)
        if self.is_big:
            filling.layer("dense", "shared", "class_embedding", is_table=True)
        filling.layer(f"{self.spectral}dense", "linear0", pixels=self.pixels())
        for block in self.blocks:
            self._fill_block(filling, block)
            if block in self.follows:
                filling.attention(self.follows[block], _ATTENTION, "sigma")
        if not self.is_plain:
            filling.normalization("bn4")
        filling.layer(f"{self.spectral}conv2d", self.last)
        if self.is_deep:
            residual.put_class_last(filling.found, self._shape("shared")[1])
        return filling.found

    def _fill_block(self, filling, block):
        if self.is_plain:
            filling.layer("conv2d_transpose", f"{block}.deconv0")
            return self._fill_normalization(filling, f"{block}.bn0")
        if not self.is_deep:
            filling.layer(f"{self.spectral}conv2d", f"{block}.conv2d0")
        for number in range(1, 5 if self.is_deep else 3):
            self._fill_normalization(filling, f"{block}.bn{number}")
            filling.layer(f"{self.spectral}conv2d", f"{block}.conv2d{number}")
        return None

    def _fill_normalization(self, filling, prefix):
        filling.normalization(prefix, inner="bn.")
        is_kept = self.spectral and self.variant() != "SAGAN"  # where ours are not normalized
        for part in _CONDITIONS[self.is_table]:
            if self._shape(f"{prefix}.{part}"):
                kind = "spectral_dense" if is_kept else "dense"
                filling.layer(kind, f"{prefix}.{part}", is_table=self.is_table)


class Discriminator:
    """Its discriminator, for images of a `Generator`."""

    def __init__(self, tensors, generator):
        self.tensors, self.generator = tensors, generator
        self.blocks, self.follows = _layers(tensors)
        self.is_plain = bool(residual.shape(tensors, "blocks.0.0.conv0"))
        self.is_deep, self.config = generator.is_deep, generator.config
        self.depth = int(self.config.get("d_depth", _DEPTH)) if self.is_deep else 1
        self.mode = "stored" if residual.is_normalized(tensors) else None

    def is_read(self):
        """Whether ours is such a network; else all of it is left out."""
        has_table = bool(residual.shape(self.tensors, "embedding"))
        others = [name for name in self.tensors if re.match(r"linear2|linear_mi|info_", name)]
        is_alike = has_table == (self.generator.classes is not None)
        if is_alike and not others and residual.shape(self.tensors, "linear1")[0] == 1:
            return True
        why = "a discriminator that is told the classes in another way than by projection"
        self.tensors.leave("", why)
        return False

    def options(self):
        found = {
            "discriminator_channels": tuple(self._channels()),
            "discriminator_halvings": self._halvings(),
            "activated_shortcuts": self.mode is not None and self._activation() != "gelu",
            "discriminator_activation": self._activation(),
            "discriminator_spectral_norm": self.mode,
        }
        if not self.is_deep:
            batch = "blocks.0.0.bn1.weight" in self.tensors
            found |= {"discriminator_hidden": "outputs"}
            found |= {"discriminator_normalization": "batch" if batch else None}
        if self.is_plain:
            found["discriminator_pooling"] = "sum"
        if self.follows:
            found["discriminator_attention_blocks"] = residual.attended(self.blocks, self.follows)
        return found

    def _activation(self):
        return _named(self.config, "d_act_fn", _ACTIVATIONS, "ReLU")

    def _channels(self):
        last = "conv1" if self.is_plain else "conv2d4" if self.is_deep else "conv2d2"
        made = [f"{block}.{last}" for block in self.blocks[:: self.depth]]
        first = ["input_conv"] if self.is_deep else []
        names = [*first, *made, *(["conv1"] if self.is_plain else [])]
        return [residual.shape(self.tensors, name)[0] for name in names]

    def _halvings(self):
        count = len(self.blocks) // self.depth
        if self.is_plain:
            return count
        return 2 if self.generator.side() == _SMALL_SIDE else count - (not self.is_deep)

    def filled(self):
        filling = residual.Filling(self.tensors, "discriminator", self.mode)
        spectral = "spectral_" if self.mode or self.generator.is_big else ""
        self.spectral = "spectral_" if self.generator.variant() == "SAGAN" else spectral
        if self.is_deep:
            filling.layer(f"{self.spectral}conv2d", "input_conv")
        for block in self.blocks:
            self._fill_block(filling, block)
            if block in self.follows:
                filling.attention(self.follows[block], _ATTENTION, "sigma")
        if self.is_plain:
            self._fill_pair(filling, "bn1", "conv1", is_before=False)
        if residual.shape(self.tensors, "embedding"):
            filling.layer("spectral_dense", "embedding", is_table=True)
        filling.layer("spectral_dense", "linear1", "logits")
        return filling.found

    def _fill_block(self, filling, block):
        numbers = (0, 1) if self.is_plain else range(5)
        stem = "conv" if self.is_plain else "conv2d"
        is_first = block == self.blocks[0] and not self.is_deep
        for number in numbers:
            # In a first block the second normalization comes before the second convolution.
            norm = number - 1 if is_first and number > 1 else number
            norm = None if is_first and number == 1 and not self.is_plain else norm
            if residual.shape(self.tensors, f"{block}.{stem}{number}"):
                name = f"{block}.{stem}{number}"
                self._fill_pair(filling, f"{block}.bn{norm}", name, is_before=not self.is_plain)

    def _fill_pair(self, filling, normalization, convolution, is_before):
        kinds = [normalization, convolution] if is_before else [convolution, normalization]
        for name in kinds:
            if name == convolution:
                filling.layer(f"{self.spectral}conv2d", name)
            elif f"{name}.running_mean" in self.tensors:
                filling.normalization(name)


FAMILY = Family(
    "studiogan",
    "PyTorch-StudioGAN",
    "https://github.com/POSTECH-CVLab/PyTorch-StudioGAN",
    "MIT",
    _recognizes,
    _convert,
)
