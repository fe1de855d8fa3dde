"""The Inception network of 2015, by which FID, KID and the Inception score are compared.

Reference: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, as in the
TensorFlow graph classify_image_graph_def.pb of 2015-12-05: average pools do not count padding, the last
block pools by the maximum, and there are 1008 classes. torch-fidelity and pytorch-fid compute the same.
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.metrics.extractors import torch_weights

SIDE = 299
VARIABLE = "TFGAN_ZOO_INCEPTION_V3"
URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"

# Branches of the blocks: filters and kernel of each convolution. A fork has two kernels side by side,
# whose outputs are concatenated. In blocks B and D the last convolutions halve the size.
_WIDE, _TALL, _FORK = (1, 7), (7, 1), {"a": (1, 3), "b": (3, 1)}
_A = {
    "branch1x1": [(64, 1)],
    "branch5x5": [(48, 1), (64, 5)],
    "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
}
_B = {"branch3x3": [(384, 3)], "branch3x3dbl": [(64, 1), (96, 3), (96, 3)]}
_C = {
    n: {
        "branch1x1": [(192, 1)],
        "branch7x7": [(n, 1), (n, _WIDE), (192, _TALL)],
        "branch7x7dbl": [(n, 1), (n, _TALL), (n, _WIDE), (n, _TALL), (192, _WIDE)],
    }
    for n in (128, 160, 192)
}
_D = {
    "branch3x3": [(192, 1), (320, 3)],
    "branch7x7x3": [(192, 1), (192, _WIDE), (192, _TALL), (192, 3)],
}
_E = {
    "branch1x1": [(320, 1)],
    "branch3x3": [(384, 1), (384, _FORK)],
    "branch3x3dbl": [(448, 1), (384, 3), (384, _FORK)],
}
_AVERAGE, _MAXIMUM = layers.AveragePooling2D, layers.MaxPooling2D
_BLOCKS = {  # branches, and the pool's kind and filters; without filters the block halves the size
    "Mixed_5b": (_A, _AVERAGE, 32),
    "Mixed_5c": (_A, _AVERAGE, 64),
    "Mixed_5d": (_A, _AVERAGE, 64),
    "Mixed_6a": (_B, _MAXIMUM, None),
    "Mixed_6b": (_C[128], _AVERAGE, 192),
    "Mixed_6c": (_C[160], _AVERAGE, 192),
    "Mixed_6d": (_C[160], _AVERAGE, 192),
    "Mixed_6e": (_C[192], _AVERAGE, 192),
    "Mixed_7a": (_D, _MAXIMUM, None),
    "Mixed_7b": (_E, _AVERAGE, 192),
    "Mixed_7c": (_E, _MAXIMUM, 192),
}


def load(weights=None, bias=False):
    """The `network` with its published weights.

    Args:
        weights: Path of torch-fidelity's weights-inception-2015-12-05-6726825d.pth (pytorch-fid's file
            is the same), or of an .npz file with its names and layouts. By default what the environment
            variable TFGAN_ZOO_INCEPTION_V3 names; else a download, if TFGAN_ZOO_DOWNLOAD is 1.
        bias: As of `network`.

    Raises:
        FileNotFoundError: No such file, or none given; the message says where to get it.
        ImportError: A .pth file without torch.
        ValueError: Weights that are missing, too many or of another shape.
    """
    state = torch_weights.read(torch_weights.find(weights, VARIABLE, URL, SHA256))
    model = network(bias)
    torch_weights.assign(model, state, r"\.num_batches_tracked$" + ("" if bias else r"|^fc\.bias$"))
    return model


@torch_weights.float32()
def network(bias=False):
    """From float32 images `[B, 299, 299, 3]` in [-1, 1) to features and logits; never trained.

    Args:
        bias: Whether logits have the graph's bias. The Inception score's first implementation
            (openai/improved-gan) left it out, and so do all that compare with it: torch-fidelity takes
            "logits_unbiased". With the bias they are its "logits", and scores come out higher.

    Returns:
        `keras.Model` with two float32 outputs: features `[B, 2048]`, 0 or more, for FID, KID, precision
        and recall; and logits `[B, 1008]`, whose softmax the Inception score takes.
    """
    inputs = layers.Input((SIDE, SIDE, 3), dtype="float32")
    x = _stem(inputs)
    for name, block in _BLOCKS.items():
        x = _mixed(x, name, *block)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    logits = layers.Dense(1008, use_bias=bias, name="fc")(features)
    model = keras.Model(inputs, [features, logits], name="inception_v3")
    model.trainable = False
    return model


def _stem(x):
    x = _convolution(x, "Conv2d_1a_3x3", 32, 3, strides=2, padding="valid")
    x = _convolution(x, "Conv2d_2a_3x3", 32, 3, padding="valid")
    x = _convolution(x, "Conv2d_2b_3x3", 64, 3)
    x = layers.MaxPooling2D(3, 2)(x)
    x = _convolution(x, "Conv2d_3b_1x1", 80, 1)
    x = _convolution(x, "Conv2d_4a_3x3", 192, 3, padding="valid")
    return layers.MaxPooling2D(3, 2)(x)


def _mixed(x, name, branches, pool, filters):
    last = {} if filters else {"strides": 2, "padding": "valid"}
    outputs = [_branch(x, f"{name}.{branch}", *of, last=last) for branch, of in branches.items()]
    if filters:  # TensorFlow's pools leave padding out, as the graph's did
        pooled = pool(3, 1, "same")(x)
        outputs.append(_convolution(pooled, f"{name}.branch_pool", filters, 1))
    else:
        outputs.append(pool(3, 2)(x))
    return layers.Concatenate()(outputs)


def _branch(x, name, *steps, last):
    for number, (filters, kernel) in enumerate(steps, 1):
        label = f"{name}_{number}" if len(steps) > 1 else name
        options = last if number == len(steps) else {}
        kernels = kernel if isinstance(kernel, dict) else {"": kernel}
        ends = [_convolution(x, label + end, filters, k, **options) for end, k in kernels.items()]
        x = layers.Concatenate()(ends) if len(ends) > 1 else ends[0]
    return x


def _convolution(x, name, filters, kernel, strides=1, padding="same"):
    x = layers.Conv2D(filters, kernel, strides, padding, use_bias=False, name=f"{name}.conv")(x)
    return layers.ReLU()(layers.BatchNormalization(epsilon=1e-3, name=f"{name}.bn")(x))


# === Images ===


def resize_legacy(images):
    """Images at 299x299 as TensorFlow 1 resized them within the graph, float32 in [0, 255].

    Bilinear, from pixels' corners, without antialiasing: smaller images shift by part of a pixel, and
    larger ones alias. Other ways give other distances, so numbers are compared by this one.

    Args:
        images: uint8, or float32 in [0, 255], `[B, H, W, 3]`.

    Raises:
        ValueError: Another dtype or shape.
    """
    images = tf.convert_to_tensor(images)
    known = images.dtype in (tf.uint8, tf.float32)
    if not known or images.shape.rank != 4 or images.shape[-1] != 3:
        raise ValueError(
            "images must be uint8 or float32 [B, H, W, 3]. Received: "
            f"{images.dtype.name} {images.shape}."
        )
    return tf.raw_ops.ResizeBilinear(images=images, size=[SIDE, SIDE], half_pixel_centers=False)


def normalize(images):
    """Pixels in [0, 255] as the network takes them, float32 in [-1, 1)."""
    return (tf.cast(images, tf.float32) - 128) / 128
