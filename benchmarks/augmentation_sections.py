"""Section of docs/benchmarks.md on generated images in the data of a classifier. See make_tables.py."""

import math
import statistics

from tables import measured_on, read_csv, table

ARMS = {
    "real": "real images alone",
    "classical": "real, shifted",
    "mixed": "half real, half generated",
    "mixed_classical": "half and half, shifted",
    "generated": "generated alone",
    "saw_more": "half real, half of a model that saw 60,000",
}
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # Student's, 97.5 %, of n - 1 degrees of freedom


def mean_and_half(values):
    """The mean, and half of infinity of one value."""
    n = len(values)
    half = T[n] * statistics.stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return statistics.fmean(values), half


def by_count(rows):
    """`{count: rows of its seeds}`, from the fewest images on."""
    counts = sorted({int(row["count"]) for row in rows})
    return {n: [row for row in rows if int(row["count"]) == n] for n in counts}


def percent(rows, arm, less=None):
    """Accuracies of the seeds, or how much higher they are than those of the arm `less`."""
    return [100 * (float(row[arm]) - (float(row[less]) if less else 0)) for row in rows]


def arms_table():
    lines = []
    for count, rows in by_count(read_csv("augmentation")).items():
        for arm, name in ARMS.items():
            told = "" if arm == "real" else _with_interval(percent(rows, arm, "real"))
            accuracy = statistics.fmean(percent(rows, arm))
            lines.append([count, name, f"{accuracy:.1f}", told, len(rows)])
    header = ["Real images a class", "Trained on", "Accuracy, %", "Against real alone", "Seeds"]
    return table(header, lines)


def _with_interval(values):
    difference, half = mean_and_half(values)
    return f"{difference:+.1f} ± {half:.1f}" if half < math.inf else f"{difference:+.1f}"


def gans_table():
    lines = []
    for count, rows in by_count(read_csv("augmentation")).items():
        named, distance, seconds = (
            statistics.fmean(float(row[key]) for row in rows)
            for key in ("named", "fd", "gan_cpu_seconds")
        )
        lines.append([count, f"{named:.2f}", f"{distance:.0f}", f"{seconds:.0f}"])
    header = ["Real images a class", "Of the class asked for", "Fréchet distance", "CPU seconds"]
    return table(header, lines)


def command():
    return f"{measured_on(read_csv('augmentation'))} Command: `python benchmarks/augmentation.py`."


def augmentation_section():
    steps = int(read_csv("augmentation")[0]["steps"])
    return f"""## Generated images beside few real ones

Fashion-MNIST. A seed picks so many training images of each class. A `ConditionalGAN` of width 32
learns from these alone for {steps:,} steps, with `DiffAugment`, and draws 5,000 images. In each row a
classifier of two convolutions makes 500 updates with batches of 64; "shifted" is by at most a pixel
each way: flips, alone and with two pixels, did worse on held-out training images. Accuracy is that on
the 10,000 test images, the mean of the seeds; beside it the mean difference to the classifier of the
same seed that saw the real images alone, with its 95 % interval by Student's t. The last row is a
trap: its images are of `biggan_fashion_mnist`, which had all 60,000 training images. [How, and what
follows](augmentation.md).

{arms_table()}

What the GANs draw, seen by `lenet_fashion_mnist`, which learned from all training images: the share that
it gives the class that was asked for, and the Fréchet distance of 2,000 images to as many test images in
its features; and the CPU time of training and drawing.

{gans_table()}

{command()}"""


def findings():
    """A line for each count: what generated images did, as far as chance allows to say."""
    lines = []
    for count, rows in by_count(read_csv("augmentation")).items():
        told = [f"{ARMS[arm]}, {_verdict(rows, arm)}" for arm in ("classical", "mixed", "saw_more")]
        lines.append(f"- {count} real images a class: {'; '.join(told)}.")
    return "\n".join(lines)


def _verdict(rows, arm):
    difference, half = mean_and_half(percent(rows, arm, "real"))
    if half == math.inf:
        return f"{difference:+.1f} points, of one seed"
    if abs(difference) <= half:
        return f"{difference:+.1f} points, within chance"
    return (
        f"{difference:+.1f} points, {'better' if difference > 0 else 'worse'} than real ones alone"
    )


def guide_section():
    return f"{findings()}\n\n{arms_table()}\n\n{command()}"
