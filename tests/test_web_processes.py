"""Downloads of several processes, killed ones, and full disks."""

import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from cases import make
from web_server import Server, contents, kept, packed

import tfgan_zoo
from tfgan_zoo import downloads, files

FETCH = """
import sys
from tfgan_zoo import web
print(web.fetched(sys.argv[1], "assets.extra/preset.json"))
"""
DOWNLOAD = """
import sys
from tfgan_zoo import downloads, files
downloads.download(sys.argv[1], files.home() / "downloads" / "m")
"""


@pytest.fixture
def saved(tmp_path):
    """`(model, {name: bytes})` of its folder."""
    gan = make("VanillaGAN", name="digits")
    return gan, contents(gan.save_to_preset(tmp_path / "digits"))


@pytest.fixture
def server(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path / "home"))
    with Server() as found:
        found.files["/m.tar.gz"] = packed("tar.gz", saved[1])
        yield found
        found.shutdown()


def started(code, address, **options):
    """A process that fetches a model, or its archive alone, which needs no TensorFlow."""
    command = [sys.executable, "-c", code, address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=dict(os.environ), **pipes, **options)


def limited_to(size):
    """For a new process: no file may be larger, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.full
def test_two_processes_at_once(server):
    server.pause = 1.0
    processes = [started(FETCH, f"{server.address}/m.tar.gz") for _ in range(2)]
    told = [process.communicate(timeout=120) for process in processes]
    assert told[0][0] == told[1][0], told
    assert (pathlib.Path(told[0][0].strip()) / "assets.extra/preset.json").is_file()
    assert len(server.asked) == 1


def test_a_process_that_is_killed(server):
    """What came before is not asked for again."""
    server.pause = 60
    half = len(server.files["/m.tar.gz"]) // 2
    process, part = (
        started(DOWNLOAD, f"{server.address}/m.tar.gz"),
        files.home() / "downloads/m.part",
    )
    end = time.monotonic() + 60
    while (not part.is_file() or part.stat().st_size < half) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    server.pause = 0
    downloads.download(f"{server.address}/m.tar.gz", files.home() / "downloads/m")
    assert server.asked == [("/m.tar.gz", None), ("/m.tar.gz", half)]
    assert (files.home() / "downloads/m").read_bytes() == server.files["/m.tar.gz"]


def test_a_disk_that_is_full_while_a_file_is_fetched(server):
    size = len(server.files["/m.tar.gz"]) * 3 // 4
    process = started(DOWNLOAD, f"{server.address}/m.tar.gz", preexec_fn=limited_to(size))
    told = process.communicate(timeout=120)[1]
    assert "was not written: File too large. Make room" in told, told
    assert not kept()


@pytest.mark.full
def test_a_disk_that_is_full_while_an_archive_is_unpacked(server, saved):
    server.files["/m.tar"] = packed("tar.gz", {**saved[1], "samples.png": b"\0" * 400_000})
    size = len(server.files["/m.tar"]) * 2
    process = started(FETCH, f"{server.address}/m.tar", preexec_fn=limited_to(size))
    told = process.communicate(timeout=120)[1]
    assert "was not written: File too large. Make room" in told, told
    assert not kept()
    loaded = tfgan_zoo.from_preset(f"{server.address}/m.tar")
    np.testing.assert_array_equal(loaded.generate(2, seed=0), saved[0].generate(2, seed=0))
