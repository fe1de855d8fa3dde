"""Losses of the fastest way to train beside those of the plain one, and a picture of them.

    python benchmarks/precision_losses.py           # writes benchmarks/results/precision_losses.csv
    python benchmarks/precision_losses.py --figure  # draws docs/images/precision_losses.png of it

"Plain" is float32 with Keras's own Adam and TensorFlow's own convolutions; "fast" is mixed_bfloat16 with
the optimizer and the convolutions of `compile`. Both begin with the same weights, and see the same data.
"""

import argparse
import contextlib
from pathlib import Path

import keras
import tables

PRESETS = {"dcgan_fashion_mnist_10k": 800, "wgan_gp_fashion_mnist": 300}  # steps
WAYS = {"plain": "float32", "fast": "mixed_bfloat16"}
WINDOW = 20  # steps of which a point is the mean
FIGURE = Path(__file__).parents[1] / "docs" / "images" / "precision_losses.png"


def run(preset, way, steps):
    """Rows: a point for each window of steps."""
    import tfgan_zoo

    data = tfgan_zoo.datasets.load("fashion_mnist_10k", image_size=28, channels=1).source
    gan = tfgan_zoo.from_preset(preset, load_weights=False, dtype=WAYS[way])
    with plain() if way == "plain" else contextlib.nullcontext():
        gan.compile()
        windows = Windows()
        gan.fit(data, epochs=1, steps_per_epoch=steps, verbose=0, callbacks=[windows])
    for number, logs in enumerate(windows.means(), start=1):
        row = {"preset": preset, "way": way, "step": number * WINDOW}
        yield row | {name: round(logs[name], 5) for name in ("d_loss", "g_loss")}


@contextlib.contextmanager
def plain():
    """Without what makes a step fast: Keras's Adam, and convolutions as TensorFlow has them."""
    from tfgan_zoo.engine import local_optimizers, step

    fused = local_optimizers._FusedAdam
    kept = step.cpu_convolutions, fused.update_step
    step.cpu_convolutions = lambda xla: lambda function: function
    fused.update_step = lambda self, *given: super(fused, self).update_step(*given)
    try:
        yield
    finally:
        step.cpu_convolutions, fused.update_step = kept


class Windows(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append({name: float(value) for name, value in logs.items()})

    def means(self):
        for start in range(0, len(self.logs) - WINDOW + 1, WINDOW):
            part = self.logs[start : start + WINDOW]
            yield {name: sum(log[name] for log in part) / WINDOW for name in part[0]}


def figure():
    from matplotlib.figure import Figure

    rows = tables.read_csv("precision_losses")
    drawn = Figure(figsize=(9, 5), layout="constrained")
    for place, preset in enumerate(PRESETS):
        for below, loss in enumerate(("d_loss", "g_loss")):
            axes = drawn.add_subplot(2, 2, 1 + place + 2 * below)
            for way, style in zip(WAYS, ("-", "--"), strict=True):
                part = [row for row in rows if (row["preset"], row["way"]) == (preset, way)]
                points = [[float(row[key]) for row in part] for key in ("step", loss)]
                axes.plot(*points, style, label=f"{way}, {WAYS[way]}")
            axes.set_title(f"{preset}: {loss}", fontsize=9)
            axes.legend(fontsize=8)
    drawn.savefig(FIGURE, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", action="store_true")
    if parser.parse_args().figure:
        return figure()
    rows = [row for p, steps in PRESETS.items() for way in WAYS for row in run(p, way, steps)]
    tables.write_csv("precision_losses", rows)


if __name__ == "__main__":
    main()
