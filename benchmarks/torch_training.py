"""What the networks of torch_stylegan2.py and torch_biggan.py share: updates, the average, rounds."""

import time

import torch


class Trainer:
    """A generator and a discriminator with their optimizers; a subclass defines the two losses.

    Args:
        networks: Generator and discriminator.
        optimizers: Of each, in that order.
        ema_decay: Float. Of the moving average of the generator's parameters.
    """

    def __init__(self, networks, optimizers, ema_decay):
        networks = [network.to(memory_format=torch.channels_last) for network in networks]
        self.generator, self.discriminator = networks
        self.g_optimizer, self.d_optimizer = optimizers
        self.average = [parameter.detach().clone() for parameter in self.generator.parameters()]
        self.ema_decay, self.steps = ema_decay, 0

    def discriminator_loss(self, real, labels):
        raise NotImplementedError

    def generator_loss(self, labels):
        raise NotImplementedError

    def step(self, real, labels):
        """One step, with a discriminator update for each part `[B, C, H, W]` of the list `real`."""
        for images, classes in zip(real, labels, strict=True):
            _update(self.d_optimizer, self.discriminator_loss(images, classes))
        self.discriminator.requires_grad_(False)  # spares the gradients that nothing would use
        _update(self.g_optimizer, self.generator_loss(classes))
        self.discriminator.requires_grad_(True)
        new = [parameter.detach() for parameter in self.generator.parameters()]
        torch._foreach_lerp_(self.average, new, 1 - self.ema_decay)
        self.steps += 1

    def parameters(self):
        """The numbers of the generator's and of the discriminator's parameters."""
        networks = self.generator, self.discriminator
        return [sum(p.numel() for p in network.parameters()) for network in networks]

    def round(self, images, labels, batch_size, n_critic):
        """Trains on all images, NHWC, once, and gives the seconds from the end of the first step."""
        images = torch.from_numpy(images).permute(0, 3, 1, 2)  # channels last, as the networks
        labels = torch.from_numpy(labels)
        for index, chosen in enumerate(torch.randperm(len(images)).split(batch_size * n_critic)):
            self.step(images[chosen].split(batch_size), labels[chosen].split(batch_size))
            if index == 0:
                start = time.perf_counter()
        return time.perf_counter() - start


def _update(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
