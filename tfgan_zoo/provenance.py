"""What a result came from: versions, hardware, commit and command, for `run.json` and benchmarks."""

import os
import pathlib
import platform
import shlex
import subprocess
import sys
import time
from importlib import metadata

import tensorflow as tf

import tfgan_zoo

_PACKAGES = ("tensorflow", "keras", "numpy")


def process_metadata(replicas=1):
    """A dictionary of JSON values on this process, which trains on so many replicas."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": shlex.join(sys.argv),
        "versions": versions(),
        "hardware": hardware(),
        "replicas": replicas,
        "commit": commit(),
    }


def versions():
    """Versions of Python, this package and those it computes with."""
    names = {name: metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "tfgan_zoo": tfgan_zoo.__version__, **names}


def hardware():
    """Processor, cores that this process may use, memory in GiB, and accelerators by name."""
    gpus = [
        tf.config.experimental.get_device_details(device).get("device_name", device.name)
        for device in tf.config.list_physical_devices("GPU")
    ]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "gpus": gpus,
        "tpus": len(tf.config.list_physical_devices("TPU")),
    }


def commit():
    """The commit of this package's checkout, with "+" after it if files differ; None elsewhere."""
    root = pathlib.Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--", "tfgan_zoo") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root, *arguments):
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
