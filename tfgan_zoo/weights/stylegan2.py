"""Networks of StyleGAN2, by the names and in the layouts of its authors' modules in PyTorch."""

import collections

import numpy as np

from tfgan_zoo.weights.source import Converted, layout

_ALONE = 1e-4  # the root of 1e-8: what the deviation is within a group of one image
_HIDDEN_GAIN = 2**0.5  # of "lrelu", which our kernels of the mapping have, and our biases have not


def converted(tensors, settings, variant="StyleGAN2", shapes=None, synthesis=None):
    """Networks as our class has them.

    Args:
        tensors: `{"generator": Tensors, "ema_generator": …, "discriminator": …}`; one generator at
            least.
        settings: Options that no tensor tells. "d_mapping_activation" must be that of the generator.
        variant: The class, of a mapping network and a discriminator as StyleGAN2's.
        shapes: From the tensors of a generator to the options that they tell.
        synthesis: From these to the layers that come after the mean style; see `_synthesis`.
    """
    generator = tensors.get("ema_generator") or tensors["generator"]
    critic = tensors.get("discriminator")
    settings = {**settings}
    activation = settings.get("mapping_activation", "lrelu")
    other = settings.pop("d_mapping_activation", activation)
    if other != activation:
        raise ValueError(
            f"The generator's mapping network has activation {activation}, the discriminator's {other}."
        )
    shapes, synthesis = shapes or _shapes, synthesis or _synthesis
    options = {**shapes(generator), **(_shapes_of_critic(critic) if critic else {}), **settings}
    if critic and options["num_classes"] and "mapping.embed.weight" not in critic:
        raise ValueError("The generator takes labels, and the discriminator none.")
    bias = _HIDDEN_GAIN if activation == "lrelu" else 1.0
    found = {}
    for network, given in tensors.items():
        if network == "discriminator":
            rows = _discriminator(given, bias)
        else:
            rows = _generator(given, bias, synthesis)
        found |= _numbered(network, rows)
    for network in {"generator", "ema_generator"} - tensors.keys():
        found |= _numbered(network, _generator(generator, bias, synthesis))
    return Converted(variant, _own(options), found, list(tensors.values()))


def _own(options):
    """Options with None for those that are what others imply."""
    size = options.get("class_map_dim") or min(
        options.get("d_channel_max", 0), options.get("d_channel_base", 0) // 4
    )
    implied = {
        "label_dim": options["style_dim"],
        "mapping_width": options["style_dim"],
        "d_channel_base": options["channel_base"],
        "d_channel_max": options["channel_max"],
        "d_label_dim": size,
        "d_mapping_width": size,
    }
    return {k: None if k in implied and v == implied[k] else v for k, v in options.items()}


def sizes(tensors, pattern):
    """The sizes of maps, from the smallest one on."""
    return sorted({int(match[1]) for match in tensors.found(pattern)})


def _shapes(tensors):
    """What the tensors of a generator tell, as options of our class."""
    edges = sizes(tensors, r"synthesis\.b(\d+)\..*")
    if len(edges) < 2:
        raise ValueError("Its images have 4 pixels a side; those of 8 and more are read.")
    first, top = "synthesis.b4", f"synthesis.b{edges[-1]}"
    colours, style_dim = tensors.shape(f"{top}.torgb.weight")[0], _sides(tensors, f"{top}.torgb")[1]
    widths = {edge: tensors.shape(f"synthesis.b{edge}.conv1.weight")[0] for edge in edges}
    is_residual = any(f"synthesis.b{edge}.skip.weight" in tensors for edge in edges)
    plain = "resnet" if is_residual else "orig"
    return {
        "image_shape": (edges[-1], edges[-1], colours),
        "style_dim": style_dim,
        **shapes_of_mapping(tensors),
        **_widths(widths, ""),
        "g_architecture": "skip" if f"{first}.torgb.weight" in tensors else plain,
        "g_resample_filter": _taps(tensors, f"synthesis.b{edges[1]}.conv0"),
        "use_noise": f"{first}.conv1.noise_const" in tensors,
    }


def shapes_of_mapping(tensors):
    """What the tensors of a generator's mapping network tell."""
    count = tensors.count(r"mapping\.fc(\d+)\.weight")
    return {
        "mapping_layers": count,
        "mapping_width": tensors.shape("mapping.fc0.weight")[0] if count > 1 else None,
        **_labels(tensors, ""),
    }


def _sides(tensors, layer):
    return tensors.shape(f"{layer}.affine.weight")


def _labels(tensors, player):
    size, classes = tensors.shape("mapping.embed.weight") or (None, None)
    return {f"{player}label_dim": size} | ({} if player else {"num_classes": classes})


def _shapes_of_critic(tensors):
    """What the tensors of a discriminator tell."""
    edges = sizes(tensors, r"b(\d+)\..*")
    widths = {edge: tensors.shape(f"b{edge}.conv0.weight")[0] for edge in edges if edge > 4}
    widths[4], given = tensors.shape("b4.conv.weight")[:2]
    is_residual = any(f"b{edge}.skip.weight" in tensors for edge in edges)
    count = tensors.count(r"mapping\.fc(\d+)\.weight")
    is_conditional = "mapping.embed.weight" in tensors
    return {
        **_widths(widths, "d_"),
        **_labels(tensors, "d_"),
        "d_mapping_layers": count if is_conditional else 8,
        "d_mapping_width": tensors.shape("mapping.fc0.weight")[0] if count > 1 else None,
        "class_map_dim": tensors.shape("b4.out.weight")[0] if is_conditional else None,
        "d_architecture": "skip"
        if "b4.fromrgb.weight" in tensors
        else ("resnet" if is_residual else "orig"),
        "d_resample_filter": _taps(tensors, f"b{edges[-1]}.conv1"),
        "stddev_features": given - widths[4],
        "stddev_grouping": "strided",
    }


def _widths(widths, player):
    """channel_base and channel_max of maps with these channels, `{edge: channels}`."""
    base, most = max(edge * width for edge, width in widths.items()), max(widths.values())
    if any(min(most, base // edge) != width for edge, width in widths.items()):
        raise ValueError(f"Channels of no channel_base and channel_max: {widths}.")
    return {f"{player}channel_base": base, f"{player}channel_max": most}


def _taps(tensors, layer):
    """The filter along one axis, of the one of both axes that a layer has."""
    if f"{layer}.resample_filter" not in tensors:
        return (1, 3, 3, 1)
    whole = np.asarray(tensors[f"{layer}.resample_filter"], np.float64)
    taps = whole.sum(axis=1) if whole.ndim == 2 else whole
    if whole.ndim == 2 and not np.allclose(whole, np.outer(taps, taps), atol=1e-6):
        raise ValueError(f"The filter {layer}.resample_filter is not that of one axis for both.")
    if np.array_equal(8 * taps, [1, 3, 3, 1]):
        return (1, 3, 3, 1)
    if len(taps) < 2:
        raise ValueError("Maps are resampled by no filter (resample_filter is None or [1]).")
    return tuple(float(tap) for tap in taps)


# === Layers, in the order in which our networks are made ===


def _numbered(network, rows):
    found, numbers = {}, collections.Counter()
    for kind, variables in rows:
        name = f"{kind}_{numbers[kind]}" if numbers[kind] else kind
        numbers[kind] += 1
        found |= {f"{network}/{name}/{ours}": array for ours, array in variables.items()}
    return found


def _plain(tensors, layer, bias=1.0):
    """Kernel and bias of a layer that has these alone."""
    found = {"kernel": layout(tensors[f"{layer}.weight"])}
    if f"{layer}.bias" in tensors:
        found["bias"] = bias * np.asarray(tensors[f"{layer}.bias"])
    return found


def _mapping(tensors, bias):
    if "mapping.embed.weight" in tensors:
        yield "equalized_dense", _plain(tensors, "mapping.embed")
    for number in range(tensors.count(r"mapping\.fc(\d+)\.weight")):
        yield "equalized_dense", _plain(tensors, f"mapping.fc{number}", bias)


def _modulated(tensors, layer, is_enlarging=False):
    kernel = layout(tensors[f"{layer}.weight"])
    return "modulated_conv2d", {
        "kernel": kernel[::-1, ::-1] if is_enlarging else kernel,
        "bias": tensors[f"{layer}.bias"],
        "style_kernel": layout(tensors[f"{layer}.affine.weight"]),
        "style_bias": tensors[f"{layer}.affine.bias"],
    }


def _styled(tensors, layer, is_enlarging=False):
    yield _modulated(tensors, layer, is_enlarging)
    if f"{layer}.noise_const" in tensors:
        strength, noise = tensors[f"{layer}.noise_strength"], tensors[f"{layer}.noise_const"]
        yield "noise_injection", {"strength": np.asarray(strength), "noise": noise[..., None]}


def _generator(tensors, bias, synthesis):
    yield from _mapping(tensors, bias)
    yield "w_avg", {"mean": tensors["mapping.w_avg"]}
    yield from synthesis(tensors)


def _synthesis(tensors):
    constant = np.transpose(tensors["synthesis.b4.const"], (1, 2, 0))
    yield "constant_input", {"constant": constant}
    for edge in sizes(tensors, r"synthesis\.b(\d+)\..*"):
        block = f"synthesis.b{edge}"
        if f"{block}.skip.weight" in tensors:
            yield "equalized_conv2d", _plain(tensors, f"{block}.skip")
        if edge > 4:
            yield from _styled(tensors, f"{block}.conv0", is_enlarging=True)
        yield from _styled(tensors, f"{block}.conv1")
        if f"{block}.torgb.weight" in tensors:
            yield _modulated(tensors, f"{block}.torgb")


def _discriminator(tensors, bias):
    for edge in sizes(tensors, r"b(\d+)\..*")[:0:-1]:
        for layer in ("fromrgb", "skip", "conv0", "conv1"):
            if f"b{edge}.{layer}.weight" in tensors:
                yield "equalized_conv2d", _plain(tensors, f"b{edge}.{layer}")
    if "b4.fromrgb.weight" in tensors:
        yield "equalized_conv2d", _plain(tensors, "b4.fromrgb")
    width, given = tensors.shape("b4.conv.weight")[:2]
    if count := given - width:
        alone = np.full(() if count == 1 else count, _ALONE, np.float32)
        yield "minibatch_stddev", {"moving_stddev": alone}
    yield "equalized_conv2d", _plain(tensors, "b4.conv")
    flat = np.reshape(tensors["b4.fc.weight"], (-1, tensors.shape("b4.conv.weight")[0], 4, 4))
    kernel = np.reshape(np.transpose(flat, (2, 3, 1, 0)), (-1, len(flat)))
    yield "equalized_dense", {"kernel": kernel, "bias": tensors["b4.fc.bias"]}
    is_conditional = "mapping.embed.weight" in tensors
    yield "features" if is_conditional else "logits", _plain(tensors, "b4.out")
    yield from _mapping(tensors, bias)
