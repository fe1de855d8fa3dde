"""How fast is a training step? Ours, stock Keras and PyTorch, in float32 and bfloat16.

Each row is trained on random images by contestants with the same networks, batches and schedule: their
numbers of parameters are equal, and so are their losses at the same weights. Each lives in a process of
its own and waits while another runs, and in every round each is asked in turn for as many steps as take
it a few seconds, so that a slow minute of the machine hits all of them.

    python benchmarks/train_step.py                          # all rows
    python benchmarks/train_step.py --rows "DCGAN 28"        # some

Replaces the rows that it measures in benchmarks/results/train_step.csv. PyTorch runs in the Python that
TFGAN_ZOO_TORCH_PYTHON names, or else in this one.
"""

import argparse
import importlib
import math
import pickle
import sys
import tempfile
from pathlib import Path

import contestants
import rounds
import tables
from rows import ROWS, row_of

CONTESTANTS = {  # module, mode, precision
    "ours, graph": ("ours", "graph", "float32"),
    "ours, XLA": ("ours", "XLA", "float32"),
    "Keras": ("keras_peers", "graph", "float32"),
    "PyTorch, eager": ("torch_peers", "eager", "float32"),
    "PyTorch, compiled": ("torch_peers", "compile", "float32"),
    "ours, graph, bf16": ("ours", "graph", "bfloat16"),
    "Keras, bf16": ("keras_peers", "graph", "bfloat16"),
    "PyTorch, eager, bf16": ("torch_peers", "eager", "bfloat16"),
    "PyTorch, compiled, bf16": ("torch_peers", "compile", "bfloat16"),
}
LEFT_OUT = {
    # keras.io has no example of it; under XLA a step takes more than a minute
    "StyleGAN2": ("Keras", "ours, XLA"),
    # compiled, spectral norms of PyTorch change in place what the backward pass still needs
    "SNGAN": ("PyTorch, compiled",),
    "BigGAN": ("Keras", "PyTorch, compiled"),  # keras.io has no example of it
    # keras.io has others; under XLA a step of one image would tell of nothing
    **dict.fromkeys(("Pix2Pix", "CycleGAN", "ESRGAN"), ("Keras", "ours, XLA")),
}
SECONDS = 4.0  # of a round


# === In a contestant's process ===


def work(name, label, file, quick):
    """Serves rounds of a contestant, and its losses at the weights that the file holds."""
    row = row_of(name, quick)
    module, mode, precision = CONTESTANTS[label]
    contestant = importlib.import_module(module).contestant(row, mode, precision)
    made = {"parameters": contestant.parameters, "built_mib": rounds.peak_mib()}
    given = pickle.loads(Path(file).read_bytes())
    if row.tolerance is None:  # of its own weights, before they are trained
        made["losses"] = contestant.losses(given)
    made |= contestants.first_step(contestant)
    steps = 1 if quick else steps_of_round(row, made["step_seconds"])
    answers = {
        "run": lambda: contestants.round_of(contestant, steps),
        "losses": lambda: contestant.losses(given),
    }
    rounds.serve(made, answers)


def steps_of_round(row, step_seconds):
    """As many as take some seconds: whole cycles of the lazy penalties."""
    return row.interval * max(1, round(SECONDS / step_seconds / row.interval))


def write_inputs(name, file, quick):
    """Keeps for all contestants what they compute the losses of."""
    import ours

    row = row_of(name, quick)
    weights = None if row.tolerance is None else ours.weights_of(row)
    Path(file).write_bytes(pickle.dumps(contestants.inputs_of(row, weights)))


# === In the parent ===


def compare(name, labels, options):
    """Rows of the table: every round of every contestant on one model."""
    row = row_of(name, options.quick)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/inputs.pickle"
        flags = ["--quick"] if options.quick else []
        rounds.run_worker(__file__, name, "inputs", file, *flags)
        started = {
            label: rounds.start(
                __file__, name, label, file, *flags, **environment_of(label, folder)
            )
            for label in labels
        }
        processes = {label: process for label, (process, _) in started.items()}
        made = {label: first for label, (_, first) in started.items()}
        check_parameters(name, {label: first["parameters"] for label, first in made.items()})
        found = list(rounds.interleaved(processes, options.rounds))
        losses = {
            label: made[label].get("losses") or rounds.ask(process, "losses")
            for label, process in processes.items()
        }
        rounds.end(processes)
    check_losses(name, row, losses)
    return [columns(name, row, label, made[label], *rest) for label, *rest in found]


def environment_of(label, folder):
    """PyTorch's Python, and for its compiler a cache that is empty at first, without spaces."""
    if not label.startswith("PyTorch"):
        return {}
    return {
        "python": tables.torch_python(),
        "TORCHINDUCTOR_CACHE_DIR": tempfile.mkdtemp(dir=folder),
    }


def columns(name, row, label, made, number, given):
    return {
        "row": name,
        "contestant": label,
        "precision": CONTESTANTS[label][2],
        "round": number,
        "g_parameters": made["parameters"][0],
        "d_parameters": made["parameters"][1],
        "batch": row.batch,
        "n_critic": row.n_critic,
        "first_step_seconds": made["first_step_seconds"],
        "built_mib": made["built_mib"],
        **given,
        "images_per_second": round(given["steps"] * row.batch * row.n_critic / given["seconds"], 3),
    }


def check_parameters(name, counts):
    if len({tuple(count) for count in counts.values()}) != 1:
        raise ValueError(f"{name}: the contestants' parameter counts differ: {counts}.")


def check_losses(name, row, losses):
    """Raises where a loss is not that of the first contestant in float32."""
    first = next(iter(losses.values()))
    for label, found in losses.items():
        tolerance = tolerance_of(row, CONTESTANTS[label][2])
        for loss in first if row.tolerance is not None else ["d_loss"]:
            if not math.isclose(found[loss], first[loss], rel_tol=tolerance, abs_tol=tolerance):
                raise ValueError(f"{name}: {loss} of {label} is another than the first: {losses}.")
    print(f"{name}: losses {losses}", file=sys.stderr, flush=True)


def tolerance_of(row, precision):
    if row.tolerance is None:  # squares of the logits that chance gave are further apart
        return 1 / 2 if row.model in ("CycleGAN", "ESRGAN") else 1 / 3
    return max(row.tolerance, 0.1) if precision == "bfloat16" else row.tolerance


def labels_of(name, options):
    """The contestants that a row has, of those that are asked for, or of those that are installed."""
    left_out = LEFT_OUT.get(ROWS[name].model, ())
    return [label for label in options.contestants or installed() if not label.startswith(left_out)]


def installed():
    if tables.has_torch():
        return list(CONTESTANTS)
    print("PyTorch is not installed: it does not take part.", file=sys.stderr, flush=True)
    return [label for label in CONTESTANTS if not label.startswith("PyTorch")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS)
    parser.add_argument("--rounds", type=int, default=5)
    tables.add_quick(parser)
    parser.add_argument("--worker", nargs=3, metavar=("ROW", "WHAT", "FILE"), help="used inside")
    options = parser.parse_args()
    if options.worker:
        name, what, file = options.worker
        if what == "inputs":
            return write_inputs(name, file, options.quick)
        return work(name, what, file, options.quick)
    options.rounds = 1 if options.quick else options.rounds
    for name in options.rows:
        found = compare(name, labels_of(name, options), options)
        tables.replace_in_csv("train_step", "row", found, options.quick)


if __name__ == "__main__":
    main()
