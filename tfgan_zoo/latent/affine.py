"""The matrices by which a generator's first layers take latents or styles."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.latent.spaces import has_styles


def first_maps(gan, layers=None):
    """The linear parts of the layers that latents, or one style for all layers, reach before any other
    weights: arrays `[out, D]`.

    What lies between is taken along where it is linear (splits, reshapes, a label's embedding beside
    the latents); a normalisation of the latents' length changes nothing. Layers that take
    latents in another way than by a kernel, as conditional normalisation does, are left out.

    Args:
        gan: `GAN`.
        layers: Slice of the layers that have the style; None for all.

    Raises:
        ValueError: No first layer has a kernel, or the generator is a class of a user's own.
    """
    network, basis = gan.ema_generator, np.eye(gan.latent_dim, dtype=np.float32)
    if has_styles(gan):
        network = network.get_layer("synthesis")
        count, size = network.inputs[0].shape[1:]
        basis = np.zeros([size, count, size], np.float32)
        basis[:, layers or slice(None)] = np.eye(size)[:, None]
    if not hasattr(network, "outputs"):
        raise ValueError(
            f"The generator {network.name!r} is a class whose layers' order Keras does not know: "
            "directions in closed form need a functional or sequential model."
        )
    network = keras.Model(network.inputs, network.outputs)  # a sequential model as a functional one
    # Latents of their usual length, which a normalisation of it leaves alone.
    length = np.sqrt(len(basis))
    rows = np.concatenate([np.zeros_like(basis[:1]), length * basis]).astype(np.float32)
    others = [np.zeros([len(rows), *x.shape[1:]], x.dtype) for x in network.inputs[1:]]
    maps = [_map(taken, layer) / length for taken, layer in _first_layers(network, [rows, *others])]
    if not maps:
        raise ValueError(
            f"No layer of {type(gan).__name__} that takes the latents first has a kernel: directions "
            "in closed form are those of an affine layer."
        )
    return maps


def _first_layers(network, inputs):
    """Pairs of what the first of the inputs becomes without weights, an array, and the layer with a
    kernel that takes it; also of the networks within the network."""
    reached, found = {id(network.inputs[0])}, []
    for operation in network.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        taken = [x for x in keras.tree.flatten(operation.input) if id(x) in reached]
        if not taken:
            continue
        is_network = isinstance(operation, keras.Model)
        if is_network or getattr(operation, "kernel", None) is not None:
            until = keras.Model(network.inputs, taken[0])
            values = np.asarray(until(inputs, training=False), np.float32)
            if is_network:
                inner = keras.Model(operation.inputs, operation.outputs)
                found += _first_layers(inner, [values])
            else:
                found.append((values, operation))
        elif not getattr(operation, "weights", []):
            reached.update(id(x) for x in keras.tree.flatten(operation.output))
    return found


def _map(taken, layer):
    """What a layer makes of each row but the first of what it takes, without bias and activation:
    `[out, D]`. The first row is what it takes where there are no latents."""
    change = (taken[1:] - taken[0]).reshape(len(taken) - 1, -1)
    return (change @ _matrix(layer, change.shape[1])).T


def _matrix(layer, features):
    """A layer's kernel as a matrix `[features, out]`; that of its style where it takes one.

    A convolution takes the latents as the channels of one pixel.
    """
    kernel = np.asarray(_kernel(layer), np.float32)
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    kernel = np.moveaxis(kernel, -1 if is_transposed else -2, 0)
    kernel = kernel.reshape(len(kernel), -1)
    if len(kernel) != features:
        raise ValueError(
            f"The layer {layer.name} takes {len(kernel)} channels, but latents reach it as "
            f"{features} values: it is not a map of one vector."
        )
    return kernel


def _kernel(layer):
    """The kernel that is applied, which is not the weight where that is scaled in every call."""
    for scaled in ("scaled_style_kernel", "scaled_kernel"):
        if hasattr(layer, scaled):
            return getattr(layer, scaled)()
    kernel = tf.convert_to_tensor(layer.kernel)
    return layer.normalized(kernel) if hasattr(layer, "normalized") else kernel
