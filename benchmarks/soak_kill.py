"""Kills training and export at random instants by `kill -9`, and looks whether anything is lost.

    python benchmarks/soak_kill.py --kills 20 --seed 0

A run is killed, continued and killed again, to its end; its weights must be those of a run that
nobody killed, bit for bit. After each kill every checkpoint that has a name must be whole, the log
readable, and no checkpoint set aside. A process that exports again and again is killed likewise; every
version that has a name must draw the images that it was exported with. `--pid-one` gives every process
the number 1, as containers do (`unshare` of util-linux).
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np

from tfgan_zoo import runs, serving
from tfgan_zoo.callbacks.backup import checkpoints, read_state
from tfgan_zoo.callbacks.steps import state_of
from tfgan_zoo.files import read_json, read_json_lines
from tfgan_zoo.locks import UNFINISHED

OPTIONS = {
    "preset": "dcgan_mnist",
    "batch_size": 16,
    "jit": "off",
    "overrides": {"image_shape": [8, 8, 1], "width": 4, "latent_dim": 4},
}
TRAIN = """
import sys, json, warnings
from tfgan_zoo import runs
warnings.simplefilter("error", UserWarning)  # such as that of a damaged checkpoint
options, root, directory = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
if directory:
    runs.resume(directory, verbose=False)
else:
    runs.train(runs.Options(**options), root, verbose=False)
"""
EXPORT = """
import sys, tfgan_zoo
gan = tfgan_zoo.DCGAN(image_shape=(8, 8, 1), width=4, latent_dim=4)
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    gan.export(sys.argv[1], "tiny", warmup_batch_sizes=[1])
    print("done", flush=True)
"""


def main():
    given = arguments()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        folder = pathlib.Path(folder)
        for part in (soak_training, soak_export):
            if given.only in (None, part.__name__.removeprefix("soak_")):
                part(folder, rng, given)
    print("Nothing was lost.")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=25, help="that a run makes between two kills")
    parser.add_argument("--only", choices=["training", "export"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="on the disk that is tried; a temporary one by default")
    parser.add_argument("--pid-one", action="store_true")
    return parser.parse_args()


def start(given, *command, **options):
    before = ["unshare", "-rpf", "--kill-child=KILL", "--mount-proc"] if given.pid_one else []
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    return subprocess.Popen(
        [*before, sys.executable, "-c", *map(str, command)], env=environment, **options
    )


def kill(process):
    process.kill()
    process.wait()


# === Training ===


def soak_training(folder, rng, given):
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), np.uint8)
    np.savez(folder / "images.npz", x_train=images, x_test=images)
    options = {**OPTIONS, "data": str(folder / "images.npz"), "steps": given.steps * given.kills}
    whole = start(given, TRAIN, json.dumps(options), folder / "whole", "")
    root, directory, kills = folder / "runs", "", 0
    while True:
        process = start(given, TRAIN, json.dumps(options), root, directory)
        was_killed = wait_for_step(process, root, rng, given) and process.poll() is None
        kill(process)
        if not was_killed:
            break
        kills += 1
        directory = newest(root) or ""
        look_at_run(directory, kills)
        if directory and not (pathlib.Path(directory) / "run.json").exists():
            directory = ""  # killed before it was a run: a new one is begun
    if process.returncode:
        raise SystemExit(f"A continued run ended with status {process.returncode}.")
    if whole.wait():
        raise SystemExit("The run that nobody killed failed.")
    compare(newest(folder / "whole"), newest(root))
    print(
        f"Training: {kills} kills, {options['steps']} steps; equal to the unbroken run bit for bit."
    )


def wait_for_step(process, root, rng, given):
    """Waits for a random number of new steps and a moment more; whether the process still runs."""
    steps = rng.randint(0, 2 * given.steps)
    begun = logged(root)
    while process.poll() is None and logged(root) - begun < steps:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.1))  # in a step, a checkpoint, a picture, a line of the log
    return process.poll() is None


def newest(root):
    return max((str(path) for path in root.glob("0*")), default=None)


def logged(root):
    path = pathlib.Path(newest(root) or "nothing") / "logs.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def look_at_run(directory, kills):
    if not directory:
        print(f"kill {kills:3}: before there was a run")
        return
    directory = pathlib.Path(directory)
    if not (directory / "run.json").exists() and not any(directory.glob("[!.]*")):
        print(f"kill {kills:3}: before there was a run")
        return
    read_json(directory / "run.json", keys={"options": dict})
    found = checkpoints(directory / "checkpoints")
    broken = [folder for folder in found if read_state(folder) is None]
    aside = list((directory / "checkpoints").glob("damaged-*"))
    if broken or aside:
        raise SystemExit(f"Lost: {broken or aside}")
    lines = (
        read_json_lines(directory / "logs.jsonl", {"step": int}) if logged(directory.parent) else []
    )
    unfinished = sum(path.name.startswith(UNFINISHED) for path in directory.rglob("*"))
    print(
        f"kill {kills:3}: step {lines[-1]['step'] if lines else 0}, checkpoints "
        f"{[int(folder.name) for folder in found]}, unfinished {unfinished}",
        flush=True,
    )


def compare(one, other):
    states = [[v.numpy() for v in state_of(runs.load_run(run))] for run in (one, other)]
    for left, right in zip(*states, strict=True):
        np.testing.assert_array_equal(left, right)
    steps = [row["step"] for row in read_json_lines(pathlib.Path(other) / "logs.jsonl")]
    if steps != list(range(1, len(steps) + 1)):
        raise SystemExit("The log has not every step once.")
    left = [path for path in pathlib.Path(other).rglob("*") if path.name.startswith(UNFINISHED)]
    if left:
        raise SystemExit(f"Left behind: {left}")


# === Export ===


def soak_export(folder, rng, given):
    root, seconds = folder / "models", seconds_of_an_export(folder / "models", given)
    for kills in range(1, given.kills + 1):
        process = start(given, EXPORT, root, 1000, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 2 * seconds))
        kill(process)
        process.stdout.close()
        found = names(root)
        whole = sum(name.isdigit() for name in found)
        print(f"kill {kills:3}: versions {whole}, unfinished {len(found) - whole}", flush=True)
    process = start(given, EXPORT, root, 1, stdout=subprocess.DEVNULL)
    if process.wait():
        raise SystemExit("The last export failed.")
    versions = names(root)
    if versions != [str(number) for number in range(1, len(versions) + 1)]:
        raise SystemExit(f"Versions, or what was left behind: {versions}")
    for version in versions:
        serving.verify(root / "tiny" / version)
    print(
        f"Export: {given.kills} kills, {len(versions)} versions, all verified, nothing left behind."
    )


def seconds_of_an_export(root, given):
    process = start(given, EXPORT, root, 2, stdout=subprocess.PIPE)
    process.stdout.readline(), process.stdout.readline()
    begin = time.perf_counter()
    process.stdout.readline()
    process.communicate()
    return time.perf_counter() - begin


def names(root):
    found = [path.name for path in (root / "tiny").glob("*")] if root.exists() else []
    return sorted(found, key=lambda name: (not name.isdigit(), name.zfill(9)))


if __name__ == "__main__":
    main()
