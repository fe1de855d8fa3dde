"""Writes the tables of docs/choose.md and docs/troubleshooting.md, from cards and results/troubles.csv.

python benchmarks/make_guides.py           # writes the pages
python benchmarks/make_guides.py --check   # exits with 1 where one is stale
"""

import re
import sys
from pathlib import Path

from tables import measured_on, read_csv, short, table, with_sections

from tfgan_zoo import evaluation

ROOT = Path(__file__).parents[1]
SUFFIX = "_fashion_mnist"
DISTANCE, RECALL = (f"{name}10k_lenet{SUFFIX}" for name in ("fd", "recall"))
TRAINING = re.compile(r"^\| Training \| ([\d,]+) steps, .* in batches of (\d+); (.*) \|$", re.M)
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
    for folder in sorted(ROOT.glob(f"saved_models/*{SUFFIX}")):
        steps, batch, how = TRAINING.search((folder / "README.md").read_text()).groups()
        images = int(steps.replace(",", "")) * int(batch)
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


def main():
    pages = {"choose.md": ("garments", garments), "troubleshooting.md": ("troubles", troubles)}
    for name, (section, make) in pages.items():
        page = ROOT / "docs" / name
        text = with_sections(page, {section: make()}, "make_guides.py")
        if "--check" not in sys.argv[1:]:
            page.write_text(text)
            print(f"Wrote {page}")
        elif page.read_text() != text:
            sys.exit(f"{page} is stale. Run: python benchmarks/make_guides.py")


if __name__ == "__main__":
    main()
