"""StyleGAN2's networks in float64, by their definitions, of tensors by PyTorch's names."""

import itertools

import numpy as np

GAINS = {"lrelu": 2**0.5, "relu": 2**0.5, "swish": 2**0.5}
FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "lrelu": lambda x: np.where(x > 0, x, 0.2 * x),
    "tanh": np.tanh,
    "swish": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
}


def activated(x, name, gain=1.0, clamp=None):
    x = FUNCTIONS[name](x) * (GAINS.get(name, 1.0) * gain)
    return x if clamp is None else np.clip(x, -clamp * gain, clamp * gain)


def filtered(x, taps, up=1, down=1, padding=(0, 0)):
    """Zeros between, zeros around, the filter turned round, and every `down`-th pixel."""
    taps = np.outer(taps, taps) / np.sum(taps) ** 2 * up**2
    spread = np.zeros((*x.shape[:2], x.shape[2] * up, x.shape[3] * up))
    spread[:, :, ::up, ::up] = x
    x = np.pad(spread, [(0, 0), (0, 0), padding, padding])
    return correlated(x, taps[::-1, ::-1])[:, :, ::down, ::down]


def correlated(x, kernel):
    """One kernel `[k, k]` for all channels, or `[O, I, k, k]`, at every whole place."""
    size = kernel.shape[-1]
    height, width = (side - size + 1 for side in x.shape[2:])
    total = 0
    for i, j in np.ndindex(size, size):
        part = x[:, :, i : i + height, j : j + width]
        weight = kernel[..., i, j]
        is_one = weight.ndim == 0
        total = total + (weight * part if is_one else np.einsum("oi,nihw->nohw", weight, part))
    return total


def convolved(x, kernel):
    return correlated(np.pad(x, [(0, 0), (0, 0), *2 * [(kernel.shape[-1] // 2,) * 2]]), kernel)


def doubled(x, taps):
    count = len(taps)
    return filtered(x, taps, up=2, padding=((count + 1) // 2, (count - 2) // 2))


def halved(x, taps):
    return filtered(x, taps, down=2, padding=((len(taps) - 1) // 2, (len(taps) - 2) // 2))


def normalized(x):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


class Network:
    """Args: tensors: `{name: array}`. options: Of our class."""

    def __init__(self, tensors, options):
        self.tensors = {name: np.float64(array) for name, array in tensors.items()}
        self.options = options

    def __getitem__(self, name):
        return self.tensors[name]

    def dense(self, x, layer, multiplier=1.0):
        weight = self[f"{layer}.weight"]
        bias = self.tensors.get(f"{layer}.bias", 0.0)
        return x @ weight.T * multiplier / np.sqrt(weight.shape[1]) + multiplier * bias

    def mapped(self, latents, labels, multiplier):
        parts = [] if latents is None else [normalized(latents)]
        if labels is not None:
            one_hot = np.eye(self["mapping.embed.weight"].shape[1])[labels]
            parts.append(normalized(self.dense(one_hot, "mapping.embed")))
        x, number = np.concatenate(parts, axis=1), 0
        while f"mapping.fc{number}.weight" in self.tensors:
            x = self.dense(x, f"mapping.fc{number}", multiplier)
            x, number = activated(x, self.options["mapping_activation"]), number + 1
        return x

    def edges(self, start):
        names = [name for name in self.tensors if name.startswith(start)]
        return sorted({int(name[len(start) :].split(".")[0]) for name in names})

    # === Generator ===

    def modulated(self, x, style, layer, demodulate=True, up=False):
        """With a kernel for each image, as equations 1 to 3 have it."""
        weight, styles = self[f"{layer}.weight"], self.dense(style, f"{layer}.affine")
        if not demodulate:
            styles = styles / np.sqrt(weight[0].size)
        kernels = weight * styles[:, None, :, None, None]
        if demodulate:
            kernels /= np.sqrt(np.sum(kernels**2, axis=(2, 3, 4), keepdims=True) + 1e-8)
        convolve = self.doubling if up else convolved
        images = [convolve(image[None], kernel) for image, kernel in zip(x, kernels, strict=True)]
        return np.concatenate(images)

    def doubling(self, x, kernel):
        """A transposed convolution is one of the map with zeros between, by the kernel turned round."""
        spread = np.zeros((*x.shape[:2], 2 * x.shape[2] - 1, 2 * x.shape[3] - 1))
        spread[:, :, ::2, ::2] = x
        spread = np.pad(spread, [(0, 0), (0, 0), (2, 2), (2, 2)])
        spare = len(self.options["g_resample_filter"]) - 2
        x = correlated(spread, kernel[:, :, ::-1, ::-1])
        taps = self.options["g_resample_filter"]
        return 4 * filtered(x, taps, padding=((spare + 1) // 2, spare // 2))

    def styled(self, x, style, layer, up=False, gain=1.0):
        x = self.modulated(x, style, layer, up=up)
        if f"{layer}.noise_const" in self.tensors:
            x = x + self[f"{layer}.noise_const"] * self[f"{layer}.noise_strength"]
        x = x + self[f"{layer}.bias"][:, None, None]
        return activated(x, self.options["g_activation"], gain, self.options["g_conv_clamp"])

    def images(self, latents, labels=None):
        options = self.options
        style = self.mapped(latents, labels, options["mapping_learning_rate_multiplier"])
        x, image = np.stack([self["synthesis.b4.const"]] * len(latents)), None
        for edge in self.edges("synthesis.b"):
            block = f"synthesis.b{edge}"
            beside, gain = 0.0, 1.0
            if f"{block}.skip.weight" in self.tensors:
                weight = self[f"{block}.skip.weight"]
                gain = 0.5**0.5
                beside = doubled(x, options["g_resample_filter"])
                beside = gain * convolved(beside, weight / np.sqrt(weight[0].size))
            if edge > 4:
                x = self.styled(x, style, f"{block}.conv0", up=True)
            x = self.styled(x, style, f"{block}.conv1", gain=gain) + beside
            image = None if image is None else doubled(image, options["g_resample_filter"])
            if f"{block}.torgb.weight" in self.tensors:
                y = self.modulated(x, style, f"{block}.torgb", demodulate=False)
                y = y + self[f"{block}.torgb.bias"][:, None, None]
                y = activated(y, "linear", clamp=options["g_conv_clamp"])
                image = y if image is None else image + y
        return image

    # === Discriminator ===

    def layer(self, x, name, gain=1.0, down=False, activation=None, clamp=None):
        weight, taps = self[f"{name}.weight"], self.options["d_resample_filter"]
        size, count = weight.shape[-1], len(taps)
        weight = weight / np.sqrt(weight[0].size)
        if down:
            padding = (size // 2 + (count - 1) // 2, size // 2 + (count - 2) // 2)
            x = correlated(filtered(x, taps, padding=padding), weight)[:, :, ::2, ::2]
        else:
            x = convolved(x, weight)
        if f"{name}.bias" in self.tensors:
            x = x + self[f"{name}.bias"][:, None, None]
        return activated(x, activation or self.options["d_activation"], gain, clamp)

    def logits(self, image, labels=None):
        options, x = self.options, None
        clamp = options["d_conv_clamp"]
        for edge in self.edges("b")[:0:-1]:
            if f"b{edge}.fromrgb.weight" in self.tensors:
                y = self.layer(image, f"b{edge}.fromrgb", clamp=clamp)
                x = y if x is None else x + y
                image = halved(image, options["d_resample_filter"])
            beside, gain = 0.0, 1.0
            if f"b{edge}.skip.weight" in self.tensors:
                gain = 0.5**0.5
                beside = self.layer(x, f"b{edge}.skip", gain, down=True, activation="linear")
            x = self.layer(x, f"b{edge}.conv0", clamp=clamp)
            x = self.layer(x, f"b{edge}.conv1", gain, down=True, clamp=clamp) + beside
        if "b4.fromrgb.weight" in self.tensors:
            x = x + self.layer(image, "b4.fromrgb")
        x = self.layer(self.with_deviation(x), "b4.conv", clamp=clamp)
        x = activated(self.dense(x.reshape(len(x), -1), "b4.fc"), options["d_activation"])
        x = self.dense(x, "b4.out")
        if labels is None:
            return x
        classes = self.mapped(None, labels, options["d_mapping_learning_rate_multiplier"])
        return np.sum(x * classes, axis=1, keepdims=True) / np.sqrt(x.shape[1])

    def with_deviation(self, x):
        """Of images i, i + n, …, for each part of the channels."""
        features = self["b4.conv.weight"].shape[1] - x.shape[1]
        if not features:
            return x
        size = min(self.options["stddev_group_size"] or len(x), len(x))
        groups = len(x) // size
        parts = np.split(x, features, axis=1)
        planes = np.zeros((len(x), features, *x.shape[2:]))
        for row in range(len(x)):
            group = [i for i in range(len(x)) if i % groups == row % groups]
            for feature, part in enumerate(parts):
                variance = np.var(part[group], axis=0)
                planes[row, feature] = np.mean(np.sqrt(variance + 1e-8))
        return np.concatenate([x, planes], axis=1)


# === Random tensors ===


def generator(random, options, channels, classes=None):
    """Tensors of a generator whose maps have these channels, `{edge: channels}`."""
    draw = lambda *shape: random.normal(size=shape)  # noqa: E731
    style, label = options["style_dim"], options.get("label_dim") or options["style_dim"]
    width = options.get("mapping_width") or style
    latent = options["latent_dim"] + (label if classes else 0)
    multiplier = options["mapping_learning_rate_multiplier"]
    widths = [latent, *[width] * (options["mapping_layers"] - 1), style]
    found = mapping(draw, widths, classes, label, multiplier) | {"mapping.w_avg": draw(style)}
    before, last = None, max(channels)
    for edge, count in channels.items():
        block = f"synthesis.b{edge}"
        layers = {"conv1": (count, count, 3)}
        if before is None:
            found[f"{block}.const"] = draw(count, edge, edge)
        else:
            layers["conv0"] = (count, before, 3)
        if options["g_architecture"] == "skip" or edge == last:
            layers["torgb"] = (options["image_shape"][-1], count, 1)
        if options["g_architecture"] == "resnet" and before:
            found[f"{block}.skip.weight"] = draw(count, before, 1, 1)
        for layer, (outputs, inputs, size) in layers.items():
            name = f"{block}.{layer}"
            found[f"{name}.weight"] = draw(outputs, inputs, size, size)
            found[f"{name}.bias"] = draw(outputs)
            found |= {f"{name}.affine.weight": draw(inputs, style)}
            found |= {f"{name}.affine.bias": 1 + draw(inputs)}
            if layer != "torgb" and options["use_noise"]:
                found |= {f"{name}.noise_const": draw(edge, edge), f"{name}.noise_strength": draw()}
        before = count
    return found


def discriminator(random, options, channels, classes=None):
    draw = lambda *shape: random.normal(size=shape)  # noqa: E731
    found, edges = {}, sorted(channels)[::-1]
    colours, architecture = options["image_shape"][-1], options["d_architecture"]
    for edge in edges:
        count = channels[edge]
        layers = {}
        if edge == edges[0] or architecture == "skip":
            layers["fromrgb"] = (count, colours, 1)
        if edge > 4:
            layers |= {"conv0": (count, count, 3), "conv1": (channels[edge // 2], count, 3)}
            if architecture == "resnet":
                layers["skip"] = (channels[edge // 2], count, 1)
        else:
            layers["conv"] = (count, count + options["stddev_features"], 3)
        for layer, (outputs, inputs, size) in layers.items():
            found[f"b{edge}.{layer}.weight"] = draw(outputs, inputs, size, size)
            if layer != "skip":
                found[f"b{edge}.{layer}.bias"] = draw(outputs)
    size = (options.get("class_map_dim") or channels[4]) if classes else 1
    found |= {"b4.fc.weight": draw(channels[4], 16 * channels[4]), "b4.fc.bias": draw(channels[4])}
    found |= {"b4.out.weight": draw(size, channels[4]), "b4.out.bias": draw(size)}
    if classes:
        width, count = options.get("d_mapping_width") or size, options["d_mapping_layers"]
        label = options.get("d_label_dim") or size
        widths = [label, *([width] * (count - 1) + [size] if count else [])]
        multiplier = options["d_mapping_learning_rate_multiplier"]
        found |= mapping(draw, widths, classes, label, multiplier)
    return found


def mapping(draw, widths, classes, label, multiplier):
    found = {}
    if classes:
        found |= {"mapping.embed.weight": draw(label, classes), "mapping.embed.bias": draw(label)}
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        found[f"mapping.fc{number}.weight"] = draw(outputs, inputs) / multiplier
        found[f"mapping.fc{number}.bias"] = draw(outputs) / multiplier
    return found
