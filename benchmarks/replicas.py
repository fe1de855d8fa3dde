"""What do two replicas on two cores cost against one replica at the same global batch, and where?

Ours alone, under XLA and as a graph: a whole training step by `fit`, and the three parts of one
discriminator update by themselves. Each setting is a process of its own; they take turns.

    python benchmarks/replicas.py              # writes benchmarks/results/replicas.csv
"""

import argparse
import time

import ours
import rounds
import tables
from rows import images_of, row_of

SETTINGS = {  # replicas, and the environment of the process
    "one replica": (1, {}),
    "two replicas": (2, {}),
    "two replicas, one thread an operation": (2, {"TF_NUM_INTRAOP_THREADS": "1"}),
}
STEPS = {"DCGAN 28": 30, "WGAN-GP 32": 4}
RUNS = (  # WGAN-GP under XLA takes 10 s a step
    ("DCGAN 28", "XLA"),
    ("DCGAN 28", "graph"),
    ("WGAN-GP 32", "graph"),
)


def replicated(replicas):
    """The strategy of one replica, or of many on logical CPUs."""
    import tensorflow as tf

    if replicas == 1:
        return tf.distribute.get_strategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
    )
    return tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(replicas)])


def setting(name, mode, replicas, quick):
    """What a process is, and a function that measures one round."""
    row, steps = row_of(name, quick), 1 if quick else STEPS[name]
    with replicated(replicas).scope():
        gan = ours.model_of(row, mode)
    images = images_of(row)

    def fit(count, after_step):
        ours.fit(gan, images, after_step, batch_size=row.batch, steps_per_epoch=count)

    def train():
        return rounds.timed(fit, steps)["seconds"]

    train()  # traces the step, before its parts are taken one by one
    parts = parts_of_update(gan, images_of(row, steps=1))

    def run():
        return {"step": train() / steps} | {
            what: time_of(part, repeats=steps) for what, part in parts.items()
        }

    return {"parameters": gan.count_params()}, {"run": run}


def parts_of_update(gan, images):
    """Functions that run one part of a discriminator update on every replica."""
    import tensorflow as tf

    strategy, turn = gan.distribute_strategy, tf.constant(0)
    rows = len(images) // strategy.num_replicas_in_sync
    place = lambda: tf.distribute.get_replica_context().replica_id_in_sync_group  # noqa: E731

    def gradients():
        batch = {"images": gan._sub_batches(tf.constant(images[:rows]))}
        return gan._packed_gradients("discriminator", batch, turn, tf.cast(place(), tf.int32))

    def reduce(vector):
        return tf.distribute.get_replica_context().all_reduce("sum", vector)

    def apply(vector):
        return gan._apply_packed("discriminator", turn, vector)

    compiled = lambda part: tf.function(lambda *inputs: strategy.run(part, inputs), autograph=False)  # noqa: E731
    run = {part: compiled(part) for part in (gradients, reduce, apply)}
    vector = run[gradients]()
    return {
        "gradients": run[gradients],
        "sum over replicas": lambda: run[reduce](vector),
        "apply": lambda: run[apply](vector),
    }


def time_of(function, repeats):
    """Mean seconds of a call, after a first one."""
    function()
    begin = time.perf_counter()
    for _ in range(repeats):
        function()
    return (time.perf_counter() - begin) / repeats


def measure(name, mode, labels, count, *flags):
    """Rows of one model in one mode, of the settings of those labels."""
    processes = {}
    for label in labels:
        replicas, environment = SETTINGS[label]
        arguments = (name, mode, str(replicas), *flags)
        processes[label], _ = rounds.start(__file__, *arguments, **environment)
    for label, number, parts in rounds.interleaved(processes, count):
        for what, seconds in parts.items():
            yield {
                "model": name,
                "mode": mode,
                "what": f"{label}: {what}",
                "round": number,
                "milliseconds": round(1000 * seconds, 3),
            }
    rounds.end(processes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    tables.add_quick(parser)
    parser.add_argument("--worker", nargs=3, help="used inside")
    options = parser.parse_args()
    if options.worker:
        name, mode, replicas = options.worker
        return rounds.serve(*setting(name, mode, int(replicas), options.quick))
    runs, labels, count, flags = RUNS, list(SETTINGS), options.rounds, []
    if options.quick:
        runs, labels, count, flags = RUNS[1:2], ["two replicas"], 1, ["--quick"]
    rows = [row for name, mode in runs for row in measure(name, mode, labels, count, *flags)]
    tables.write_csv("replicas", rows, options.quick)


if __name__ == "__main__":
    main()
