"""What a run directory tells of its training: parameters, images, hours, processor and the curve."""

import datetime
import io
import itertools
import math
import statistics

from PIL import Image

import tfgan_zoo
from tfgan_zoo.engine import inputs
from tfgan_zoo.evaluation.report import curves
from tfgan_zoo.files import read_json_lines

# Watts, the most that the maker rates a processor at.
RATED = {"NVIDIA H100 80GB HBM3": 700, "NVIDIA H200": 700}


def metadata(run, record, model, steps, watts=None):
    """`{key: JSON value}` for a model's metadata.json; what is not known is None.

    Args:
        run: `pathlib.Path` of the run directory.
        record: What its run.json holds.
        model: The trained model.
        steps: Int, those of this run.
        watts: Of the processor while it trained, or None for the rated ones where they are known.
    """
    batch_size, name = record["options"]["batch_size"], processor(record)
    found = hours(run, record)
    return {
        "parameters": parameters(model),
        "steps": steps,
        "batch_size": batch_size,
        "images_seen": steps * inputs.step_size(model, batch_size),
        "hours": None if found is None else float(f"{found:.3g}"),
        "hours_are": None if found is None else "by the clock, from the log of the run",
        "processor": name,
        "cores": cores(record),
        "watts": RATED.get(name) if watts is None else watts,
    }


def parameters(model):
    """Trainable parameters of each player: of its generator and its discriminator alone, for a GAN."""
    players = {player.name: player.networks for player in model.players()}
    if isinstance(model, tfgan_zoo.GAN):
        players = {name: [model.networks()[name]] for name in ("generator", "discriminator")}
    return {
        name: sum(math.prod(w.shape) for network in networks for w in network.trainable_weights)
        for name, networks in players.items()
        if networks
    }


def hours(run, record):
    """Of training, over all processes of a run: each from its start to its last step that was kept, less
    what it stood still, as on a machine that slept; None where the log has no times, as that of a
    private run."""
    if "accelerator" in record:
        return record["accelerator"]["seconds"] / 3600
    log = run / "logs.jsonl"
    lines = read_json_lines(log, {"step": int}) if log.exists() else []
    times = [line["time"] for line in lines if "time" in line]
    started = [
        _seconds(process["started"]) for process in (record["process"], *record["continued"])
    ]
    total = 0.0
    for start, following in itertools.pairwise([*started, float("inf")]):
        within = [time for time in times if start <= time < following]
        total += _running([start, *within])
    return total / 3600 if times else None


def _running(times):
    """Seconds between the first and the last of these, without pauses: ten minutes and more between two
    lines, where twenty times the median would be less."""
    between = [later - earlier for earlier, later in itertools.pairwise(times)]
    longest = max(600, 20 * statistics.median(between)) if between else 0
    return sum(seconds for seconds in between if seconds < longest)


def _seconds(started):
    return datetime.datetime.strptime(started, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def processor(record):
    """The accelerator, or the processor; of several that a run was continued on, all."""
    if "accelerator" in record:
        return record["accelerator"]["device"]
    found = [process["hardware"] for process in (record["process"], *record["continued"])]
    names = [
        hardware["gpus"][0] if hardware["gpus"] else hardware["processor"] for hardware in found
    ]
    return ", ".join(dict.fromkeys(names))


def cores(record):
    """The cores that the run could use; None on an accelerator."""
    hardware = record["process"]["hardware"]
    return None if "accelerator" in record or hardware["gpus"] else hardware["cores"]


def curve(run):
    """A PNG file of the run's losses, or None without a log."""
    section = curves(run)
    return section and in_few_colours(section.figures[0].png)


def in_few_colours(png):
    """The same plot in 128 colours, a third of the bytes."""
    found = io.BytesIO()
    plot = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    plot.save(found, "PNG", optimize=True)
    return found.getvalue()
