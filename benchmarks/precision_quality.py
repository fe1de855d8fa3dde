"""Does bfloat16 cost quality? Fréchet distance in both precisions after equal steps, over three seeds.

    python benchmarks/precision_quality.py     # adds to benchmarks/results/precision_quality.csv

Runs that the file has are left out, so that it goes on where it was stopped.
"""

import argparse
import time

import tables

PRESETS = {  # options beside the preset's, and after how many steps the distance is taken
    "dcgan_fashion_mnist_10k": ({}, (100, 200, 400, 800)),
    "wgan_gp_fashion_mnist": ({}, (50, 100, 200, 300)),
}
PRECISIONS = ("float32", "mixed_bfloat16")
METRIC = "fd5k_lenet_fashion_mnist"


def run(preset, precision, seed):
    """Rows of one training run."""
    import tfgan_zoo

    options, steps = PRESETS[preset]
    data = tfgan_zoo.datasets.load("fashion_mnist_10k", image_size=(28, 28), channels=1).source
    gan = tfgan_zoo.from_preset(preset, load_weights=False, seed=seed, dtype=precision, **options)
    gan.compile()
    images = tfgan_zoo.evaluation.from_data("fashion_mnist_10k", image_shape=gan.image_shape)
    seconds = 0.0
    for before, step in zip((0, *steps), steps, strict=False):
        begun = time.perf_counter()
        gan.fit(data, epochs=1, steps_per_epoch=step - before, verbose=0)
        seconds += time.perf_counter() - begun
        distance = distance_of(gan, images)
        print(f"{preset} {precision} {seed}: {step} steps, {distance:.4g}", flush=True)
        row = {"preset": preset, "precision": precision, "seed": seed, "step": step}
        yield row | {"metric": METRIC, "value": round(distance, 5), "seconds": round(seconds, 1)}


def distance_of(gan, images):
    from tfgan_zoo import evaluation

    made = evaluation.from_model(gan)
    found = evaluation.evaluate(made, [METRIC], lambda split: images, progress=False)
    return found[0].value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    path = tables.RESULTS / "precision_quality.csv"
    known = tables.read_csv("precision_quality") if path.exists() else []
    done = {(row["preset"], row["precision"], int(row["seed"])) for row in known}
    for key in ((p, d, s) for s in seeds for p in PRESETS for d in PRECISIONS):
        if key not in done:
            rows = list(run(*key))
            for row in rows:
                tables.append_csv("precision_quality", row)


if __name__ == "__main__":
    main()
