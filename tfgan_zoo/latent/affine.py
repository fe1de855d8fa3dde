"""The matrices by which a generator's first layers take latents or styles."""

import keras
import numpy as np

from tfgan_zoo.latent.spaces import has_styles


def first_maps(gan):
    """The linear part of each first layer, arrays `[out, D]`: one for each layer that takes styles, or
    for each that latents reach before any other weights.

    What lies between is taken along where it is linear (splits, reshapes, a label's embedding beside
    the latents); a normalisation of the latents' length only scales the result. Layers that take
    latents in another way than by a kernel, as conditional normalisation does, are left out.

    Raises:
        ValueError: No first layer has a kernel.
    """
    if has_styles(gan):
        return [np.asarray(kernel, np.float32).T for kernel in gan.style_kernels()]
    network = gan.ema_generator
    maps = [_map(network, source, layer) for source, layer in _first_layers(network)]
    if not maps:
        raise ValueError(
            f"No layer of {type(gan).__name__} that takes the latents first has a kernel: directions "
            "in closed form are those of an affine layer."
        )
    return maps


def _first_layers(network):
    """Pairs of what latents become without weights, and the layer with a kernel that takes it."""
    reached, found = {id(network.inputs[0])}, []
    for operation in network.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        taken = [x for x in keras.tree.flatten(operation.input) if id(x) in reached]
        if taken and getattr(operation, "kernel", None) is not None:
            found.append((taken[0], operation))
        elif taken and not getattr(operation, "weights", []):
            reached.update(id(x) for x in keras.tree.flatten(operation.output))
    return found


def _map(network, source, layer):
    """What a layer makes of each latent, without bias and activation: `[out, D]`."""
    size = network.inputs[0].shape[-1]
    until = keras.Model(network.inputs, source)
    labels = [np.zeros(size + 1, np.int32) for _ in network.inputs[1:]]
    basis = np.concatenate([np.zeros([1, size]), np.eye(size)]).astype(np.float32)
    reached = np.asarray(until([basis, *labels], training=False), np.float32)
    reached = (reached[1:] - reached[0]).reshape(size, -1)
    return (reached @ _matrix(layer, reached.shape[1])).T


def _matrix(layer, features):
    """A layer's kernel as a matrix `[features, out]`.

    A convolution takes the latents as the channels of one pixel.
    """
    kernel = np.asarray(layer.kernel, np.float32)
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    kernel = np.moveaxis(kernel, -1 if is_transposed else -2, 0)
    kernel = kernel.reshape(len(kernel), -1)
    if len(kernel) != features:
        raise ValueError(
            f"The layer {layer.name} takes {len(kernel)} channels, but latents reach it as "
            f"{features} values: it is not a map of one vector."
        )
    return kernel
