"""What the peers in PyTorch share: updates, the average, precision, compilation."""

import torch


class Trainer:
    """A generator and a discriminator with their optimizers; a subclass defines the two losses.

    Losses call the networks as `self.generate` and `self.discriminate`, which `torch.compile` may have
    compiled, but for penalties, whose second derivatives it does not have.

    Args:
        networks: Generator and discriminator.
        optimizers: Of each, in that order.
        ema_decay: Float. Of the moving average of the generator's parameters.
    """

    dtype = torch.float32  # or bfloat16, in which `autocast` then computes the losses

    def __init__(self, networks, optimizers, ema_decay):
        networks = [network.to(memory_format=torch.channels_last) for network in networks]
        self.generator, self.discriminator = self.generate, self.discriminate = networks
        self.g_optimizer, self.d_optimizer = optimizers
        self.average = [parameter.detach().clone() for parameter in self.generator.parameters()]
        self.ema_decay, self.steps = ema_decay, 0

    def compile(self):
        self.generate = torch.compile(self.generator)
        self.discriminate = torch.compile(self.discriminator)

    def discriminator_loss(self, real, labels):
        raise NotImplementedError

    def generator_loss(self, count, labels):
        raise NotImplementedError

    def step(self, real, labels):
        """One step, with a discriminator update for each part `[B, C, H, W]` of the list `real`."""
        for images, classes in zip(real, labels, strict=True):
            self.update(self.d_optimizer, self.discriminator_loss, images, classes)
        self.discriminator.requires_grad_(False)  # spares the gradients that nothing would use
        self.update(self.g_optimizer, self.generator_loss, len(images), classes)
        self.discriminator.requires_grad_(True)
        new = [parameter.detach() for parameter in self.generator.parameters()]
        torch._foreach_lerp_(self.average, new, 1 - self.ema_decay)
        self.steps += 1

    def update(self, optimizer, loss_of, *args):
        with self.autocast():
            loss = loss_of(*args)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def parameters(self):
        """The numbers of the generator's and of the discriminator's parameters."""
        networks = self.generator, self.discriminator
        return [sum(p.numel() for p in network.parameters()) for network in networks]
