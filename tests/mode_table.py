"""Writes the results of cells of the mode table: hooks of pytest, imported by conftest.py.

Cells that did not run keep what the file says. Of parallel runs, the process that starts them hears all
results, and reads no other conftest. Run as a program, this runs the table of all variants, or of those
that are named, each in processes of its own, since what XLA compiled stays in a process's memory.

    python tests/mode_table.py docs/modes.md [VARIANT ...]
"""

import datetime
import pathlib
import subprocess
import sys

_outcomes = {}  # of the parts of a cell


def pytest_runtest_logreport(report):
    if report.when == "call" and "test_modes.py::test_cell[" in report.nodeid:
        cell, _, part = report.nodeid.split("[")[1].partition("]")[0].rpartition("-")
        _outcomes.setdefault(cell, {})[part] = report.outcome


def pytest_sessionfinish(session):
    path = session.config.getoption("--write-mode-table")
    hears_all = not hasattr(session.config, "workerinput")
    if path and hears_all:
        path = pathlib.Path(path)
        path.write_text(_table(_outcomes, _read(path.read_text()) if path.exists() else {}))


def _read(text):
    """Of a table, the marks of each variant and mode."""
    rows = [[part.strip() for part in row.split("|")[1:-1]] for row in text.splitlines()]
    return {tuple(row[:2]): row[2:] for row in rows if len(row) > 2}


def _table(results, known):
    """The mode table in Markdown: a row for every variant and mode, a column for the others."""
    import keras
    import tensorflow as tf
    from cases import ALL
    from cells import table

    cells = table(ALL)
    columns = [cell[2:] for cell in cells[:9]]
    head = (
        f"# Mode table\n\nLast written by pytest's `--write-mode-table` (`make test-all`) on "
        f"{datetime.date.today()}, with TensorFlow {tf.__version__} and Keras {keras.__version__}, "
        "on CPUs; cells that did not run then keep their earlier results. What a cell checks stands in "
        "`tests/conformance/test_modes.py`.\n\n"
    )
    lines = ["| variant | mode | " + " | ".join(f"{r}, {p}" for r, p in columns) + " |"]
    lines.append("|" + " --- |" * (2 + len(columns)))
    for start in range(0, len(cells), len(columns)):
        row = cells[start : start + len(columns)]
        before = known.get(row[0][:2], ["not run"] * len(row))
        marks = [_mark(results.get(str(cell)), old) for cell, old in zip(row, before, strict=True)]
        lines.append(f"| {row[0].variant} | {row[0].mode} | " + " | ".join(marks) + " |")
    return head + "\n".join(lines) + "\n"


def _mark(outcomes, before):
    """A cell passed where all its parts did; what ran in part counts as not run."""
    from cells import PARTS

    if outcomes is None:
        return before
    if set(outcomes) != set(PARTS):
        return "not run"
    return "passed" if set(outcomes.values()) == {"passed"} else "failed"


def main(path, *variants):
    from cases import ALL

    tests = pathlib.Path(__file__).parent / "conformance" / "test_modes.py"
    options = [tests, "-n", "auto", "--dist", "loadgroup", f"--write-mode-table={path}"]
    ended = [
        subprocess.run([sys.executable, "-m", "pytest", *options, "-k", f"test_cell[{name}-"])
        for name in variants or ALL
    ]
    return max(done.returncode for done in ended)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
