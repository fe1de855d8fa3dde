"""Sections of docs/benchmarks.md about training steps and the machine's limit."""

from rows import ROWS
from tables import RESULTS, measured_on, medians, read_csv, short, spreads, table

_HEADER = [
    "Contestant",
    "Steps/s",
    "Images/s",
    "Range",
    "To the best peer",
    "First step, s",
    "Peak MiB",
    "GFLOP/s",
    "Of the convolution's",
    "Of its layers'",
]


def train_step_section():
    rows, limits = read_csv("train_step"), _limits()
    names = [name for name in ROWS if any(row["row"] == name for row in rows)]
    parts = [_part([row for row in rows if row["row"] == name], limits) for name in names]
    return "\n\n".join([_INTRODUCTION, *parts, _COMMAND, _WHERE_MEMORY_GOES])


_COMMAND = "Command: `python benchmarks/train_step.py`."

_INTRODUCTION = """## Training step

Real images that training takes in a second, in rows of one model each. The peers are the same networks,
with the same numbers of parameters and, at the same weights, latents and images, the same losses
(checked in each run: within 0.1%, of SNGAN, whose singular values are iterated, within 2%, in
bfloat16 within 10%; of the five others, of which each has initial weights of its own, the
discriminator's first loss within a third, of CycleGAN and ESRGAN a half), and the
same schedule of updates, each on fresh images and latents:

- "Keras" is stock Keras, trained by `fit` as in the examples of keras.io, with the defaults of
  `compile`. Its spectral normalization sets the kernel itself and has no gradient through the singular
  value; ours and PyTorch's have.
- "PyTorch" is eager or by `torch.compile`, `channels_last`, with one thread a core. Penalties on
  gradients stay eager, since compiled networks have no second derivatives. Its spectral norms are its
  own, with a power iteration in every forward pass; ours have one for good in every update.
- "bf16" is Keras's policy `mixed_bfloat16`, and PyTorch's autocast to bfloat16.

Ours and PyTorch's also keep a moving average of the generator; ours logs who is winning. The contestants
take turns in one run, each in a process of its own; numbers are medians of the rounds, and the largest
memory that the process held. "To the best peer" compares images/s with those of the fastest peer in the
same precision. GFLOP/s are the operations of matrix products and convolutions of a step, counted from
the layers' shapes (`benchmarks/flops.py`); they are given as shares of what the machine reaches in one
large convolution in that precision, and in the same layers one by one, each in the faster framework
([the machine's limit](#the-machines-limit))."""


_WHERE_MEMORY_GOES = """### Where the memory goes

In MiB: parts found in other runs than the table's, of
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


def _part(rows, limits):
    name, first = rows[0]["row"], rows[0]
    keys = ("contestant",)
    speeds = medians(rows, keys, "images_per_second")
    ranges = spreads(rows, keys, "images_per_second")
    precision = {row["contestant"]: row["precision"] for row in rows}
    lines = []
    for (contestant,), speed in speeds.items():
        peers = [s for (c,), s in speeds.items() if _is_peer(c, precision, precision[contestant])]
        steps = speed / int(first["batch"]) / int(first["n_critic"])
        extra = [_median(rows, contestant, c) for c in ("first_step_seconds", "peak_mib")]
        lines.append(
            [
                contestant,
                short(steps),
                short(speed),
                ranges[contestant,],
                f"{speed / max(peers):.2f}x" if peers else "",
                *extra,
                *_shares(name, steps, precision[contestant], limits, first["cpu"]),
            ]
        )
    return f"""### {name}

{_sizes(first, limits)}

{table(_HEADER, lines)}

{measured_on(rows)}{_others(rows)}"""


def _sizes(first, limits):
    """A sentence about the model, its batches and a step's operations."""
    name = first["row"]
    options = ", ".join(f"{key}={value}" for key, value in ROWS[name].options.items())
    counts = f"{int(first['g_parameters']):,} and {int(first['d_parameters']):,} parameters"
    updates = f"batches of {first['batch']}, discriminator updates a step: {first['n_critic']}"
    work, images = _flops(name, limits), int(first["batch"]) * int(first["n_critic"])
    counted = f", {short(work)} GFLOP a step, {short(work / images)} a real image" if work else ""
    earlier = "" if first["commit"] else _EARLIER
    return f"`{ROWS[name].model}({options})`: {counts}; {updates}{counted}.{earlier}"


_EARLIER = """ Measured by an earlier version of the benchmark, which
did not compare losses, and whose Keras gave DCGAN's discriminator real and generated images at once."""


def _is_peer(contestant, precisions, precision):
    return not contestant.startswith("ours") and precisions[contestant] == precision


def _median(rows, contestant, column):
    found = [row for row in rows if row["contestant"] == contestant and row[column]]
    return short(medians(found, ("contestant",), column)[contestant,]) if found else ""


def _others(rows):
    """What else the machine did."""
    measured = [{**row, "all": ""} for row in rows if row["others"]]
    if not measured:
        return ""
    (busy,) = medians(measured, ("all",), "others").values()
    most = max(float(row["others"]) for row in measured)
    return (
        f" Other work took {busy:.2f} cores meanwhile (median of the rounds; {most:.2f} at most)."
    )


# === The machine's limit ===


def _limits():
    return read_csv("machine_limit") if (RESULTS / "machine_limit.csv").exists() else []


def _flops(name, limits):
    """GFLOP of a step, or None for a model whose layers are not counted."""
    found = [row for row in limits if row["what"] == f"layers of {name}"]
    return float(found[0]["gflop"]) if found else None


def _shares(name, steps, precision, limits, cpu):
    """GFLOP/s, and their shares of the rates of a large convolution and of the layers alone."""
    work = _flops(name, limits)
    if not work:
        return "", "", ""
    rates = [
        (row["what"], float(row["gflop_per_second"]))
        for row in limits
        if row["gflop_per_second"] and (row["precision"], row["cpu"]) == (precision, cpu)
    ]
    best = [
        max((rate for what, rate in rates if what == wanted), default=None)
        for wanted in ("large convolution", f"layers of {name}")
    ]
    return short(work * steps), *(f"{work * steps / rate:.0%}" if rate else "" for rate in best)


def machine_limit_section():
    rows = [row for row in read_csv("machine_limit") if row["gflop_per_second"]]
    machines = list(dict.fromkeys(row["cpu"] for row in rows))
    parts = [_limits_of([row for row in rows if row["cpu"] == cpu]) for cpu in machines]
    return "\n\n".join([_LIMIT, *parts, "Command: `python benchmarks/machine_limit.py`."])


_LIMIT = """## The machine's limit

Matrix products (2,048 x 2,048 x 2,048) and convolutions (3x3, 256 to 256 channels, 32 images of 32x32)
with all cores, forward and by both gradients, in TensorFlow and PyTorch: the fastest call in a quarter
of a second. Below them all linear layers of a training step, each computed alone as often as the step
does, at the row's batch, by the framework that is faster for it. The operations of StyleGAN2 and
BigGAN are those that PyTorch counts while it runs."""


def _limits_of(rows):
    rates = medians(rows, ("what", "direction", "framework", "precision"), "gflop_per_second")
    lines = {}
    for (*what, precision), rate in rates.items():
        lines.setdefault(tuple(what), {})[precision] = short(rate)
    header = ["What", "Direction", "Framework", "float32, GFLOP/s", "bfloat16, GFLOP/s"]
    columns = ("float32", "bfloat16")
    found = table(header, [[*what, *(found[p] for p in columns)] for what, found in lines.items()])
    return f"{found}\n\n{measured_on(rows)}"
