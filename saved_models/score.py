"""Scores a published model as it is served, and writes the scores to its card.

    python saved_models/score.py dcgan_fashion_mnist --data-dir ~/tensorflow_datasets
    python saved_models/score.py pix2pix_facades_128 --data ./facades
    python saved_models/score.py NAME --data './Set5/*_LR.png' --targets './Set5/*_HR.png' --set set5

A model from images to images may be scored on several sets: the scores of a further one, --set, have a
file and a table of their own.
"""

import argparse
import pathlib
import shlex

import cards
from image_sets import DATA

import tfgan_zoo
from tfgan_zoo import evaluation, presets
from tfgan_zoo.cli.translators import Opened

HERE = pathlib.Path(__file__).parent
MEASURES = ("fd10k", "precision10k", "recall10k", "density10k", "coverage10k")
OF_CLASSIFIERS = ("modes10k", "mode_kl10k")
CLASSIFIERS = {  # those that are shipped, by their data
    "mnist": "lenet_mnist",
    "fashion_mnist": "lenet_fashion_mnist",
    "cifar10": "resnet_cifar10",
}
SECTION = """## Scores

Of version {version} as it is served, against {reference}; 95 % intervals over the images that are drawn.
[What the names mean](../../docs/metrics.md); protocol and digests are in [scores.json](scores.json).

| metric | value | interval |
| --- | --- | --- |
{rows}

`python saved_models/score.py {name}{data} --metrics {metrics}`
"""


# Of a model from images to images, whose scores stand beside those of the images themselves.
TRANSLATED = """Of version {version} as it is served, on {pairs} of {reference}; 95 % intervals over
images. Identity is the same measure of the images themselves, brought to the size and the channels of
the translations. {nearest}[What the names mean](../../docs/metrics.md); protocol and digests are in
[{file}]({file}), the values of each image in [{rows_file}]({rows_file}).

| metric | value | interval |{columns}
| --- | --- | --- |{rules}
{rows}

`python saved_models/score.py {name} {options} --metrics {metrics}`
"""


BASELINES = ("identity", "nearest", "targets")
NEAREST = "Nearest is that of the targets of the training images whose pixels\nare nearest. "


def main(arguments=None):
    given = parser().parse_args(arguments)
    version = given.folder / given.name if given.folder else presets.published(given.name)
    version = presets.exported(version)
    is_translator = issubclass(presets.get_preset(given.name).model_class, tfgan_zoo.ImageToImage)
    (translations if is_translator else samples)(version, given)
    cards.write(
        version.parent, Scores=section(version.parent).removeprefix("## Scores\n\n").strip()
    )


def parser():
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("name")
    found.add_argument("--data-dir")
    found.add_argument(
        "--data", help="where it is not the preset's; a folder of images, for example"
    )
    found.add_argument("--metrics")
    found.add_argument(
        "--folder", type=pathlib.Path, help="of all models, where it is not the zoo's"
    )
    found.add_argument("--targets", help="targets in a folder of their own, or a pattern")
    found.add_argument("--split", default="test", help="of the images to translate")
    found.add_argument("--set", help="a further set: a word for its file, such as set5")
    return found


def translations(version, given):
    """Scores what a model makes of images, and writes the values of each beside the results."""
    preset = presets.get_preset(given.name)
    translator = evaluation.translator_from_saved_model(version, given.name, trust_model=True)
    opened = Opened(translator, preset.model_class, preset.dataset, None, preset.data_options)
    pairs = opened.pairs(given.data, given.targets, given.data_dir, given.split, None, None)
    names = given.metrics.split(",") if given.metrics else None
    found, rows = evaluation.evaluate_translation(translator, pairs, names)
    if preset.model_class.loader == "load_pairs" and not given.targets:
        known = opened.pairs(given.data, None, given.data_dir, "train", None, None)
        found = beside_neighbours(found, evaluation.translator_from_neighbours(known), pairs)
    told = {"options": options(given, preset), "pairs": told_count(pairs)}
    file = version.parent / f"scores{f'_{given.set}' if given.set else ''}.json"
    file.unlink(missing_ok=True)
    evaluation.write(file, [r._replace(protocol=r.protocol | told) for r in found])
    evaluation.write_rows(file.with_suffix(".csv"), rows)


def beside_neighbours(found, neighbours, pairs):
    """The results, each with that of the targets of the nearest training images as "nearest"."""
    names = [result.metric for result in found]
    nearest = evaluation.evaluate_translation(neighbours, pairs, names).results
    return [
        one._replace(details=one.details | {"nearest": other.value})
        for one, other in zip(found, nearest, strict=True)
    ]


def told_count(pairs):
    if pairs.is_paired:
        return f"{len(pairs.images.names):,} pairs"
    return f"{len(pairs.images.names):,} images and {len(pairs.targets.names):,} targets"


def options(given, preset):
    """The options of the command as a card has them, which tells no machine's paths."""
    paths = {"--data": given.data or preset.dataset, "--targets": given.targets}
    words = [f"{key} {shlex.quote(relative(path))}" for key, path in paths.items() if path]
    words += [f"--split {shlex.quote(given.split)}"] * (given.split != "test")
    return " ".join(words + ([f"--set {given.set}"] if given.set else []))


def relative(path):
    """A path as it is, but of one from the machine's root the last part, of a pattern the last two."""
    parts = pathlib.PurePath(path).parts
    if not pathlib.PurePath(path).is_absolute():
        return path
    return f"./{'/'.join(parts[-2:] if '*' in path else parts[-1:])}"


def samples(version, given):
    """Scores what a GAN draws."""
    config = presets.exported_record(version)["model"]["config"]
    data = given.data or presets.get_preset(given.name).dataset
    texts = (
        evaluation.captions(data, data_dir=given.data_dir) if "default_texts" in config else None
    )
    classes, shape = config.get("num_classes"), config["image_shape"]
    found = evaluation.evaluate(
        evaluation.from_saved_model(version, classes, name=given.name, texts=texts),
        given.metrics.split(",")
        if given.metrics
        else metrics(data, classes, config.get("features")),
        lambda split: reference(data, split, shape, given.data_dir),
        evaluation.default_cache(),
    )
    evaluation.write(version.parent / "scores.json", found)


def reference(data, split, shape, data_dir):
    """Real images, by the name of their set or of their folder alone: cards tell no machine's paths."""
    images = evaluation.from_data(data, split, shape, data_dir)
    return images._replace(name=f"{pathlib.Path(data).name}, {split}")


def metrics(data, num_classes, features=None):
    """The usual ones: in the features of the data's own classifier, or of CIFAR-10's for other
    pictures; and distances of EfficientNet-Lite0, but for a model that was trained by its features."""
    own = CLASSIFIERS.get(data)
    of_classes = ("intra_fd10k",) if num_classes else ()
    measures = (*MEASURES, *OF_CLASSIFIERS, *of_classes) if own else MEASURES
    found = [f"{measure}_{own or 'resnet_cifar10'}" for measure in measures]
    return found + ["fd10k_effnet", "kd10k_effnet"] * (features != "efficientnet_lite0")


def section(folder):
    """The part of the card with the scores in `<folder>/scores.json`, and those of further sets."""
    results = evaluation.read(folder / "scores.json")
    if "options" in results[0].protocol:
        files = [folder / "scores.json", *sorted(folder.glob("scores_*.json"))]
        return "## Scores\n\n" + "\n".join(table(file) for file in files)
    reference = results[0].reference["name"]
    data = reference.split(",")[0]
    is_usual = data == presets.get_preset(folder.name).dataset and data not in DATA  # no folder
    rows = [
        f"| `{r.metric}` | {r.value:.4g} | {r.interval[0]:.4g} to {r.interval[1]:.4g} |"
        for r in results
    ]
    return SECTION.format(
        name=folder.name,
        data="" if is_usual else f" --data ./{data}",
        version=presets.exported(folder).name,
        reference=reference,
        rows="\n".join(rows),
        metrics=",".join(result.metric for result in results),
    )


def baseline(result, name):
    found = result.details.get(name)
    return "–" if found is None else f"{float(found):.4g}"


def table(file):
    """The scores of one set of images that were translated."""
    results = evaluation.read(file)
    known = [name for name in BASELINES if any(name in r.details for r in results)]
    rows = [
        f"| `{r.metric}` | {r.value:.4g} | {r.interval[0]:.4g} to {r.interval[1]:.4g} |"
        + "".join(f" {baseline(r, name)} |" for name in known)
        for r in results
    ]
    return TRANSLATED.format(
        name=file.parent.name,
        version=presets.exported(file.parent).name,
        file=file.name,
        rows_file=file.with_suffix(".csv").name,
        reference=results[0].reference["name"],
        rows="\n".join(rows),
        columns="".join(f" {name} |" for name in known),
        rules=" --- |" * len(known),
        nearest=NEAREST * ("nearest" in known),
        metrics=",".join(result.metric for result in results),
        **{key: results[0].protocol[key] for key in ("options", "pairs")},
    )


if __name__ == "__main__":
    main()
