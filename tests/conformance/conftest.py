"""Fixtures of the mode table."""

import gc
import json
import os
import pathlib
import pickle
import socket
import subprocess
import sys

import keras
import pytest
import tensorflow as tf
from cases import CASES
from cells import reference_cell, selection, train

TESTS = pathlib.Path(__file__).parents[1]


@pytest.fixture
def freed():
    """Frees a test's models, hundreds of whose graphs would fill the memory of one process. What stays
    is not looked at again: to search millions of objects for garbage takes as long as a test."""
    yield
    keras.backend.clear_session()  # collects the garbage
    gc.freeze()


@pytest.fixture(scope="session")
def reference():
    """Trains the reference of a variant, once."""
    known, selected = {}, selection(CASES)

    def get(variant):
        if variant not in known:
            cell = reference_cell(variant, selected)
            known[variant] = train(cell, tf.distribute.get_strategy(), "exact")[1]
        return known[variant]

    return get


@pytest.fixture(scope="session")
def workers(request, tmp_path_factory):
    """What two workers, real processes on loopback, got for every two-worker cell of this session."""
    params = [item.callspec.params for item in request.session.items if _has_cell(item)]
    cells = [(given["cell"], given["part"]) for given in params]
    names = json.dumps([(cell, part) for cell, part in cells if cell.replicas == "two workers"])
    folder = tmp_path_factory.mktemp("workers")
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(2)]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        environment = {**os.environ, "TF_CONFIG": json.dumps(task), "PYTHONPATH": paths}
        command = [sys.executable, TESTS / "conformance" / "cells.py", names, folder / str(index)]
        with open(folder / f"{index}.log", "wb") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        codes = [process.wait(timeout=1800) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert codes == [0, 0], (folder / "0.log").read_text()[-3000:]
    return [pickle.loads((folder / str(index)).read_bytes()) for index in range(2)]


def _has_cell(item):
    return hasattr(item, "callspec") and "cell" in item.callspec.params


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
