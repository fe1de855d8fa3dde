"""Who may import whom."""

import ast
import pathlib

import pytest

import tfgan_zoo

PACKAGE = pathlib.Path(tfgan_zoo.__file__).parent
VARIANT = {"models", "layers", "losses", "penalties", "presets"}
MAY_IMPORT = {
    "__init__": {"models", "losses", "penalties", "presets"},
    "callbacks": set(),
    "cli": {"callbacks", "datasets", "export", "models", "presets", "training"},
    "datasets": set(),
    "demo": {"training", "callbacks"},
    "export": {"presets"},
    "layers": set(),
    "losses": set(),
    "models": VARIANT | {"datasets", "export"},
    "penalties": set(),
    "presets": set(),
    "training": {"models", "datasets", "callbacks", "presets"},
}


def imported(path):
    """The parts of our package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tfgan_zoo"):
            _, *rest = node.module.split(".")
            yield from rest[:1] or (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (name[1] for name in names if name[0] == "tfgan_zoo" and len(name) > 1)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert set(imported(path)) - {part, "__version__"} <= MAY_IMPORT[part]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_files_are_small(path):
    assert len(path.read_text().splitlines()) <= 300
