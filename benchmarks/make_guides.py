"""Writes the tables of guides (`PAGES`), from cards and results.

python benchmarks/make_guides.py           # writes the pages
python benchmarks/make_guides.py --check   # exits with 1 where one is stale
"""

import json
import re
import statistics
import sys
from pathlib import Path

import uses_sections
from augmentation_sections import guide_section
from tables import measured_on, read_csv, short, table, with_sections

from tfgan_zoo import evaluation

ROOT = Path(__file__).parents[1]
SUFFIX = "_fashion_mnist"
DISTANCE, RECALL = (f"{name}10k_lenet{SUFFIX}" for name in ("fd", "recall"))
TRAINING = re.compile(r"^\| Training \| [\d,]+ steps, (.*) \|$", re.M)
INDEX = ROOT / "saved_models" / "index.json"
COLUMNS = {  # of troubles.csv, and what they are called
    "d_loss": "`d_loss`",
    "g_loss": "`g_loss`",
    "d_ranking_accuracy": "`d_ranking_accuracy`",
    "diversity": "`diversity`",
    "modes": "`modes`",
    "g_gradient": "`g_gradient`",
    "real_accuracy": "`real_accuracy`, trained on",
    "unseen_real_accuracy": "the same, unseen",
    "stripes": "stripes",
    "fd": "distance",
}


def garments():
    """A row for each model that was trained on Fashion-MNIST, from the lowest distance on."""
    found = []
    seen = {row["name"]: row["images_seen"] for row in json.loads(INDEX.read_text())}
    for folder in sorted(ROOT.glob(f"saved_models/*{SUFFIX}")):
        how = TRAINING.search((folder / "README.md").read_text())[1]
        images = seen[folder.name]
        scores = {result.metric: result for result in evaluation.read(folder / "scores.json")}
        found.append((scores[DISTANCE], scores[RECALL], folder.name, images, "NVIDIA" in how))
    rows = [
        (
            f"[{name}](../saved_models/{name}/README.md)",
            short(images / 1000),
            "GPU" if on_gpu else "CPU",
            short(distance.value),
            "{} to {}".format(*map(short, distance.interval)),
            short(recall.value),
        )
        for distance, recall, name, images, on_gpu in sorted(found, key=lambda row: row[0].value)
    ]
    return table(["preset", "thousand images", "on", "distance", "95 %", "recall"], rows)


def troubles():
    rows = read_csv("troubles")
    lines = [
        (row["trouble"], row["method"], row["steps"], *map(_number, (row[c] for c in COLUMNS)))
        for row in rows
    ]
    header = ["trouble", "training", "steps", *COLUMNS.values()]
    return (
        f"{table(header, lines)}\n\n{measured_on(rows)} Command: `python benchmarks/troubles.py`."
    )


def _number(text):
    return f"{float(text):.3g}" if text and abs(float(text)) < 1000 else text and short(float(text))


# === Bias ===


def balance():
    columns = {
        "rare_share": ("bags", "{:.1%}"),
        "from_target": ("from the target", "{:.3f}"),
        "fd": ("distance of all", "{:.1f}"),
        "often_fd": ("of pullovers", "{:.1f}"),
        "rare_fd": ("of bags", "{:.1f}"),
        "often_recall": ("recall of pullovers", "{:.3f}"),
        "rare_recall": ("of bags", "{:.3f}"),
    }
    return _of_seeds("fairness_balance", ["method"], columns, "balance")


def unlearned():
    columns = {
        "share": ("bags", "{:.2%}"),
        "fd_others": ("distance of the others", "{:.1f}"),
        "recall_others": ("their recall", "{:.3f}"),
    }
    return _of_seeds("fairness_unlearn", ["method", "images"], columns, "unlearn")


def forgotten():
    columns = {
        "auc_forgotten": ("AUC, forgotten", "{:.3f}"),
        "auc_kept": ("AUC, kept", "{:.3f}"),
        "fd": ("distance", "{:.1f}"),
    }
    return _of_seeds("fairness_unlearn_images", ["method", "images"], columns, "unlearn")


def _of_seeds(name, keys, columns, what):
    """Medians over seeds, with the lowest and the highest, of the rows of each value of the keys."""
    rows = read_csv(name)
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    lines = [
        (
            *(key if n == 0 else short(float(key)) for n, key in enumerate(found)),
            *_medians(r, columns),
        )
        for found, r in groups.items()
    ]
    header = [*keys, *(title for title, _ in columns.values())]
    command = f"python benchmarks/fairness.py {what} --precision mixed_bfloat16"
    return f"{table(header, lines)}\n\n{measured_on(rows)} Command: `{command}`."


def _medians(rows, columns):
    found = []
    for column, (_, form) in columns.items():
        values = sorted(float(row[column]) for row in rows)
        ends = (
            f" ({form.format(values[0])} to {form.format(values[-1])})" if len(values) > 1 else ""
        )
        found.append(form.format(statistics.median(values)) + ends)
    return found


PAGES = {
    "augmentation.md": {"augmentation": guide_section},
    "bias.md": {"balance": balance, "unlearned": unlearned, "forgotten": forgotten},
    "choose.md": {"garments": garments},
    "troubleshooting.md": {"troubles": troubles},
    "uses.md": uses_sections.SECTIONS,
}


def main():
    for name, sections in PAGES.items():
        page = ROOT / "docs" / name
        found = {section: make() for section, make in sections.items()}
        text = with_sections(page, found, "make_guides.py")
        if "--check" not in sys.argv[1:]:
            page.write_text(text)
            print(f"Wrote {page}")
        elif page.read_text() != text:
            sys.exit(f"{page} is stale. Run: python benchmarks/make_guides.py")


if __name__ == "__main__":
    main()
