"""pix2pix and CycleGAN in plain PyTorch, of the same networks and losses as tfgan_zoo's.

Written for the benchmark from Isola et al. 2017 (arXiv:1611.07004) and Zhu et al. 2017
(arXiv:1703.10593). "Labels" are the targets, `[B, H, W, C]`.
"""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss
from torch_training import Trainer

# === Networks ===


def convolution(inputs, outputs, size=4, stride=2, padding=1, bias=True, mode="zeros"):
    return nn.Conv2d(inputs, outputs, size, stride, padding, bias=bias, padding_mode=mode)


def affine(channels):
    return nn.InstanceNorm2d(channels, affine=True)


class UNet(nn.Module):
    def __init__(self, width, halvings, colours=3):
        super().__init__()
        maps = [min(8, 2**level) * width for level in range(halvings)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, (a, b) in enumerate(zip([colours, *maps], maps, strict=False)):
            is_normal = 0 < level < halvings - 1
            layers = [nn.LeakyReLU(0.2)] * (level > 0) + [convolution(a, b, bias=False)]
            self.down.append(nn.Sequential(*layers, *[affine(b)] * is_normal))
        for level in reversed(range(1, halvings)):
            inputs = maps[level] * (1 if level == halvings - 1 else 2)
            layers = [nn.ReLU(), nn.ConvTranspose2d(inputs, maps[level - 1], 4, 2, 1, bias=False)]
            dropout = [nn.Dropout(0.5)] * (level >= halvings - 3)
            self.up.append(nn.Sequential(*layers, affine(maps[level - 1]), *dropout))
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, colours, 4, 2, 1))

    def forward(self, x):
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        skips.pop()
        for layer in self.up:
            x = torch.cat([layer(x), skips.pop()], dim=1)
        return torch.tanh(self.last(x))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        options = {"size": 3, "stride": 1, "padding": 1, "mode": "reflect"}
        first, second = (convolution(width, width, **options) for _ in range(2))
        norm = nn.InstanceNorm2d(width)
        self.layers = nn.Sequential(first, norm, nn.ReLU(), second, nn.InstanceNorm2d(width))

    def forward(self, x):
        return x + self.layers(x)


def transformation(width, blocks, colours=3):
    ends = {"size": 7, "stride": 1, "padding": 3, "mode": "reflect"}
    layers = [convolution(colours, width, **ends), nn.InstanceNorm2d(width), nn.ReLU()]
    for a in (width, 2 * width):
        layers += [convolution(a, 2 * a, 3), nn.InstanceNorm2d(2 * a), nn.ReLU()]
    layers += [Block(4 * width) for _ in range(blocks)]
    for a in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, 1), nn.InstanceNorm2d(a // 2), nn.ReLU()]
    return nn.Sequential(*layers, convolution(width, colours, **ends), nn.Tanh())


def patchgan(width, colours, norm):
    """Of 70x70 patches; `norm` without weights has biases before it."""
    layers, inputs = [convolution(colours, width), nn.LeakyReLU(0.2)], width
    for outputs, stride in ((2 * width, 2), (4 * width, 2), (8 * width, 1)):
        bias = not norm(1).affine
        layers += [convolution(inputs, outputs, stride=stride, bias=bias), norm(outputs)]
        layers += [nn.LeakyReLU(0.2)]
        inputs = outputs
    return nn.Sequential(*layers, convolution(inputs, 1, stride=1))


# === Training ===


def adam(network):
    return torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))


def game(logits, is_real):
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(is_real)))


def distance(logits, target):
    return mse_loss(logits.float(), torch.full_like(logits, target, dtype=torch.float32))


class Translator(Trainer):
    """A step that gives both losses images and targets."""

    def __init__(self, networks):
        for layer in (layer for network in networks for layer in network.modules()):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0.0, 0.02)
        super().__init__(networks, [adam(network) for network in networks], ema_decay=0.0)

    def step(self, real, labels):
        (images,), (targets,) = real, labels
        targets = targets.permute(0, 3, 1, 2)
        self.update(self.d_optimizer, self.discriminator_loss, images, targets)
        self.discriminator.requires_grad_(False)
        self.update(self.g_optimizer, self.generator_loss, images, targets)
        self.discriminator.requires_grad_(True)
        new = [parameter.detach() for parameter in self.generator.parameters()]
        torch._foreach_lerp_(self.average, new, 1 - self.ema_decay)
        self.steps += 1

    def adversarial_loss(self, real, labels):
        return self.discriminator_loss(real, labels.permute(0, 3, 1, 2))


class Pix2Pix(Translator):
    def __init__(self, image_shape, width=64, discriminator_width=64):
        halvings = image_shape[0].bit_length() - 1
        super().__init__((UNet(width, halvings), patchgan(discriminator_width, 6, affine)))

    def discriminator_loss(self, images, targets):
        with torch.no_grad():
            made = self.generate(images)
        real, fake = (self.discriminate(torch.cat([images, x], 1)) for x in (targets, made))
        return 0.5 * (game(real, True) + game(fake, False))

    def generator_loss(self, images, targets):
        made = self.generate(images)
        loss = game(self.discriminate(torch.cat([images, made], 1)), True)
        return loss + 100 * l1_loss(made.float(), targets)


class Both(nn.Module):
    """Two networks, of which a direction is called."""

    def __init__(self, make):
        super().__init__()
        self.ways = nn.ModuleList([make(), make()])

    def forward(self, x, way):
        return self.ways[way](x)


class CycleGAN(Translator):
    def __init__(self, image_shape, width=64, blocks=9, discriminator_width=64, pool_size=0):
        if pool_size:
            raise ValueError("The peer has no pool.")
        makers = Both(lambda: transformation(width, blocks))
        super().__init__(
            (makers, Both(lambda: patchgan(discriminator_width, 3, nn.InstanceNorm2d)))
        )

    def discriminator_loss(self, images, targets):
        with torch.no_grad():
            made = self.generate(images, 0), self.generate(targets, 1)
        loss = 0.0
        for way, (real, fake) in enumerate(zip((targets, images), made, strict=True)):
            logits = self.discriminate(real, way), self.discriminate(fake, way)
            loss = loss + 0.5 * self.squares(*logits)
        return loss

    def squares(self, real, fake):
        return distance(real, 1.0) + distance(fake, 0.0)

    def generator_loss(self, images, targets):
        forward, backward = self.generate(images, 0), self.generate(targets, 1)
        loss = sum(
            distance(self.discriminate(x, way), 1.0) for way, x in enumerate((forward, backward))
        )
        cycle = l1_loss(self.generate(forward, 1), images)
        cycle = cycle + l1_loss(self.generate(backward, 0), targets)
        identity = l1_loss(self.generate(targets, 0), targets)
        identity = identity + l1_loss(self.generate(images, 1), images)
        return loss + 10 * cycle + 5 * identity
