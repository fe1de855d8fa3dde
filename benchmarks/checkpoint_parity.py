"""Measures how well imported checkpoints agree with what their authors' code gave.

    TFGAN_ZOO_DATA=… python benchmarks/checkpoint_parity.py

Runs `tests/test_checkpoints*.py`, whose comparisons say how far outputs differ, and writes
benchmarks/results/checkpoints.csv: for each test the number of recorded arrays that were compared and
the largest difference, in parts of an array's standard deviation.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from tables import write_csv

ROOT = pathlib.Path(__file__).parents[1]


def main():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "parity.jsonl"
        tests = sorted(str(path) for path in (ROOT / "tests").glob("test_checkpoints*.py"))
        environment = {**os.environ, "TFGAN_ZOO_PARITY": str(file)}
        command = [sys.executable, "-m", "pytest", "-n0", *tests]
        done = subprocess.run(command, cwd=ROOT, env=environment)
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    if done.returncode or not rows:
        sys.exit("Tests failed, or none compared anything: nothing is written.")
    write_csv("checkpoints", list(_by_case(rows)))


def _by_case(rows):
    found = collections.defaultdict(list)
    for row in rows:
        found[row["case"]].append(row["difference"])
    for name, values in sorted(found.items()):
        family, _, case = name.partition("/")
        yield {
            "family": family,
            "case": case,
            "arrays": len(values),
            "difference": f"{max(values):.2g}",
        }


if __name__ == "__main__":
    main()
