"""What the guides say in sentences of their own holds for the code and the tables."""

import csv
import re
import statistics

from documents import ROOT

import tfgan_zoo


def rows(name):
    with open(ROOT / "benchmarks" / "results" / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_all_models_that_take_labels_are_named():
    section = (ROOT / "docs/labels_and_texts.md").read_text().split("\n## ")[2]
    assert section.startswith("Models that take labels")
    classes = [getattr(tfgan_zoo, name) for name in tfgan_zoo.__all__]
    models = [
        c
        for c in classes
        if isinstance(c, type) and "num_classes" in c.defaults | c._inherited_defaults()
    ]
    without = {"GAN", "SSGAN"}  # of networks of the user's own; refuses labels
    named = set(re.findall(r"`(\w+)`", section))
    assert {c.__name__ for c in models} - without <= named


def test_speeds_of_two_replicas():
    """Medians of two replicas' steps over one's, by model, mode and threads."""
    found = {"graph": [], "XLA": []}
    table = [row for row in rows("replicas") if row["what"].endswith(": step")]
    median = {}
    for row in table:
        key = (row["model"], row["mode"], row["what"])
        same = [r for r in table if (r["model"], r["mode"], r["what"]) == key]
        median[key] = statistics.median(float(r["milliseconds"]) for r in same)
    for (model, mode, what), time in median.items():
        if what.startswith("two"):
            found[mode].append(median[model, mode, "one replica: step"] / time)
    ranges = {mode: [f"{f(x):.2f}" for f in (min, max)] for mode, x in found.items()}
    text = (ROOT / "docs/distribute.md").read_text()
    assert "at {} to {} of one device's speed".format(*ranges["graph"]) in text
    assert "at {} to {} under XLA".format(*ranges["XLA"]) in text


def test_ends_of_equal_recipes():
    ends = [r for r in rows("transfer") if r["method"] == "anew" and r["step"] == "1600"]
    values = sorted(round(float(row["value"])) for row in ends)
    text = (ROOT / "docs/evaluating.md").read_text()
    assert "three trainings of one recipe" in text
    assert "ended at {}, {} and {}".format(*values) in text


def test_more_real_images_are_worth_more_than_generated_ones():
    """And a generator that saw more images than the classifier may is worth something."""
    table = rows("augmentation")

    def mean(count, arm):
        return statistics.fmean(float(row[arm]) for row in table if row["count"] == count)

    arms = ("classical", "mixed", "mixed_classical", "generated", "saw_more")
    assert mean("100", "real") > max(mean("20", arm) for arm in arms)
    assert mean("20", "saw_more") > mean("20", "real")
    text = (ROOT / "docs/augmentation.md").read_text()
    assert "a hundred of each class, alone, are worth more in the table than twenty" in text
