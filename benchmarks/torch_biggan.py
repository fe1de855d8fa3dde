"""BigGAN in plain PyTorch, of the same networks and losses as `tfgan_zoo.BigGAN` at 64x64.

Written for the benchmark from Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity
Natural Image Synthesis", 2019 (arXiv:1809.11096). Spectral norms are PyTorch's own,
`torch.nn.utils.parametrizations.spectral_norm`: a power iteration in every forward pass of training.
"""

import itertools

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, relu
from torch.nn.utils.parametrizations import spectral_norm
from torch_training import Trainer


def _linear(inputs, outputs, bias=True):
    return spectral_norm(nn.Linear(inputs, outputs, bias=bias))


def _convolution(inputs, outputs, size, bias=True):
    return spectral_norm(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias))


# === Layers ===


class _Normalization(nn.Module):
    """Batch normalization with gains and biases linear in a condition, then a ReLU."""

    def __init__(self, channels, condition_dim):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gains = _linear(condition_dim, channels, bias=False)
        self.biases = _linear(condition_dim, channels, bias=False)

    def forward(self, x, condition):
        gains, biases = (make(condition)[:, :, None, None] for make in (self.gains, self.biases))
        return relu(torch.addcmul(biases, self.norm(x), 1 + gains))


class _Up(nn.Module):
    def __init__(self, inputs, outputs, condition_dim):
        super().__init__()
        self.skip = _convolution(inputs, outputs, 1)
        self.first = _convolution(inputs, outputs, 3)
        self.second = _convolution(outputs, outputs, 3)
        self.norms = nn.ModuleList(_Normalization(c, condition_dim) for c in (inputs, outputs))

    def forward(self, x, condition):
        skip = interpolate(self.skip(x), scale_factor=2)
        x = self.first(interpolate(self.norms[0](x, condition), scale_factor=2))
        return self.second(self.norms[1](x, condition)) + skip


class _Down(nn.Module):
    def __init__(self, inputs, outputs, is_halved, is_first):
        super().__init__()
        self.skip = _convolution(inputs, outputs, 1)
        self.first = _convolution(inputs, outputs, 3)
        self.second = _convolution(outputs, outputs, 3)
        self.is_halved, self.is_first = is_halved, is_first

    def forward(self, x):
        skip = self.skip(avg_pool2d(x, 2) if self.is_halved else x)
        x = self.first(x if self.is_first else relu(x))
        x = self.second(relu(x))
        return (avg_pool2d(x, 2) if self.is_halved else x) + skip


class _Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        maps = (max(1, channels // 8), max(1, channels // 8), channels // 2)
        self.query, self.key, self.value = (_convolution(channels, c, 1, bias=False) for c in maps)
        self.output = _convolution(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        queries = self.query(x).flatten(2)
        keys, values = (max_pool2d(make(x), 2).flatten(2) for make in (self.key, self.value))
        weights = (queries.transpose(1, 2) @ keys).softmax(dim=2)
        found = values @ weights.transpose(1, 2)
        return x + self.gamma * self.output(found.unflatten(2, x.shape[2:]))


# === Networks ===


class Generator(nn.Module):
    def __init__(self, latent_dim, num_classes, width, embedding_dim, attention_size):
        super().__init__()
        maps = [width * multiple for multiple in (16, 16, 8, 4, 2)]
        self.part = latent_dim // len(maps)
        self.embedding = nn.Embedding(num_classes, embedding_dim)
        self.first = _linear(self.part, 16 * maps[0])
        condition_dim = embedding_dim + self.part
        blocks = []
        for level, (inputs, outputs) in enumerate(itertools.pairwise(maps)):
            blocks.append(_Up(inputs, outputs, condition_dim))
            if 8 << level == attention_size:
                blocks.append(_Attention(outputs))
        self.blocks = nn.ModuleList(blocks)
        self.norm, self.last = nn.BatchNorm2d(maps[-1]), _convolution(maps[-1], 3, 3)

    def forward(self, latents, labels):
        first, *parts = latents.split(self.part, dim=1)
        shared = self.embedding(labels)
        x = self.first(first).unflatten(1, (-1, 4, 4)).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            if isinstance(block, _Attention):
                x = block(x)
            else:
                x = block(x, torch.cat([shared, parts.pop(0)], dim=1))
        return self.last(relu(self.norm(x))).tanh()

    def orthogonal_penalty(self):
        """Of all matrices but the shared embedding: the sum of the squares of their rows' products.

        The squares of W W^T sum up to those of W^T W, of which the smaller is made.
        """
        total = 0.0
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1 and not name.startswith("embedding"):
                rows = parameter.flatten(1)
                gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
                lengths = rows.square().sum(dim=1)
                total = total + gram.square().sum() - lengths.square().sum()
        return total


class Discriminator(nn.Module):
    def __init__(self, num_classes, width, attention_size):
        super().__init__()
        maps = [3, *(width * multiple for multiple in (1, 2, 4, 8, 16))]
        blocks = []
        for level, (inputs, outputs) in enumerate(itertools.pairwise(maps)):
            blocks.append(_Down(inputs, outputs, is_halved=level < 4, is_first=level == 0))
            if 32 >> level == attention_size:
                blocks.append(_Attention(outputs))
        self.blocks = nn.Sequential(*blocks)
        self.classes = spectral_norm(nn.Embedding(num_classes, maps[-1]))
        self.logits = _linear(maps[-1], 1)

    def forward(self, x, labels):
        features = relu(self.blocks(x)).sum(dim=(2, 3))
        projection = (features * self.classes(labels)).sum(dim=1, keepdim=True)
        return self.logits(features) + projection


# === Training ===


class BigGAN(Trainer):
    """Hinge loss and, for the generator, orthogonal regularization of weight 1e-4."""

    def __init__(self, image_shape, latent_dim, num_classes, width, embedding_dim, attention_size):
        if tuple(image_shape) != (64, 64, 3):
            raise ValueError(f"The networks are those of 64x64x3. Received: {image_shape}.")
        self.latent_dim = latent_dim
        generator = Generator(latent_dim, num_classes, width, embedding_dim, attention_size)
        discriminator = Discriminator(num_classes, width, attention_size)
        optimizers = [
            torch.optim.Adam(network.parameters(), rate, (0.0, 0.999))
            for network, rate in ((generator, 5e-5), (discriminator, 2e-4))
        ]
        super().__init__((generator, discriminator), optimizers, ema_decay=0.9999)

    def generated(self, labels):
        return self.generate(torch.randn(len(labels), self.latent_dim), labels)

    def adversarial_loss(self, real, labels):
        with torch.no_grad():
            fake = self.generated(labels)
        fake, real = (self.discriminate(images, labels) for images in (fake, real))
        return (relu(1 - real) + relu(1 + fake)).mean()

    discriminator_loss = adversarial_loss

    def generator_loss(self, count, labels):
        loss = -self.discriminate(self.generated(labels), labels).mean()
        return loss + 1e-4 * self.generator.orthogonal_penalty()
