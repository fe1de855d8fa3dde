"""How long does XLA compile the steps of StyleGAN2 and BigGAN at 64x64?

python benchmarks/compilation.py           # writes benchmarks/results/large_compile.csv
"""

import argparse
import json
import time

import ours
import rounds
import tables
from rows import row_of

MODELS = ("StyleGAN2 64", "BigGAN 64")


def first_and_second(name, quick):
    """Seconds of the first step, and of the same step once more, which has nothing to compile."""
    row, seconds = row_of(name, quick), []
    gan, data = ours.model_of(row, "XLA"), ours.data_of(row)
    for _ in range(2):
        gan.iterations.assign(0)  # the lazy penalties are taken in both
        begun = time.perf_counter()
        gan.fit(data, batch_size=row.batch, steps_per_epoch=1, verbose=0)
        seconds.append(round(time.perf_counter() - begun, 3))
    names = ("first_seconds", "second_seconds", "peak_mib")
    return dict(zip(names, (*seconds, rounds.peak_mib()), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    tables.add_quick(parser)
    parser.add_argument("--worker", choices=MODELS, help="used inside")
    options = parser.parse_args()
    if options.worker:
        return print(json.dumps(first_and_second(options.worker, options.quick)))
    count, models, flags = options.rounds, MODELS, []
    if options.quick:
        count, models, flags = 1, MODELS[1:], ["--quick"]
    rows = [
        {"model": name, "round": number + 1, **rounds.in_new_process(__file__, name, *flags)}
        for number in range(count)
        for name in models
    ]
    tables.write_csv("large_compile", rows, options.quick)


if __name__ == "__main__":
    main()
