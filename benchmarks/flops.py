"""Counts the floating-point operations of a training step from the shapes of the networks' layers.

Counted are matrix products and convolutions, a multiplication with its addition as two operations: those
of the forward pass, of the gradients by a layer's input and by its kernel, and of a gradient penalty's
second order. Not counted: normalization, activations, power iterations, optimizers. Zeros around an
image count as pixels. Layers with styles or attention are not known here.
"""

import math
from typing import NamedTuple


class Layer(NamedTuple):
    """A linear layer.

    Attributes:
        kind: "dense", "convolution" or "transposed convolution".
        kernel: Shape of the kernel, as Keras has it.
        strides: Of a convolution.
        input, output: Shapes of an example's input and output.
        is_first: Whether it reads what the network is given, by which nothing is derived.
    """

    kind: str
    kernel: tuple
    strides: tuple
    input: tuple
    output: tuple
    is_first: bool

    @property
    def flops(self):
        """Of one example, forward; each gradient takes as many."""
        read = self.input if self.kind == "transposed convolution" else self.output
        return 2 * math.prod(read[:-1]) * math.prod(self.kernel)


class Work(NamedTuple):
    """How often a step computes a layer for an example of a batch: forward, gradients by its input and
    by its kernel."""

    layer: Layer
    forward: int
    by_input: int
    by_kernel: int

    @property
    def flops(self):
        return self.layer.flops * (self.forward + self.by_input + self.by_kernel)


def layers_of(network):
    """The `Layer`s of a Keras network, in its order."""
    shape, found = network.input.shape, []
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            given = layer.input.shape
            is_first = (len(given), given[-1]) == (len(shape), shape[-1])
            strides = tuple(getattr(layer, "strides", ()))
            sizes = tuple(layer.kernel.shape), strides, given[1:], layer.output.shape[1:]
            found.append(Layer(_kind(layer), *sizes, is_first))
    return found


def _kind(layer):
    from keras import layers

    if isinstance(layer, layers.Conv2DTranspose):
        return "transposed convolution"
    return "convolution" if isinstance(layer, layers.Conv2D) else "dense"


def discriminator_update(generator, discriminator, has_penalty):
    """The `Work` of an update on as many generated as real images, with the gradient penalty or without.

    The penalty derives the critic by its input, and that slope by the kernels: each layer is computed
    forward, by its input, and each of both once more, which is one more pass forward and one by the
    kernels. The last layer's slope is its kernel, whatever comes before.
    """
    last = discriminator[-1]
    for layer in generator:
        yield Work(layer, 1, 0, 0)
    for layer in discriminator:
        work = Work(layer, 2, 2 * (not layer.is_first), 2)
        if has_penalty:
            second = int(layer is not last)
            work = Work(layer, work.forward + 1 + second, work.by_input + 1, work.by_kernel + 1)
        yield work


def generator_update(generator, discriminator):
    """The `Work` of an update through the discriminator, by whose kernels nothing is derived."""
    for layer in generator:
        yield Work(layer, 1, int(not layer.is_first), 1)
    for layer in discriminator:
        yield Work(layer, 1, 1, 0)


def work_of_step(row, gan):
    """The `Work` of a step of a model: its critic updates, then that of its generator."""
    networks = layers_of(gan.generator), layers_of(gan.discriminator)
    updates = list(discriminator_update(*networks, gan.penalty is not None)) * row.n_critic
    return [*updates, *generator_update(*networks)]


def flops_of_step(row, gan):
    """Floating-point operations of one step on a row's batches."""
    return row.batch * sum(work.flops for work in work_of_step(row, gan))
