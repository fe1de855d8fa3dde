"""Our losses and penalties are TF-GAN's, where TF-GAN is installed, and the page about it is true.

TF-GAN wants packages that this environment may lack: `TFGAN_ZOO_TFGAN_PYTHON` may name the Python
of another one.
"""

import importlib.util
import json
import os
import pathlib
import runpy
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parent / "oracles" / "tensorflow_gan_oracle.py"


@pytest.fixture(scope="module")
def oracle():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def rows():
    python = os.environ.get("TFGAN_ZOO_TFGAN_PYTHON")
    if not python and importlib.util.find_spec("tensorflow_gan") is None:
        pytest.skip("TF-GAN is not installed: pip install tfgan-zoo[tfgan]")
    run = subprocess.run([python or sys.executable, SCRIPT], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_every_row_agrees(oracle, rows):
    compared = {row["ours"]: row["difference"] for row in rows if "ours" in row}
    assert len(compared) == len(oracle["ROWS"]) + 1
    assert {call: size for call, size in compared.items() if not size < oracle["TOLERANCE"]} == {}


def test_the_page_is_what_the_script_writes(oracle, rows):
    assert oracle["DOCUMENT"].read_text(encoding="utf-8") == oracle["document"](rows), (
        f"Run: python {SCRIPT.relative_to(oracle['ROOT'])} --write"
    )
