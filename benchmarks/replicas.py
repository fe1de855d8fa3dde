"""What do two replicas on two cores cost against one replica at the same global batch, and where?

Ours alone, under XLA and as a graph: a whole training step by `fit`, and the three parts of one
discriminator update by themselves. Each setting is a process of its own; they take turns.

    python benchmarks/replicas.py              # writes benchmarks/results/replicas.csv
"""

import argparse
import time

import tables
from train_step import TASKS, images_of, interleaved, round_of_fit, serve, start

SETTINGS = {  # replicas, and the environment of the process
    "one replica": (1, {}),
    "two replicas": (2, {}),
    "two replicas, one thread an operation": (2, {"TF_NUM_INTRAOP_THREADS": "1"}),
}
STEPS = {"DCGAN": 30, "WGANGP": 4}
RUNS = (("DCGAN", "XLA"), ("DCGAN", "graph"), ("WGANGP", "graph"))  # WGAN-GP under XLA: 10 s a step


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


def setting(name, mode, replicas):
    """What `train_step.serve` wants: a parameter count, and a function that measures one round."""
    import tfgan_zoo

    task = TASKS[name] | {"steps": STEPS[name]}
    with replicated(replicas).scope():
        gan = getattr(tfgan_zoo, name)(image_shape=task["shape"], width=task["width"])
    gan.compile(jit_compile=mode == "XLA")
    train = round_of_fit(gan, images_of(task), task["batch"])
    train()  # traces the step, before its parts are taken one by one
    parts = parts_of_update(gan, images_of(task)[: task["batch"] * task["n_critic"]])

    def run():
        return {"step": train() / task["steps"]} | {
            what: time_of(part, repeats=task["steps"]) for what, part in parts.items()
        }

    return gan.count_params(), run


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


def measure(name, mode, rounds):
    """Rows of one model in one mode."""
    processes = {
        label: start(__file__, name, mode, str(replicas), **environment)[0]
        for label, (replicas, environment) in SETTINGS.items()
    }
    return [
        {
            "model": name,
            "mode": mode,
            "what": f"{label}: {what}",
            "round": number,
            "milliseconds": round(1000 * seconds, 3),
        }
        for label, number, parts in interleaved(processes, rounds)
        for what, seconds in parts.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", nargs=3, help="used inside")
    options = parser.parse_args()
    if options.worker:
        name, mode, replicas = options.worker
        return serve(*setting(name, mode, int(replicas)))
    rows = [row for name, mode in RUNS for row in measure(name, mode, options.rounds)]
    tables.write_csv("replicas", rows)


if __name__ == "__main__":
    main()
