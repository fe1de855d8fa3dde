"""ESRGAN in plain PyTorch, of the same networks and losses as tfgan_zoo's, without VGG features.

Written for the benchmark from Wang et al. 2018 (arXiv:1809.00219).
"""

import torch
from torch import nn
from torch.nn.functional import interpolate, l1_loss, leaky_relu, softplus
from torch_translation import Translator


def convolution(inputs, outputs, size=3, stride=1, bias=True):
    return nn.Conv2d(inputs, outputs, size, stride, 1, bias=bias)


class DenseBlock(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        inputs = [width + level * growth for level in range(5)]
        outputs = [growth] * 4 + [width]
        self.layers = nn.ModuleList(map(convolution, inputs, outputs))

    def forward(self, x):
        maps = x
        for layer in self.layers[:-1]:
            maps = torch.cat([maps, leaky_relu(layer(maps), 0.2)], dim=1)
        return x + 0.2 * self.layers[-1](maps)


class RRDB(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.layers = nn.Sequential(*(DenseBlock(width, growth) for _ in range(3)))

    def forward(self, x):
        return x + 0.2 * self.layers(x)


class Enlarger(nn.Module):
    def __init__(self, width, blocks, growth, colours=3):
        super().__init__()
        self.first = convolution(colours, width)
        self.body = nn.Sequential(*(RRDB(width, growth) for _ in range(blocks)))
        self.last_of_body = convolution(width, width)
        self.tail = nn.ModuleList(convolution(width, width) for _ in range(3))
        self.last = convolution(width, colours)

    def forward(self, images):
        first = self.first((images + 1) / 2)
        x = first + self.last_of_body(self.body(first))
        for layer in self.tail[:2]:
            x = leaky_relu(layer(interpolate(x, scale_factor=2)), 0.2)
        return 2 * self.last(leaky_relu(self.tail[2](x), 0.2)) - 1


def judge(width, side, colours=3):
    layers, inputs = [convolution(colours, width), nn.LeakyReLU(0.2)], width
    for level in range(5):
        outputs = min(8, 2**level) * width
        if level:
            layers += [convolution(inputs, outputs, bias=False), nn.BatchNorm2d(outputs)]
            layers += [nn.LeakyReLU(0.2)]
        layers += [convolution(outputs, outputs, 4, 2, False), nn.BatchNorm2d(outputs)]
        layers += [nn.LeakyReLU(0.2)]
        inputs = outputs
    units = inputs * (side // 32) ** 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(units, 100), nn.LeakyReLU(0.2), nn.Linear(100, 1)
    )


class ESRGAN(Translator):
    def __init__(self, image_shape, width, blocks, growth, discriminator_width, perceptual_weight):
        if perceptual_weight:
            raise ValueError("The peer has no features.")
        side = 4 * image_shape[0]
        super().__init__((Enlarger(width, blocks, growth), judge(discriminator_width, side)))

    def average_game(self, high, low):
        """Both sides against the average of the other."""
        high, low = high.float(), low.float()
        return (softplus(low.mean() - high) + softplus(low - high.mean())).mean()

    def discriminator_loss(self, images, targets):
        with torch.no_grad():
            made = self.generate(images)
        return self.average_game(self.discriminate(targets), self.discriminate(made))

    def generator_loss(self, images, targets):
        made = self.generate(images)
        game = self.average_game(self.discriminate(made), self.discriminate(targets))
        return 0.005 * game + 0.01 * l1_loss(made.float(), targets) / 2
