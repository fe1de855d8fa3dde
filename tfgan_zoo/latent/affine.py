"""The matrices by which a generator's first layers take latents or styles."""

import keras
import numpy as np

from tfgan_zoo.latent.spaces import has_styles


def first_maps(gan, layers=None):
    """The linear parts of the layers that latents, or one style for all layers, reach before any other
    weights: arrays `[out, D]`.

    What lies between is taken along where it is linear (splits, reshapes, a label's embedding beside
    the latents); a normalisation of the latents' length only scales the result. Layers that take
    latents in another way than by a kernel, as conditional normalisation does, are left out.

    Args:
        gan: `GAN`.
        layers: Slice of the layers that have the style; None for all.

    Raises:
        ValueError: No first layer has a kernel.
    """
    network, basis = gan.ema_generator, np.eye(gan.latent_dim, dtype=np.float32)
    if has_styles(gan):
        network = network.get_layer("synthesis")
        count, size = network.inputs[0].shape[1:]
        basis = np.zeros([size, count, size], np.float32)
        basis[:, layers or slice(None)] = np.eye(size)[:, None]
    maps = [_map(network, basis, source, layer) for source, layer in _first_layers(network)]
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


def _map(network, basis, source, layer):
    """What a layer makes of each row of a basis, without bias and activation: `[out, D]`."""
    until = keras.Model(network.inputs, source)
    rows = np.concatenate([np.zeros_like(basis[:1]), basis])
    labels = [np.zeros(len(rows), np.int32) for _ in network.inputs[1:]]
    reached = np.asarray(until([rows, *labels], training=False), np.float32)
    reached = (reached[1:] - reached[0]).reshape(len(basis), -1)
    return (reached @ _matrix(layer, reached.shape[1])).T


def _matrix(layer, features):
    """A layer's kernel as a matrix `[features, out]`; that of its style where it takes one.

    A convolution takes the latents as the channels of one pixel.
    """
    kernel = np.asarray(getattr(layer, "style_kernel", layer.kernel), np.float32)
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    kernel = np.moveaxis(kernel, -1 if is_transposed else -2, 0)
    kernel = kernel.reshape(len(kernel), -1)
    if len(kernel) != features:
        raise ValueError(
            f"The layer {layer.name} takes {len(kernel)} channels, but latents reach it as "
            f"{features} values: it is not a map of one vector."
        )
    return kernel
