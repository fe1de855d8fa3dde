"""What a type checker knows of a user's program."""

import inspect
import os
import pathlib
import subprocess
import sys

import pytest

import tfgan_zoo

ROOT = pathlib.Path(__file__).parents[1]
PROGRAM = """
import tfgan_zoo
from tfgan_zoo import callbacks, datasets
from tfgan_zoo.serving import Client

class Mine(tfgan_zoo.DCGAN):
    defaults = {"width": 8}

gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
reveal_type(gan)
reveal_type(gan.generate(4, seed=0))
reveal_type(tfgan_zoo.DCGAN(image_shape=(28, 28, 1), width=32, penalty="r1").fit)
with Client("localhost:8500", "garments") as client:
    reveal_type(client.generate(4, seed=0))
gan.fit(datasets.load("fashion_mnist_10k"), epochs=1, callbacks=[callbacks.SampleGrid("samples")])
tfgan_zoo.DCGAN(widht=32)
callbacks.SampleGrid(3)
tfgan_zoo.list_presets(trained="yes")
"""
SAID = [
    'note: Revealed type is "tfgan_zoo.models.GAN"',
    'note: Revealed type is "numpy.ndarray[',
    'note: Revealed type is "def (x: Any =, y: Any =, batch_size: int | None =, epochs: int =,',
    'note: Revealed type is "numpy.ndarray[',
    'error: Unexpected keyword argument "widht" for "DCGAN"; did you mean "width"?',
    'error: Argument 1 to "SampleGrid" has incompatible type "int"; expected "str | PathLike',
    'error: Argument "trained" to "list_presets" has incompatible type "str"; expected "bool"',
]
TYPED = ["callbacks", "convert", "datasets", "evaluation", "export", "latent", "losses", "metrics"]
TYPED += [
    "forensics",
    "layers",
    "penalties",
    "presets",
    "regularizers",
    "runs",
    "serving",
    "visualization",
]


def test_a_program_of_a_user(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--ignore-missing-imports",
        "--cache-dir=cache",
        "program.py",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    lines = [line for line in done.stdout.splitlines() if "defined in" not in line]
    assert len(lines) == len(SAID) + 1, done.stdout + done.stderr
    assert all(said in line for said, line in zip(SAID, lines, strict=False)), done.stdout


@pytest.mark.parametrize("name", TYPED)
def test_public_functions_have_types(name):
    module = getattr(tfgan_zoo, name)
    for key in dir(module):
        member = getattr(module, key)
        is_ours = getattr(member, "__module__", "").startswith(module.__name__) and key[0] != "_"
        if not is_ours or not (inspect.isfunction(member) or "__init__" in vars(member)):
            continue
        function = member.__init__ if inspect.isclass(member) else member
        parameters = inspect.signature(function).parameters.values()
        missing = [p.name for p in parameters if p.annotation is p.empty and p.name != "self"]
        assert not missing, f"{name}.{key}: {missing}"
