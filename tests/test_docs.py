"""Pages that are generated are up to date."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def test_benchmarks_page():
    command = [sys.executable, ROOT / "benchmarks" / "make_tables.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "serving/README.md"])
def test_links(page):
    """Relative links of a page lead to files."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert not missing
