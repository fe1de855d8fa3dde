"""Contestants that live in processes of their own and take turns: while one runs, the others wait."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import tables

# === In a contestant's process ===


def serve(made, answers):
    """Answers the parent: first what `made` is, then what the function of each name it sends gives."""
    output, sys.stdout = sys.stdout, sys.stderr  # whatever libraries print must not be an answer
    print(json.dumps(made), file=output, flush=True)
    for line in sys.stdin:
        print(json.dumps(answers[line.strip()]()), file=output, flush=True)


def peak_mib():
    """The largest memory that this process has held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Clock:
    """Seconds since it was made or started again, of the wall and of this process's processors, and how
    many processors others have used meanwhile."""

    def __init__(self):
        self.start()

    def start(self):
        self.begun = time.perf_counter(), time.process_time(), _machine_seconds()

    def read(self):
        now = time.perf_counter(), time.process_time(), _machine_seconds()
        wall, own, machine = (end - begin for begin, end in zip(self.begun, now, strict=True))
        others = max(0.0, machine - own) / wall
        return {
            "seconds": round(wall, 4),
            "cpu_seconds": round(own, 3),
            "others": round(others, 2),
        }


def timed(train, steps):
    """What `steps` steps after a first one take, without what `fit` does after the last one, where an
    iterator of tf.data may wait for seconds until it is let go.

    `train(count, after_step)` trains so many steps, and calls `after_step(index)` after each.
    """
    clock, found = Clock(), {}

    def after_step(index):
        if index == 0:
            clock.start()
        if index == steps:
            found.update(clock.read())

    train(steps + 1, after_step)
    return found


def _machine_seconds():
    """Processor seconds that the machine has worked, by user and system, since it was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system = (int(field) for field in fields[:3])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


# === In the parent ===


def start(script, *arguments, python=sys.executable, **environment):
    """A process that serves, and the first thing that it says."""
    process = subprocess.Popen(
        [python, script, "--worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**tables.environment(), **environment},
        text=True,
    )
    return process, answer(process)


def ask(process, what):
    print(what, file=process.stdin, flush=True)
    return answer(process)


def answer(process):
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended with exit code {process.wait()}.")
    return json.loads(line)


def interleaved(processes, rounds):
    """What each round of each process gives, as `(label, round, given)`, in turn."""
    for number in range(rounds):
        for label, process in processes.items():
            given = ask(process, "run")
            print(f"round {number + 1}: {label}: {given}", file=sys.stderr, flush=True)
            yield label, number + 1, given


def end(processes):
    for process in processes.values():
        process.stdin.close()
        process.wait()


def run_worker(script, *arguments, python=sys.executable):
    """What a worker prints."""
    command = [python, script, "--worker", *arguments]
    environment = tables.environment()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def in_new_process(script, *arguments, **options):
    """What a worker prints in its last line, as JSON."""
    result = json.loads(run_worker(script, *arguments, **options).splitlines()[-1])
    print(f"{' '.join(arguments)}: {result}", file=sys.stderr, flush=True)
    return result
