"""The files of docs/cluster: what they start, with which TF_CONFIG, and what a lost worker costs."""

import copy
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import jsonschema
import numpy as np
import pytest
import tensorflow as tf
import yaml
from documents import ROOT
from test_docs_blocks import parse

CLUSTER = ROOT / "docs" / "cluster"
TINY = ["--set", "image_shape=8,8,1", "--set", "width=4", "--set", "latent_dim=4", "--jit", "off"]
SRUN = """#!/bin/bash
# srun for two tasks: `--label hostname` in any order, else one process each.
if [ "$1" = --label ]; then echo "1: n9"; echo "0: n10"; exit; fi
[ "$1" = --kill-on-bad-exit=1 ] && shift
for rank in 1 0; do SLURM_PROCID=$rank "$@" || exit; done
"""
TOLD = """#!/bin/bash
printf '%s\\n' "$TF_CONFIG" "$@" > told.$(grep -o 'index": [0-9]' <<< "$TF_CONFIG" | cut -c 9-)
"""


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """A folder on PATH with a `srun` and a `tfgan-zoo` that only writes down what it is told."""
    for name, text in {"srun": SRUN, "tfgan-zoo": TOLD}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)


def told(index, monkeypatch):
    """The cluster and the place in it, as TensorFlow reads them, and the arguments of a worker."""
    config, *arguments = pathlib.Path(f"told.{index}").read_text().splitlines()
    monkeypatch.setenv("TF_CONFIG", config)
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    assert resolver.task_type == "worker"
    return resolver.cluster_spec().as_dict()["worker"], resolver.task_id, arguments


@pytest.mark.parametrize("name", ["worker.sh", "two_workers.sh", "slurm.sbatch"])
def test_syntax(name):
    subprocess.run(["bash", "-n", CLUSTER / name], check=True)


def test_slurm(stand_ins, monkeypatch):
    """Workers stand in the order of the ranks, not of the hosts' names; a job has ports of its own."""
    monkeypatch.setenv("SLURM_JOB_ID", "20017")
    command = ["bash", CLUSTER / "slurm.sbatch", "runs/a b", "dcgan_mnist", "--epochs", "2"]
    subprocess.run(command, check=True)
    for index in (0, 1):
        workers, place, arguments = told(index, monkeypatch)
        assert workers == ["n10:20017", "n9:20018"] and place == index
        run = ["--run-root", "runs/a b", "--strategy", "multi_worker", "--epochs", "2"]
        assert arguments == ["train", "dcgan_mnist", *run]


def test_a_worker_keeps_the_tf_config_of_an_operator(stand_ins, monkeypatch):
    """It begins a run, or goes on with the last that has a run.json."""
    cluster = {"worker": [f"job-worker-{index}.default.svc:2222" for index in range(2)]}
    task = {"type": "worker", "index": 1}
    config = {"cluster": cluster, "task": task, "environment": "cloud"}
    for begun in (False, True):
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        subprocess.run(["bash", CLUSTER / "worker.sh", "root", "dcgan_mnist"], check=True)
        workers, place, arguments = told(1, monkeypatch)
        assert (workers, place) == (cluster["worker"], 1)
        assert ("--resume" in arguments) == begun
        pathlib.Path("root/0001-dcgan_mnist").mkdir(parents=True, exist_ok=True)
        pathlib.Path("root/0001-dcgan_mnist/run.json").touch()
        pathlib.Path("root/0002-dcgan_mnist").mkdir(exist_ok=True)  # killed before it was begun
    assert arguments[arguments.index("--resume") + 1] == "root/0001-dcgan_mnist"


# === Real workers ===


@pytest.fixture
def start(images, tmp_path):
    """A function that starts two_workers.sh on tiny data, 4 steps to an epoch."""
    np.savez(tmp_path / "images.npz", images=images)
    environment = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    path = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
    environment |= {"PYTHONPATH": str(ROOT), "PATH": path}
    started = []

    def made(steps):
        workers = " ".join(f"127.0.0.1:{_free_port()}" for _ in range(2))
        data = ["--data", tmp_path / "images.npz", "--batch-size", "16", "--steps", str(steps)]
        command = ["bash", CLUSTER / "two_workers.sh", tmp_path / "run", "dcgan_mnist"]
        started.append(
            subprocess.Popen([*command, *data, *TINY], env=environment | {"WORKERS": workers})
        )
        return started[-1]

    yield made
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=120)


def _free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def steps_logged(tmp_path):
    lines = (tmp_path / "run" / "0001-dcgan_mnist" / "logs.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_two_workers(start, tmp_path):
    """The same command begins a run and goes on with it."""
    for steps in (2, 5):
        assert start(steps).wait(timeout=300) == 0
    assert steps_logged(tmp_path) == [1, 2, 3, 4, 5]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["0001-dcgan_mnist"]


@pytest.mark.full
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_worker_ends_the_other_and_both_go_on(lost, start, tmp_path):
    both = start(1_000_000)
    log = tmp_path / "run" / "0001-dcgan_mnist" / "logs.jsonl"
    while not log.exists() or log.read_text().count("\n") < 9:
        assert both.poll() is None, both.returncode
        time.sleep(0.1)
    os.kill(_children(both)[lost], signal.SIGKILL)
    assert both.wait(timeout=300) == 128 + signal.SIGKILL
    last = steps_logged(tmp_path)[-1]
    assert start(last + 4).wait(timeout=300) == 0
    assert steps_logged(tmp_path) == list(range(1, last + 5))
    run = json.loads((log.parent / "run.json").read_text())
    assert len(run["continued"]) == 1


def _children(process):
    """The workers, which bash becomes, in their order."""
    task = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return sorted(map(int, task.read_text().split()))


# === Kubernetes ===


@pytest.fixture
def job():
    return documents()[1]


def documents():
    return list(yaml.safe_load_all((CLUSTER / "tfjob.yaml").read_text()))


def schema():
    return yaml.safe_load((pathlib.Path(__file__).parent / "tfjob_schema.yaml").read_text())


def container(job):
    return job["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]


def test_tfjob_is_as_its_definition_says(job):
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(validator.schema)
    validator.validate(job)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda job: job["spec"].pop("tfReplicaSpecs"), "'tfReplicaSpecs' is a required"),
        (lambda job: container(job).update(comand=[]), "'comand' was unexpected"),
        (lambda job: container(job).update(args=[1]), "1 is not of type 'string'"),
        (lambda job: job["spec"]["runPolicy"].update(cleanPodPolicy="Some"), "'Some' is not one"),
        (lambda job: container(job)["resources"]["limits"].update(memory="16GiB"), "not match"),
    ],
)
def test_the_definition_refuses(change, message, job):
    wrong = copy.deepcopy(job)
    change(wrong)
    with pytest.raises(jsonschema.ValidationError, match=message):
        jsonschema.validate(wrong, schema())


def test_tfjob_starts_a_worker_on_the_shared_volume(job):
    """The command exists, the run lies on the claim that all pods mount, the operator knows the pod."""
    pod, claim = job["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"], documents()[0]
    name, script = container(job)["command"]
    root, preset, *options = container(job)["args"]
    assert name == "bash" and (ROOT / script).is_file()
    parse(" ".join(["tfgan-zoo train", preset, *options]), "tfjob.yaml")
    (mount,), (volume,) = container(job)["volumeMounts"], pod["volumes"]
    assert root.startswith(f"{mount['mountPath']}/") and mount["name"] == volume["name"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert container(job)["name"] == "tensorflow"  # the operator sets TF_CONFIG in that one
    assert container(job)["ports"] == [{"name": "tfjob-port", "containerPort": 2222}]
