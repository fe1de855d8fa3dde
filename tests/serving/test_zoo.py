"""The published models, and the deployment files around them."""

import functools
import json
import os
import pathlib
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import types
import zipfile
import zlib

import cards
import make_index
import numpy as np
import pytest
import recorded
import yaml

import tfgan_zoo
from tfgan_zoo import evaluation, presets, serving
from tfgan_zoo.engine.options import as_config
from tfgan_zoo.serving import config, golden, metrics, png

ROOT = pathlib.Path(__file__).parents[2]
SERVING = ROOT / "serving"
VERSIONS = sorted(path.parent for path in (ROOT / "saved_models").glob("*/*/saved_model.pb"))
_MAX_MEGABYTES, _MAX_WHEEL = 220, 60
PLAIN = "dcgan_fashion_mnist"  # what is worse says what it teaches
TRAINED_WITH = {  # where the preset of today has other settings
    "began_fashion_mnist": {"width": 16},
    "biggan_deep_fashion_mnist": {"width": 24},
    "progan_fashion_mnist": {"fade_in_steps": 6000, "stable_steps": 6000},
}


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.parent.name)
def test_published_model(folder):
    """One folder is the preset, the served model and the golden images."""
    name = folder.parent.name
    is_translator = issubclass(presets.get_preset(name).model_class, tfgan_zoo.ImageToImage)
    assert serving.verify(folder)
    gan = tfgan_zoo.from_preset(name)
    preset = presets.get_preset(name)
    assert type(gan) is preset.model_class and gan.name == name
    options = as_config(preset.options | TRAINED_WITH.get(name, {}))
    assert {key: gan.get_config()[key] for key in preset.options} == options
    recorded = golden.read(presets.published(name))
    if is_translator:
        given = [np.stack([png.decode(file) for file in recorded.pictures])]
        given += [[png.decode(file) for file in files] for files in recorded.further.values()]
        names = ["images", *(wanted.name for wanted in gan.further_inputs())]
        images = gan.translate(**dict(zip(names, given, strict=False)))
    else:
        images = gan.generate_from_seeds(recorded.seeds, recorded.labels, texts=recorded.texts)
    assert np.abs(images.astype(int) - recorded.images).max() <= 1
    card = (folder.parent / "README.md").read_text()
    assert re.search(rf"(tfgan-zoo train|train_on_jax.py prepare) {name}\b", card)
    assert "samples.png" in card


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.parent.name)
def test_card_tells_the_scores_of_this_very_model(folder):
    if not (folder.parent / "scores.json").exists():
        assert "It has no score:" in (folder.parent / "README.md").read_text()
        return
    script = runpy.run_path(str(ROOT / "saved_models" / "score.py"))
    assert script["section"](folder.parent) in (folder.parent / "README.md").read_text()
    results = evaluation.read(folder.parent / "scores.json")
    digest = evaluation.sources.export_digest(folder)
    assert results and all(result.images["sha256"] == digest for result in results)


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.parent.name)
def test_warm_up_takes_little_room(folder):
    """Its requests are zeros and black pictures, of all batch sizes and signatures."""
    assert 0 < (folder / "assets.extra" / "tf_serving_warmup_requests").stat().st_size < 50_000


def test_there_are_published_models():
    assert VERSIONS
    files = [path for path in (ROOT / "saved_models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < _MAX_MEGABYTES * 2**20


# === Cards and the index ===


@functools.cache
def index():
    return {entry["name"]: entry for entry in json.loads(make_index.FILE.read_text())}


def test_the_index_is_fresh():
    """It has every trained model, and each as its folder has it."""
    assert list(index().values()) == json.loads(make_index.text())
    assert list(index()) == [folder.parent.name for folder in VERSIONS]
    uses = json.loads((ROOT / "saved_models" / "uses.json").read_text())
    assert set(uses) == set(index()), "uses.json tells what each model is for"


@pytest.mark.parametrize("name", [folder.parent.name for folder in VERSIONS])
def test_a_card_is_fresh_and_whole(name):
    folder = ROOT / "saved_models" / name
    text, entry = (folder / "README.md").read_text(), index()[name]
    assert text == cards.updated(folder), f"run python saved_models/cards.py {name}"
    _, sections = cards.parts(text)
    has_scores = (folder / "scores.json").exists()
    told = [title for title in cards.ORDER if title != "Privacy"]  # no model here is private
    assert list(sections) == told[not has_scores :]
    assert all(len(body) > 40 for body in sections.values())
    metadata = yaml.safe_load(text.split("---\n")[1])
    assert (
        metadata["license"] in ("apache-2.0", "other") and metadata["library_name"] == "tfgan_zoo"
    )
    results = metadata.get("model-index", [{"results": []}])[0]["results"]
    assert bool(results) == has_scores
    told = {m["type"]: m["value"] for result in results for m in result["metrics"]}
    assert set(told) == set(entry["scores"])
    for metric, value in told.items():
        assert value == pytest.approx(float(entry["scores"][metric]["value"]), rel=1e-3)
    measured = json.loads((folder / "bias.json").read_text()) if "bias.json" in text else None
    if measured:
        assert measured["sha256"] == evaluation.sources.export_digest(presets.exported(folder))


def test_index_values():
    """Types, ranges and files of an entry, as programs read it."""
    for name, entry in index().items():
        assert len(entry["image_shape"]) == 3 and entry["steps"] > 0, name
        assert entry["images_seen"] >= entry["steps"] and entry["megabytes"] < 40, name
        assert entry["hours"] is None or 0 < entry["hours"] < 1000, name
        assert (ROOT / entry["card"]).is_file() and (ROOT / entry["samples"]).is_file()
        assert entry["use"] in cards.USES and entry["says"] != make_index.NO_USE["says"], name
        assert entry["paper"] and entry["weights_licence"] and entry["parameters"]["generator"]
        for found in entry["scores"].values():
            low, high = map(float, found["interval"])
            assert low <= float(found["value"]) <= high, name


def test_what_is_worse_than_the_plain_model_is_not_recommended():
    """Of the same data, by the first distance."""
    metric = "fd10k_lenet_fashion_mnist"
    plain = index()[PLAIN]["scores"][metric]["value"]
    known = [entry for entry in index().values() if metric in entry["scores"]]
    for entry in known:
        is_worse = entry["scores"][metric]["value"] > plain
        assert not is_worse or entry["use"] in ("teaches", "history"), entry["name"]
        assert is_worse == ("Worse than the plain DCGAN" in entry["says"]), entry["name"]
    assert len(known) > 10


@pytest.mark.parametrize("data", ["fashion_mnist", "mnist", "cifar10", "avatars32"])
def test_no_model_is_nearer_than_the_floor(data):
    """Test images are nearer to training images than anything drawn, by every Fréchet distance."""
    results = evaluation.read(ROOT / "saved_models" / f"floor_{data}.json")
    scores = [entry["scores"] for entry in index().values() if entry["data"] == data]
    floors = [result for result in results if result.protocol["measure"] == "fd"]
    assert floors
    for floor in floors:
        found = [score[floor.metric]["value"] for score in scores if floor.metric in score]
        assert found and 0 < floor.value < min(found), floor.metric
        assert floor.images["name"] == f"{data}, test"
        assert floor.reference["name"] == f"{data}, train"


def test_the_page_has_every_model():
    page = (ROOT / "docs" / "models.md").read_text()
    tables = page.partition("## Trained models")[2].partition("## Parameters")[0]
    for name in index():
        assert len(re.findall(rf"^\| <img.*\[{name}\]", tables, re.M)) == 1, name
    assert "the floor" in tables and "### Which one to take" in tables


def test_hours_are_those_of_all_processes(tmp_path):
    """Of a run that was continued: each from its start to its last step, pauses left out."""
    hardware = {"gpus": [], "processor": "a processor", "cores": 2}
    process = {"started": "1970-01-01T00:00:10+0000", "hardware": hardware}
    record = {
        "process": process,
        "continued": [process | {"started": "1970-01-01T02:00:00+0000"}],
        "options": {"batch_size": 8},
    }
    assert recorded.hours(tmp_path, record) is None
    lines = [{"step": 1, "time": 20.0}, {"step": 2, "time": 3610.0}, {"step": 3, "time": 9000.0}]
    (tmp_path / "logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert recorded.hours(tmp_path, record) == pytest.approx(1 + 0.5)
    assert recorded.processor(record) == "a processor" and recorded.cores(record) == 2
    # A line every ten seconds, and once none for 5,000 more.
    slept = [10.0 * k + 5000 * (k > 50) for k in range(2, 101)]
    lines = [{"step": k, "time": time} for k, time in enumerate(slept, 1)]
    (tmp_path / "logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert recorded.hours(tmp_path, record) == pytest.approx((1000 - 10 - 10) / 3600)
    record |= {"accelerator": {"seconds": 1800.0, "device": "NVIDIA H200"}}
    assert recorded.hours(tmp_path, record) == 0.5 and recorded.cores(record) is None
    model = types.SimpleNamespace(players=list)
    assert recorded.processor(record) == "NVIDIA H200" and recorded.parameters(model) == {}


def test_energy_is_hours_times_watts():
    known = {"hours": 2.0, "watts": 700, "cores": None, "processor": "X", "hours_are": "by the log"}
    assert "2 h x 700 W = 1.4 kWh" in cards.energy(known)
    told = cards.energy(known | {"watts": None, "cores": 2})
    assert "assumed 10 W a core: 2 h x 20 W = 0.04 kWh" in told.replace("\n", " ")
    assert "no energy is told" in cards.energy(known | {"hours": None}).replace("\n", " ")


# === The wheel ===


def included():
    """What the wheel takes from saved_models, by its path there."""
    text = (ROOT / "pyproject.toml").read_text()
    found = tomllib.loads(text)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {target: f"tfgan_zoo/{source}" for source, target in found.items()} == {
        target: target for target in found.values()
    }
    return [ROOT / source for source in found]


def test_the_wheel_is_small():
    """By the sizes of what goes into it, each file compressed as in a wheel."""
    folders = [ROOT / "tfgan_zoo", *included()]
    files = [f for folder in folders for f in ([folder] if folder.is_file() else folder.rglob("*"))]
    kept = [f for f in files if f.is_file() and "__pycache__" not in f.parts]
    sizes = [len(zlib.compress(f.read_bytes())) for f in kept]
    assert sum(sizes) < _MAX_WHEEL * 10**6
    models = {path.name for path in included()} - {"index.json"}
    assert {index()[name]["use"] for name in models} == {"recommended"}
    readme = (ROOT / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in models)


def test_weights_that_the_package_lacks(tmp_path, monkeypatch):
    """The error says where they are; of what was never trained it says that."""
    shutil.copy(make_index.FILE, tmp_path)
    monkeypatch.setattr(presets, "_OUR_ROOTS", [tmp_path / "nowhere", tmp_path])
    where = "pix2pix_facades_128.* MB.* not in the installed package.*path.*https://.*TFGAN_ZOO_SAVED_MODELS"
    with pytest.raises(ValueError, match=where):
        tfgan_zoo.from_preset("pix2pix_facades_128")
    with pytest.raises(ValueError, match="has no trained weights yet"):
        tfgan_zoo.from_preset("dcgan_mnist")


@pytest.mark.full
def test_the_wheel(tmp_path):
    """It is built, is small, loads what it has, and says where the rest is."""
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < _MAX_WHEEL * 10**6
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "site")
    code = (
        "import tfgan_zoo as z; print(z.__file__, z.from_preset('biggan_fashion_mnist').name)\n"
        "try: z.from_preset('textgan_emoji_32')\nexcept ValueError as error: print(error)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert str(tmp_path / "site") in done.stdout and "biggan_fashion_mnist" in done.stdout
    assert "are not in the installed package" in done.stdout


# === Deployment ===


def test_configuration_files():
    """The files are good, and models.config is what the command writes today."""
    assert (
        config.write(ROOT / "saved_models", "/models")
        == (SERVING / "config" / "models.config").read_text()
    )
    mapped = ("/models", ROOT / "saved_models")
    assert config.check(SERVING / "config" / "models.config", mapped=mapped) == []
    for name in ("batching.config", "monitoring.config"):
        assert config.check(SERVING / "config" / name) == []
    problems = config.check(SERVING / "config" / "ssl.config.example")
    assert problems == []  # PEM texts with an ellipsis


def test_deployments_name_the_same_image_and_flags():
    """Compose and Kubernetes start the server alike."""
    compose = yaml.safe_load((SERVING / "docker-compose.yml").read_text())["services"]["serving"]
    base = SERVING / "kubernetes" / "base" / "deployment.yaml"
    (container,) = yaml.safe_load(base.read_text())["spec"]["template"]["spec"]["containers"]
    (tag,) = re.findall(r":-([\d.]+)}", compose["image"])
    assert container["image"] == f"tensorflow/serving:{tag}"
    needed = {"--allow_version_labels_for_unavailable_models=true", "--enable_batching=true"}
    assert needed <= set(compose["command"]) & set(container["args"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_configuration():
    command = ["promtool", "check", "config", SERVING / "prometheus.yml"]
    assert subprocess.run(command).returncode == 0


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_compose_file():
    command = ["docker-compose", "-f", SERVING / "docker-compose.yml", "config", "-q"]
    assert subprocess.run(command).returncode == 0


@pytest.mark.parametrize("overlay", ["base", "overlays/production"])
@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kustomizations(overlay):
    command = ["kubectl", "kustomize", SERVING / "kubernetes" / overlay]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kinds = {document["kind"] for document in yaml.safe_load_all(built)}
    assert {"Deployment", "Service", "ConfigMap", "HorizontalPodAutoscaler"} <= kinds


def test_dashboard_shows_metrics_that_exist():
    """Every metric of the Grafana dashboard is one that the server counts."""
    text = (SERVING / "grafana" / "dashboards" / "tfgan_zoo.json").read_text()
    used = {
        re.sub(r"_bucket$|(?<=latency)_count$", "", name)
        for name in re.findall(r":tensorflow:[\w:]+", text)
    }
    known = {value for value in vars(metrics).values() if str(value).startswith(":tensorflow")}
    assert used <= known and len(used) >= 4
