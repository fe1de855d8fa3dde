"""How long do the first step and the import take, and how much memory does training need?

Every measurement is a process of its own, and the kinds of process take turns.

    python benchmarks/first_step.py            # writes benchmarks/results/first_step.csv
"""

import argparse
import json
import time

import rounds
import tables
from rows import images_of, row_of

MODELS = ("DCGAN 28", "WGAN-GP 32")
IMPORTS = {
    "import keras, tensorflow": ("keras", "tensorflow"),
    "import tfgan_zoo": ("tfgan_zoo",),
}
STEPS = {
    f"first step of {name}, {mode}": (name, mode) for name in MODELS for mode in ("XLA", "graph")
}


def time_import(modules):
    start = time.perf_counter()
    for module in modules:
        __import__(module)
    return {"seconds": time.perf_counter() - start}


def time_first_step(name, mode, quick):
    """Seconds of `fit` for one step, and the peak memory after four more."""
    import ours

    row = row_of(name, quick)
    gan, images = ours.model_of(row, mode), images_of(row, steps=5)
    start = time.perf_counter()
    gan.fit(images, batch_size=row.batch, steps_per_epoch=1, verbose=0)
    seconds = time.perf_counter() - start
    gan.fit(images, batch_size=row.batch, steps_per_epoch=4, verbose=0)
    return {"seconds": seconds, "peak_mib": rounds.peak_mib()}


def work(what, quick):
    if what in IMPORTS:
        return time_import(IMPORTS[what])
    return time_first_step(*STEPS[what], quick)


def measure(what, *flags):
    """Runs one measurement in a new process."""
    result = rounds.in_new_process(__file__, what, *flags)
    return {"seconds": round(result["seconds"], 4), "peak_mib": result.get("peak_mib", "")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    tables.add_quick(parser)
    parser.add_argument("--worker", choices=[*IMPORTS, *STEPS], help="used inside")
    options = parser.parse_args()
    if options.worker:
        return print(json.dumps(work(options.worker, options.quick)))
    kinds, count, flags = (IMPORTS, STEPS), options.rounds, []
    if options.quick:
        kinds, count, flags = (["import tfgan_zoo"], list(STEPS)[1:2]), 1, ["--quick"]
    rows = [
        {"what": what, "round": number + 1} | measure(what, *flags)
        for kind in kinds
        for number in range(count)
        for what in kind
    ]
    tables.write_csv("first_step", rows, options.quick)


if __name__ == "__main__":
    main()
