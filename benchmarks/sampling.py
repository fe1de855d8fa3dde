"""How near is `generate` to its network? Of each preset, against the raw forward pass.

    python benchmarks/sampling.py                   # writes benchmarks/results/sampling.csv
    python benchmarks/sampling.py --presets dcgan_mnist

`generate` makes latents of seeds, draws in batches and gives uint8 arrays; the raw pass is a
`tf.function` of the averaged generator on a batch of latents that is there already, and gives nothing.
They take turns in one process.
"""

import argparse
import gc
import time

import numpy as np
import tables

SECONDS = 0.5  # of a turn, about
MOST_PIXELS = 128 * 128  # of images that are drawn in batches of 64; others in batches of 4


def measure(name, quick):
    """A row of the table."""
    import tfgan_zoo

    gan = tfgan_zoo.from_preset(name, load_weights=False)
    batch = 64 if np.prod(gan.image_shape[:2]) <= MOST_PIXELS else 4
    batch = 2 if quick else batch
    run = raw_pass(gan, batch)
    gan.generate(batch, seed=0, batch_size=batch)
    count = max(1, round(SECONDS / seconds_of(run))) if not quick else 1
    ratios, rates = [], []
    for _ in range(1 if quick else 3):
        raw = seconds_of(lambda: [run() for _ in range(count)])
        ours = seconds_of(lambda: gan.generate(count * batch, seed=0, batch_size=batch))
        ratios.append(raw / ours)
        rates.append(count * batch / ours)
    found = {"images_per_second": float(np.median(rates)), "of_raw": float(np.median(ratios))}
    found |= {"lowest": min(ratios), "highest": max(ratios)}
    shape = "x".join(map(str, gan.image_shape))
    row = {"preset": name, "image_shape": shape, "batch": batch}
    return row | {key: round(value, 3) for key, value in found.items()}


def raw_pass(gan, batch):
    """A function that draws a batch and returns when it is drawn."""
    import tensorflow as tf

    seeds = np.arange(batch)
    latents = tf.constant(gan.latents_for(seeds))
    labels = gan.condition and tf.constant(gan.condition.defaults(seeds))
    given = gan.inputs_of_average(latents, labels)
    network = tf.function(lambda given: gan.ema_generator(given, training=False), autograph=False)
    network(given)
    return lambda: np.asarray(network(given))


def seconds_of(function):
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def main():
    import tfgan_zoo

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    parser.add_argument("--presets", nargs="+", default=list(tfgan_zoo.GAN.presets))
    options = parser.parse_args()
    for name in options.presets[:2] if options.quick else options.presets:
        row = measure(name, options.quick)
        print(row, flush=True)
        tables.replace_in_csv("sampling", "preset", [row], options.quick)
        gc.collect()


if __name__ == "__main__":
    main()
