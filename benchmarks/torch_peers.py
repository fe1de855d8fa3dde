"""DCGAN, WGAN-GP and SNGAN in plain PyTorch, and what makes a peer of each row in PyTorch."""

import numpy as np
import tables
import torch
from contestants import Contestant, latent_dim_of
from rows import images_of, labels_of
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, relu, softplus
from torch.nn.utils.parametrizations import spectral_norm
from torch_biggan import BigGAN
from torch_losses import losses_of
from torch_stylegan2 import StyleGAN2
from torch_super_resolution import ESRGAN
from torch_training import Trainer
from torch_translation import CycleGAN, Pix2Pix


def contestant(row, mode, precision):
    """A peer of tfgan_zoo's model of that row; `mode` is "eager" or "compile"."""
    torch.set_num_threads(tables.cores())
    trainer = trainer_of(row)
    trainer.dtype = getattr(torch, precision)
    if mode == "compile":
        trainer.compile()
    images = images_of(row)
    batches = batches_of(row, images, labels_of(row, len(images)))

    def train(steps, after_step):
        for index in range(steps):
            trainer.step(*batches())
            after_step(index)

    return Contestant(trainer.parameters(), train, lambda given: losses_of(trainer, given))


def trainer_of(row):
    if row.model in LARGE:
        return LARGE[row.model](**row.options)
    return PEERS[row.model](row)


def batches_of(row, images, labels):
    """A function that draws what a step takes: lists of images `[B, C, H, W]`, channels_last in memory,
    and of labels, zeros where there are none."""
    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    labels = torch.zeros(len(images)) if labels is None else torch.from_numpy(labels)

    def draw():
        chosen = torch.randperm(len(images))[: row.batch * row.n_critic]
        return images[chosen].split(row.batch), labels[chosen].split(row.batch)

    return draw


# === Networks ===


def dense_maps(inputs, shape, bias):
    """A linear layer to feature maps `(C, H, W)`."""
    dense = nn.Linear(inputs, int(np.prod(shape)), bias=bias)
    dense.maps_out = shape
    return [dense, nn.Unflatten(1, shape), ChannelsLast()]


class ChannelsLast(nn.Module):
    def forward(self, x):
        return x.contiguous(memory_format=torch.channels_last)


def convolutional_networks(row):
    """Generator and discriminator of DCGAN; of WGAN-GP, whose critic has no batch normalization."""
    width, (height, _, channels) = row.options["width"], row.shape
    sizes = [width * 2**level for level in range({28: 2, 32: 3, 64: 4}[height])]
    start = (sizes[-1], height >> len(sizes), height >> len(sizes))
    upscale = {"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1}
    steps = [*dense_maps(latent_dim_of(row), start, bias=False), nn.BatchNorm2d(start[0])]
    steps += [nn.ReLU()]
    for inputs, outputs in zip(reversed(sizes), reversed(sizes[:-1]), strict=False):
        steps += [nn.ConvTranspose2d(inputs, outputs, bias=False, **upscale)]
        steps += [nn.BatchNorm2d(outputs), nn.ReLU()]
    generator = nn.Sequential(*steps, nn.ConvTranspose2d(width, channels, **upscale), nn.Tanh())
    steps = []
    for inputs, outputs in zip([channels, *sizes], sizes, strict=False):
        norm = row.model == "DCGAN" and inputs > channels
        steps += [nn.Conv2d(inputs, outputs, 5, stride=2, padding=2, bias=not norm)]
        steps += [nn.BatchNorm2d(outputs)] if norm else []
        steps += [nn.LeakyReLU(0.2)]
    logits = nn.Linear(int(np.prod(start)), 1)
    logits.maps_in = start
    return generator, nn.Sequential(*steps, nn.Flatten(), logits)


class Up(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first_norm = nn.BatchNorm2d(width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(width)
        self.skip = nn.Conv2d(width, width, 1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        skip = interpolate(self.skip(x), scale_factor=2)
        x = self.first(interpolate(relu(self.first_norm(x)), scale_factor=2))
        return self.second(relu(self.second_norm(x))) + skip


class Down(nn.Module):
    def __init__(self, inputs, outputs, is_halved, is_first):
        super().__init__()
        self.first = spectral_norm(nn.Conv2d(inputs, outputs, 3, padding=1))
        self.second = spectral_norm(nn.Conv2d(outputs, outputs, 3, padding=1))
        if is_halved:
            self.skip = spectral_norm(nn.Conv2d(inputs, outputs, 1))
        self.is_halved, self.is_first = is_halved, is_first

    def forward(self, x):
        skip = self.skip(avg_pool2d(x, 2)) if self.is_halved else x
        x = self.first(x if self.is_first else relu(x))
        x = self.second(relu(x))
        return (avg_pool2d(x, 2) if self.is_halved else x) + skip


class Sums(nn.Module):
    def forward(self, x):
        return relu(x).sum(dim=(2, 3))


def residual_networks(row):
    """Generator and discriminator of SNGAN for 32x32, table 4 of the paper."""
    width, channels = row.options["width"], row.shape[-1]
    last = nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()
    first = dense_maps(latent_dim_of(row), (width, 4, 4), bias=True)
    generator = nn.Sequential(*first, Up(width), Up(width), Up(width), *last)
    maps = [channels, *[width // 2] * 4]
    blocks = [Down(maps[i], maps[i + 1], i < 2, i == 0) for i in range(4)]
    logits = spectral_norm(nn.Linear(width // 2, 1))
    return generator, nn.Sequential(*blocks, Sums(), logits)


# === Training ===


class DCGAN(Trainer):
    rate, betas = 2e-4, (0.5, 0.999)

    def __init__(self, row):
        networks = self.networks_of(row)
        adam = lambda network: torch.optim.Adam(network.parameters(), self.rate, self.betas)  # noqa: E731
        super().__init__(networks, [adam(network) for network in networks], ema_decay=0.999)
        self.latent_dim = latent_dim_of(row)

    networks_of = staticmethod(convolutional_networks)

    def generated(self, count):
        return self.generate(torch.randn(count, self.latent_dim))

    def discriminator_loss(self, real, labels):
        with torch.no_grad():
            fake = self.generated(len(real))
        loss = self.adversarial_d_loss(self.discriminate(real), self.discriminate(fake))
        return loss + self.weighted_penalty(real, fake)

    def generator_loss(self, count, labels):
        return self.adversarial_g_loss(self.discriminate(self.generated(count)))

    def adversarial_d_loss(self, real, fake):
        return softplus(-real.float()).mean() + softplus(fake.float()).mean()

    def adversarial_g_loss(self, fake):
        return softplus(-fake.float()).mean()

    def weighted_penalty(self, real, fake):
        return 0.0


class WGANGP(DCGAN):
    rate, betas = 1e-4, (0.0, 0.9)

    def adversarial_d_loss(self, real, fake):
        return fake.float().mean() - real.float().mean()

    def adversarial_g_loss(self, fake):
        return -fake.float().mean()

    def weighted_penalty(self, real, fake):
        return 10.0 * self.penalty(real, fake)

    def penalty(self, real, fake):
        mixed = real + torch.rand(len(real), 1, 1, 1) * (fake - real)
        logits = self.discriminator(mixed.requires_grad_(True))
        (slopes,) = torch.autograd.grad(logits.sum(), mixed, create_graph=True)
        norms = (slopes.float().square().sum(dim=(1, 2, 3)) + 1e-10).sqrt()
        return (norms - 1.0).square().mean()


class SNGAN(DCGAN):
    rate, betas = 2e-4, (0.0, 0.9)
    networks_of = staticmethod(residual_networks)

    def adversarial_d_loss(self, real, fake):
        return relu(1.0 - real.float()).mean() + relu(1.0 + fake.float()).mean()

    def adversarial_g_loss(self, fake):
        return -fake.float().mean()


PEERS = {"DCGAN": DCGAN, "WGANGP": WGANGP, "SNGAN": SNGAN}
LARGE = {"StyleGAN2": StyleGAN2, "BigGAN": BigGAN}
LARGE |= {"Pix2Pix": Pix2Pix, "CycleGAN": CycleGAN, "ESRGAN": ESRGAN}
