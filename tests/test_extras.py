"""The core install: what works without the extras, and the error that names the missing one."""

import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

from tfgan_zoo import extras

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = f"""
import importlib.abc, pathlib, sys
class NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(extras.modules())}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, NotInstalled())
"""
CORE = """
import tfgan_zoo.cli
import tfgan_zoo
from tfgan_zoo import callbacks, credentials, datasets, evaluation, metrics, runs, serving
gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
assert gan.generate(2, seed=0).shape == (2, 28, 28, 1)
folder = gan.export(sys.argv[1], "garments", warmup_batch_sizes=(1,))
print("core:", serving.verify(folder))
data = datasets.load("fashion_mnist_10k", batch_size=2)
from tfgan_zoo.convert import convert
from tfgan_zoo.metrics.extractors import torch_weights
def server():
    from tfgan_zoo.serving import server
for call in (
    lambda: serving.Client("localhost:8500", "garments"),
    server,
    lambda: datasets.load("mnist"),
    lambda: evaluation.report(None, None, ["fd10k"], "lenet", folder),
    lambda: convert(gan, folder),
    lambda: torch_weights.read("weights.pth"),
    lambda: credentials.read(b""),
):
    try:
        call()
    except ImportError as error:
        print(error)
    else:
        print("no error")
"""


def test_what_the_core_install_does(tmp_path):
    """Loading, drawing and exporting; and each error says what to install."""
    command = [sys.executable, "-c", BLOCK + CORE, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    core, *errors = done.stdout.splitlines()
    assert core == "core: 8 images, identical"
    named = [re.search(r'needs (\w+), .*: pip install "tfgan-zoo\[(\w+)\]"$', e) for e in errors]
    assert all(named), errors
    wanted = ["serving", "serving", "data", "metrics", "convert", "import", "provenance"]
    assert [found[2] for found in named] == wanted


def test_other_modules_that_are_missing_are_no_extras():
    missing = pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module'")
    with missing, extras.needed_by("This test"):
        import no_such_module  # noqa: F401


def test_the_extras_are_those_of_the_package():
    """Each module of the table is brought by its extra alone, and `all` brings all but PyTorch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"]
    found = {m: [e for e, lines in declared.items() if _brings(lines, m)] for m in extras.modules()}
    wanted = {m: [e] for e, modules in extras.EXTRAS.items() for m in modules}
    assert found.pop("torch") == ["import", "bench"] and wanted.pop("torch")
    assert found == wanted and not any(_brings(project["dependencies"], m) for m in wanted)
    (everything,) = declared["all"]
    assert set(everything[len("tfgan-zoo[") : -1].split(",")) == set(extras.EXTRAS) - {"import"}


def _brings(requirements, module):
    name = {"grpc_health": "grpcio_health_checking", "rapidjson": "python_rapidjson"}
    name |= {"tensorflow_serving": "tensorflow_serving_api", "c2pa": "c2pa_python"}
    name = name.get(module, module)
    names = [re.match(r"[\w-]+", line)[0].replace("-", "_") for line in requirements]
    return name in names


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not in a checkout")
def test_the_wheel_has_all_files():
    """hatchling leaves out what .gitignore names, such as a folder `runs`."""
    command = ["git", "-C", ROOT, "ls-files", "--cached", "--ignored", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stdout
