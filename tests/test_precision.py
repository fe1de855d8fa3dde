"""Which dtype policy trains fastest here, and what a run makes of "auto"."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from tensorflow.python.saved_model.loader_impl import parse_saved_model

import tfgan_zoo
from tfgan_zoo import precision, progress, runs
from tfgan_zoo.serving import golden

A100 = {"compute_capability": (8, 0), "device_name": "A100"}
V100 = {"compute_capability": (7, 0), "device_name": "V100"}


@pytest.fixture
def processor(monkeypatch):
    """A function that gives this machine other flags."""

    def has(*flags):
        monkeypatch.setattr(precision, "_flags", lambda: frozenset(flags))

    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    return has


def test_flags_of_a_processor(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nflags\t\t: fpu amx_bf16 avx2\nbugs\t: x\nflags\t: other\n")
    assert {"fpu", "amx_bf16", "avx2"} <= precision._flags(file)
    assert "other" not in precision._flags(file)
    assert precision._flags(tmp_path / "none") == frozenset()


@pytest.mark.parametrize(
    ("flags", "unit"),
    [(["avx2", "amx_bf16", "avx512_bf16"], "amx_bf16"), (["avx512_bf16"], "avx512_bf16"), ([], "")],
)
def test_a_processor_with_bfloat16_units(processor, flags, unit, monkeypatch):
    processor(*flags)
    assert precision.bfloat16_units() == unit
    assert tfgan_zoo.auto_precision() == ("mixed_bfloat16" if unit else "float32")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")  # TensorFlow's own kernels convert and back
    assert tfgan_zoo.auto_precision() == "float32"


def test_gpus_with_bfloat16_units():
    assert precision._of_gpus([A100, A100]) == "A100"
    assert precision._of_gpus([A100, V100]) == "" == precision._of_gpus([{}])


@pytest.mark.full
def test_a_run_resolves_auto_once(processor, images, tmp_path, capsys):
    """What the first process found is the run's, wherever it goes on."""
    processor("amx_bf16")
    tiny = {"image_shape": [8, 8, 1], "width": 4, "latent_dim": 4}
    data = tmp_path / "images.npz"
    np.savez(data, images=images)
    options = runs.Options("dcgan_mnist", str(data), steps=1, batch_size=16, overrides=tiny)
    progress.show(sys.stderr)
    try:
        directory = runs.train(options, tmp_path / "runs", verbose=False)
    finally:
        progress.show(None)
    assert "Training in mixed_bfloat16, for which there is amx_bf16" in capsys.readouterr().err
    kept = json.loads((directory / "run.json").read_text())
    assert kept["options"]["precision"] == "mixed_bfloat16"
    processor()
    runs.resume(directory, steps=2, precision="auto", verbose=False)
    assert runs.load_run(directory).dtype_policy.name == "mixed_bfloat16"
    with pytest.raises(ValueError, match="precision: the run has 'mixed_bfloat16'"):
        runs.resume(directory, precision="float32")


def test_workers_may_differ(processor):
    processor("amx_bf16")
    assert runs.Options("dcgan_mnist").resolved().precision == "mixed_bfloat16"
    assert runs.Options("dcgan_mnist", strategy="multi_worker").resolved().precision == "float32"
    assert runs.Options("dcgan_mnist", precision="float32").resolved().precision == "float32"


# === Exports ===


@pytest.mark.parametrize("variant", ["DCGAN", "StyleGAN2"])
def test_export_in_bfloat16(variant, tmp_path):
    """It computes in bfloat16, says by how much its images differ, and gives float32 weights back."""
    gan = make(variant)
    path = gan.export(tmp_path, "model", dtype="mixed_bfloat16", warmup_batch_sizes=(1,))
    record = json.loads((path / golden.FILE).read_text())
    seeds = record["seeds"]
    drawn = golden.read(path).images.astype(int)
    difference = np.abs(drawn - gan.generate_from_seeds(seeds))
    assert record["from_float32"]["largest"] == difference.max() <= 8
    assert record["from_float32"]["mean"] == pytest.approx(difference.mean(), abs=1e-4)
    assert record["tolerance"] == max(1, difference.max())
    assert "identical" in golden.verify(path)
    graph = parse_saved_model(str(path)).meta_graphs[0].graph_def
    nodes = [node for function in graph.library.function for node in function.node_def]
    products = [n for n in nodes if n.op in ("Conv2D", "Conv2DBackpropInput", "MatMul")]
    assert tf.bfloat16.as_datatype_enum in {node.attr["T"].type for node in products}
    again = tfgan_zoo.from_preset(path)
    assert again.dtype_policy.name == "float32"
    np.testing.assert_array_equal(again.generate(3, seed=5), gan.generate(3, seed=5))


def test_other_dtypes_are_not_exported(tmp_path):
    with pytest.raises(ValueError, match="dtype must be one of"):
        make("DCGAN").export(tmp_path, dtype="float16")
