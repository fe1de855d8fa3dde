"""Writes the parts of the cards that follow from the files beside them, and index.json.

    python saved_models/cards.py                        # of all models
    python saved_models/cards.py dcgan_fashion_mnist    # of some
    python saved_models/cards.py --check                # exits with 1 where a card is stale

These are the Hub's metadata (as in https://huggingface.co/docs/hub/model-cards), "Intended use" from
uses.json, "Bias and memorisation" from bias.json, "Energy" from metadata.json and "Training curve".
The head is of publish.py, the scores are of score.py, and the limits are written by hand.
"""

import argparse
import re
import textwrap

import make_index
import private_part
import yaml
from image_sets import LICENCES
from make_index import HERE, metadata, read

from tfgan_zoo import evaluation, presets
from tfgan_zoo.evaluation.bias import ClassShare
from tfgan_zoo.exported import PRIVACY

ORDER = (
    "Scores",
    "Intended use",
    "Limits",
    "Privacy",
    "Bias and memorisation",
    "Energy",
    "Training curve",
)
_FLAGGED = 0.05  # the share of near copies from which a model is said to copy, as in reports
WATTS_A_CORE = 10  # assumed where a processor's power is not known
PIPELINES = {"noise to image": "unconditional-image-generation", "text to image": "text-to-image"}
PIPELINES["labels to image"] = PIPELINES["noise to image"]  # the Hub has no name of its own for it
USES = {"recommended": "Recommended", "teaches": "For teaching", "history": "For history"}


# === A card and its sections ===


def parts(text):
    """The head of a card without metadata, and its sections, `{title: text}`."""
    text = re.sub(r"\A---\n.*?\n---\n+", "", text, flags=re.S)
    head, *found = re.split(r"(?m)^## (.+)\n", text)
    return head.strip(), {
        title: body.strip() for title, body in zip(found[::2], found[1::2], strict=True)
    }


def joined(head, sections):
    found = [f"## {title}\n\n{sections[title]}\n" for title in ORDER if title in sections]
    return "\n".join([f"{head}\n", *found])


def write(folder, **given):
    """Writes a model's card anew: with these sections, and with those that are made here."""
    card = folder / "README.md"
    head, sections = parts(card.read_text())
    if unknown := set(sections) - set(ORDER):
        raise ValueError(f"{card} has sections that no card has: {', '.join(sorted(unknown))}.")
    card.write_text(joined(head, sections | given))
    card.write_text(updated(folder))
    if folder.parent == HERE:
        make_index.write()


def updated(folder):
    """The text of a card with what follows from the files beside it."""
    entry = make_index.entry(folder)
    head, sections = parts((folder / "README.md").read_text())
    made = {
        "Intended use": intended(entry),
        "Bias and memorisation": biased(folder, entry),
        "Energy": energy(metadata(folder)),
        "Training curve": curve(folder),
    }
    if spent := read(presets.exported(folder) / presets.EXTRA / PRIVACY):
        made["Privacy"] = wrapped(private_part.text(spent))
    return f"---\n{hub(folder, entry)}---\n\n{joined(head, sections | made)}"


# === The sections ===


def wrapped(*paragraphs):
    return "\n\n".join(
        textwrap.fill(each, 110, break_long_words=False, break_on_hyphens=False)
        for each in paragraphs
    )


def intended(entry):
    says, licence = entry["says"], entry["data_licence"]
    return wrapped(
        f"{USES[entry['use']]}: {within_a_sentence(says)}"
        if says != make_index.NO_USE["says"]
        else says,
        f"{FOR} {NOT_FOR[entry['draws']]}",
        f"Licence of the weights: {entry['weights_licence']}; of `{entry['data']}`: {licence}.",
        f"Cite the paper: {entry['paper']}",
    )


FOR = "To learn, to try servers and tools with, and to fine-tune; not for decisions about anything:"
NOT_FOR = {
    True: "what it draws is evidence of nothing.",
    False: "details that it adds were not in the picture.",
}


def within_a_sentence(text):
    """With a small first letter, but for a name such as StyleGAN2."""
    first, _, rest = text.partition(" ")
    return text if any(c.isupper() for c in first[1:]) else f"{first.lower()} {rest}"


def biased(folder, entry):
    found = read(folder / "bias.json")
    if not found:
        return wrapped(NOT_MEASURED[entry["draws"]].format(folder.name))
    training = found["training_images"]
    options = f" --data ./{entry['data']}" * training["is_folder"]
    which = "all" if training["are_all"] else "the first"
    return "\n\n".join(
        [
            wrapped(
                f"Of {found['samples']:,} samples (seeds from 0) in the features of "
                f"`{found['extractor']}`, beside {which} {training['count']:,} training images; 95 % "
                f"intervals. `python saved_models/bias.py {folder.name}{options}`, "
                "[bias.json](bias.json)."
            ),
            *shares(found),
            wrapped(nearness(found)),
        ]
    )


NOT_MEASURED = {
    True: "Not measured yet: `python saved_models/bias.py {}`.",
    False: "Not measured: it makes no picture without being given one, and what is measured, shares of "
    "classes and copies of training images, is of models that do.",
}


def shares(found):
    """The table of classes, by the data's classifier."""
    if not found["classes"]:
        return [
            wrapped("There is no classifier of this data here: shares of classes are not known.")
        ]
    rows = [ClassShare(*map(row.get, ClassShare._fields)) for row in found["classes"]]
    names = found["class_names"] or [row.label for row in rows]
    table = [
        "| class, by the data's classifier | of samples | of training images |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {percent(*row[1:3])} | {percent(*row[3:5])} |"
            for name, row in zip(names, rows, strict=True)
        ),
    ]
    differing = [str(name) for name, row in zip(names, rows, strict=True) if row.differs]
    told = (
        f"beyond the intervals: {', '.join(differing)}"
        if differing
        else "none beyond the intervals"
    )
    return ["\n".join(table), wrapped(f"Total variation {found['total_variation']:.3f}; {told}.")]


def percent(value, interval):
    low, high = (100 * bound for bound in interval)
    return f"{100 * value:.1f} % ({low:.1f} to {high:.1f})"


def nearness(found):
    """Whether samples are nearer to training images than other real images are."""
    ours, others = (
        f"{middle:.3g} (quartiles {low:.3g} and {high:.3g})"
        for low, middle, high in (found["distances"][key] for key in ("samples", "others"))
    )
    median = (
        f"The median distance to the nearest training image is {ours} for samples and {others} for"
    )
    if found["near_share"] is None:
        return (
            f"{median} training images themselves, each to its nearest other one. No image was held "
            "out, so that near and copied cannot be told apart by a test."
        )
    is_flagged = found["near_interval"][0] > _FLAGGED
    verdict = "it repeats training images" if is_flagged else "no sign of copying"
    return (
        f"{median} {found['held_out']:,} test images. Of the samples "
        f"{percent(found['near_share'], found['near_interval'])} are as near to a training image as the "
        f"nearest 1 % of test images (z = {found['z']:.1f}): {verdict}."
    )


def energy(known):
    """Hours times watts, and which of them are not known."""
    hours, watts = known["hours"], known["watts"]
    if hours is None:
        power = f", which is rated at up to {watts} W" if watts else ""
        return wrapped(
            f"Trained on {machine(known)}{power}. The hours were not recorded: no energy is told."
        )
    length = f"{hours:g} hour{'s' * (hours != 1)}"
    told = f"Trained for {length} on {machine(known)}, {known['hours_are']}."
    if watts:
        return wrapped(
            f"{told} {product(hours, watts)}, with the power that is stated for the processor."
        )
    if known["cores"] is None:
        return wrapped(
            f"{told} Neither the cores nor their power were recorded: no energy is told."
        )
    return wrapped(
        f"{told} The power was not measured; at an assumed {WATTS_A_CORE} W a core: "
        f"{product(hours, known['cores'] * WATTS_A_CORE)}."
    )


def machine(known):
    cores, name = known["cores"], known["processor"]
    if not cores:
        return f"one {name}" if name else "a processor that was not recorded"
    return f"{cores} core{'s' * (cores > 1)} of {name or 'a processor that was not recorded'}"


def product(hours, watts):
    return f"{hours:g} h x {watts:g} W = {hours * watts / 1000:.2g} kWh"


def curve(folder):
    if (folder / "curve.png").exists():
        return "![Losses over the steps of the run, means of 50 lines of its log](curve.png)"
    return "None was kept: the log of this run is gone."


# === The Hub's metadata ===


def hub(folder, entry):
    """YAML, as the Hugging Face Hub reads it."""
    of_set = LICENCES.get(entry["data"], (None, None))[1]
    found = {
        **licence(entry["weights_licence"]),
        "library_name": "tfgan_zoo",
        "pipeline_tag": PIPELINES.get(entry["task"], "image-to-image"),
        "tags": [
            "keras",
            "tensorflow",
            "gan",
            entry["class"].lower(),
            *entry["task"].split(" to "),
        ],
        **({"datasets": [of_set]} if of_set else {}),
        **measured(folder, entry, of_set or entry["data"]),
    }
    return yaml.safe_dump(
        found, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None
    )


def licence(name):
    """The Hub's identifier; of a licence that it does not list a name, which the card explains."""
    if name == "Apache-2.0":
        return {"license": "apache-2.0"}
    return {"license": "other", "license_name": "research-as-the-data"}


def measured(folder, entry, of_set):
    """The scores, as the Hub's list of results."""
    file = folder / "scores.json"
    results = evaluation.read(file) if file.exists() else []
    if not results:
        return {}
    values = [
        {"type": r.metric, "value": float(f"{r.value:.4g}"), "name": r.metric} for r in results
    ]
    pipeline = PIPELINES.get(entry["task"], "image-to-image")
    one = {
        "task": {"type": pipeline},
        "dataset": {"type": of_set, "name": results[0].reference["name"]},
        "metrics": values,
    }
    return {"model-index": [{"name": folder.name, "results": [one]}]}


def main(names, check=False):
    known = [entry["name"] for entry in make_index.index()]
    for name in names or known:
        if not check:
            write(HERE / name)
        elif updated(HERE / name) != (HERE / name / "README.md").read_text():
            raise SystemExit(f"{name}: the card is stale. Run python saved_models/cards.py {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    main(given.names, given.check)
