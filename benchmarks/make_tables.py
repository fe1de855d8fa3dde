"""Writes docs/benchmarks.md from the CSV files in benchmarks/results, or checks that it is up to date.

    python benchmarks/make_tables.py           # writes the page
    python benchmarks/make_tables.py --check   # exits with 1 where the page is stale

The other benchmarks write their CSV files through `tables.write_csv`.
"""

import sys
from pathlib import Path

from quality_sections import (
    modes_digits_section,
    modes_gaussians_section,
    modes_ring_section,
    text_retrieval_section,
)
from tables import RESULTS, measured_on, medians, read_csv, short, spreads, table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


# === Sections ===


def train_step_section():
    rows = read_csv("train_step")
    keys = ("model", "contestant")
    speeds = medians(rows, keys, "images_per_second")
    ranges = spreads(rows, keys, "images_per_second")
    peers = ("Keras", "PyTorch")
    best = {model: max(speeds[model, peer] for peer in peers) for model, _ in speeds}
    lines = [
        (model, contestant, short(speed), ranges[model, contestant], f"{speed / best[model]:.2f}x")
        for (model, contestant), speed in speeds.items()
    ]
    header = ["Model", "Contestant", "Images/s", "Range", "Against the better peer"]
    return f"""## Training step

Real images that training takes in a second: DCGAN at 28x28x1 and WGAN-GP at 32x32x3 with 5 critic
updates a step, both of width 64 and in batches of 64. The peers are the same networks, with the same
number of parameters, and the same schedule of updates, each on fresh images and latents: once in
stock Keras, as the examples of keras.io write it and with the defaults of `compile`; and once in
PyTorch, eager, `channels_last`, with one thread a core. Three differences are left. Ours also keeps a
moving average of the generator and a measure of who is winning, which the peers do not; Keras's DCGAN
shows real and generated images to the discriminator as one batch, as its example does; and each draws
random numbers its own way. The contestants take turns in one run, each in a process of its own, and
the numbers are medians of the rounds.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/train_step.py`."""


def replicas_section():
    rows = read_csv("replicas")
    keys = ("model", "mode", "what")
    times = medians(rows, keys, "milliseconds")
    lines = []
    for (model, mode, what), time in times.items():
        one = times[model, mode, "one replica: step"]
        lines.append(
            (model, mode, what, short(time), f"{one / time:.2f}x" if ": step" in what else "")
        )
    header = ["Model", "Mode", "What", "Milliseconds", "Against one replica"]
    return f"""## Two replicas

A training step on two replicas, a `MirroredStrategy` over two logical CPUs, against one replica with
the same global batch on the same cores. Below each step, the parts of one discriminator update, each
timed alone: the gradients of a replica's rows, their sum over the replicas, and the optimizer's update
of each replica's copy. "One thread an operation" forbids TensorFlow to cut an operation into pieces
for both cores, which two replicas have no use for.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/replicas.py`."""


def first_step_section():
    rows = read_csv("first_step")
    times, lines = medians(rows, ("what",), "seconds"), []
    memory = medians([row for row in rows if row["peak_mib"]], ("what",), "peak_mib")
    for (what,), seconds in times.items():
        lines.append((what, f"{seconds:.2f}", short(memory[what,]) if (what,) in memory else ""))
    extra = times["import tfgan_zoo",] - times["import keras, tensorflow",]
    return f"""## First step and import

Seconds from `fit` until the first step has ended, compilation included, and the largest memory that
the whole process held; and seconds of an import in a new process. `import tfgan_zoo` takes
{extra:+.2f} s against `import keras` with TensorFlow; the bar is +0.5 s.

{table(["What", "Seconds", "Peak memory, MiB"], lines)}

{measured_on(rows)} Command: `python benchmarks/first_step.py`."""


_WHERE_MEMORY_GOES = """Where the memory goes, in MiB: parts found in other runs than the table's, of
2 to 7 steps from the first one, in which StyleGAN2 has both lazy penalties, by `/proc/self/smaps`,
`tf.config.experimental.get_memory_info` and `malloc_trim`.

| Part | StyleGAN2 | BigGAN |
| --- | --- | --- |
| TensorFlow's libraries, mapped (PyTorch's: 110) | 423 | 423 |
| The rest of `import tensorflow` (of `import torch`: 143) | 212 | 212 |
| Weights, their average, optimizers | 126 | 202 |
| The networks' layers | 34 | 64 |
| The traced step | 270 | 195 |
| Tensors of a step, at their peak | 773 | 488 |
| The optimized graph with its kernels | 175 | 210 |
| Freed by TensorFlow's graph optimizer, kept by malloc | 270 | 180 |
| Together | 2,283 | 1,974 |
| The process at its largest | 2,342 | 2,041 |
| The same of PyTorch | 1,544 | 1,260 |
| PyTorch in the end, once malloc is trimmed | 514 | 613 |

A step's tensors take less than the 1,030 and 647 that PyTorch gives back; with all updates in one graph,
rather than each a function, they took 900 and 640. What is above the bar is not theirs: the imported
runtime alone takes 394 more than PyTorch's, which is 0.26x and 0.31x of its whole peak, and tracing and
optimizing a graph 585 to 715. The libraries' part varies with the page cache, 423 to 510.
`MALLOC_ARENA_MAX=1` took 5% off BigGAN's peak; `TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1`, without TensorFlow's
pool, added 15%."""


def large_steps_section():
    rows = read_csv("large_steps")
    keys = ("model", "contestant")
    speeds = medians(rows, keys, "images_per_second")
    ranges = spreads(rows, keys, "images_per_second")
    start, peak = (medians(rows, keys, name) for name in ("built_mib", "peak_mib"))
    lines = []
    for (model, contestant), speed in speeds.items():
        key, peer = (model, contestant), (model, "PyTorch")
        times = f"{speeds[peer] / speed:.2f}x", f"{peak[key] / peak[peer]:.2f}x"
        memory = short(start[key]), short(peak[key])
        lines.append((*key, f"{speed:.3g}", ranges[key], times[0], *memory, times[1]))
    counts = {row["model"]: (int(row["g_parameters"]), int(row["d_parameters"])) for row in rows}
    counted = "; ".join(f"{model}, {g:,} and {d:,}" for model, (g, d) in counts.items())
    header = [
        "Model",
        "Contestant",
        "Images/s",
        "Range",
        "Time of a step",
        "MiB before",
        "Peak MiB",
    ]
    return f"""## Larger models against PyTorch

Real images that training takes in a second at 64x64x3 in batches of 16, and the largest memory that the
process held before its first step and in the end: StyleGAN2 with the sizes of
`stylegan2_celeb_a_64`, R1 at every 16th step and path lengths at every 4th, in rounds of 16 steps; and
BigGAN of width 32 with 1,000 classes, 2 discriminator updates a step and orthogonal regularization. Ours
as `compile()` leaves it, on CPUs a graph without XLA; the same networks in PyTorch, eager,
`channels_last`, with one thread a core (`benchmarks/torch_stylegan2.py`, `benchmarks/torch_biggan.py`),
whose numbers of parameters, generator and discriminator, are equal: {counted}. Both keep an average of
the generator. PyTorch's spectral norms are its own, with a power iteration in every forward pass; ours
has one for good in every update. Times and memory are against PyTorch's, so that below 1x is better; the
bars are 1.1x and 1.2x.

{table([*header, "Of PyTorch's"], lines)}

{measured_on(rows)} Command: `python benchmarks/large_models.py steps`.

{_WHERE_MEMORY_GOES}"""


def large_compile_section():
    rows = read_csv("large_compile")
    columns = ("first_seconds", "second_seconds", "peak_mib")
    values = [medians(rows, ("model",), column) for column in columns]
    lines = []
    for (model,), first in values[0].items():
        second, peak = (column[model,] for column in values[1:])
        lines.append((model, f"{first:.1f}", f"{second:.1f}", f"{first - second:.1f}", short(peak)))
    header = ["Model", "First step", "The same once more", "Compilation", "Peak MiB"]
    return f"""## Larger models under XLA

Seconds of the first training step with `jit_compile=True`, from `fit` on, of the models above; of the
same step, with all lazy penalties, once more; and the difference, which is tracing and compilation. The
bar is 90 s.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/large_models.py compile`."""


def growth_section():
    rows = read_csv("growth")
    lines = []
    for row in rows:
        first, median, slowest = (
            float(row[f"{name}_seconds"]) for name in ("first", "median", "slowest")
        )
        size = f"{row['side']}x{row['side']}"
        times = [f"{value:.3f}" for value in (first, median, slowest)]
        lines.append((row["mode"], size, row["steps"], row["tracings"], *times))
    header = [
        "Mode",
        "Images",
        "Steps",
        "Tracings",
        "First step",
        "Median of the others",
        "Slowest",
    ]
    return f"""## Growth

ProGAN of 4 sizes, widths 128, 128, 64 and 32, in batches of 16: for each phase of training, how often a
loss of one of the players was traced in it, and the seconds of its first step, and of the steps that
follow, fading in included. At last the count of steps is set back, for the first phase once more.
All phases, 4 by 2 players, are traced before the first step; XLA compiles a phase when it comes first,
and leaves those before it as they are.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/large_models.py growth`."""


def serving_section():
    rows = read_csv("serving")
    limits = read_csv("serving_in_process")
    best = max(limits, key=lambda row: float(row["images_per_second"]))
    header = ["Protocol", "Output", "Batching", "Clients", "Images/request", "Images/s"]
    header += ["Of in-process", "p50 ms", "p95 ms", "p99 ms", "Worst/median p99", "First ms"]
    keys = ["protocol", "output", "batching", "clients", "images_per_request"]
    measures = ["p50_ms", "p95_ms", "p99_ms", "worst_to_median_p99", "first_ms"]
    lines = [
        [
            *(row[key] for key in keys),
            short(float(row["images_per_second"])),
            f"{float(row['of_in_process']):.2f}x",
            *(short(float(row[key])) for key in measures),
        ]
        for row in rows
    ]
    memory = max(float(row["peak_megabytes"]) for row in rows)
    loop = table(
        ["Batch", "Images/s"],
        [(row["batch"], short(float(row["images_per_second"]))) for row in limits],
    )
    return f"""## Serving

The embedded server with a DCGAN of 28x28x1, width 64, and closed-loop clients in a second process on
the same two cores, which their work is taken from. "Of in-process" is against the best loop over the
same SavedModel's `generate_png` in one process, {short(float(best["images_per_second"]))} images/s
with batches of {best["batch"]}. "Worst/median p99" compares the client that waited longest with the
median client; "First" is the first request of the measurement, the first ever for the first row of
each server. The server's memory peaked at {short(memory)} MiB.

{loop}

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/serving.py`."""


SECTIONS = {
    "train_step": train_step_section,
    "replicas": replicas_section,
    "first_step": first_step_section,
    "large_steps": large_steps_section,
    "large_compile": large_compile_section,
    "growth": growth_section,
    "serving": serving_section,
    "modes_gaussians": modes_gaussians_section,
    "modes_ring": modes_ring_section,
    "modes_digits": modes_digits_section,
    "text_retrieval": text_retrieval_section,
}


def page():
    """The page, of those benchmarks that have results."""
    sections = [make() for name, make in SECTIONS.items() if (RESULTS / f"{name}.csv").exists()]
    head = (
        "# Benchmarks\n\nWritten by `python benchmarks/make_tables.py` from the CSV files in "
        "`benchmarks/results`,\nwhich hold every round."
    )
    return "\n\n".join([head, *sections]) + "\n"


def main():
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
        print(f"Wrote {PAGE}")
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE} is stale. Run: python benchmarks/make_tables.py")


if __name__ == "__main__":
    main()
