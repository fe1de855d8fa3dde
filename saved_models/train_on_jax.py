"""Trains a preset on a machine that has JAX and an accelerator, but no TensorFlow.

    python saved_models/train_on_jax.py prepare stylegan2_emoji_64 --data ./noto_emoji64 --to job
    python train_on_jax.py run job --data job/data.npz --steps 20000    # there; needs jax and numpy
    python saved_models/train_on_jax.py collect job --run-root runs     # then publish.py and score.py

`prepare` writes the training step of `fit` as StableHLO, its variables and the images; `run` compiles
and repeats that step and leaves all variables (networks, averages, optimizers, counters) in
`job/trained.npz`, every ten minutes, at the end, and on SIGTERM or Ctrl-C; `collect` puts them into a
model and makes a run directory of it. The order of the images is drawn there, so the run is not the one
that `fit` makes of the same seed; all else is.

`run` again goes on from `job/trained.npz`: `--steps` counts from the first step, and a run in pieces
ends with the same numbers as one that was not cut.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import io
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import time

import numpy as np

STEPS_PER_CALL = 50  # of the accelerator, which then need not wait for Python


# === With TensorFlow: the step, its variables and the images ===


def prepare(given):
    import tensorflow as tf

    from tfgan_zoo import runs

    if (given.to / "job.json").exists():
        raise SystemExit(f"{given.to} holds a prepared run. Give another folder, or remove it.")
    made = runs.plan(_options(given))
    if made.gan.condition and made.gan.condition.key != "labels":
        raise ValueError(f"Images and labels are taken along, and {given.preset} needs texts.")
    step, inputs = _traced(made.gan, made.images_per_step)
    ir = step.experimental_get_compiler_ir(inputs)(stage="stablehlo")
    given.to.mkdir(parents=True, exist_ok=True)
    (given.to / "step.mlir").write_text(ir if isinstance(ir, str) else ir.decode())
    concrete = step.get_concrete_function(inputs)
    variables = _captured(made.gan, concrete)
    np.savez_compressed(given.to / "variables.npz", **_numbered(v.numpy() for v in variables))
    logs = sorted(concrete.structured_outputs)
    metadata = {
        "options": dataclasses.asdict(made.options),
        "images_per_step": made.images_per_step,
        "inputs": sorted(inputs),
        "logs": logs,
        "places": _places(made.gan, variables),
    }
    data = tf.nest.map_structure(lambda part: part.numpy(), _everything(made.data.source))
    np.savez_compressed(given.to / "data.npz", **data)
    (given.to / "job.json").write_text(json.dumps(metadata, indent=1))  # last: now it is whole


def _options(given):
    from tfgan_zoo import runs
    from tfgan_zoo.cli import arguments

    return runs.Options(
        given.preset,
        data=given.data,
        data_dir=given.data_dir,
        batch_size=given.batch_size,
        overrides=arguments.overrides(given.preset, given.set),
        jit="off",
    )


def _traced(gan, count):
    import tensorflow as tf

    inputs = {"images": tf.zeros([count, *gan.image_shape])}
    if gan.condition:
        inputs["labels"] = tf.zeros([count], tf.int32)
    return tf.function(gan.train_step, jit_compile=True, autograph=False), inputs


def _captured(gan, concrete):
    """The variables that the step reads or writes, in the order in which it is given them."""
    by_handle = {id(v.value.handle): v.value for v in _variables(gan)}
    return [by_handle[id(tensor)] for tensor in concrete.captured_inputs]


def _variables(gan):
    """All that training moves: networks, averages and counters, and the players' optimizers' own."""
    optimizers = [gan.optimizer_of(player.name) for player in gan.players()]
    return [*gan.variables, *(v for optimizer in optimizers for v in optimizer.variables)]


def _places(gan, variables):
    """The place of each of the model's variables among the step's; None where that never moves."""
    places = {id(variable): place for place, variable in enumerate(variables)}
    return [places.get(id(variable.value)) for variable in _variables(gan)]


def _everything(source):
    import tensorflow as tf

    batch = source.fetch(tf.range(source.count, dtype=tf.int64), tf.zeros([2], tf.int64))
    images = tf.cast(tf.round((batch["images"] + 1) * 127.5), tf.uint8)
    return {"images": images} | ({"labels": batch["labels"]} if "labels" in batch else {})


def _numbered(arrays):
    return {f"{number:05d}": array for number, array in enumerate(arrays)}


# === With JAX: the run ===


def run(given):
    import jax

    jax.config.update("jax_enable_x64", True)
    metadata = json.loads((given.job / "job.json").read_text())
    with np.load(given.data or given.job / "data.npz") as found:
        images = {name: found[name] for name in metadata["inputs"]}
    identity = _identity(given.job, images)
    arrays, done = _begun(given.job, identity)
    done |= {"device": jax.devices()[0].device_kind, "jax": jax.__version__}
    state, data = jax.device_put(arrays), jax.device_put(images)
    repeat = _repeated(given.job, metadata, data, state)
    order = _orders(np.random.default_rng(0), len(images["images"]), metadata["images_per_step"])
    next(itertools.islice(order, done["steps"], done["steps"]), None)  # those that were seen
    last = saved = None
    with _signals() as received:
        while done["steps"] < given.steps and not received:
            count = min(STEPS_PER_CALL, given.steps - done["steps"])
            state, logs = repeat(state, *_padded(itertools.islice(order, count)), data)
            values = {
                name: float(value) for name, value in zip(metadata["logs"], logs, strict=True)
            }
            if not np.isfinite(list(values.values())).all():
                steps = f"{done['steps']} to {done['steps'] + count}"
                raise SystemExit(f"{given.job}: not finite within steps {steps}: {values}")
            now = time.perf_counter()
            last, saved = last or now, saved or now  # without compilation
            done |= {"steps": done["steps"] + count, "seconds": done["seconds"] + now - last}
            last = now
            _log(given.job, {"step": done["steps"], "seconds": round(done["seconds"], 2), **values})
            if now - saved > given.save_every:
                _save(given.job, state, done, identity)
                saved = now
        _save(given.job, state, done, identity)
    print(f"{given.job}: {done['steps']} of {given.steps} steps")


@contextlib.contextmanager
def _signals():
    """A list that SIGTERM and Ctrl-C are put into, so that running steps are finished and saved."""
    received, numbers = [], (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *given: received.append(given[0])) for number in numbers]
    try:
        yield received
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _padded(places):
    """The images of each step, as many rows as a call may have, and how many steps there are."""
    rows = np.stack(list(places))
    count = len(rows)
    return np.concatenate([rows, np.repeat(rows[:1], STEPS_PER_CALL - count, axis=0)]), count


def _log(job, line):
    with (job / "logs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


# === What a run that was cut goes on from ===


def _identity(job, images):
    """A digest of the step, the initial variables and the images: a run goes on with its own only."""
    digest = hashlib.sha256()
    for name in ("step.mlir", "variables.npz"):
        digest.update((job / name).read_bytes())
    for name in sorted(images):
        digest.update(np.ascontiguousarray(images[name]).data)
    return digest.hexdigest()


def _begun(job, identity):
    """All variables, and `{"steps": …, "seconds": …}`: of the last save, or at the first step."""
    path = job / "trained.npz"
    if not path.exists():
        (job / "logs.jsonl").unlink(missing_ok=True)
        with np.load(job / "variables.npz") as found:
            return [found[name] for name in sorted(found)], {"steps": 0, "seconds": 0.0}
    with np.load(path) as found:
        done = json.loads(str(found["done"]))
        if done.pop("identity", None) != identity:
            raise SystemExit(
                f"{path} is of another step, other variables or other images than {job} holds now. "
                "Remove it to begin anew, or prepare another folder."
            )
        arrays = [found[name] for name in sorted(set(found) - {"done"})]
    _cut(job / "logs.jsonl", done["steps"])
    return arrays, done


def _cut(path, steps):
    """Takes from the log what came after the save: those steps are made, and told, again."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= steps]
    _replace(path, "".join(line + "\n" for line in kept).encode())


def _save(job, state, done, identity):
    values = {f"{place:05d}": np.asarray(value) for place, value in enumerate(state)}
    buffer = io.BytesIO()
    np.savez(buffer, done=json.dumps(done | {"identity": identity}), **values)
    _replace(job / "trained.npz", buffer.getbuffer())


def _replace(path, content):
    """Writes a file beside and renames it: at any instant there is the old one or the new one."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


# === With JAX: the step ===


def _orders(rng, count, size):
    """Which images each step sees: all, in an order of each epoch's own."""
    while True:
        order = rng.permutation(count)
        yield from order[: count // size * size].reshape(-1, size)


def _repeated(job, metadata, data, state):
    """A compiled function of variables, the images of each step and the number of steps: new variables,
    mean logs."""
    import jax
    from jax import numpy as jnp

    step = _imported((job / "step.mlir").read_text(), metadata, data, state)

    def many(state, places, count, data):
        def one(number, carried):
            state, sums = carried
            inputs = {name: values[places[number]] for name, values in data.items()}
            inputs["images"] = inputs["images"].astype(jnp.float32) / 127.5 - 1
            state, logs = step([inputs[name] for name in metadata["inputs"]], state)
            return state, [a + b.astype(jnp.float32) for a, b in zip(sums, logs, strict=True)]

        # The number of steps is data: a shorter call is the same program, so that a run in pieces
        # has the numbers of one that was not cut.
        sums = [jnp.zeros((), jnp.float32) for _ in metadata["logs"]]
        state, sums = jax.lax.fori_loop(0, count, one, (state, sums))
        return state, [value / count for value in sums]

    return jax.jit(many, donate_argnums=0)


def _imported(text, metadata, data, state):
    """The StableHLO module as a function of JAX: inputs and variables -> new variables and logs.

    JAX exports a function of the same arguments and results, whose module is then replaced.
    """
    import jax
    from jax import export
    from jax import numpy as jnp

    aliases = re.findall(r"parameter_number = (\d+) : i64}, output_index = array<i64: (\d+)>", text)
    count, rows = len(metadata["inputs"]), metadata["images_per_step"]
    outputs = {int(parameter) - count: int(place) for parameter, place in aliases}
    kinds = [(value.shape, value.dtype) for value in state]
    results = [((), jnp.float32)] * len(metadata["logs"])
    results += [kinds[place] for place in sorted(outputs, key=outputs.get)]

    def like(*arguments):
        return [jnp.zeros(*kind) for kind in results]

    images = jax.ShapeDtypeStruct((rows, *data["images"].shape[1:]), jnp.float32)
    shapes = {"images": images, "labels": jax.ShapeDtypeStruct((rows,), jnp.int32)}
    arguments = [shapes[name] for name in metadata["inputs"]]
    arguments += [jax.ShapeDtypeStruct(*kind) for kind in kinds]
    exported = export.export(jax.jit(like, keep_unused=True))(*arguments)
    exported = dataclasses.replace(exported, mlir_module_serialized=_portable(text))

    def step(inputs, state):
        found = exported.call(*inputs, *state)
        new = [found[outputs[i]] if i in outputs else value for i, value in enumerate(state)]
        return new, found[: len(metadata["logs"])]

    return step


def _portable(text):
    """The module in the form that JAX reads, without what the compiler that it was made for wants."""
    from jax.interpreters import mlir
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    text = re.sub(r"mhlo\.copy (%\w+)", r"stablehlo.optimization_barrier \1", text)
    text = re.sub(r" \{mhlo\.frontend_attributes = \{[^}]*\}\}", "", text)
    with mlir.make_ir_context():
        module = ir.Module.parse(text)
        for name in [name for name in module.operation.attributes if name.startswith("mhlo.")]:
            del module.operation.attributes[name]
        version = stablehlo.get_current_version()
        return stablehlo.serialize_portable_artifact_str(str(module), version)


# === With TensorFlow: the trained model ===


def collect(given):
    from tfgan_zoo import runs
    from tfgan_zoo.runs.directory import new_directory, record

    metadata = json.loads((given.job / "job.json").read_text())
    found = np.load(given.job / "trained.npz")
    done = {k: v for k, v in json.loads(str(found["done"])).items() if k != "identity"}
    options = dataclasses.replace(
        runs.Options(**metadata["options"]), epochs=None, steps=done["steps"]
    )
    made = runs.plan(options)
    for variable, place in zip(_variables(made.gan), metadata["places"], strict=True):
        if place is not None:
            variable.assign(found[f"{place:05d}"])
    directory = new_directory(given.run_root, options.preset, made.gan.distribute_strategy)
    record(made, directory)
    path = directory / "run.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "accelerator": done}, indent=2) + "\n"
    )
    if (given.job / "logs.jsonl").exists():
        shutil.copyfile(given.job / "logs.jsonl", directory / "logs.jsonl")
    made.gan.save(directory / "model.keras")
    print(directory)


def parser():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("prepare")
    verb.add_argument("preset")
    verb.add_argument("--data")
    verb.add_argument("--data-dir")
    verb.add_argument("--batch-size", type=int)
    verb.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="as for tfgan-zoo"
    )
    verb.add_argument("--to", type=pathlib.Path, required=True)
    verb.set_defaults(function=prepare)
    verb = verbs.add_parser("run")
    verb.add_argument("job", type=pathlib.Path)
    verb.add_argument("--data", type=pathlib.Path)
    verb.add_argument("--steps", type=int, required=True, help="from the first one")
    verb.add_argument("--save-every", type=float, default=600, help="seconds")
    verb.set_defaults(function=run)
    verb = verbs.add_parser("collect")
    verb.add_argument("job", type=pathlib.Path)
    verb.add_argument("--run-root", type=pathlib.Path, default="runs")
    verb.set_defaults(function=collect)
    return parser


def main():
    given = parser().parse_args()
    given.function(given)


if __name__ == "__main__":
    main()
