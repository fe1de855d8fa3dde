"""Runs benchmarks, one after the other, and writes the pages that are made of what they found.

python benchmarks/run.py                   # all of them: hours
python benchmarks/run.py replicas growth   # some
python benchmarks/run.py --quick           # each in its smallest form, which writes nothing
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import tables

FOLDER = Path(__file__).parent
BENCHMARKS = (
    "machine_limit",
    "train_step",
    "replicas",
    "first_step",
    "compilation",
    "growth",
    "data_pipeline",
    "sampling",
    "evaluation",
    "serving",
    "modes",
    "published_weights",
    "troubles",
    "watermark",
    "phantoms",
)


def run(name, *flags):
    """Runs one benchmark, and says how long it took."""
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *flags], env=tables.environment(), check=True
    )
    print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    tables.add_quick(parser)
    parser.add_argument("--data-dir", help="prepared data sets, for the evaluation")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}. There are {', '.join(BENCHMARKS)}.")
    for name in options.names or BENCHMARKS:
        data = ["--data-dir", options.data_dir] if name == "evaluation" and options.data_dir else []
        run(name, *(["--quick"] if options.quick else []), *data)
    if not options.quick:
        for script in ("make_tables.py", "make_guides.py"):
            subprocess.run([sys.executable, FOLDER / script], check=True)


if __name__ == "__main__":
    main()
