"""Writes docs/benchmarks.md from the CSV files in benchmarks/results, or checks that it is up to date.

    python benchmarks/make_tables.py           # writes the page
    python benchmarks/make_tables.py --check   # exits with 1 where the page is stale

The other benchmarks write their CSV files through `tables.write_csv`.
"""

import sys
from pathlib import Path

from augmentation_sections import augmentation_section
from privacy_sections import privacy_audit_section, privacy_scores_section
from quality_sections import (
    caption_words_section,
    equal_minutes_section,
    modes_digits_section,
    modes_gaussians_section,
    modes_ring_section,
    precision_section,
    text_retrieval_section,
    transfer_section,
)
from tables import RESULTS, measured_on, medians, read_csv, short, table
from training_sections import machine_limit_section, train_step_section
from trust_sections import forensics_section, sources_section
from watermark_section import watermark_section

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


# === Sections ===


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

{measured_on(rows)} Command: `python benchmarks/compilation.py`."""


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

{measured_on(rows)} Command: `python benchmarks/growth.py`."""


def input_section():
    rows = read_csv("data_pipeline")
    steps = {row["edge"]: row for row in rows if row["source"].startswith("step of")}
    lines = []
    for row in rows:
        speed, step = float(row["images_per_second"]), steps.get(row["edge"])
        times = speed / float(step["images_per_second"]) if step and row is not step else None
        ends = f"{short(float(row['lowest']))} to {short(float(row['highest']))}"
        lines.append((row["source"], short(speed), ends, f"{times:.1f}x" if times else ""))
    header = ["Source", "Images/s", "Range", "Of the step"]
    return f"""## Input

Images that the input pipeline gives in a second, on one core, in batches of {rows[0]["batch_size"]}:
arrays in memory, and folders of JPEG files, cached as pixels or decoded anew in each epoch, as they are,
or flipped and randomly cropped of images of 9/8 of the size. Last come training steps of DCGAN of width
64 in bfloat16, on all cores, which each source of that size is compared with.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/data_pipeline.py`."""


def sampling_section():
    rows = read_csv("sampling")
    lines = []
    for row in rows:
        ends = f"{float(row['lowest']):.2f} to {float(row['highest']):.2f}"
        speed = short(float(row["images_per_second"]))
        lines.append(
            (
                row["preset"],
                row["image_shape"],
                row["batch"],
                speed,
                f"{float(row['of_raw']):.2f}x",
                ends,
            )
        )
    header = ["Preset", "Images", "Batch", "Images/s", "Of the raw pass", "Range"]
    return f"""## Sampling

Images that `generate` gives in a second, from seeds to uint8 arrays, and how that compares with a raw
pass: the network alone, as one graph, on a batch of latents that is there already.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/sampling.py`."""


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
    "machine_limit": machine_limit_section,
    "replicas": replicas_section,
    "first_step": first_step_section,
    "large_compile": large_compile_section,
    "growth": growth_section,
    "data_pipeline": input_section,
    "sampling": sampling_section,
    "serving": serving_section,
    "precision_quality": precision_section,
    "modes_gaussians": modes_gaussians_section,
    "modes_ring": modes_ring_section,
    "modes_digits": modes_digits_section,
    "text_retrieval": text_retrieval_section,
    "caption_words": caption_words_section,
    "transfer": transfer_section,
    "equal_minutes": equal_minutes_section,
    "privacy_scores": privacy_scores_section,
    "privacy_audit": privacy_audit_section,
    "augmentation": augmentation_section,
    "watermark": watermark_section,
    "forensics": forensics_section,
    "forensics_sources": sources_section,
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
