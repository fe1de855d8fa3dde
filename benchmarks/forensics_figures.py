"""Draws what forensics.py measured: a calibration plot, and images that detectors are wrong about."""

import numpy as np
import tables
from matplotlib.figure import Figure

IMAGES = tables.RESULTS.parents[1] / "docs" / "images"
COLOURS = {"known": "#4c72b0", "left out": "#c44e52"}
METHOD, CONDITION = "convolutions", "as drawn"
COLUMNS = 24


def draw(generated, found, shown):
    """Both pictures, of the rows and of the scores that forensics.py has."""
    calibration(tables.read_csv("forensics_calibration"))
    mistakes(generated, found, shown)


def calibration(rows):
    """docs/images/forensics_calibration.png: the share of generated images over their probability."""
    methods = [*dict.fromkeys(row["method"] for row in rows)]
    figure = Figure(figsize=(4 * len(methods), 4.7), layout="constrained")
    for axes, method in zip(figure.subplots(1, len(methods)), methods, strict=True):
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
        for models, colour in COLOURS.items():
            bins = [r for r in rows if (r["method"], r["models"]) == (method, models)]
            points = [[float(r[key]) for r in bins] for key in ("probability", "share", "weight")]
            sizes = [max(600 * weight, 4) for weight in points[2]]
            axes.plot(*points[:2], color=colour, linewidth=1, label=f"models that are {models}")
            axes.scatter(*points[:2], s=sizes, color=colour, alpha=0.6, linewidths=0)
        axes.set(title=method, xlabel="probability of being generated", xlim=(0, 1), ylim=(0, 1))
        axes.set_aspect("equal")
    first = figure.axes[0]
    first.set_ylabel("share that is generated")
    first.legend(frameon=False, loc="upper left")
    figure.savefig(IMAGES / "forensics_calibration.png", dpi=100)


def mistakes(generated, found, shown):
    """docs/images/forensics_mistakes.png: in each row the images of a left-out model that look most
    real, by the detector that did not know it; in the first the real images that look least so."""
    from tfgan_zoo.visualization import image_grid, write_png

    scores = {name: each for (method, name), each in found.items() if method == METHOD}
    reals = np.mean([each[f"real/{CONDITION}"] for each in scores.values()], axis=0)
    rows = [shown[np.argsort(-reals)[:COLUMNS]]]
    for name, each in scores.items():
        rows.append(generated[name][np.argsort(each[f"left/{CONDITION}"])[:COLUMNS]])
    picture = image_grid(np.concatenate(rows), COLUMNS)
    write_png(IMAGES / "forensics_mistakes.png", picture)
