"""The losses of PyTorch's peers at the weights of Keras's networks.

A convolution of kernel 5, stride 2 and padding "same" puts one more zero at the end of a side in Keras,
and at its beginning in PyTorch with `padding=2`. All images, feature maps and kernels are mirrored here,
which makes the networks the same functions.
"""

import numpy as np
import torch
from torch import nn


def losses_of(trainer, given):
    """The losses at given inputs; the penalty at real images alone."""
    real = _maps(given["real"])
    if given["weights"] is None:
        return {"d_loss": trainer.adversarial_loss(real, _labels(given)).item()}
    start_from(trainer, given)
    with trainer.autocast():
        fake = trainer.generate(torch.from_numpy(given["latents"]))
        logits = [trainer.discriminate(images) for images in (real, fake)]
        losses = {"d_loss": trainer.adversarial_d_loss(*logits)}
        losses["g_loss"] = trainer.adversarial_g_loss(logits[1])
        if hasattr(trainer, "penalty"):
            losses["penalty"] = trainer.penalty(real, real)
    return {name: value.item() for name, value in losses.items()}


def start_from(trainer, given):
    """Assigns the weights, and finds the largest singular values."""
    networks = trainer.generator, trainer.discriminator
    with torch.no_grad():
        for network, weights in zip(networks, given["weights"], strict=True):
            _assign(network, iter(weights))
        for _ in range(100):
            trainer.discriminator(_maps(given["real"][:2]))


def _assign(network, weights):
    """Copies weights into the layers in their order, which is that of Keras's."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            is_spectral = hasattr(layer, "parametrizations")
            weight = layer.parametrizations.weight.original if is_spectral else layer.weight
            _copy(weight, _kernel(layer, next(weights)))
            if layer.bias is not None:
                _copy(layer.bias, _bias(layer, next(weights)))
    if rest := list(weights):
        raise ValueError(f"{len(rest)} weights are left over.")


def _copy(parameter, array):
    value = torch.from_numpy(np.ascontiguousarray(array))
    if value.shape != parameter.shape:
        raise ValueError(f"A weight has the shape {value.shape}, and another {parameter.shape}.")
    parameter.copy_(value)


def _kernel(layer, kernel):
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        return kernel[::-1, ::-1].transpose(3, 2, 0, 1)
    if hasattr(layer, "maps_out"):
        return _mirrored(kernel, layer.maps_out).T
    if hasattr(layer, "maps_in"):
        return _mirrored(kernel.T, layer.maps_in)
    return kernel.T


def _bias(layer, bias):
    return _mirrored(bias[None], layer.maps_out)[0] if hasattr(layer, "maps_out") else bias


def _mirrored(rows, shape):
    """Rows that are feature maps `[H, W, C]`, as rows that are mirrored ones `[C, H, W]`."""
    channels, height, width = shape
    maps = rows.reshape(-1, height, width, channels)[:, ::-1, ::-1]
    return np.ascontiguousarray(maps.transpose(0, 3, 1, 2).reshape(len(rows), -1))


def _maps(images):
    return torch.from_numpy(np.ascontiguousarray(images[:, ::-1, ::-1])).permute(0, 3, 1, 2)


def _labels(given):
    return None if given["labels"] is None else torch.from_numpy(given["labels"])
