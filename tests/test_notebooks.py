"""The notebooks run: each in a new kernel and an empty folder, in order, with smaller parameters."""

import pathlib
import symtable

import nbformat
import pytest
from nbclient import NotebookClient

import tfgan_zoo

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
SMALLER = {  # in place of the cell with the tag "parameters"
    "explore_latents": 'MODEL, STEPS, IMAGES = "stylegan2_fashion_mnist", 2, 4',
    "first_gan": "STEPS, WIDTH = 3, 4",
    "own_pictures": """PICTURES, SIZE, CHANNELS, STEPS, VARIANT, WIDTH = 100, 8, 1, 2, "DCGAN", 4
EVALUATED, EXTRACTOR = 100, "lenet_fashion_mnist"
""",
}


def notebook(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def parameters_of(book):
    (cell,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    return cell


def test_all_notebooks_have_a_test():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(SMALLER)


@pytest.mark.parametrize("name", SMALLER)
def test_a_notebook_is_stored_without_outputs(name):
    """Outputs would be of another machine, and of another version of the code."""
    for cell in notebook(name).cells:
        assert cell.cell_type == "markdown" or not (cell.outputs or cell.execution_count)


@pytest.mark.parametrize("name", SMALLER)
def test_parameters_are_those_that_are_replaced(name):
    def assigned(source):
        return set(symtable.symtable(source, name, "exec").get_identifiers())

    assert assigned(parameters_of(notebook(name)).source) == assigned(SMALLER[name])


def test_the_score_is_not_in_features_that_are_trained_against():
    given = {}
    exec(parameters_of(notebook("own_pictures")).source, given)
    variant = getattr(tfgan_zoo, given["VARIANT"])
    assert variant.defaults["features"] != given["EXTRACTOR"]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """An empty folder, and the environment of kernels."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = tmp_path / "reader"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", SMALLER)
def test_a_notebook_runs(name, reader):
    run(name, SMALLER[name], reader)


@pytest.mark.full
def test_own_pictures_by_its_own_variant(reader):
    run("own_pictures", SMALLER["own_pictures"].replace("DCGAN", "FastGAN"), reader)


def run(name, parameters, folder):
    """Runs a notebook with these parameters; its kernel is in the folder."""
    book = notebook(name)
    parameters_of(book).source = parameters
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert any("image/png" in output.get("data", ()) for output in outputs)
