"""Who may import whom."""

import ast
import pathlib
import subprocess
import sys

import pytest
from cases import make

import tfgan_zoo

PACKAGE = pathlib.Path(tfgan_zoo.__file__).parent
SHARED = {"kinds", "numbers"}
MAY_IMPORT = {
    "__init__": {"models"},
    "__main__": {"cli"},
    "augment": set(),
    "configurable": {"kinds", "names"},
    "callbacks": {
        "datasets",
        "evaluation",
        "files",
        "locks",
        "metrics",
        "visualization",
        "progress",
    },
    "cli": {
        "trust",
        "convert",
        "datasets",
        "demo",
        "evaluation",
        "files",
        "kinds",
        "latent",
        "metrics",
        "models",
        "visualization",
        "presets",
        "progress",
        "serving",
        "runs",
    },
    "convert": {"export", "files", "layers", "models", "tasks"},
    "datasets": set(),
    "deprecated": set(),
    "pictures": set(),
    "training": set(),
    "demo": {"visualization", "runs"},
    "evaluation": {
        "datasets",
        "files",
        "locks",
        "metrics",
        "models",
        "visualization",
        "progress",
        "provenance",
        "serving",
        "tasks",
    },
    "export": {"files", "locks", "presets", "progress", "remote", "serving", "trust", "weights"},
    "extras": set(),
    "files": {"locks"},
    "latent": {"metrics", "models", "tasks"},
    "layers": set(),
    "locks": set(),
    "losses": {"configurable"},
    "metrics": set(),
    "engine": SHARED
    | {"augment", "datasets", "layers", "losses", "penalties", "presets", "tasks"}
    | {"weights"},
    "kinds": {"numbers"},
    "models": {"layers", "losses", "networks", "penalties", "presets", "tasks"},
    "names": set(),
    "networks": {"layers"},
    "tasks": SHARED
    | {"augment", "datasets", "engine", "export", "layers", "losses", "penalties", "presets"}
    | {"weights"},
    "numbers": set(),
    "penalties": {"configurable"},
    "regularizers": {"augment", "configurable"},
    "visualization": {"files"},
    "presets": {"files", "names", "remote", "trust", "weights"},
    "progress": set(),
    "provenance": set(),
    "remote": {"files"},
    "serving": {"files", "numbers", "trust"},
    "runs": {
        "engine",
        "files",
        "models",
        "datasets",
        "callbacks",
        "presets",
        "progress",
        "provenance",
    }
    | {"locks", "trust"},
    "trust": {"files"},
    "weights": set(),
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
    everyones = {"__version__", "deprecated", "extras", "files"}
    assert set(imported(path)) - everyones - {part} <= MAY_IMPORT[part]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_files_are_small(path):
    assert len(path.read_text().splitlines()) <= 300


def test_help_does_not_wait_for_tensorflow():
    code = "import sys; del sys.argv; import tfgan_zoo.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "tfgan_zoo.models"} & set(done.stdout.split())


def test_public_names():
    """`dir` shows these alone; an editor sees the same, in `__init__.pyi`."""
    names = set(dir(tfgan_zoo))
    variants = {n for n, v in vars(tfgan_zoo.models).items() if isinstance(v, type)}
    assert {n for n in names if not n.islower()} == variants
    assert {"from_preset", "list_presets", "callbacks", "datasets", "losses", "serving"} <= names
    assert names <= {name for name in names if getattr(tfgan_zoo, name) and name[0] != "_"}
    with pytest.raises(AttributeError, match="No tfgan_zoo attribute DCGANN"):
        tfgan_zoo.DCGANN  # noqa: B018


def test_importing_the_package_is_enough_to_load_a_model(tmp_path):
    gan = make("WGANGP")
    gan.compile()
    gan.save(path := tmp_path / "gan.keras")
    code = f"import keras, tfgan_zoo; print(type(keras.models.load_model({str(path)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tfgan_zoo.models.wgan_gp.WGANGP" in done.stdout


def test_a_trained_model_is_the_first_thing_that_is_asked_for():
    """TensorFlow asks whether there is Keras before it loads it; models are registered all the same."""
    code = "import tfgan_zoo; print(tfgan_zoo.from_preset('dcgan_fashion_mnist').name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "dcgan_fashion_mnist", done.stderr
