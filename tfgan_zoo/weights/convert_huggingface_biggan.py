"""Checkpoints of pytorch-pretrained-biggan: BigGAN-deep by DeepMind, as Hugging Face has it."""

from tfgan_zoo.weights import pytorch, residual
from tfgan_zoo.weights.source import Converted, Family, Tensors

NETWORK = "ema_generator"
_ATTENTION = ("snconv1x1_theta", "snconv1x1_phi", "snconv1x1_g", "snconv1x1_o_conv")
_EPSILON = 1e-4  # of all normalizations where there is no config.json, and of the last one always
_RGB, _NORMALIZATION = 3, "truncation_batch_normalization"


def _state(source):
    (tree,) = source.trees().values()
    return tree if isinstance(tree, dict) else {}


def _recognizes(source):
    return len(source.trees()) == 1 and "generator.gen_z.weight_orig" in _state(source)


def _convert(source):
    (file,) = source.trees()
    beside = file.name.replace("pytorch_model.bin", "config.json")
    config = source.beside("config.json") or source.beside(beside) or {}
    tensors = Tensors(pytorch.state_dict(_state(source)))
    count = tensors.count(r"generator\.layers\.(\d+)\..*")
    layers = [f"generator.layers.{number}" for number in range(count)]
    attend = [number for number, layer in enumerate(layers) if f"{layer}.gamma" in tensors]
    options = _options(tensors, layers, attend, config)
    found = _filled(tensors, layers, attend)
    return Converted("BigGANDeep", options, found, [tensors])


def _options(tensors, layers, attend, config):
    blocks = [layer for number, layer in enumerate(layers) if number not in attend]
    channels = [residual.shape(tensors, f"{block}.conv_3")[0] for block in blocks]
    channels.insert(0, residual.shape(tensors, f"{blocks[0]}.conv_0")[1])
    depth = _depth(config.get("layers"), channels)
    side = 4 << (len(blocks) // depth)
    embedding_dim, classes = tensors.shape("embeddings.weight")
    return {
        "image_shape": (side, side, _RGB),
        "latent_dim": residual.shape(tensors, "generator.gen_z")[1] - embedding_dim,
        "latent_distribution": "truncated_normal",
        "num_classes": classes,
        "embedding_dim": embedding_dim,
        "depth": depth,
        "width": channels[-1],
        "generator_channels": tuple(channels[::depth]),
        "attention_size": None,
        "attention_blocks": _attention_blocks(attend),
        "truncation_statistics": tensors.shape(f"{blocks[0]}.bn_0.running_means")[0],
        "normalization_epsilon": config.get("eps", _EPSILON),
        "last_normalization_epsilon": _EPSILON,
        "last_channels": residual.shape(tensors, "generator.conv_to_rgb")[0],
        "generator_spectral_norm": "stored",
    }


def _depth(layers, channels):
    """How many blocks there are of each size, of which the last one enlarges its feature maps."""
    enlarged = [bool(layer[0]) for layer in layers or []]
    depth = enlarged.index(True) + 1 if True in enlarged else 2
    count = len(channels) - 1
    usual = [(number + 1) % depth == 0 for number in range(count)]
    is_kept = all(channels[n + 1] == channels[n] for n in range(count) if not usual[n])
    if enlarged not in ([], usual) or count % depth or not is_kept:
        raise ValueError(
            "Generators are read whose feature maps are enlarged, and change their channels, in every "
            f"block of one number. The file has {count} blocks of {channels[1:]} channels, and its "
            f"configuration layers={layers}."
        )
    return depth


def _attention_blocks(attend):
    """Numbers of the blocks that self-attention follows, from its places among all layers."""
    found = tuple(place - number - 1 for number, place in enumerate(attend))
    if -1 in found:
        raise ValueError("Self-attention before the first block: it is read after one alone.")
    return found or None


def _filled(tensors, layers, attend):
    filling = residual.Filling(tensors, NETWORK, "stored")
    filling.layer("dense", "embeddings", "class_embedding")
    filling.layer("spectral_dense", "generator.gen_z")
    for number, layer in enumerate(layers):
        if number in attend:
            filling.attention(layer, _ATTENTION, "gamma")
        else:
            _fill_block(filling, layer)
    filling.normalization("generator.bn", _NORMALIZATION)
    filling.layer("spectral_conv2d", "generator.conv_to_rgb")
    return filling.found


def _fill_block(filling, block):
    for number in range(4):
        normalization = f"{block}.bn_{number}"
        filling.normalization(normalization, _NORMALIZATION)
        filling.layer("spectral_dense", f"{normalization}.scale")
        filling.layer("spectral_dense", f"{normalization}.offset")
        filling.layer("spectral_conv2d", f"{block}.conv_{number}")


FAMILY = Family(
    "huggingface_biggan",
    "pytorch-pretrained-biggan by Hugging Face",
    "https://github.com/huggingface/pytorch-pretrained-BigGAN",
    "that of DeepMind's TensorFlow Hub modules, which the weights are from (the code: MIT)",
    _recognizes,
    _convert,
)
