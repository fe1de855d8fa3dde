"""Pages that are generated are up to date."""

import pathlib
import re
import runpy
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.mark.parametrize(
    "script", ["make_tables.py", "make_metrics_page.py", "make_models_page.py"]
)
def test_generated_pages(script):
    command = [sys.executable, ROOT / "benchmarks" / script, "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", ["make_stubs.py", "make_api_page.py"])
def test_what_is_generated_from_the_code(script, monkeypatch):
    monkeypatch.setattr(sys, "argv", [script, "--check"])
    runpy.run_path(
        str(ROOT / "benchmarks" / script), run_name="__main__"
    )  # exits where it is stale


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "serving/README.md",
        "docs/converting.md",
        "docs/latent.md",
        "docs/metrics.md",
        "docs/models.md",
        "docs/own_data.md",
        "docs/security.md",
    ],
)
def test_links(page):
    """Relative links of a page lead to files."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert not missing
