"""What torch-fidelity's Inception network and LPIPS make of images, with random weights.

    python torch_oracle.py FOLDER

Writes inception.npz, inception.pth and vgg16.npz, state dicts, and arrays.npz, inputs and outputs, with
channels last. Needs torch, torchvision, torch-fidelity and lpips.
"""

import math
import pathlib
import sys

import numpy as np
import torch


def main(folder):
    folder = pathlib.Path(folder)
    declared = declare_operators()  # noqa: F841 - held until the end
    torch.manual_seed(0)
    with torch.no_grad():
        arrays = {**resized(), **inception(folder), **perceptual(folder)}
    np.savez(folder / "arrays.npz", **arrays)


def resized():
    from torch_fidelity import interpolate_compat_tensorflow as compat

    arrays = {}
    for name, size in {"small": (40, 56), "large": (333, 400)}.items():
        images = random_images(*size)
        larger = compat.interpolate_bilinear_2d_like_tensorflow1x(
            images.float(), (299, 299), align_corners=False
        )
        arrays |= {name: channels_last(images), f"{name}_resized": channels_last(larger)}
    return arrays


def inception(folder):
    """torchvision's network has the same names and shapes; the outputs are torch-fidelity's."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torchvision.models import inception_v3

    network = inception_v3(num_classes=1008, aux_logits=False, init_weights=False)
    state = randomised(network.state_dict())
    torch.save(state, folder / "inception.pth")
    np.savez(folder / "inception.npz", **{name: value.numpy() for name, value in state.items()})
    names = ["2048", "logits", "logits_unbiased"]
    extractor = FeatureExtractorInceptionV3(
        "oracle", names, feature_extractor_weights_path=folder / "inception.pth"
    )
    images = random_images(40, 56)
    found = dict(zip(names, (x.numpy() for x in extractor(images)), strict=True))
    return {"images": channels_last(images), "features": found.pop("2048"), **found}


def perceptual(folder):
    """The heads are lpips's own, the network's weights random."""
    import lpips

    model = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    state = randomised(model.net.state_dict())
    model.net.load_state_dict(state)
    published = {f"features.{name.split('.', 1)[1]}": x.numpy() for name, x in state.items()}
    np.savez(folder / "vgg16.npz", **published)
    first = torch.rand(2, 3, 64, 64) * 2 - 1
    near, far = first[:1] + 0.1 * torch.randn(1, 3, 64, 64), torch.rand(1, 3, 64, 64) * 2 - 1
    second = torch.cat([near.clamp(-1, 1), far])
    distances = model(first, second).flatten().numpy()
    return {"first": channels_last(first), "second": channels_last(second), "distances": distances}


def random_images(height, width):
    """Noise, in the second image dark and with coarse patches, so that the two differ throughout."""
    first, second = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    patches = torch.randint(0, 192, (3, -(-height // 8), -(-width // 8)), dtype=torch.uint8)
    coarse = patches.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, :height, :width]
    return torch.stack([first, second // 4 + coarse])


def channels_last(images):
    return images.permute(0, 2, 3, 1).numpy()


def randomised(state):
    """Weights of which each matters to the output, and which keep activations near 1."""
    return {name: random_like(name, value) for name, value in state.items()}


def random_like(name, value):
    if not value.is_floating_point():
        return value
    if value.dim() > 1:
        return torch.randn(value.shape) * math.sqrt(1.6 / value[0].numel())
    if name.endswith(("bn.weight", "running_var")):
        return torch.rand(value.shape) + 0.5
    return torch.randn(value.shape) * 0.2


def declare_operators():
    """Lets torchvision be imported beside a build of torch that its compiled part was not made for.

    PyPI's wheels of it are for CUDA: on a torch for CPUs only, that part does not load, and the import
    fails for want of the names of two operators. The networks here have neither.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
        return library  # whose end would be that of the names


if __name__ == "__main__":
    main(sys.argv[1])
