"""What does ProGAN's growth cost, in tracings and in seconds of the first step of each size?

python benchmarks/growth.py                # writes benchmarks/results/growth.csv
"""

import argparse
import json
import statistics
import time

import numpy as np
import rounds
import tables

GROWING = {
    "image_shape": (32, 32, 3),
    "latent_dim": 128,
    "widths": (128, 128, 64, 32),
    "stable_steps": 6,
    "fade_in_steps": 6,
}
QUICK = {
    **GROWING,
    "image_shape": (8, 8, 3),
    "widths": (8, 8),
    "stable_steps": 2,
    "fade_in_steps": 2,
}


def grown(mode, quick):
    """A row for each stage of ProGAN, and one for the first stage come again."""
    import keras

    import tfgan_zoo

    sizes = QUICK if quick else GROWING
    gan = tfgan_zoo.ProGAN(**sizes)
    gan.compile(jit_compile=mode == "XLA")
    traced = count_tracings(gan)
    steps = []

    class Clock(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.begun, self.stage, self.before = time.perf_counter(), int(gan.stage()), len(traced)

        def on_train_batch_end(self, batch, logs=None):
            seconds = time.perf_counter() - self.begun
            steps.append((self.stage, seconds, len(traced) - self.before))

    def train(count):
        shape = (16 * count, *sizes["image_shape"])
        images = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
        gan.fit(images, batch_size=16, verbose=0, callbacks=[Clock()])

    each = sizes["stable_steps"] + sizes["fade_in_steps"]
    train(each * gan.stages - sizes["fade_in_steps"])
    gan.iterations.assign(0)
    train(sizes["stable_steps"])
    return list(stage_rows(steps))


def count_tracings(gan):
    """A list to which each tracing of a player's loss in a stage is added."""
    traced = []

    def counted(loss):
        def call(batch, rng):
            traced.append(rng.stage)
            return loss(batch, rng)

        return call

    for name in ("discriminator_loss", "generator_loss"):
        setattr(gan, name, counted(getattr(gan, name)))
    return traced


def stage_rows(steps):
    """Of `(stage, seconds, tracings)` of all steps, a row for each run of steps in one stage."""
    runs = []
    for stage, seconds, tracings in steps:
        if not runs or runs[-1][0] != stage:
            runs.append((stage, []))
        runs[-1][1].append((seconds, tracings))
    for stage, run in runs:
        (first, _), *others = run
        yield {
            "side": 4 << stage,
            "steps": len(run),
            "tracings": sum(tracings for _, tracings in run),
            "first_seconds": round(first, 4),
            "median_seconds": round(statistics.median(seconds for seconds, _ in others), 4),
            "slowest_seconds": round(max(seconds for seconds, _ in others), 4),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    parser.add_argument("--worker", choices=["graph", "XLA"], help="used inside")
    options = parser.parse_args()
    if options.worker:
        return print(json.dumps(grown(options.worker, options.quick)))
    modes, flags = (["graph"], ["--quick"]) if options.quick else (["graph", "XLA"], [])
    rows = [
        {"mode": mode, **row}
        for mode in modes
        for row in rounds.in_new_process(__file__, mode, *flags)
    ]
    tables.write_csv("growth", rows, options.quick)


if __name__ == "__main__":
    main()
