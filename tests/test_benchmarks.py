"""The benchmarks run, in their smallest form; operations are counted as TensorFlow and PyTorch count."""

import ast
import importlib.util
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf
from tensorflow.python.framework.ops import get_stats_for_node_def
from tensorflow.python.profiler.internal import flops_registry  # noqa: F401  # what is asked for here

import tfgan_zoo

ROOT = pathlib.Path(__file__).parents[1]
HAS_TORCH = importlib.util.find_spec("torch") is not None

sys.path.append(str(ROOT / "benchmarks"))

import flops  # noqa: E402
import ours  # noqa: E402
from rows import row_of  # noqa: E402


def quick(name, *arguments):
    command = [sys.executable, ROOT / "benchmarks" / f"{name}.py", "--quick", *arguments]
    before = results()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert results() == before, "a quick run wrote results"
    return done.stdout


def results():
    folder = ROOT / "benchmarks" / "results"
    return {path: path.read_bytes() for path in folder.iterdir()}


BENCHMARKS = {  # those of the package's internals; then the others, and a column of each
    "replicas": "milliseconds",
    "first_step": "peak_mib",
    "evaluation": "extractor_images_per_second",
    "data_pipeline": "lowest",
    "sampling": "of_raw",
    "compilation": "first_seconds",
    "growth": "tracings",
    "serving": "p50_ms",
    "machine_limit": "gflop",
    "modes": "kl",
    "published_weights": "psnr_bicubic",
    "troubles": "stripes",
    "watermark": "claim_detected",
    "fingerprint": "together_detected",
    "phantoms": "hallucinated_per_100",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.full if i > 1 else ())
        for i, n in enumerate([*BENCHMARKS][:5])
    ],
)
def test_benchmarks_of_internals(name):
    assert f"'{BENCHMARKS[name]}': " in quick(name)


@pytest.mark.full
def test_training_step():
    out = quick("train_step", "--rows", "WGAN-GP 32", "--contestants", "ours, graph")
    assert out.count("'row': 'WGAN-GP 32'") == 1


@pytest.mark.full
@pytest.mark.parametrize("name", list(BENCHMARKS)[5:])
def test_other_benchmarks(name):
    assert f"'{BENCHMARKS[name]}': " in quick(name)


@pytest.mark.full
def test_equal_minutes(data_dir):
    out = quick("equal_minutes", "--data", str(data_dir / "noto_emoji64"), "--seeds", "1")
    assert out.count("fd3583_resnet_cifar10") == 4  # models


@pytest.mark.full
@pytest.mark.parametrize("what", ["scores", "audit"])
def test_privacy(what, data_dir):
    options = ("--data-dir", str(data_dir / "tfds"), "--budgets", "10", "--shadows", "1")
    assert "'epsilon': " in quick("privacy", what, *options)


@pytest.mark.full
def test_augmentation(data_dir):
    """A GAN of two steps and six classifiers, of twenty images a class."""
    options = ("--data-dir", str(data_dir / "tfds"), "--counts", "20", "--seeds", "0")
    (line,) = (line for line in quick("augmentation", *options).splitlines() if "'named'" in line)
    row = ast.literal_eval(line)
    assert {"real", "classical", "mixed", "mixed_classical", "generated", "saw_more"} <= {*row}


@pytest.mark.full
def test_forensics(data_dir):
    """Three models, of which each is left out once, by three detectors and a rule."""
    out = quick("forensics", "--data-dir", str(data_dir / "tfds"))
    assert out.count("'condition': 'JPEG 50'") == 3 * 4


@pytest.mark.full
def test_editing():
    """Two spaces of one model, two targets, and four methods at their strengths; one has layers."""
    out = quick("editing")
    assert out.count("'psnr': ") == 2 * 2 and out.count("'method': 'mixing'") == 2 * 7
    assert out.count("'method': 'SeFa'") == 2 * 2 * 6 and out.count("'accuracy': ") == 4


@pytest.mark.full
def test_curriculum():
    """Four orders, each looked at six times, the last time by another network too."""
    out = quick("curriculum")
    assert out.count("'recall': ") == 4 * 6 and out.count("'fd_resnet': ''") == 4 * 5


@pytest.mark.full
def test_all_training_steps():
    """Of all contestants, those of PyTorch where it is installed, with equal losses."""
    out = quick("train_step")
    assert out.count("'row': 'SNGAN 32'") == (7 if HAS_TORCH else 5)


def test_rows_are_of_the_sizes_of_presets():
    """A row says them itself, since a process of PyTorch does without the presets' TensorFlow."""
    options = tfgan_zoo.list_presets()["stylegan2_celeb_a_64"].options
    assert row_of("StyleGAN2 64", quick=False).options == options


# === Operations ===


def test_operations_of_a_layer_by_hand():
    """A 5x5 convolution of stride 2 from 28x28x1 to 14x14x64, and its transpose."""
    convolution = flops.Layer("convolution", (5, 5, 1, 64), (2, 2), (28, 28, 1), (14, 14, 64), True)
    transposed = flops.Layer(
        "transposed convolution", (5, 5, 1, 64), (2, 2), (14, 14, 64), (28, 28, 1), False
    )
    dense = flops.Layer("dense", (100, 6272), (), (100,), (6272,), True)
    assert convolution.flops == transposed.flops == 2 * (14 * 14) * (5 * 5) * 1 * 64 == 627_200
    assert dense.flops == 2 * 100 * 6272
    assert flops.Work(convolution, 2, 1, 2).flops == 5 * 627_200


FULL = pytest.mark.full


@pytest.mark.parametrize(
    "name",
    [
        "WGAN-GP 32",
        "SNGAN 32",
        pytest.param("DCGAN 28", marks=FULL),
        pytest.param("DCGAN 64", marks=FULL),
    ],
)
def test_operations_of_a_step_as_tensorflow_counts_them(name):
    """By the shapes of the operations in the traced gradients of both players."""
    row = row_of(name, quick=True)
    gan = ours.model_of(row)
    networks = flops.layers_of(gan.generator), flops.layers_of(gan.discriminator)
    updates = {
        "discriminator": (flops.discriminator_update(*networks, gan.penalty is not None), 0),
        "generator": (flops.generator_update(*networks), row.n_critic),
    }
    for player, (work, turn) in updates.items():
        counted = row.batch * sum(part.flops for part in work)
        assert counted == pytest.approx(counted_by_tensorflow(gan, row, player, turn), rel=0.01)


def counted_by_tensorflow(gan, row, player, turn):
    @tf.function(autograph=False)
    def gradients(images):
        batch = {"images": images}
        return gan.gradients_of(player, batch, tf.constant(turn), tf.constant(0))

    spec = tf.TensorSpec([row.batch, row.n_critic, *row.shape])
    graph = gradients.get_concrete_function(spec).graph
    nodes = [op.node_def for op in needed_for(graph.outputs) if op.type in COUNTED]
    return sum(get_stats_for_node_def(graph, node, "flops").value for node in nodes)


def needed_for(tensors):
    """The operations that tensors come from: a trace also holds gradients that nobody asked for."""
    found, waiting = {}, [tensor.op for tensor in tensors]
    while waiting:
        op = waiting.pop()
        if op.name not in found:
            found[op.name] = op
            waiting += [tensor.op for tensor in op.inputs]
    return found.values()


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", ["DCGAN 28", "SNGAN 32"])
def test_operations_of_a_step_as_pytorch_counts_them(name):
    """While the peer of the same networks trains for a step."""
    import torch_flops

    row = row_of(name, quick=True)
    counted = flops.flops_of_step(row, ours.model_of(row))
    assert counted == pytest.approx(torch_flops.flops_of_step(row), rel=0.01)


COUNTED = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "MatMul", "BatchMatMulV2")
