"""Writes the tables of docs/devices.md, from the presets and benchmarks/results/communication.csv.

python benchmarks/make_devices_page.py           # writes the page
python benchmarks/make_devices_page.py --check   # exits with 1 where the page is stale
"""

import sys
from pathlib import Path

from tables import measured_on, medians, read_csv, short, table, with_sections

import tfgan_zoo
from tfgan_zoo.runs.options import Options, model_options

PAGE = Path(__file__).parents[1] / "docs" / "devices.md"
LINKS = {  # nominal bits a second in one direction
    "1 Gbit/s": 1e9,
    "10 Gbit/s": 1e10,
    "100 Gbit/s": 1e11,
    "PCIe 4 x16": 2.56e11,
    "NVLink 4": 3.6e12,
}
LIMITS = {"1gbit": 1e9, "100mbit": 1e8}  # rates of `communication.py`, in bits a second
PLANNED = (
    "dcgan_cifar10",
    "wgan_gp_cifar10",
    "biggan_cifar10_small",
    "stylegan2_celeb_a_64",
    "r3gan_celeb_a_64",
    "progan_celeb_a_hq_1024",
    "stylegan2_celeb_a_hq_1024",
    "biggan_imagenet_128",
    "r3gan_imagenet_64",
)


# === Measured ===


def step_parts(rows):
    """`{(model, rate): (milliseconds of a step, its bytes, milliseconds of its all-reduces alone)}`."""
    times = medians(rows, ("model", "rate", "what"), "milliseconds")
    updates = {(row["model"], row["what"]): int(row["updates"]) for row in rows}
    sizes = {(row["model"], row["what"]): int(row["bytes"]) for row in rows}
    parts = {}
    for (model, rate, what), milliseconds in times.items():
        count = 0 if what == "step" else updates[model, what]
        step, sent, reductions = parts.get((model, rate), (times[model, rate, "step"], 0, 0))
        sent, reductions = sent + count * sizes[model, what], reductions + count * milliseconds
        parts[model, rate] = step, sent, reductions
    return parts


def measured(rows):
    lines = []
    for (model, rate), (step, sent, reductions) in step_parts(rows).items():
        formula = short(8000 * sent / LIMITS[rate]) if rate in LIMITS else ""
        share = f"{reductions / step:.0%}"
        lines.append(
            (model, rate, short(sent / 1e6), short(step), short(reductions), formula, share)
        )
    header = ["Model", "Link", "MB a step", "Step, ms", "All-reduces, ms", "Formula, ms", "Share"]
    least = medians(rows, ("rate", "what"), "milliseconds")["no limit", "one number"]
    return f"""{table(header, lines)}

Without a limit an all-reduce of a single number took {short(least)} ms, which no link makes less.
{measured_on(rows)} Command: `python benchmarks/communication.py`."""


def shorter(rows):
    """Times of a step against those with half the bytes, all hidden that can be, a quarter as often."""
    lines = []
    for (model, rate), (step, _, reductions) in step_parts(rows).items():
        computation = step - reductions
        others = (
            computation + reductions / 2,
            max(computation, reductions),
            computation + reductions / 4,
        )
        lines.append((model, rate, *(f"{step / other:.2f}x" for other in others)))
    header = ["Model", "Link", "Gradients in bfloat16", "Overlap, at best", "4 local steps"]
    return table(header, lines)


# === Computed ===


def planned():
    lines = []
    for name in PLANNED:
        size = bytes_of_step(name)
        milliseconds = {link: 2 * 8000 * size / rate for link, rate in LINKS.items()}
        least = short(9 * milliseconds["10 Gbit/s"] / 1000)
        lines.append((f"`{name}`", short(size / 1e6), *map(short, milliseconds.values()), least))
    header = ["Preset", "MB a step", *LINKS, "A tenth at 10 Gbit/s, s"]
    return table(header, lines)


def bytes_of_step(name):
    """Bytes of the gradients of all updates of a step, as float32."""
    generator, discriminator = tfgan_zoo.list_presets()[name].parameters
    return 4 * (generator + model_options(Options(name))["n_critic"] * discriminator)


# === The page ===


def page():
    """The page, with its tables new."""
    rows = read_csv("communication")
    made = {"measured": measured(rows), "planned": planned(), "shorter": shorter(rows)}
    return with_sections(PAGE, made, "make_devices_page.py")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/devices.md is stale: run python benchmarks/make_devices_page.py")
