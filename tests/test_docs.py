"""Pages that are generated are up to date."""

import pathlib
import re
import runpy
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def test_generated_pages():
    """In one process of their own: what other tests register is on no page, and an import takes long."""
    code = (
        "import runpy, sys\nfor script in sys.argv[2:]: runpy.run_path(script, run_name='__main__')"
    )
    folder = ROOT / "benchmarks"
    pages = ("tables", "metrics_page", "models_page", "devices_page", "weights_page", "guides")
    scripts = [folder / f"make_{page}.py" for page in pages]
    command = [sys.executable, "-c", code, "--check", *scripts]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
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
        *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
    ],
)
def test_links(page):
    """Relative links of a page lead to files, and to headings that these have."""
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)", (ROOT / page).read_text())
    for link, anchor in links:
        target = (ROOT / page).parent / link if link else ROOT / page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target.read_text()), f"{link}#{anchor}"


def _anchors(text):
    """What GitHub calls the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
