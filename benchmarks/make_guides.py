"""Writes the tables of guides (`PAGES`), from results.

python benchmarks/make_guides.py           # writes the pages
python benchmarks/make_guides.py --check   # exits with 1 where one is stale
"""

import statistics
import sys
from pathlib import Path

import uses_sections
from augmentation_sections import guide_section
from tables import measured_on, middle, read_csv, short, table, with_sections

ROOT = Path(__file__).parents[1]
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


def variants(data):
    """A row for each variant of the fair table of a data set, from the lowest distance on."""
    columns = {
        "fd": ("distance", "{:.1f}"),
        "recall": ("recall", "{:.3f}"),
        "precision": ("precision", "{:.3f}"),
        "minutes": ("minutes of a core", "{:.1f}"),
    }
    name, script = f"fair_table_{data}", f"fair_table.py --data {data}"
    return _of_seeds(name, ["model", "parameters"], columns, script, is_sorted=True)


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
    return _of_seeds("fairness_balance", ["method"], columns, "fairness.py balance")


def unlearned():
    columns = {
        "share": ("bags", "{:.2%}"),
        "fd_others": ("distance of the others", "{:.1f}"),
        "recall_others": ("their recall", "{:.3f}"),
    }
    return _of_seeds("fairness_unlearn", ["method", "images"], columns, "fairness.py unlearn")


def forgotten():
    columns = {
        "auc_forgotten": ("AUC, forgotten", "{:.3f}"),
        "auc_kept": ("AUC, kept", "{:.3f}"),
        "fd": ("distance", "{:.1f}"),
    }
    return _of_seeds(
        "fairness_unlearn_images", ["method", "images"], columns, "fairness.py unlearn"
    )


def _of_seeds(name, keys, columns, script, is_sorted=False):
    """Medians over seeds, with the lowest and the highest, of the rows of each value of the keys; by the
    first column, where they are sorted."""
    rows, first = read_csv(name), next(iter(columns))
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    if is_sorted:
        groups = dict(sorted(groups.items(), key=lambda group: _median(group[1], first)))
    lines = [
        (
            *(key if n == 0 else short(float(key)) for n, key in enumerate(found)),
            *_medians(r, columns),
        )
        for found, r in groups.items()
    ]
    header = [*keys, *(title for title, _ in columns.values())]
    command = f"python benchmarks/{script} --precision mixed_bfloat16"
    return f"{table(header, lines)}\n\n{measured_on(rows)} Command: `{command}`."


def _median(rows, column):
    return statistics.median(float(row[column]) for row in rows)


def _medians(rows, columns):
    return [middle([float(row[c]) for row in rows], form) for c, (_, form) in columns.items()]


PAGES = {
    "augmentation.md": {"augmentation": guide_section},
    "bias.md": {"balance": balance, "unlearned": unlearned, "forgotten": forgotten},
    "choose.md": {
        "garments": lambda: variants("fashion_mnist"),
        "digits": lambda: variants("mnist"),
    },
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
