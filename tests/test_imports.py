"""Who may import whom, and what an import brings."""

import pathlib
import subprocess
import sys
import sysconfig

import pytest
from cases import make

import tfgan_zoo

PACKAGE = pathlib.Path(tfgan_zoo.__file__).parent


def test_imports():
    """The contract in pyproject.toml."""
    command = [pathlib.Path(sysconfig.get_path("scripts")) / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


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


def test_presets_are_there_from_the_start():
    code = "import tfgan_zoo; print(*tfgan_zoo.list_presets(trained=True))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "dcgan_fashion_mnist" in done.stdout.split()


def test_a_trained_model_is_the_first_thing_that_is_asked_for():
    """TensorFlow asks whether there is Keras before it loads it; models are registered all the same."""
    code = "import tfgan_zoo; print(tfgan_zoo.from_preset('dcgan_fashion_mnist').name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "dcgan_fashion_mnist", done.stderr


@pytest.mark.parametrize("part", ["layers.SelfAttention", "penalties.R1", "watermark.Watermark"])
def test_a_part_is_imported_first(part):
    module, name = part.split(".")
    code = f"from tfgan_zoo.{module} import {name}; import keras, tfgan_zoo; "
    code += "print(keras.saving.get_registered_object('tfgan_zoo>DCGAN'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "DCGAN" in done.stdout, done.stderr
