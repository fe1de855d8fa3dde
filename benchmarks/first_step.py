"""How long do the first step and the import take, and how much memory does training need?

Every measurement is a process of its own, and the kinds of process take turns.

    python benchmarks/first_step.py            # writes benchmarks/results/first_step.csv
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import tables

MODELS = {
    "DCGAN": {"image_shape": (28, 28, 1), "width": 64},
    "WGANGP": {"image_shape": (32, 32, 3), "width": 64},
}
IMPORTS = {
    "import keras, tensorflow": ("keras", "tensorflow"),
    "import tfgan_zoo": ("tfgan_zoo",),
}
STEPS = {
    f"first step of {name}, {mode}": (name, mode) for name in MODELS for mode in ("XLA", "graph")
}


def time_import(modules):
    start = time.perf_counter()
    for module in modules:
        __import__(module)
    return {"seconds": time.perf_counter() - start}


def time_first_step(name, mode):
    """Seconds of `fit` for one step, and the peak memory after four more."""
    import numpy as np

    import tfgan_zoo

    gan = getattr(tfgan_zoo, name)(**MODELS[name])
    gan.compile(jit_compile=mode == "XLA")
    count = 5 * 64 * gan.n_critic
    images = np.random.default_rng(0).uniform(-1, 1, (count, *gan.image_shape)).astype("float32")
    start = time.perf_counter()
    gan.fit(images, batch_size=64, steps_per_epoch=1, verbose=0)
    seconds = time.perf_counter() - start
    gan.fit(images, batch_size=64, steps_per_epoch=4, verbose=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mib": round(peak)}


def measure(what):
    """Runs one measurement in a new process."""
    command = [sys.executable, __file__, "--worker", what]
    environment = tables.environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{what} failed:\n{done.stderr}")
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"{what}: {result['seconds']:.2f} s", file=sys.stderr, flush=True)
    return {"seconds": round(result["seconds"], 4), "peak_mib": result.get("peak_mib", "")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", choices=[*IMPORTS, *STEPS], help="used inside")
    options = parser.parse_args()
    if options.worker in IMPORTS:
        return print(json.dumps(time_import(IMPORTS[options.worker])))
    if options.worker:
        return print(json.dumps(time_first_step(*STEPS[options.worker])))
    rows = [
        {"what": what, "round": number + 1} | measure(what)
        for kind in (IMPORTS, STEPS)
        for number in range(options.rounds)
        for what in kind
    ]
    tables.write_csv("first_step", rows)


if __name__ == "__main__":
    main()
