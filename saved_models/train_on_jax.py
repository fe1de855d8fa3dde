"""Trains a preset on a machine that has JAX and an accelerator, but no TensorFlow.

    python saved_models/train_on_jax.py prepare stylegan2_emoji_64 --data ./noto_emoji64 --to job
    python train_on_jax.py run job --data job/data.npz --steps 20000    # there; needs jax and numpy
    python saved_models/train_on_jax.py collect job --run-root runs     # then publish.py and score.py

`prepare` writes the training step of `fit` as StableHLO, its variables and the images; `run` compiles
and repeats that step and leaves the variables in `job/trained.npz`; `collect` puts them into a model and
makes a run directory of it. The order of the images is drawn there, so the run is not the one that `fit`
makes of the same seed; all else is.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import time

import numpy as np

STEPS_PER_CALL = 50  # of the accelerator, which then need not wait for Python


# === With TensorFlow: the step, its variables and the images ===


def prepare(given):
    import tensorflow as tf

    from tfgan_zoo import training

    made = training.plan(_options(given))
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
    facts = {
        "options": dataclasses.asdict(made.options),
        "images_per_step": made.images_per_step,
        "inputs": sorted(inputs),
        "logs": logs,
        "kept": _kept(made.gan, variables),
    }
    (given.to / "job.json").write_text(json.dumps(facts, indent=1))
    data = tf.nest.map_structure(lambda part: part.numpy(), _everything(made.data.source))
    np.savez_compressed(given.to / "data.npz", **data)


def _options(given):
    from tfgan_zoo import training

    overrides = dict(pair.split("=", 1) for pair in given.set)
    return training.Options(
        given.preset,
        data=given.data,
        data_dir=given.data_dir,
        batch_size=given.batch_size,
        overrides={name: json.loads(value) for name, value in overrides.items()},
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
    known = [*gan.variables, *gan.g_optimizer.variables, *gan.d_optimizer.variables]
    by_handle = {id(v.value.handle): v.value for v in known}
    return [by_handle[id(tensor)] for tensor in concrete.captured_inputs]


def _kept(gan, variables):
    """The place, among the step's, of each variable that an export has; None where it never moves."""
    from tfgan_zoo import presets

    places = {id(variable): place for place, variable in enumerate(variables)}
    return [places.get(id(variable)) for variable in presets.exported_variables(gan)]


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
    facts = json.loads((given.job / "job.json").read_text())
    with np.load(given.job / "variables.npz") as found:
        state = [jax.device_put(found[name]) for name in sorted(found)]
    with np.load(given.data or given.job / "data.npz") as found:
        data = {name: jax.device_put(found[name]) for name in facts["inputs"]}
    repeat, rng = _repeated(given.job, facts, data, state), np.random.default_rng(0)
    order, done = _orders(rng, len(data["images"]), facts["images_per_step"]), 0
    begun = saved = None
    while done < given.steps:
        state, logs = repeat(state, np.stack([next(order) for _ in range(STEPS_PER_CALL)]), data)
        values = {name: float(value) for name, value in zip(facts["logs"], logs, strict=True)}
        if not np.isfinite(list(values.values())).all():
            raise SystemExit(f"{given.job}: not finite within steps {done} and on: {values}")
        now, done = time.perf_counter(), done + STEPS_PER_CALL
        begun, saved = begun or now, saved or now  # without compilation
        _log(given.job, {"step": done, "seconds": round(now - begun, 2), **values})
        if now - saved > given.save_every or done >= given.steps:
            _save(given.job, facts, state, {"steps": done, "seconds": now - begun})
            saved = now


def _log(job, line):
    with (job / "logs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def _save(job, facts, state, done):
    import jax

    kept = sorted(place for place in facts["kept"] if place is not None)
    values = {f"{place:05d}": np.asarray(state[place]) for place in kept}
    done |= {"device": jax.devices()[0].device_kind, "jax": jax.__version__}
    np.savez_compressed(job / "new.npz", done=json.dumps(done), **values)
    (job / "new.npz").rename(job / "trained.npz")


def _orders(rng, count, size):
    """Which images each step sees: all, in an order of each epoch's own."""
    while True:
        order = rng.permutation(count)
        yield from order[: count // size * size].reshape(-1, size)


def _repeated(job, facts, data, state):
    """A compiled function of variables and the images' places in each step: new variables, mean logs."""
    import jax
    from jax import numpy as jnp

    step = _imported((job / "step.mlir").read_text(), facts, data, state)

    def many(state, places, data):
        def one(state, places):
            inputs = {name: values[places] for name, values in data.items()}
            inputs["images"] = inputs["images"].astype(jnp.float32) / 127.5 - 1
            return step([inputs[name] for name in facts["inputs"]], state)

        state, logs = jax.lax.scan(one, state, places)
        return state, [jnp.mean(value.astype(jnp.float32)) for value in logs]

    return jax.jit(many, donate_argnums=0)


def _imported(text, facts, data, state):
    """The StableHLO module as a function of JAX: inputs and variables -> new variables and logs.

    JAX exports a function of the same arguments and results, whose module is then replaced.
    """
    import jax
    from jax import export
    from jax import numpy as jnp

    aliases = re.findall(r"parameter_number = (\d+) : i64}, output_index = array<i64: (\d+)>", text)
    count, rows = len(facts["inputs"]), facts["images_per_step"]
    outputs = {int(parameter) - count: int(place) for parameter, place in aliases}
    kinds = [(value.shape, value.dtype) for value in state]
    results = [((), jnp.float32)] * len(facts["logs"])
    results += [kinds[place] for place in sorted(outputs, key=outputs.get)]

    def like(*arguments):
        return [jnp.zeros(*kind) for kind in results]

    images = jax.ShapeDtypeStruct((rows, *data["images"].shape[1:]), jnp.float32)
    shapes = {"images": images, "labels": jax.ShapeDtypeStruct((rows,), jnp.int32)}
    arguments = [shapes[name] for name in facts["inputs"]]
    arguments += [jax.ShapeDtypeStruct(*kind) for kind in kinds]
    exported = export.export(jax.jit(like, keep_unused=True))(*arguments)
    exported = dataclasses.replace(exported, mlir_module_serialized=_portable(text))

    def step(inputs, state):
        found = exported.call(*inputs, *state)
        new = [found[outputs[i]] if i in outputs else value for i, value in enumerate(state)]
        return new, found[: len(facts["logs"])]

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
    from tfgan_zoo import presets, training
    from tfgan_zoo.training.directory import new_directory, record

    facts = json.loads((given.job / "job.json").read_text())
    found = np.load(given.job / "trained.npz")
    done = json.loads(str(found["done"]))
    options = dataclasses.replace(
        training.Options(**facts["options"]), epochs=None, steps=done["steps"]
    )
    made = training.plan(options)
    for variable, place in zip(presets.exported_variables(made.gan), facts["kept"], strict=True):
        if place is not None:
            variable.assign(found[f"{place:05d}"])
    for average, network in made.gan.averages():
        network.set_weights(average.get_weights())
    directory = new_directory(given.run_root, options.preset, made.gan.distribute_strategy)
    record(made, directory)
    path = directory / "run.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "accelerator": done}, indent=2) + "\n"
    )
    made.gan.save(directory / "model.keras")
    print(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("prepare")
    verb.add_argument("preset")
    verb.add_argument("--data")
    verb.add_argument("--data-dir")
    verb.add_argument("--batch-size", type=int)
    verb.add_argument("--set", action="append", default=[], help="NAME=JSON, of the model")
    verb.add_argument("--to", type=pathlib.Path, required=True)
    verb.set_defaults(function=prepare)
    verb = verbs.add_parser("run")
    verb.add_argument("job", type=pathlib.Path)
    verb.add_argument("--data", type=pathlib.Path)
    verb.add_argument("--steps", type=int, required=True)
    verb.add_argument("--save-every", type=float, default=600, help="seconds")
    verb.set_defaults(function=run)
    verb = verbs.add_parser("collect")
    verb.add_argument("job", type=pathlib.Path)
    verb.add_argument("--run-root", type=pathlib.Path, default="runs")
    verb.set_defaults(function=collect)
    given = parser.parse_args()
    given.function(given)


if __name__ == "__main__":
    main()
