"""The published models, and the deployment files around them."""

import pathlib
import re
import runpy
import shutil
import subprocess

import numpy as np
import pytest
import yaml

import tfgan_zoo
from tfgan_zoo import evaluation, presets, serving
from tfgan_zoo.engine.options import as_config
from tfgan_zoo.serving import config, golden, metrics, png

ROOT = pathlib.Path(__file__).parents[2]
SERVING = ROOT / "serving"
VERSIONS = sorted(path.parent for path in (ROOT / "saved_models").glob("*/*/saved_model.pb"))
_MAX_MEGABYTES = 215  # 80 of them for models from images to images
TRAINED_WITH = {  # where the preset of today has other settings
    "began_fashion_mnist": {"width": 16},
    "biggan_deep_fashion_mnist": {"width": 16},
    "r3gan_fashion_mnist": {"g_learning_rate": 2e-4, "d_learning_rate": 2e-4},
    "stylegan2_fashion_mnist": {"style_mixing": 0.9, "path_length_weight": 2.0},
    "stylegan_fashion_mnist": {"style_mixing": 0.9},
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


def test_there_are_published_models():
    assert VERSIONS
    files = [path for path in (ROOT / "saved_models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < _MAX_MEGABYTES * 2**20


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
