"""Variables of residual networks, from layers that are spectrally normalized in one of three ways."""

import collections

import numpy as np

from tfgan_zoo.weights.source import Converted, layout

_STATISTICS = {  # our name: theirs, of which a layer has one
    "gamma": ("weight", "gain"),
    "beta": ("bias",),
    "moving_mean": ("running_mean", "stored_mean", "running_means"),
    "moving_variance": ("running_var", "stored_var", "running_vars"),
}
_LEFT_OUT = {
    r"\.(sv\d+|sn_sigma)$": "a log of singular values, which nothing reads",
    r"\.accumulation_counter$": "how many batches the statistics are of, which nothing reads",
}


class Filling:
    """The variables of one of our networks, taken from layers in the order in which it makes its own.

    Attributes:
        found: `{our name: array}`.
        mode: Of its spectral normalization, "stored" or None; then kernels that the file has
            spectrally normalized are divided by their singular value.
    """

    def __init__(self, tensors, network, mode):
        self.tensors, self.network, self.mode = tensors, network, mode
        self.found, self._numbers = {}, collections.Counter()
        for pattern, why in _LEFT_OUT.items():
            tensors.leave(pattern, why)

    def layer(self, kind, prefix, name=None, is_table=False, pixels=1):
        """A convolution or a dense layer.

        Args:
            kind: "conv2d", "conv2d_transpose" or "dense", normalized where the mode is not None and the
                kind begins with "spectral_".
            prefix: What the names of its tensors begin with, without the dot.
            name: Of our layer, where it has one of its own.
            is_table: Whether the kernel is an embedding's, `[classes, vector]`, as ours.
            pixels: Of the feature map that a dense layer makes, channel by channel.
        """
        name = name or self.next_name(kind)
        kept = kind.startswith("spectral_") and self.mode == "stored"
        values = normalized_layer(self.tensors, prefix, kept, is_table)
        if f"{prefix}.bias" in self.tensors:
            values["bias"] = self.tensors[f"{prefix}.bias"]
        for made in {"kernel", "bias", "u"} & values.keys() if pixels > 1 else ():
            values[made] = _channels_last(values[made], pixels)
        self.give(name, values)

    def normalization(self, prefix, kind="batch_normalization", inner=""):
        """A batch normalization; its statistics may be a module within it, of the name `inner`."""
        values = {}
        for ours, names in _STATISTICS.items():
            paths = [f"{prefix}.{part}{name}" for part in ("", inner) for name in names]
            if path := next((path for path in paths if path in self.tensors), None):
                values[ours] = self.tensors[path]
        self.give(self.next_name(kind), values)

    def attention(self, prefix, maps, gain):
        """Self-attention; `maps`: names of its query, key, value and output; `gain`: of its factor."""
        layer = self.next_name("self_attention")
        for part in maps:
            inner = f"{layer}/{self.next_name('spectral_conv2d')}"
            self.layer("spectral_conv2d", f"{prefix}.{part}", inner)
        self.give(layer, {"gamma": np.reshape(self.tensors[f"{prefix}.{gain}"], ())})

    def give(self, layer, values):
        """Values of the variables of our layer, `{name: array}`."""
        self.found |= {f"{self.network}/{layer}/{name}": value for name, value in values.items()}

    def next_name(self, kind):
        """The name of our next layer of a class, which is in snake case."""
        number = self._numbers[kind]
        self._numbers[kind] += 1
        return f"{kind}_{number}" if number else kind


def converted(states, generator_of, discriminator_of, missing):
    """A model of the networks of some files.

    Args:
        states: `{"G": Tensors, "G_ema": …, "D": …}`.
        generator_of: From tensors to what reads them, with `variant()`, `options()` and
            `filled(network)`.
        discriminator_of: From tensors and a generator to what reads them, with `is_read()`, `options()`
            and `filled()`.
        missing: What to say where there is no generator.

    Raises:
        ValueError: There is none.
    """
    average = states.get("G_ema") or states.get("G")
    if average is None:
        raise ValueError(missing)
    generator = generator_of(average)
    found, options = generator.filled("ema_generator"), generator.options()
    if "G" in states and "G_ema" in states:
        found |= generator_of(states["G"]).filled("generator")
    if "D" in states:
        critic = discriminator_of(states["D"], generator)
        if critic.is_read():
            found |= critic.filled()
            options |= critic.options()
    return Converted(generator.variant(), options, found, [*states.values()])


def parted(tensors, names, gain):
    """Layers' names as those of blocks, and the attention that follows some, `{block: attention}`;
    `gain` is what attention's factor is called."""
    follows = {names[n - 1]: name for n, name in enumerate(names) if f"{name}.{gain}" in tensors}
    return [name for name in names if name not in follows.values()], follows


def attended(blocks, follows):
    """Numbers of the blocks that self-attention follows, or None."""
    return tuple(number for number, block in enumerate(blocks) if block in follows) or None


def put_class_last(found, length):
    """Reorders what dense layers take, from a class vector of that length and latents to latents and a
    class vector, as ours do."""
    for name, value in found.items():
        if "/spectral_dense" in name and name.endswith(("/kernel", "/v")):
            found[name] = np.roll(value, -length, axis=0)


def is_normalized(tensors):
    """Whether any layer is spectrally normalized."""
    return any(name.endswith((".weight_orig", ".u0", ".sn_u")) for name in tensors)


def shape(tensors, prefix):
    """The shape of a layer's weight as PyTorch has it; () where there is no such layer."""
    return tensors.shape(f"{prefix}.weight_orig") or tensors.shape(f"{prefix}.weight")


def normalized_layer(tensors, prefix, kept, is_table=False):
    """The kernel and, where they are `kept`, both singular vectors of a layer; else the kernel over its
    singular value. A layer that is not spectrally normalized has the kernel alone."""
    weight, u, v = _dialect(tensors, prefix)
    turned = (lambda array: array) if is_table else layout
    if u is None and kept:
        raise ValueError(f"{prefix} is not spectrally normalized, where other layers are.")
    if u is None:
        return {"kernel": turned(weight)}
    if not kept:
        return {"kernel": turned(weight) / (u @ np.reshape(weight, (len(u), -1)) @ v)}
    if is_table:
        return {"kernel": weight, "u": v, "v": u}
    v = np.ravel(layout(np.reshape(v, (1, *np.shape(weight)[1:])))) if weight.ndim == 4 else v
    return {"kernel": layout(weight), "u": u, "v": v}


def _channels_last(array, pixels):
    """The last axis, of values by channel and pixel, by pixel and channel."""
    parts = np.reshape(array, (*np.shape(array)[:-1], -1, pixels))
    return np.reshape(np.swapaxes(parts, -1, -2), np.shape(array))


def _dialect(tensors, prefix):
    """A weight, its left and its right singular vector; None where it is not normalized."""
    if f"{prefix}.weight_orig" in tensors:  # torch.nn.utils.spectral_norm
        return [tensors[f"{prefix}.weight_{part}"] for part in ("orig", "u", "v")]
    weight = tensors[f"{prefix}.weight"]
    for name in ("u0", "sn_u"):  # of BigGAN-PyTorch and of mimicry, which iterate once in each call
        if f"{prefix}.{name}" in tensors:
            matrix = np.reshape(weight, (len(weight), -1))
            v = _unit(tensors[f"{prefix}.{name}"][0] @ matrix)
            return weight, _unit(matrix @ v), v
    return weight, None, None


def _unit(vector):
    return vector / max(np.linalg.norm(vector), 1e-12)
