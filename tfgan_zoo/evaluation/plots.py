"""Pictures of a report, as PNG files in memory."""

import io

import numpy as np
import tensorflow as tf

from tfgan_zoo.visualization import image_grid

_COLOURS = {"generated": "#c44e52", "real": "#4c72b0"}


def grid(images, columns):
    """A grid of uint8 images `[n, H, W, C]`."""
    return tf.io.encode_png(image_grid(images, columns)).numpy()


def pairs(images, neighbours, columns=8):
    """Each image above its neighbour, in double rows."""
    rows = []
    for start in range(0, len(images), columns):
        rows += [images[start : start + columns], neighbours[start : start + columns]]
    return grid(np.concatenate(rows), columns)


def curves(steps, series, window=50):
    """Lines by name over training steps, each the running mean of `window` values."""
    figure, axes = _axes("step", "value")
    for name, values in series.items():
        size = min(window, len(values))
        smooth = np.convolve(values, np.ones(size) / size, "valid")
        axes.plot(steps[size - 1 :], smooth, label=name, linewidth=1)
    axes.legend(frameon=False)
    return _png(figure)


def distances(generated, held_out):
    """Two histograms: of generated and of held-out images' distances to the nearest training image."""
    figure, axes = _axes("distance to the nearest training image", "share of images")
    edges = np.histogram_bin_edges(np.concatenate([generated, held_out]), 50)
    for name, values in (("generated", generated), ("real", held_out)):
        label = "generated" if name == "generated" else "held out, real"
        weights = np.full(len(values), 1 / len(values))
        axes.hist(values, edges, weights=weights, alpha=0.6, color=_COLOURS[name], label=label)
    axes.legend(frameon=False)
    return _png(figure)


def shares(rows):
    """Bars of the classes of generated and real images, with their intervals, from `ClassShare`s."""
    figure, axes = _axes("class", "share of images")
    places = np.arange(len(rows))
    for name, offset in (("generated", -0.2), ("real", 0.2)):
        values = np.array([getattr(row, name) for row in rows])
        bounds = np.array([getattr(row, f"{name}_interval") for row in rows])
        reach = np.maximum(np.abs(bounds.T - values), 0)
        axes.bar(places + offset, values, 0.4, yerr=reach, color=_COLOURS[name], label=name)
    axes.set_xticks(places, [str(row.label) for row in rows])
    axes.legend(frameon=False)
    return _png(figure)


def _axes(x, y):
    from matplotlib.figure import Figure  # a part of the extra "metrics"

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130)
    return file.getvalue()
