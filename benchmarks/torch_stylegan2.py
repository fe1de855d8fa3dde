"""StyleGAN2 in plain PyTorch, of the same networks and losses as `tfgan_zoo.StyleGAN2`.

Written for the benchmark from Karras et al., "Analyzing and Improving the Image Quality of StyleGAN",
2020 (arXiv:1912.04958).
"""

import itertools
import math

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, softplus
from torch_training import Trainer

_GAIN = 2**0.5


class Task:
    """The sizes of the networks: the arguments of `tfgan_zoo.StyleGAN2` of these names."""

    def __init__(
        self, image_shape, latent_dim, style_dim, mapping_layers, channel_base, channel_max
    ):
        self.side, _, self.colours = image_shape
        self.latent_dim, self.style_dim = latent_dim, style_dim
        self.mapping_layers = mapping_layers
        self.sides = [4 << level for level in range(int(math.log2(self.side)) - 1)]
        self.channels = {side: min(channel_max, channel_base // side) for side in self.sides}
        self.num_styles = 2 * len(self.sides)


# === Layers ===


class _Filter(torch.autograd.Function):
    """Taps (1, 3, 3, 1) along both axes of each channel. It is linear and symmetric: its gradient is
    another such filter, so that penalties pass it twice at the price of once."""

    @staticmethod
    def forward(context, x, stride, padding, gain):
        context.options = stride, padding, gain
        kernel = _kernel(x, gain)
        return conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])

    @staticmethod
    def backward(context, gradient):
        stride, padding, gain = context.options
        if stride == 1:
            return _Filter.apply(gradient, 1, 3 - padding, gain), None, None, None
        return _Spread.apply(gradient, gain), None, None, None


class _Spread(torch.autograd.Function):
    """The transpose of the filter at every other pixel: a map of twice the side."""

    @staticmethod
    def forward(context, x, gain):
        context.gain = gain
        kernel = _kernel(x, gain)
        return conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])

    @staticmethod
    def backward(context, gradient):
        return _Filter.apply(gradient, 2, 1, context.gain), None


def _kernel(x, gain):
    """For each channel of x, in its dtype, which holds these numbers exactly."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype) / 8
    return (gain * torch.outer(taps, taps)).expand(x.shape[1], 1, 4, 4)


class _Linear(nn.Module):
    def __init__(self, inputs, outputs, gain=1.0, multiplier=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.multiplier = gain * multiplier / math.sqrt(inputs), multiplier

    def forward(self, x):
        return linear(x, self.weight * self.scale, self.bias * self.multiplier)


class _Convolution(nn.Module):
    def __init__(self, inputs, outputs, size, stride=1, padding=0, bias=True, gain=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * size * size)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class _Modulated(nn.Module):
    """A convolution whose kernel each image's style scales, by scaling the map before and after."""

    def __init__(self, task, inputs, outputs, size, up=False, demodulate=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = _Linear(task.style_dim, inputs)
        nn.init.ones_(self.affine.bias)
        self.scale, self.size = 1 / math.sqrt(inputs * size * size), size
        self.up, self.demodulate = up, demodulate

    def forward(self, x, style):
        scales, kernel = self.affine(style), self.weight * self.scale
        x = x * scales[:, :, None, None]
        if self.up:
            x = conv_transpose2d(x, kernel.transpose(0, 1), stride=2)
            x = _Filter.apply(x, 1, 1, 4.0)
        else:
            x = conv2d(x, kernel, padding=self.size // 2)
        if self.demodulate:
            energy = kernel.square().sum(dim=(2, 3))
            x = x * (linear(scales.square(), energy) + 1e-8).rsqrt()[:, :, None, None]
        return x + self.bias[:, None, None]


class _Styled(nn.Module):
    def __init__(self, task, inputs, outputs, up=False):
        super().__init__()
        self.convolution = _Modulated(task, inputs, outputs, 3, up)
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x, style):
        x = self.convolution(x, style)
        x = x + self.strength * torch.randn(len(x), 1, *x.shape[2:])
        return _activated(x)


def _activated(x):
    return leaky_relu(x, 0.2) * _GAIN


# === Networks ===


class Generator(nn.Module):
    def __init__(self, task):
        super().__init__()
        sizes = [task.latent_dim] + [task.style_dim] * task.mapping_layers
        self.mapping = nn.ModuleList(
            _Linear(a, b, _GAIN, 0.01) for a, b in itertools.pairwise(sizes)
        )
        maps = [task.channels[side] for side in task.sides]
        self.constant = nn.Parameter(torch.randn(1, maps[0], 4, 4))
        self.first = _Styled(task, maps[0], maps[0])
        pairs = list(itertools.pairwise(maps))
        self.doubling = nn.ModuleList(_Styled(task, a, b, up=True) for a, b in pairs)
        self.further = nn.ModuleList(_Styled(task, b, b) for _, b in pairs)
        self.colours = nn.ModuleList(
            _Modulated(task, a, task.colours, 1, demodulate=False) for a in maps
        )

    def styles(self, latents):
        x = latents * (latents.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            x = leaky_relu(layer(x), 0.2)
        return x

    def forward(self, styles):
        """Images `[B, C, H, W]` of styles `[B, num_styles, D]`."""
        x = self.first(self.constant.expand(len(styles), -1, -1, -1), styles[:, 0])
        images = self.colours[0](x, styles[:, 1])
        levels = zip(self.doubling, self.further, self.colours[1:], strict=True)
        for level, (doubling, further, colours) in enumerate(levels, start=1):
            x = doubling(x, styles[:, 2 * level - 1])
            x = further(x, styles[:, 2 * level])
            images = _Spread.apply(images, 4.0) + colours(x, styles[:, 2 * level + 1])
        return images


class _Halving(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.skip = _Convolution(inputs, outputs, 1, bias=False, gain=0.5**0.5)
        self.first = _Convolution(inputs, inputs, 3, padding=1)
        self.second = _Convolution(inputs, outputs, 3, stride=2)

    def forward(self, x):
        skip = self.skip(_Filter.apply(x, 2, 1, 1.0))
        x = _Filter.apply(_activated(self.first(x)), 1, 2, 1.0)
        return leaky_relu(self.second(x), 0.2) + skip


class Discriminator(nn.Module):
    def __init__(self, task):
        super().__init__()
        maps = [task.channels[side] for side in reversed(task.sides)]
        self.colours = _Convolution(task.colours, maps[0], 1)
        self.blocks = nn.ModuleList(_Halving(a, b) for a, b in itertools.pairwise(maps))
        self.last = _Convolution(maps[-1] + 1, maps[-1], 3, padding=1)
        self.dense, self.logits = _Linear(maps[-1] * 16, maps[-1]), _Linear(maps[-1], 1)

    def forward(self, x):
        x = _activated(self.colours(x))
        for block in self.blocks:
            x = block(x)
        groups = x.reshape(len(x) // 4, 4, -1)
        deviations = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=1)
        plane = deviations.repeat_interleave(4)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        x = _activated(self.last(torch.cat([x, plane], dim=1)))
        return self.logits(_activated(self.dense(x.flatten(1))))


# === Training ===


class StyleGAN2(Trainer):
    """Non-saturating loss, R1 of weight 10 at every 16th step, path lengths of weight 2 at every 4th."""

    def __init__(self, **sizes):
        self.task = Task(**sizes)
        networks = Generator(self.task), Discriminator(self.task)
        self.path_length_mean = torch.zeros(())
        optimizers = []
        for network, interval in zip(networks, (4, 16), strict=True):
            share = interval / (interval + 1)
            betas = (0.0, 0.99**share)
            optimizers.append(torch.optim.Adam(network.parameters(), 2e-3 * share, betas))
        super().__init__(networks, optimizers, ema_decay=0.998)

    def adversarial_loss(self, real, labels):
        with torch.no_grad():
            fake = self.generate(self.mixed_styles(len(real)))
        return (softplus(self.discriminate(fake)) + softplus(-self.discriminate(real))).mean()

    def discriminator_loss(self, real, labels):
        loss = self.adversarial_loss(real, labels)
        if self.steps % 16:
            return loss
        real = real.detach().requires_grad_(True)
        (slopes,) = torch.autograd.grad(self.discriminator(real).sum(), real, create_graph=True)
        return loss + 16 * 10.0 * 0.5 * slopes.square().sum(dim=(1, 2, 3)).mean()

    def generator_loss(self, count, labels):
        images = self.generate(self.mixed_styles(count))
        loss = softplus(-self.discriminate(images)).mean()
        if self.steps % 4:
            return loss
        return loss + 4 * 2.0 * self.path_length_penalty(self.mixed_styles(count)[::2])

    def mixed_styles(self, count):
        """Styles of latents, which in 9 of 10 images change to those of others on the way."""
        first, second = (
            self.generator.styles(torch.randn(count, self.task.latent_dim)) for _ in range(2)
        )
        number = self.task.num_styles
        crossover = 1 + (torch.rand(count, 1, 1) * (number - 1)).floor()
        crossover = torch.where(torch.rand(count, 1, 1) < 0.9, crossover, number)
        places = torch.arange(number)[None, :, None]
        return torch.where(places < crossover, first[:, None], second[:, None])

    def path_length_penalty(self, styles):
        images = self.generator(styles)
        directions = torch.randn_like(images) / self.task.side
        total = (images * directions).sum()
        (slopes,) = torch.autograd.grad(total, styles, create_graph=True)
        lengths = (slopes.square().sum(dim=2).mean(dim=1) + 1e-12).sqrt()
        penalty = (lengths - self.path_length_mean).square().mean()
        self.path_length_mean.lerp_(lengths.detach().float().mean(), 0.01)
        return penalty
