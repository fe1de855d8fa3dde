"""Checkpoints of fast_neural_style, one of PyTorch's examples."""

from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.source import Converted, Family, Tensors, by_layers

_STATISTICS = "statistics of old versions of PyTorch, which instance normalization does not use"
_FILES = r".*\.(pth|model)"


def _tensors(source):
    (file,) = source.matching(_FILES) if source.path.is_dir() else source.files.values()
    return Tensors(pytorch.state_dict(source.tree(file)))


def _recognizes(source):
    if source.path.is_dir() and len(source.matching(_FILES)) != 1:
        return False
    tensors = _tensors(source)
    return {"conv1.conv2d.weight", "in1.weight", "deconv3.conv2d.weight"} <= set(tensors)


def _convert(source):
    tensors = _tensors(source)
    tensors.leave(r"in\d\.running_(mean|var)$", _STATISTICS)
    blocks = max((int(match[1]) for match in tensors.found(r"res(\d+)\..*")), default=0)
    pairs = [(f"conv{n}", f"in{n}") for n in (1, 2, 3)]
    for block in range(1, blocks + 1):
        pairs += [(f"res{block}.conv{n}", f"res{block}.in{n}") for n in (1, 2)]
    pairs += [("deconv1", "in4"), ("deconv2", "in5")]
    rows = []
    for convolution, norm in pairs:
        rows += [("conv2d", f"{convolution}.conv2d"), ("instance_normalization", norm)]
    rows.append(("conv2d", "deconv3.conv2d"))
    width, channels = tensors.shape("conv1.conv2d.weight")[:2]
    options = {
        "image_shape": (256, 256, channels),
        "width": width,
        "blocks": blocks,
        "in_bytes": True,
        "pad_to": 1,
    }
    found = by_layers(tensors, "ema_generator", rows)
    return Converted("StyleTransfer", options, found, [tensors])


FAMILY = Family(
    "fast_neural_style",
    "PyTorch's example fast_neural_style",
    "https://github.com/pytorch/examples/tree/main/fast_neural_style",
    "BSD 3-clause",
    _recognizes,
    _convert,
)
