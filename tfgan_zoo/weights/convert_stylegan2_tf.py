"""Networks of StyleGAN2's authors in TensorFlow 1: pickled (generator, discriminator, average)."""

import re

import numpy as np

from tfgan_zoo.weights.pickled import Global, Object
from tfgan_zoo.weights.source import Family, Tensors, listed
from tfgan_zoo.weights.stylegan2 import converted

_KIND = Global("dnnlib.tflib.network", "Network")
_NETWORKS = ("generator", "discriminator", "ema_generator")
_LAYERS = {  # by their names in PyTorch's version
    "Conv0_up": "conv0",
    "Conv1": "conv1",
    "Conv1_down": "conv1",
    "ToRGB": "torgb",
    "FromRGB": "fromrgb",
    "Skip": "skip",
    "Conv0": "conv0",
    "Dense0": "fc",
}
_VARIABLES = {"mod_weight": "affine.weight", "mod_bias": "affine.bias"}
_FLAT = (  # names outside of blocks
    (r"mapping/LabelEmbed/(\w+)", r"mapping.embed.\1"),
    (r"mapping/Dense(\d+)/(\w+)", r"mapping.fc\1.\2"),
    (r"LabelEmbed/(\w+)", r"mapping.embed.\1"),
    (r"Mapping(\d+)/(\w+)", r"mapping.fc\1.\2"),
    (r"Output/(\w+)", r"b4.out.\1"),
    (r"dlatent_avg", r"mapping.w_avg"),
    (r"synthesis/4x4/Const/const", r"synthesis.b4.const"),
)
_LEFT = {
    r"(^|/)lod$": "how far the images have grown, which is to the end",
    r"/?(To|From)RGB_lod[1-9]\d*/": "colours of smaller sizes, which were for growing",
}
_READ = {  # arguments that are told by tensors, or change no output
    "generator": (
        "latent_size label_size dlatent_size resolution num_channels mapping_layers label_fmaps "
        "mapping_fmaps mapping_nonlinearity mapping_lrmul w_avg_beta dlatent_avg_beta fmap_base "
        "fmap_decay fmap_min fmap_max num_fp16_res conv_clamp architecture resample_kernel use_noise "
        "nonlinearity init_res normalize_latents truncation_psi truncation_cutoff truncation_psi_val "
        "truncation_cutoff_val style_mixing_prob structure randomize_noise fused_modconv dtype "
        "mapping_func synthesis_func"
    ),
    "discriminator": (
        "label_size resolution num_channels architecture fmap_base fmap_decay fmap_min fmap_max "
        "num_fp16_res conv_clamp mapping_layers mapping_fmaps mapping_lrmul nonlinearity "
        "resample_kernel freeze_layers mbstd_group_size mbstd_num_features init_res structure dtype"
    ),
}


# === Files ===


def _networks(source):
    """`{"generator": network, …}` of those that the one file has."""
    trees = list(source.trees().values())
    tree = trees[0] if len(trees) == 1 else ()
    if _is_network(tree):
        return {"ema_generator": tree}
    if isinstance(tree, (tuple, list)) and len(tree) == 3 and all(map(_is_network, tree)):
        return dict(zip(_NETWORKS, tree, strict=True))
    return {}


def _is_network(tree):
    return isinstance(tree, Object) and tree.kind == _KIND and isinstance(tree.state, dict)


def _recognizes(source):
    return bool(_networks(source))


def _convert(source):
    named, given, settings = {}, [], {}
    for name, network in _networks(source).items():
        if network.state["version"] < 4:
            raise ValueError(
                f"Its format is version {network.state['version']}: StyleGAN, and not StyleGAN2, whose "
                "networks have version 4 or more."
            )
        tensors = Tensors(_variables(network, ""), _LEFT)
        kind = "discriminator" if name == "discriminator" else "generator"
        arguments = _arguments(network, kind)
        settings |= (_of_discriminator if kind == "discriminator" else _of_generator)(
            network, arguments, tensors
        )
        named[name] = Tensors(_by_names_of_pytorch(tensors))
        given.append(tensors)
    found = converted(named, settings)
    return found._replace(given=[*given, *found.given])


def _variables(network, prefix):
    found = {f"{prefix}{name}": _array(value) for name, value in network.state["variables"]}
    for name, part in (network.state.get("components") or {}).items():
        found |= _variables(part, f"{prefix}{name}/")
    return found


def _array(value):
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value, np.float32)


def _arguments(network, kind):
    arguments = network.state["static_kwargs"]
    if unknown := set(arguments) - {*_READ[kind].split()}:
        raise ValueError(f"The {kind} has arguments that are not known: {listed(sorted(unknown))}.")
    if list(arguments.get("init_res") or (4, 4)) != [4, 4]:
        raise ValueError(f"Its images grow from {arguments['init_res']}, and not from [4, 4].")
    if not arguments.get("normalize_latents", True):
        raise ValueError("Its latents are not normalized (normalize_latents is False).")
    return arguments


def _of_generator(network, arguments, tensors):
    """What no tensor tells, as options of our class."""
    if "mapping/LabelConcat/weight" in tensors:
        raise ValueError(
            "Its labels are put beside the latents before both are normalized (LabelConcat), as in "
            "StyleGAN2's first code. Networks with labels are read of StyleGAN2-ADA."
        )
    embedded = (tensors.shape("mapping/LabelEmbed/weight") or (0, 0))[1]
    momentum = arguments.get("w_avg_beta", arguments.get("dlatent_avg_beta", 0.995))
    return {
        "latent_dim": tensors.shape("mapping/Dense0/weight")[0] - embedded,
        "w_avg_momentum": 1.0 if momentum is None else float(momentum),
        "mapping_activation": arguments.get("mapping_nonlinearity", "lrelu"),
        "mapping_learning_rate_multiplier": float(arguments.get("mapping_lrmul", 0.01)),
        **_of_both(arguments, "g_"),
    }


def _of_discriminator(network, arguments, tensors):
    settings = _of_both(arguments, "d_")
    is_first = network.state["build_func_name"] in ("D_stylegan2", "D_stylegan")
    size = arguments.get("mbstd_group_size", 4 if is_first else None)
    settings["stddev_group_size"] = size or None
    if "LabelEmbed/weight" in tensors:
        multiplier = float(arguments.get("mapping_lrmul", 0.1))
        settings["d_mapping_learning_rate_multiplier"] = multiplier
    if "Mapping0/weight" in tensors:
        settings["d_mapping_activation"] = settings["d_activation"]
    return settings


def _of_both(arguments, player):
    taps = arguments.get("resample_kernel", (1, 3, 3, 1))
    return {
        f"{player}activation": arguments.get("nonlinearity", "lrelu"),
        f"{player}conv_clamp": arguments.get("conv_clamp"),
        f"{player}resample_filter": (1, 1) if taps is None else tuple(taps),
    }


# === Names and layouts ===


def _by_names_of_pytorch(tensors):
    """The tensors that are needed, by the names and in the layouts of PyTorch's version."""
    edges = [int(match[1]) for match in tensors.found(r"(?:synthesis/)?(\d+)x\1/.*")]
    found = {}
    for name in tensors:
        new = None if name in tensors.left else _name(name, max(edges))
        if new is not None:
            found[new] = _laid_out(name, new, tensors[name])
    return found


def _name(name, edge):
    """Its name in PyTorch; None for one that is not known, which is told then."""
    for pattern, new in _FLAT:
        if match := re.fullmatch(pattern, name):
            return match.expand(new)
    if match := re.fullmatch(r"synthesis/noise(\d+)", name):
        place = int(match[1]) + 5
        return f"synthesis.b{2 ** (place // 2)}.conv{place % 2}.noise_const"
    name = re.sub(r"(To|From)RGB_lod0/", rf"{edge}x{edge}/\1RGB/", name)
    match = re.fullmatch(r"(synthesis/)?(\d+)x\2/(\w+)/(\w+)", name)
    if not match:
        return None
    layer = "conv1" if match[1] else "conv"  # "Conv", the one of the smallest maps
    layer = _LAYERS.get(match[3], layer if match[3] == "Conv" else match[3])
    start = "synthesis." if match[1] else ""
    return f"{start}b{match[2]}.{layer}.{_VARIABLES.get(match[4], match[4])}"


def _laid_out(name, new, array):
    if new.endswith((".const", ".noise_const")):
        return array[0] if new.endswith(".const") else array[0, 0]
    if new.endswith("affine.bias"):
        return array + 1
    if np.ndim(array) == 2:
        return np.transpose(array)
    if np.ndim(array) != 4:
        return array
    array = array[::-1, ::-1] if "/Conv0_up/" in name else array
    return np.transpose(array, (3, 2, 0, 1))


FAMILY = Family(
    "stylegan2_tf",
    "StyleGAN2 and StyleGAN2-ADA in TensorFlow (NVlabs/stylegan2, NVlabs/stylegan2-ada)",
    "https://github.com/NVlabs/stylegan2-ada",
    "NVIDIA Source Code License (non-commercial)",
    _recognizes,
    _convert,
)
