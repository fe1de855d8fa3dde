"""How fast can this machine multiply and convolve? TensorFlow and PyTorch, float32 and bfloat16.

Measures a large matrix product and a large convolution; and, of the rows of the training benchmark, each
layer by itself, forward, by its input and by its kernel, and adds up what a step needs of each, of the
faster framework. What counts is the fastest of the calls in a quarter of a second. Rows of other
processors are kept.

    python benchmarks/machine_limit.py         # writes benchmarks/results/machine_limit.csv
"""

import argparse
import json
import pickle
import sys
import tempfile
import time
from pathlib import Path

import flops
import layer_calls
import ours
import rounds
import tables
from rows import row_of

LARGE = {  # name: batch, layer
    "large matrix product": (2048, flops.Layer("dense", (2048, 2048), (), (2048,), (2048,), False)),
    "large convolution": (
        32,
        flops.Layer("convolution", (3, 3, 256, 256), (1, 1), (32, 32, 256), (32, 32, 256), False),
    ),
}
COUNTED = ("DCGAN 28", "DCGAN 64", "WGAN-GP 32", "SNGAN 32")
# Styles, attention, penalties of several kinds; skips, cycles.
COUNTED_BY_PYTORCH = ("StyleGAN2 64", "BigGAN 64", "pix2pix 128", "CycleGAN 64", "ESRGAN 128")
PRECISIONS = ("float32", "bfloat16")
DIRECTIONS = ("forward", "by_input", "by_kernel")
SECONDS = 0.25


# === In a framework's process ===


def times(framework, file, seconds):
    """Seconds of the fastest call of each direction of each layer in a file."""
    calls = {"TensorFlow": layer_calls.tensorflow_calls, "PyTorch": layer_calls.torch_calls}
    found = []
    for precision, batch, layer in pickle.loads(Path(file).read_bytes()):
        found.append([fastest(c, seconds) for c in calls[framework](layer, batch, precision)])
    return found


def work(what, argument, quick):
    """The operations of a step of a row, or the times of a framework for the layers in a file."""
    if what == "count":
        import torch_flops

        return torch_flops.flops_of_step(row_of(argument, quick))
    return times(what, argument, 0.0 if quick else SECONDS)


def fastest(call, seconds):
    call(), call()
    found, begun = [], time.perf_counter()
    while not found or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


# === In the parent ===


def measure(jobs, flags):
    """`{job: {framework: seconds of each direction}}` of jobs `(precision, batch, layer)`."""
    pythons = {"TensorFlow": sys.executable}
    if tables.has_torch():
        pythons["PyTorch"] = tables.torch_python()
    found = {job: {} for job in jobs}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jobs.pickle"
        file.write_bytes(pickle.dumps(jobs))
        for framework, python in pythons.items():
            output = rounds.run_worker(__file__, framework, str(file), *flags, python=python)
            for job, seconds in zip(jobs, json.loads(output.splitlines()[-1]), strict=True):
                found[job][framework] = seconds
    return found


def rows_of_large(found):
    """A row for each large operation, precision, framework and direction."""
    for precision in PRECISIONS:
        for name, (batch, layer) in LARGE.items():
            for framework, seconds in found.get((precision, batch, layer), {}).items():
                for direction, second in zip(DIRECTIONS, seconds, strict=True):
                    work = batch * layer.flops
                    yield columns(name, precision, framework, direction, work, second)


def rows_of_steps(works, found):
    """A row for each model and precision: all that a step computes, layer by layer."""
    for (name, batch), work in works.items():
        for precision in PRECISIONS:
            seconds = sum(
                count * min(times[direction] for times in found[precision, batch, layer].values())
                for layer, *counts in work
                for direction, count in enumerate(counts)
            )
            total = batch * sum(part.flops for part in work)
            yield columns(f"layers of {name}", precision, "the faster", "a step", total, seconds)


def rows_of_counts(names, flags):
    """A row for each model whose operations PyTorch counts: without a rate."""
    for name in names if tables.has_torch() else ():
        options = {"python": tables.torch_python()}
        work = rounds.in_new_process(__file__, "count", name, *flags, **options)
        yield columns(f"layers of {name}", "float32", "PyTorch", "a step", work, None)


def columns(what, precision, framework, direction, work, seconds):
    return {
        "what": what,
        "precision": precision,
        "framework": framework,
        "direction": direction,
        "gflop": round(work / 1e9, 3),
        "seconds": seconds and round(seconds, 6),
        "gflop_per_second": seconds and round(work / 1e9 / seconds, 1),
    }


def works_of(names, quick):
    """`{(row, batch): the Work of a step}`."""
    rows = {name: row_of(name, quick) for name in names}
    return {
        (name, row.batch): flops.work_of_step(row, ours.model_of(row)) for name, row in rows.items()
    }


def jobs_of(works, large):
    layers = {(batch, part.layer) for (_, batch), work in works.items() for part in work}
    return [(precision, *job) for precision in PRECISIONS for job in [*large, *layers]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    parser.add_argument("--worker", nargs=2, metavar=("WHAT", "ARGUMENT"), help="used inside")
    options = parser.parse_args()
    if options.worker:
        return print(json.dumps(work(*options.worker, options.quick)))
    names, others, large, flags = COUNTED, COUNTED_BY_PYTORCH, LARGE.values(), []
    if options.quick:
        names, others, large, flags = COUNTED[-1:], others[-1:], (), ["--quick"]
    works = works_of(names, options.quick)
    found = measure(jobs_of(works, large), flags)
    rows = [*rows_of_large(found), *rows_of_steps(works, found), *rows_of_counts(others, flags)]
    tables.replace_in_csv("machine_limit", "cpu", rows, options.quick)


if __name__ == "__main__":
    main()
