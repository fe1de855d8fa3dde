"""Publishes a trained run in the zoo: exports it, and writes its card and a picture of samples.

    python saved_models/publish.py runs/0001-dcgan_fashion_mnist

Then look at the picture, say on the card what is weak, and run score.py.
"""

import json
import pathlib
import shlex
import sys

from tfgan_zoo import presets, runs, serving
from tfgan_zoo.cli.arguments import setting
from tfgan_zoo.serving import config
from tfgan_zoo.visualization import image_grid, write_png

HERE = pathlib.Path(__file__).parent
_SAMPLES = 100
# What a command's data are, and where they are looked for.
TFDS = (
    "`{name}` of TensorFlow Datasets, prepared in `~/tensorflow_datasets` or the folder that "
    "`--data-dir` names"
)
EMOJI = (
    "the folder `./noto_emoji64`, the PNG files of github.com/googlefonts/noto-emoji (b3e3051, png/128, "
    "Apache-2.0) resized to 64x64, with a `names.json` of their Unicode names"
)
DATA = {
    "noto_emoji64": EMOJI,
    "noto_emoji64_split": "nine tenths of them in the folder `./noto_emoji64_split`, which `python "
    f"benchmarks/text_retrieval.py split ./noto_emoji64 ./noto_emoji64_split` makes of {EMOJI}",
}
CARD = """# {name}

{model}: {summary}

![Samples of seeds 0 to {last_seed}](samples.png)

| | |
| --- | --- |
| Model | `{model}`, {parameters:,} parameters in the generator, {shape} images |
| Data | {images:,} images: {data} |{classes}
| Training | {steps:,} steps, {epochs:.3g} epochs in batches of {batch_size}; {settings} |
| Versions | {versions} |
| Command | `{command}` |
| Commit | {commit} |
| Served | images of the moving average of the generator (decay {ema_decay}) |

```python
import tfgan_zoo

gan = tfgan_zoo.from_preset("{name}")
images = gan.generate(16, seed=0)
```

```sh
tfgan-zoo serve --model_name={name} --model_base_path=$PWD/saved_models/{name} --rest_api_port=8501
tfgan-zoo verify saved_models/{name}/{version}
```

## Limits

{limits}
"""


def main(run):
    """Writes `saved_models/<preset>/<next version>/`, its card, and the served configuration."""
    record, gan = json.loads((run / "run.json").read_text()), runs.load_run(run)
    name = record["options"]["preset"]
    version = gan.export(HERE, name)
    serving.verify(version)
    write_png(version.parent / "samples.png", image_grid(gan.generate(_SAMPLES, seed=0)))
    card = version.parent / "README.md"
    limits = (
        card.read_text().partition("## Limits\n\n")[2].strip() if card.exists() else "Not yet told."
    )
    card.write_text(CARD.format(**metadata(record, gan, name), version=version.name, limits=limits))
    models = HERE.parent / "serving" / "config" / "models.config"
    models.write_text(config.write(HERE, "/models"))
    print(
        f"Published {version}. Look at {version.parent / 'samples.png'}, and tell the limits in {card}."
    )


def metadata(record, gan, name):
    """What the card says."""
    steps = int(gan.iterations.numpy())
    versions = record["process"]["versions"].items()
    return {
        "name": name,
        "model": type(gan).__name__,
        "summary": type(gan).__doc__.strip().splitlines()[0],
        "parameters": presets.get_preset(name).parameters[0],
        "shape": "x".join(map(str, gan.image_shape)),
        "data": data(record),
        "images": record["images"],
        "classes": classes(gan.class_names),
        "steps": steps,
        "epochs": steps / record["steps_per_epoch"],
        "batch_size": record["options"]["batch_size"],
        "versions": ", ".join(f"{package} {number}" for package, number in versions),
        "command": command(record, steps),
        "settings": settings(record),
        "commit": record["process"]["commit"] or "not recorded",
        "ema_decay": gan.ema_decay,
        "last_seed": _SAMPLES - 1,
    }


def classes(names):
    """A further row of the card: number and name of each class; nothing where there are no names."""
    if not names:
        return ""
    told = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    return "\n| Classes | " + told.replace("|", r"\|") + " |"


def data(record):
    """What the set is, by its name or its folder's."""
    name = pathlib.Path(record["options"]["data"]).name
    return DATA.get(name, TFDS.format(name=name))


def command(record, steps):
    """What trains the like, as a line for a shell: the options that are not the preset's."""
    options, preset = record["options"], presets.get_preset(record["options"]["preset"])
    parts, folder = [preset.name], pathlib.Path(options["data"]).name
    if folder in DATA:
        parts += [f"--data ./{folder}"]
    if options["batch_size"] != preset.batch_size:
        parts += [f"--batch-size {options['batch_size']}"]
    parts += [
        f"--set {shlex.quote(setting(key, value))}" for key, value in options["overrides"].items()
    ]
    if options.get("init"):  # whose steps are among the model's
        parts += [f"--init {shlex.quote(options['init'])}"]
        steps -= options["first_step"]
    if "accelerator" in record:
        script = "python saved_models/train_on_jax.py"
        pieces = [f"prepare {' '.join(parts)} --to job", f"run job --steps {steps}", "collect job"]
        return " && ".join(f"{script} {piece}" for piece in pieces)
    parts += [f"--precision {options['precision']}"]
    epochs, rest = divmod(steps, record["steps_per_epoch"])
    length = f"--steps {steps}" if rest else f"--epochs {epochs}"
    return " ".join(["tfgan-zoo train", *parts, length])


def settings(record):
    """Seed and precision, and on what the run was trained by JAX, if it was."""
    found, options = record.get("accelerator"), record["options"]
    machine = f"; on one {found['device']} by JAX {found['jax']}" if found else ""
    return f"seed {options['seed']}, {options['precision']}{machine}"


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
