"""Which share of a training step is communication, for two workers over links of several rates?

Two workers on this machine, each in a network namespace of its own; a virtual Ethernet link joins them,
whose rate the kernel limits, in each direction (`tc`, token bucket filter). The same two processes are
asked in turn at every rate: for a whole training step by `fit`, as a graph; for the all-reduce of each
player's packed gradients alone; and for one of a single number. Needs root, for the namespaces.

    python benchmarks/communication.py         # writes benchmarks/results/communication.csv
"""

import argparse
import contextlib
import json
import subprocess
import sys

import ours
import rounds
import tables
from replicas import time_of
from rows import images_of, row_of

RATES = ("no limit", "1gbit", "100mbit")
STEPS = {"DCGAN 28": 10, "WGAN-GP 32": 3}
ADDRESSES = ("10.99.0.1", "10.99.0.2")


# === Workers ===


def setting(name, quick):
    """A function that measures one round."""
    import tensorflow as tf

    from tfgan_zoo.runs import make_strategy

    row, steps = row_of(name, quick), 1 if quick else STEPS[name]
    images = images_of(row)
    with make_strategy("multi_worker").scope():
        gan = ours.model_of(row)

    def fit(count, after_step):
        ours.fit(gan, images, after_step, batch_size=row.batch, steps_per_epoch=count)

    def train():
        return rounds.timed(fit, steps)["seconds"] / steps

    train()  # traces the step, which tells what it packs
    shapes = {p.name: tf.nest.flatten(gan._packed[p.name]) for p in gan.players()}
    numbers = {name: sum(s.num_elements() for s in found) for name, found in shapes.items()}
    updates = {player.name: player.updates for player in gan.players()} | {"one number": 0}
    sizes = {**numbers, "one number": 1}
    sums = {what: all_reduce(gan.distribute_strategy, size) for what, size in sizes.items()}

    def run():
        parts = [{"what": "step", "updates": 1, "bytes": 0, "seconds": train()}]
        for what, reduction in sums.items():
            seconds = time_of(reduction, repeats=steps)
            sent = {"updates": updates[what], "bytes": 4 * sizes[what]}
            parts.append({"what": what, **sent, "seconds": seconds})
        return parts

    return run


def all_reduce(strategy, count):
    """A function that sums a float32 vector of `count` numbers over the workers."""
    import tensorflow as tf

    def reduced(vector):
        placed = tf.identity(vector)  # on this worker's device, which a function's input is not
        return tf.distribute.get_replica_context().all_reduce("sum", placed)

    run = tf.function(lambda vector: strategy.run(reduced, [vector]), autograph=False)
    vector = tf.ones([count])
    return lambda: run(vector)


# === The link ===


@contextlib.contextmanager
def link():
    """Two network namespaces, `worker0` and `worker1`, joined by a link while the body runs."""
    for index in range(2):
        call(f"ip netns add worker{index}")
    try:
        call("ip link add eth0 netns worker0 type veth peer name eth0 netns worker1")
        for index, address in enumerate(ADDRESSES):
            call(f"ip -n worker{index} address add {address}/24 dev eth0")
            call(f"ip -n worker{index} link set lo up")
            call(f"ip -n worker{index} link set eth0 up")
        yield
    finally:
        for index in range(2):
            call(f"ip netns delete worker{index}")


def limit(rate):
    """Limits what each worker sends. A burst holds what the rate sends in 4 ms, a tick of the kernel."""
    for index in range(2):
        place = f"tc -n worker{index} qdisc"
        if "tbf" in call(f"{place} show dev eth0"):
            call(f"{place} delete dev eth0 root")
        if rate != "no limit":
            burst = {"1gbit": "500kb", "100mbit": "64kb"}[rate]
            call(f"{place} add dev eth0 root tbf rate {rate} burst {burst} latency 100ms")


def call(command):
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


# === Rounds ===


def start(name, flags):
    """Two workers, warmed up."""
    workers, processes = [f"{address}:12345" for address in ADDRESSES], []
    for index in range(2):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        place = ["ip", "netns", "exec", f"worker{index}"]
        command = [*place, sys.executable, __file__, "--worker", name, *flags]
        environment = tables.environment() | {"TF_CONFIG": json.dumps(task)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    for process in processes:
        rounds.answer(process)
    return processes


def measure(name, count, flags):
    """Rows of one model: what the first worker measured in every round at every rate."""
    processes, rows = start(name, flags), []
    for number in range(1, count + 1):
        for rate in RATES:
            limit(rate)
            for process in processes:
                print("run", file=process.stdin, flush=True)
            given, _ = [rounds.answer(process) for process in processes]
            print(f"round {number}: {name}: {rate}: {given}", file=sys.stderr, flush=True)
            rows += [columns(name, rate, number, part) for part in given]
    limit("no limit")
    rounds.end({"first": processes[0], "second": processes[1]})
    return rows


def columns(name, rate, number, part):
    milliseconds = round(1000 * part.pop("seconds"), 3)
    return {"model": name, "rate": rate, "round": number, **part, "milliseconds": milliseconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    tables.add_quick(parser)
    parser.add_argument("--worker", metavar="MODEL", help="used inside")
    options = parser.parse_args()
    if options.worker:
        return rounds.serve({}, {"run": setting(options.worker, options.quick)})
    flags, count = (["--quick"], 1) if options.quick else ([], options.rounds)
    with link():
        rows = [row for name in STEPS for row in measure(name, count, flags)]
    tables.write_csv("communication", rows, options.quick)


if __name__ == "__main__":
    main()
