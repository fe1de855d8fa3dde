"""Is fine-tuning worth it? Fréchet distance over steps on 300 digits, from garments and anew.

    python benchmarks/transfer.py --data-dir tfds     # adds to results/transfer.csv, and draws

Runs that the file has are left out, so that it goes on where it was stopped.
"""

import argparse
import statistics

import learned
import tables
from matplotlib.figure import Figure

PRESET, PICTURES, STEPS = "stylegan2_fashion_mnist", 300, (100, 200, 400, 800, 1600)
METHODS = {  # whether the weights are loaded, and how many of the discriminator's layers are frozen
    "anew": (False, 0),
    "fine-tuned": (True, 0),
    "fine-tuned, FreezeD": (True, 4),
}
METRIC = "fd5k_lenet_mnist_test"


def run(method, seed, data_dir, steps):
    """Rows of one training run."""
    import tfgan_zoo
    from tfgan_zoo import datasets, regularizers

    digits = datasets.load("mnist", f"train[:{PICTURES}]", (28, 28), channels=1, data_dir=data_dir)
    loaded, frozen = METHODS[method]
    augment = regularizers.DiffAugment(policy="translation,cutout")
    gan = tfgan_zoo.from_preset(PRESET, load_weights=loaded, seed=seed, regularizers=[augment])
    gan.freeze_discriminator_layers(frozen)
    gan.compile()
    for before, step in zip((0, *steps), steps, strict=False):
        gan.fit(digits.source, batch_size=32, epochs=1, steps_per_epoch=step - before, verbose=0)
        distance = learned.scores(gan, [METRIC], "mnist", data_dir)[METRIC]
        print(f"{method} {seed}: {step} steps, {distance:.4g}", flush=True)
        yield {"method": method, "seed": seed, "step": step, "metric": METRIC, "value": distance}


def figure(rows):
    """Draws docs/images/transfer.png: median, lowest and highest of the seeds."""
    drawn = Figure(figsize=(6, 3.6), layout="constrained")
    axes = drawn.subplots()
    for method in METHODS:
        steps, values = zip(*by_step(rows, method).items(), strict=True)
        axes.plot(steps, [statistics.median(found) for found in values], marker="o", label=method)
        axes.fill_between(steps, [*map(min, values)], [*map(max, values)], alpha=0.2)
    axes.set(xscale="log", yscale="log", xlabel="steps of 32 images", ylabel=METRIC)
    axes.legend()
    drawn.savefig(tables.RESULTS.parents[1] / "docs" / "images" / "transfer.png", dpi=100)


def by_step(rows, method):
    """`{step: values of all seeds}`."""
    found = {}
    for row in rows:
        if row["method"] == method:
            found.setdefault(int(row["step"]), []).append(float(row["value"]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--seeds", type=int, default=3)
    tables.add_quick(parser)
    given = parser.parse_args()
    done = {(row["method"], int(row["seed"])) for row in tables.rows_so_far("transfer")}
    for method, seed in ((m, s) for s in range(given.seeds) for m in METHODS):
        if given.quick or (method, seed) not in done:
            rows = list(run(method, seed, given.data_dir, STEPS[: 1 if given.quick else None]))
            for row in [] if given.quick else rows:
                tables.append_csv("transfer", row)
    if not given.quick:
        figure(tables.read_csv("transfer"))


if __name__ == "__main__":
    main()
