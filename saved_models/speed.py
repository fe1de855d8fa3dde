"""Measures how many images a second the published models make on one core, and writes speed.json.

    python saved_models/speed.py                        # all of them
    python saved_models/speed.py dcgan_fashion_mnist    # some; the others keep their numbers

A model of `from_preset` makes batches of 64, by `generate` or by `translate`, with one thread on one
core. What is counted is processor time, so that other work on the machine takes little from the number;
that of the fastest batch is kept, and the median beside it.
"""

import argparse
import json
import os
import pathlib
import statistics
import time

BATCH, SECONDS, LEAST = 64, 2.0, 3  # images, processor time and batches of one measurement
HERE = pathlib.Path(__file__).parent
FILE = HERE / "speed.json"


def main(names):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    import tensorflow as tf

    from tfgan_zoo import presets, provenance
    from tfgan_zoo.files import write_json

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in names or presets.list_presets(trained=True):
        load = os.getloadavg()[0]
        found = {"processor": provenance.hardware()["processor"], **measured(name)}
        known[name] = found | {"load": round(load, 1), "date": time.strftime("%Y-%m-%d")}
        print(name, known[name], flush=True)
        write_json(FILE, dict(sorted(known.items())))


def measured(name):
    """Images a second of processor time: of the fastest batch, and of the median one."""
    import tfgan_zoo

    make = maker(tfgan_zoo.from_preset(name))
    make()  # traces
    times = []
    while len(times) < LEAST or sum(times) < SECONDS:
        begin = time.process_time()
        make()
        times.append(time.process_time() - begin)
    speeds = BATCH / min(times), BATCH / statistics.median(times)
    return dict(
        zip(("images_per_second", "median"), (float(f"{s:.3g}") for s in speeds), strict=True)
    )


def maker(model):
    """A function that makes one batch."""
    import numpy as np

    import tfgan_zoo

    if isinstance(model, tfgan_zoo.GAN):
        return lambda: model.generate(BATCH, seed=0)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH, *model.image_shape), np.uint8)
    further = {}
    if any(wanted.name == "styles" for wanted in model.further_inputs()):
        further["styles"] = images[::-1]
    return lambda: model.translate(images, **further)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    main(parser.parse_args().names)
