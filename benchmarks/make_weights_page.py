"""Writes the tables of docs/weights.md, from the families, benchmarks/results/checkpoints.csv and
published_weights.csv.

python benchmarks/make_weights_page.py           # writes the page
python benchmarks/make_weights_page.py --check   # exits with 1 where the page is stale
"""

import sys
from pathlib import Path

from tables import measured_on, read_csv, table, with_sections

from tfgan_zoo.checkpoints import FAMILIES

PAGE = Path(__file__).parents[1] / "docs" / "weights.md"


def families():
    rows = [
        (f"`{family.name}`", f"[{family.title}]({family.url})", family.licence)
        for _, family in sorted(FAMILIES.items())
    ]
    return table(["Family", "Written by", "Licence of the published weights"], rows)


def parity():
    rows = read_csv("checkpoints")
    if len({(row["family"], row["case"]) for row in rows}) < len(rows):
        sys.exit("checkpoints.csv has cases twice: run python benchmarks/checkpoint_parity.py")
    lines = [(f"`{row['family']}`", row["case"], row["arrays"], row["difference"]) for row in rows]
    header = ["Family", "Checkpoint", "Arrays compared", "Largest difference"]
    return f"{table(header, lines)}\n\n{measured_on(rows)}"


def published():
    rows = read_csv("published_weights")
    lines = [
        (
            f"`{row['package']}`",
            row["scale"],
            f"{int(row['parameters']):,}",
            row["psnr"],
            row["psnr_bicubic"],
        )
        for row in rows
    ]
    header = ["Package", "Scale", "Parameters", "PSNR on Set5", "Bicubic"]
    return f"{table(header, lines)}\n\n{measured_on(rows)}"


def page():
    made = {"families": families(), "parity": parity(), "published": published()}
    return with_sections(PAGE, made, "make_weights_page.py")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/weights.md is stale: run python benchmarks/make_weights_page.py")
