"""Results as CSV files in benchmarks/results, with when and on what they ran, and tables of them."""

import csv
import datetime
import fcntl
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("tensorflow", "keras", "torch")


# === Results ===


def add_quick(parser):
    """The option by which every benchmark runs in its smallest form."""
    parser.add_argument("--quick", action="store_true", help="the smallest run; writes nothing")


def write_csv(name, rows, quick=False):
    """Writes rows (dictionaries with the same keys) with the date, the machine, the versions and the
    commit; a quick run's are only printed."""
    _give(name, rows, quick, lambda row: False)


def replace_in_csv(name, key, rows, quick=False):
    """As `write_csv`, but keeps the old rows whose value in the column `key` no new row has."""
    new = {(row | machine())[key] for row in rows}
    _give(name, rows, quick, lambda row: row[key] not in new)


def _give(name, rows, quick, is_kept):
    if quick:
        return print(*rows, sep="\n", flush=True)
    here = machine()
    _save(name, [*filter(is_kept, rows_so_far(name)), *(row | here for row in rows)])
    print(f"Wrote {RESULTS / name}.csv. Next: python benchmarks/make_tables.py")


def give(name, row, quick=False, **told):
    """Prints a row with its numbers rounded; unless `quick`, adds it, and what is told of it, to
    results/<name>.csv."""
    row = {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
    print(row, flush=True)
    if not quick:
        append_csv(name, row | told)


def append_csv(name, row):
    """Adds a row to a file that there may be already, with the date, the machine and the versions.

    Processes that add to one file wait for each other."""
    row = row | machine()
    with (RESULTS.parent / "tables.py").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _save(name, [*rows_so_far(name), row])


def rows_so_far(name):
    """The rows of a file that there may be already."""
    return read_csv(name) if (RESULTS / f"{name}.csv").exists() else []


def _save(name, rows):
    RESULTS.mkdir(exist_ok=True)
    temporary = RESULTS / f"{name}.csv.new"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(RESULTS / f"{name}.csv")


def read_csv(name):
    with (RESULTS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def machine():
    """Date, processor, cores, versions and commit, as columns of a row."""
    versions = {library: _version(library) for library in LIBRARIES}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        "date": today,
        "cpu": _cpu(),
        "cores": cores(),
        "python": platform.python_version(),
        **versions,
        "commit": _commit(),
    }


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def environment():
    """The environment of a measured process: this one's, without TensorFlow's greetings."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def torch_python():
    """The Python that has PyTorch: the one that TFGAN_ZOO_TORCH_PYTHON names, or this one."""
    return os.environ.get("TFGAN_ZOO_TORCH_PYTHON", sys.executable)


def has_torch():
    return bool(_version("torch"))


def _version(library):
    code = f"from importlib import metadata; print(metadata.version({library!r}))"
    if library == "torch" and torch_python() != sys.executable:
        return subprocess.run(
            [torch_python(), "-c", code], capture_output=True, text=True
        ).stdout.strip()
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _commit():
    """The commit that is measured, with a "+" where files of the checkout are others."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=RESULTS.parent)
    return done.stdout.strip()


def _cpu():
    """The processor's name, with family and model, since a virtual machine's name says little."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    metadata = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = metadata.get("model name", platform.processor())
    return f"{name} (family {metadata.get('cpu family', '?')}, model {metadata.get('model', '?')})"


# === Tables ===


def medians(rows, keys, value):
    """The median of a column for each combination of `keys`, in the order of the rows."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(float(row[value]))
    return {group: statistics.median(values) for group, values in groups.items()}


def spreads(rows, keys, value):
    """ "lowest to highest" of a column for each combination of `keys`."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(float(row[value]))
    return {group: f"{short(min(v))} to {short(max(v))}" for group, v in groups.items()}


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def middle(values, form):
    """The median and, of several values, the lowest and the highest in brackets."""
    form += f" ({form} to {form})" if len(values) > 1 else ""
    return form.format(statistics.median(values), min(values), max(values))


def measured_on(rows):
    """One sentence: when, on what and with which versions the rows were measured."""
    row = rows[0]
    versions = [f"{library} {row[library]}" for library in LIBRARIES if row[library]]
    return (
        f"Measured on {row['date']}: {row['cpu']}, {row['cores']} cores, "
        f"Python {row['python']}, {', '.join(versions)}{_at(row)}."
    )


def _at(row):
    return f", commit {row['commit']}" if row.get("commit") else ""


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def with_sections(page, made, script):
    """The text of a page whose marked sections are new: `made`, `{name: text}`, by that script."""
    text = page.read_text()
    for name, new in made.items():
        begin, end = f"<!-- {name}: by benchmarks/{script} -->\n", "\n<!-- end -->"
        before, found, after = text.partition(begin)
        if not found:
            raise ValueError(f"{page} must have the line {begin!r}, and has not.")
        text = f"{before}{begin}\n{new}\n{end}{after.partition(end)[2]}"
    return text
