"""Writes the results of all cells of the mode table: hooks of pytest, imported by conftest.py.

Of parallel runs, the process that starts them hears all results, and reads no other conftest.
"""

import datetime
import pathlib

_outcomes = {}  # of the parts of a cell


def pytest_runtest_logreport(report):
    if report.when == "call" and "test_modes.py::test_cell[" in report.nodeid:
        cell, _, part = report.nodeid.split("[")[1].partition("]")[0].rpartition("-")
        _outcomes.setdefault(cell, {})[part] = report.outcome


def pytest_sessionfinish(session):
    path = session.config.getoption("--write-mode-table")
    hears_all = not hasattr(session.config, "workerinput")
    if path and hears_all:
        pathlib.Path(path).write_text(_table(_outcomes))


def _table(results):
    """The mode table in Markdown: a row for every variant and mode, a column for the others."""
    import keras
    import tensorflow as tf
    from cases import CASES
    from cells import table

    cells = table(CASES)
    columns = [cell[2:] for cell in cells[:9]]
    head = (
        f"# Mode table\n\nWritten by pytest's `--write-mode-table` (`make test-all`) on "
        f"{datetime.date.today()}, with TensorFlow {tf.__version__} and Keras {keras.__version__}, "
        "on CPUs. What a cell checks stands in `tests/conformance/test_modes.py`.\n\n"
    )
    lines = ["| variant | mode | " + " | ".join(f"{r}, {p}" for r, p in columns) + " |"]
    lines.append("|" + " --- |" * (2 + len(columns)))
    for start in range(0, len(cells), len(columns)):
        row = cells[start : start + len(columns)]
        marks = [_mark(results.get(str(cell), {})) for cell in row]
        lines.append(f"| {row[0].variant} | {row[0].mode} | " + " | ".join(marks) + " |")
    return head + "\n".join(lines) + "\n"


def _mark(outcomes):
    """A cell passed where all its parts did."""
    from cells import PARTS

    if set(outcomes) != set(PARTS):
        return "not run"
    return "passed" if set(outcomes.values()) == {"passed"} else "failed"
