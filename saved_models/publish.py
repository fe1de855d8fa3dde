"""Publishes a trained run in the zoo: exports it, and writes its card and a picture of samples.

    python saved_models/publish.py runs/0001-dcgan_fashion_mnist
    python saved_models/publish.py runs/0002-cyclegan_orange_lemon --pictures './noto_emoji64/*34?.png'

Then look at the picture, say on the card what is weak and in uses.json what it is for, and run score.py,
speed.py, bias.py (of a model that draws) and cards.py. With --to another folder than this one is
written. --watts is the power of the processor, of which the card counts the energy.
"""

import argparse
import glob
import json
import pathlib
import shlex

import cards
import numpy as np
import recorded
from image_sets import DATA, NOT_KNOWN, SHOWN, TFDS, data_name

import tfgan_zoo
from tfgan_zoo import evaluation, presets, runs, serving
from tfgan_zoo.cli.arguments import setting
from tfgan_zoo.cli.translators import opened_run
from tfgan_zoo.evaluation.translation import as_target
from tfgan_zoo.files import sha256, write_json
from tfgan_zoo.serving import config
from tfgan_zoo.tasks import pictures
from tfgan_zoo.visualization import image_grid, image_rows, write_png

HERE = pathlib.Path(__file__).parent
GRAPHS = HERE.parent / "tfgan_zoo" / "trust" / "known_graphs.txt"
_SAMPLES, _SHOWN = 100, 8
CARD = """# {name}

{model}: {summary}

![{caption}](samples.png)

| | |
| --- | --- |
| Model | `{model}`, {parameters:,} parameters in the generator, {shape} images |
| Data | {images:,} {what}: {data} |{classes}
| Training | {steps:,} steps, {epochs:.3g} epochs in batches of {batch_size}; {settings} |
| Versions | {versions} |
| Command | `{command}` |
| Commit | {commit} |
| Served | {served} |

{example}
"""
OF_GANS = """```python
import tfgan_zoo

gan = tfgan_zoo.from_preset("{name}")
images = gan.generate(16, seed=0)
```

```sh
tfgan-zoo serve --model_name={name} --model_base_path=$PWD/saved_models/{name} --rest_api_port=8501
tfgan-zoo verify saved_models/{name}/{version}
```"""
OF_TRANSLATORS = """```python
import numpy as np

import tfgan_zoo

model = tfgan_zoo.from_preset("{name}")
made = model.translate(np.zeros({image_shape}, np.uint8){further})  # or a file, a folder, a list
```

```sh
tfgan-zoo serve --model_name={name} --model_base_path=$PWD/saved_models/{name} \\
    --rest_api_port=8501
tfgan-zoo verify saved_models/{name}/{version}
```"""


def main(run, folder=HERE, watts=None, **shown):
    """Writes `<folder>/<preset>/<next version>/` and its card, and for this folder the served
    configuration and index.json. `watts`: of the processor that it was trained on. `shown`: of
    `translations`."""
    record, gan = json.loads((run / "run.json").read_text()), runs.load_run(run)
    name = record["options"]["preset"]
    is_translator = isinstance(gan, tfgan_zoo.ImageToImage)
    caption, picture = translations(run, record, **shown) if is_translator else samples(gan)
    version = gan.export(folder, name)
    serving.verify(version, trust_model=is_translator)
    write_png(version.parent / "samples.png", picture)
    card = version.parent / "README.md"
    told = metadata(record, gan, name) | {"caption": caption}
    told["example"] = (OF_TRANSLATORS if is_translator else OF_GANS).format(
        name=name,
        version=version.name,
        image_shape=tuple(gan.image_shape),
        further=further(gan) if is_translator else "",
    )
    limits = cards.parts(card.read_text())[1].get("Limits") if card.exists() else None
    recorded_beside(version, run, record, gan, watts)
    card.write_text(CARD.format(**told))
    cards.write(version.parent, Limits=limits or "Not yet told.")
    if folder == HERE:
        trust_translators()
        models = HERE.parent / "serving" / "config" / "models.config"
        models.write_text(config.write(HERE, "/models"))
    print(
        f"Published {version}. Look at {version.parent / 'samples.png'}, tell the limits in {card} and "
        f"the use in {HERE / 'uses.json'}; then run score.py, speed.py, cards.py and, of a model that "
        "draws, bias.py."
    )


def recorded_beside(version, run, record, gan, watts):
    """Writes metadata.json and curve.png, and takes away what was measured of another version."""
    folder = version.parent
    for measured in (*folder.glob("scores*"), folder / "bias.json", folder / "curve.png"):
        measured.unlink(missing_ok=True)
    steps = int(gan.iterations.numpy()) - begun(record)
    known = recorded.metadata(run, record, gan, steps, watts)
    file = folder / "metadata.json"
    if record["options"].get("init") == folder.name and file.exists():  # it goes on
        known["images_seen"] += json.loads(file.read_text())["images_seen"] or 0
    write_json(file, known)
    if picture := recorded.curve(run):
        (folder / "curve.png").write_bytes(picture)


def further(model):
    """Arguments of an example for what a model takes beside images."""
    examples = {"styles": f"np.zeros({tuple(model.image_shape)}, np.uint8)", "domain": "0"}
    names = [wanted.name for wanted in model.further_inputs() if wanted.default is None]
    return "".join(f", {name}={examples[name]}" for name in names)


def trust_translators():
    """Lists the graphs of the zoo's models from images to images, which decode pictures: see
    docs/security.md."""
    lines = []
    for name, preset in sorted(presets.list_presets().items()):
        version = presets.exported(HERE / name)
        if version and issubclass(preset.model_class, tfgan_zoo.ImageToImage):
            lines.append(f"{sha256(version / 'saved_model.pb')} {name}\n")
    GRAPHS.write_text("".join(lines))


def samples(gan):
    """What the picture of a GAN's card shows, and the picture."""
    return f"Samples of seeds 0 to {_SAMPLES - 1}", image_grid(gan.generate(_SAMPLES, seed=0))


def translations(run, record, files=None, styles=None, size=None):
    """The same of a model from images to images, with what may be shown: see `SHOWN`."""
    name = data_name(record["options"]["data"])
    shown, reason = SHOWN.get(name, NOT_KNOWN)
    if shown == "free":
        model, files = runs.load_run(run), _free(name, reason, files, "pictures")
        if any(further.name == "styles" for further in model.further_inputs()):
            styles = _free(name, reason, styles, "styles")
        caption, rows = _of_free(model, files, styles, size)
        return caption, image_rows(rows)
    opened = opened_run(run)
    pairs, split = _pairs(opened)
    numbers = range(min(_SHOWN, len(pairs.images.names)))
    if shown == "outputs":
        ways = zip(opened.translator.directions, (pairs, pairs.swapped()), strict=False)
        made = [
            opened.translator.translate(there.images.read(i), way)
            for way, there in ways
            for i in numbers
        ]
        both = ", both ways" * (len(opened.translator.directions) > 1)
        caption = f"Translations of the first {len(numbers)} {split}{both} ({reason})"
        return caption, image_grid(np.stack(made), 4)
    columns = "image, translation, target" if pairs.is_paired else "image, translation"
    caption = f"Rows of {columns}, of the first {len(numbers)} {split} of {name} ({reason})"
    return caption, evaluation.panel(opened.translator, pairs, numbers)


def _pairs(opened):
    """Those of the split "test", or where there is none those of the training, and which it was."""
    try:
        return opened.pairs(None, None, None, "test", None, None), "test images"
    except ValueError:
        return opened.pairs(None, None, None, "train", None, None), "training images"


def _free(name, reason, files, option):
    """The files of a set of which all may be shown."""
    found = sorted(glob.glob(files or ""))[:_SHOWN]
    sets = {data_name(pathlib.Path(file).parent) for file in found}
    if not found or any(SHOWN.get(each, NOT_KNOWN)[0] != "all" for each in sets):
        free = ", ".join(each for each, (shown, _) in SHOWN.items() if shown == "all")
        raise ValueError(
            f"{name}: {reason}. Give --{option}, files of a set that may be shown: {free}."
        )
    return found


def _of_free(model, files, styles=None, size=None):
    """Rows of images and translations; where a model takes styles with these, where it enlarges also of
    what was made smaller for it."""
    rows = []
    for number, file in enumerate(files):
        target = _middle(pictures.read(file, model.image_shape[-1]), size)
        given, further = target, {}
        if styles:
            style = _middle(pictures.read(styles[number % len(styles)], 3), size)
            further = {"styles": style}
        if model.scale > 1:
            height, width = (side // model.scale for side in target.shape[:2])
            target = target[: model.scale * height, : model.scale * width]
            given = as_target(target, (height, width, target.shape[-1]))
        made = [model.translate(given, direction=way, **further) for way in model.directions]
        rows.append([given, *further.values(), *made] + ([target] if model.scale > 1 else []))
    columns = ["image", *(["style"] if styles else []), "translation"]
    columns += ["translation back"] if len(model.directions) > 1 else []
    columns += ["target"] if model.scale > 1 else []
    name = data_name(pathlib.Path(files[0]).parent)
    told = (
        f"Rows of {', '.join(columns)}, of {name} ({SHOWN[name][1]}), which it was not trained on"
    )
    return told, rows


def _middle(image, size):
    """The middle square of a picture, at that size; None: as it is."""
    if size is None:
        return image
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top : top + side, left : left + side]
    return as_target(square, (size, size, image.shape[-1]))


def metadata(record, gan, name):
    """What the card says."""
    steps = int(gan.iterations.numpy()) - begun(record)
    versions = record["process"]["versions"].items()
    return {
        "name": name,
        "model": type(gan).__name__,
        "summary": type(gan).__doc__.strip().splitlines()[0],
        "parameters": recorded.parameters(gan)["generator"],
        "shape": "x".join(map(str, gan.image_shape)),
        "data": data(record),
        "images": record["images"],
        "what": what(record, gan),
        "classes": classes(gan.class_names),
        "steps": steps,
        "epochs": steps / record["steps_per_epoch"],
        "batch_size": record["options"]["batch_size"],
        "versions": ", ".join(f"{package} {number}" for package, number in versions),
        "command": command(record, steps),
        "settings": settings(record),
        "commit": record["process"]["commit"] or "not recorded",
        "served": served(gan),
    }


def what(record, gan):
    """What the images of a run are called."""
    named = {"load_pairs": "pairs", "load_unpaired": "images and targets"}
    preset = presets.get_preset(record["options"]["preset"])
    options = {**preset.data_options, **record["options"].get("data_options", {})}
    is_cut = options.get("crop") == "window"
    return "windows an epoch" if is_cut else named.get(getattr(gan, "loader", "load"), "images")


def served(gan):
    if not gan.ema_decay:
        return "translations of the generator; it has no moving average, and no dropout"
    what = "translations" if isinstance(gan, tfgan_zoo.ImageToImage) else "images"
    return f"{what} of the moving average of the generator (decay {gan.ema_decay})"


def classes(names):
    """A further row of the card: number and name of each class; nothing where there are no names."""
    if not names:
        return ""
    told = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    return "\n| Classes | " + told.replace("|", r"\|") + " |"


def data(record):
    """What the set is, by its name or its folder's."""
    name = data_name(record["options"]["data"])
    return DATA.get(name, TFDS.format(name=name))


def command(record, steps):
    """What trains the like, as a line for a shell: the options that are not the preset's."""
    options, preset = record["options"], presets.get_preset(record["options"]["preset"])
    parts, folder = [preset.name], data_name(options["data"])
    if folder in DATA:
        parts += [f"--data ./{folder}"]
    if options["batch_size"] != preset.batch_size:
        parts += [f"--batch-size {options['batch_size']}"]
    parts += [
        f"--set {shlex.quote(setting(key, value))}" for key, value in options["overrides"].items()
    ]
    if options.get("init"):
        parts += [f"--init {shlex.quote(options['init'])}"]
    if "accelerator" in record:
        script = "python saved_models/train_on_jax.py"
        pieces = [f"prepare {' '.join(parts)} --to job", f"run job --steps {steps}", "collect job"]
        return " && ".join(f"{script} {piece}" for piece in pieces)
    parts += [f"--precision {options['precision']}"]
    epochs, rest = divmod(steps, record["steps_per_epoch"])
    length = f"--steps {steps}" if rest else f"--epochs {epochs}"
    return " ".join(["tfgan-zoo train", *parts, length])


def begun(record):
    """The steps of the model that a run began with."""
    return record["options"]["first_step"] if record["options"].get("init") else 0


def settings(record):
    """Seed and precision, what the run began with, and on what it was trained by JAX, if it was."""
    found, options = record.get("accelerator"), record["options"]
    machine = f"; on one {found['device']} by JAX {found['jax']}" if found else ""
    first = f"; after {begun(record):,} steps of `{options['init']}`" if options.get("init") else ""
    return f"seed {options['seed']}, {options['precision']}{first}{machine}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--to", type=pathlib.Path, default=HERE, help="folder of all models")
    parser.add_argument("--pictures", help="pattern of files to show on the card")
    parser.add_argument(
        "--styles", help="the same of pictures of styles, for a model that takes them"
    )
    parser.add_argument("--size", type=int, help="side of their middle square (their own size)")
    parser.add_argument("--watts", type=float, help="of the processor while it trained, if known")
    given = parser.parse_args()
    shown = {"styles": given.styles, "size": given.size}
    main(given.run, given.to, given.watts, files=given.pictures, **shown)
