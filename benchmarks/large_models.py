"""StyleGAN2 and BigGAN at 64x64 against PyTorch; XLA's compilation of their steps; ProGAN's growth.

    python benchmarks/large_models.py steps      # writes benchmarks/results/large_steps.csv
    python benchmarks/large_models.py compile    # writes benchmarks/results/large_compile.csv
    python benchmarks/large_models.py growth     # writes benchmarks/results/growth.csv

With `--dry-run` a measurement takes as few steps as can be, is printed, and writes nothing. PyTorch runs
in the Python that TFGAN_ZOO_TORCH_PYTHON names, or else in this one.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import tables
from train_step import images_of, interleaved, round_of_fit, serve, start

_STYLEGAN2 = {
    "image_shape": (64, 64, 3),
    "latent_dim": 256,
    "style_dim": 256,
    "mapping_layers": 4,
    "channel_base": 4096,
    "channel_max": 256,
}
_BIGGAN = {
    "image_shape": (64, 64, 3),
    "latent_dim": 120,
    "num_classes": 1000,
    "width": 32,
    "embedding_dim": 128,
    "attention_size": 32,
}
TASKS = {  # steps of a round: a multiple of the intervals of lazy penalties, 4 and 16
    "StyleGAN2": {"options": _STYLEGAN2, "batch": 16, "n_critic": 1, "steps": 16},
    "BigGAN": {"options": _BIGGAN, "batch": 16, "n_critic": 2, "steps": 8},
}
CONTESTANTS = ("ours", "PyTorch")
GROWING = {
    "image_shape": (32, 32, 3),
    "latent_dim": 128,
    "widths": (128, 128, 64, 32),
    "stable_steps": 6,
    "fade_in_steps": 6,
}


def data_of(name, steps):
    """Random images and labels for one step more than a round has."""
    task = TASKS[name]
    images = images_of({**task, "shape": task["options"]["image_shape"], "steps": steps})
    labels = np.random.default_rng(1).integers(0, 1000, len(images))
    return images, labels


def peak_mib():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def ours(name, jit_compile="auto"):
    """A compiled model."""
    import tfgan_zoo

    gan = getattr(tfgan_zoo, name)(**TASKS[name]["options"])
    gan.compile(jit_compile=jit_compile)
    if gan.n_critic != TASKS[name]["n_critic"]:
        raise ValueError(f"{name} has n_critic={gan.n_critic}, and its task another number.")
    return gan


# === Steps, against PyTorch ===


def contestant(name, label, steps):
    """Parameters of generator and discriminator; a function that measures a round of training."""
    data, batch = data_of(name, steps), TASKS[name]["batch"]
    if label == "ours":
        gan = ours(name)
        data = data if gan.num_classes else data[0]
        networks = gan.generator, gan.discriminator
        parameters = [
            sum(v.value.shape.num_elements() for v in n.trainable_variables) for n in networks
        ]
        train = round_of_fit(gan, data, batch)
    else:
        trainer = torch_trainer(name)
        parameters = trainer.parameters()
        train = lambda: trainer.round(*data, batch, TASKS[name]["n_critic"])  # noqa: E731
    built = peak_mib()

    def measure():
        return {"seconds": round(train(), 4), "built_mib": built, "peak_mib": peak_mib()}

    return parameters, measure


def torch_trainer(name):
    import torch
    import torch_biggan
    import torch_stylegan2

    torch.set_num_threads(tables.cores())
    kinds = {"StyleGAN2": torch_stylegan2.StyleGAN2, "BigGAN": torch_biggan.BigGAN}
    return kinds[name](**TASKS[name]["options"])


def compare(name, rounds, steps):
    """Rows of every round of both contestants on one model."""
    pythons = {"ours": sys.executable, "PyTorch": tables.torch_python()}
    started = {
        label: start(__file__, "steps", name, label, str(steps), python=pythons[label])
        for label in CONTESTANTS
    }
    counts = {label: first for label, (_, first) in started.items()}
    print(f"{name}: parameters {counts}", file=sys.stderr, flush=True)
    if counts["ours"] != counts["PyTorch"]:
        raise ValueError(f"{name}: the contestants' parameter counts differ: {counts}.")
    images = TASKS[name]["batch"] * TASKS[name]["n_critic"] * steps
    for label, number, given in interleaved({k: p for k, (p, _) in started.items()}, rounds):
        yield {
            "model": name,
            "contestant": label,
            "round": number,
            "g_parameters": counts[label][0],
            "d_parameters": counts[label][1],
            "images": images,
            **given,
            "images_per_second": round(images / given["seconds"], 3),
        }


def measure_steps(options):
    for name, task in TASKS.items():
        steps = 1 if options.dry_run else task["steps"]
        yield from compare(name, options.rounds, steps)


# === Compilation by XLA ===


def first_and_second(name):
    """Seconds of the first step, and of the same step once more, which has nothing to compile."""
    images, labels = data_of(name, 1)
    gan, seconds = ours(name, jit_compile=True), []
    data = (images, labels) if gan.num_classes else images
    for _ in range(2):
        gan.iterations.assign(0)  # the lazy penalties are taken in both
        begun = time.perf_counter()
        gan.fit(data, batch_size=TASKS[name]["batch"], steps_per_epoch=1, verbose=0)
        seconds.append(round(time.perf_counter() - begun, 3))
    names = ("first_seconds", "second_seconds", "peak_mib")
    return dict(zip(names, (*seconds, peak_mib()), strict=True))


def measure_compile(options):
    for number in range(options.rounds):
        for name in TASKS:
            yield {"model": name, "round": number + 1, **in_new_process("compile", name)}


# === Growth ===


def grown(mode):
    """A row for each stage of ProGAN, and one for the first stage come again."""
    import keras

    import tfgan_zoo

    gan = tfgan_zoo.ProGAN(**GROWING)
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
        shape = (16 * count, *GROWING["image_shape"])
        images = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
        gan.fit(images, batch_size=16, verbose=0, callbacks=[Clock()])

    each = GROWING["stable_steps"] + GROWING["fade_in_steps"]
    train(each * gan.stages - GROWING["fade_in_steps"])
    gan.iterations.assign(0)
    train(GROWING["stable_steps"])
    return stage_rows(steps)


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
    smallest = GROWING["image_shape"][0] >> (len(GROWING["widths"]) - 1)
    for stage, run in runs:
        (first, _), *others = run
        yield {
            "side": smallest << stage,
            "steps": len(run),
            "tracings": sum(tracings for _, tracings in run),
            "first_seconds": round(first, 4),
            "median_seconds": round(statistics.median(seconds for seconds, _ in others), 4),
            "slowest_seconds": round(max(seconds for seconds, _ in others), 4),
        }


def measure_growth(options):
    for mode in ("graph", "XLA"):
        for row in in_new_process("growth", mode):
            yield {"mode": mode, **row}


# === Processes ===


def in_new_process(what, argument):
    """What `work` prints for this argument."""
    command = [sys.executable, __file__, "--worker", what, argument]
    environment = tables.environment()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    print(f"{argument}: {done.stdout.splitlines()[-1]}", file=sys.stderr, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def work(what, *arguments):
    if what == "steps":
        name, label, steps = arguments
        return serve(*contestant(name, label, int(steps)))
    result = first_and_second(*arguments) if what == "compile" else list(grown(*arguments))
    print(json.dumps(result), flush=True)


MEASUREMENTS = {  # the name of the file, and the function that gives its rows
    "steps": ("large_steps", measure_steps),
    "compile": ("large_compile", measure_compile),
    "growth": ("growth", measure_growth),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=MEASUREMENTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry-run", action="store_true", help="a try, of which nothing is kept")
    parser.add_argument("--worker", nargs="+", help="used inside")
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    if options.what is None:
        parser.error(f"say what to measure: one of {', '.join(MEASUREMENTS)}")
    name, measure = MEASUREMENTS[options.what]
    rows = list(measure(options))
    if not options.dry_run:
        return tables.write_csv(name, rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
