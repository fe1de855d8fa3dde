"""CONTRIBUTING's recipe for a variant, followed to the letter in a copy of the checkout."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
CASES = (
    "test_every_variant or test_preset[my_gan_28] or "
    "(MyGAN and (config_round_trip or every_trainable_weight_moves or test_generate))"
)


def replace(path, old, new):
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new))


def follow_the_recipe(folder):
    """The five lines, with `LSGAN` as the nearest file."""
    models = folder / "tfgan_zoo" / "models"
    shutil.copy(models / "lsgan.py", models / "my_gan.py")
    head, _, _ = (models / "my_gan.py").read_text().partition("register(\n")
    row = '("my_gan_28", MyGAN, _SMALL, "fashion_mnist", 64, 20, (833_985, 212_993))'
    (models / "my_gan.py").write_text(f"{head}register({row})\n".replace("LSGAN", "MyGAN"))
    replace(models / "my_gan.py", '"objective": "least_squares"', '"objective": "hinge"')
    models = models / "__init__.py"
    models.write_text(models.read_text() + "from tfgan_zoo.models.my_gan import MyGAN as MyGAN\n")
    replace(
        folder / "tfgan_zoo" / "__init__.pyi",
        "import LSGAN",
        "import MyGAN as MyGAN\nfrom .models import LSGAN",
    )
    replace(
        folder / "tests" / "cases.py",
        '    "LSGAN": CON',
        '    "MyGAN": CONVOLUTIONAL,\n    "LSGAN": CON',
    )


def test_a_variant_in_five_lines(tmp_path):
    links = {"symlinks": True, "ignore": shutil.ignore_patterns("__pycache__", "*.npz", "*.h5")}
    for name in ("tfgan_zoo", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, **links)
    for name in ("pyproject.toml", "saved_models"):
        (tmp_path / name).symlink_to(ROOT / name)
    follow_the_recipe(tmp_path)
    tests = ["tests/conformance/test_variants.py", "-k", CASES, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *tests], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0 and "6 passed" in done.stdout, done.stdout[-3000:]


def test_the_recipe_says_so():
    """The steps that the test follows stand on the page."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## A metric")[0]
    for step in (
        "tfgan_zoo/models/`",
        "`defaults`",
        "models/__init__.py`",
        "tfgan_zoo/__init__.pyi`",
    ):
        assert step in text
    assert "tests/cases.py" in text and "names of their own" in text
