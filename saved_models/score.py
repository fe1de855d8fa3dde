"""Scores a published model as it is served, and writes the scores to its card.

python saved_models/score.py dcgan_fashion_mnist --data-dir ~/tensorflow_datasets
"""

import argparse
import pathlib
import re

from tfgan_zoo import evaluation, presets

HERE = pathlib.Path(__file__).parent
MEASURES = ("fd10k", "precision10k", "recall10k", "density10k", "coverage10k")
OF_CLASSIFIERS = ("modes10k", "mode_kl10k")
CLASSIFIERS = ("mnist", "fashion_mnist")  # data whose small classifier is shipped
SECTION = """## Scores

Of version {version} as it is served, against {reference}; 95 % intervals over the images that are drawn.
[What the names mean](../../docs/metrics.md); protocol and digests are in [scores.json](scores.json).

| metric | value | interval |
| --- | --- | --- |
{rows}

`python saved_models/score.py {name}{data} --metrics {metrics}`
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--data-dir")
    parser.add_argument(
        "--data", help="where it is not the preset's; a folder of images, for example"
    )
    parser.add_argument("--metrics")
    given = parser.parse_args()
    version = presets.published(given.name)
    config = presets.exported_record(version)["model"]["config"]
    data = given.data or presets.get_preset(given.name).dataset
    texts = (
        evaluation.captions(data, data_dir=given.data_dir) if "default_texts" in config else None
    )
    classes, shape = config.get("num_classes"), config["image_shape"]
    found = evaluation.evaluate(
        evaluation.from_saved_model(version, classes, name=given.name, texts=texts),
        given.metrics.split(",") if given.metrics else metrics(data, classes),
        lambda split: reference(data, split, shape, given.data_dir),
        evaluation.default_cache(),
    )
    evaluation.write(version.parent / "scores.json", found)
    card = version.parent / "README.md"
    text = re.sub(r"(?s)## Scores\n.*?(?=## Limits)", "", card.read_text())
    card.write_text(text.replace("## Limits", f"{section(version.parent)}\n## Limits"))


def reference(data, split, shape, data_dir):
    """Real images, by the name of their set or of their folder alone: cards tell no machine's paths."""
    images = evaluation.from_data(data, split, shape, data_dir)
    return images._replace(name=f"{pathlib.Path(data).name}, {split}")


def metrics(data, num_classes):
    """The usual ones: in the features of the data's own classifier, and distances of EfficientNet."""
    if data not in CLASSIFIERS:
        return [f"{measure}_effnet" for measure in (*MEASURES, "kd10k")]
    of_classes = ("intra_fd10k",) if num_classes else ()
    measures = (*MEASURES, *OF_CLASSIFIERS, *of_classes)
    return [*(f"{measure}_lenet_{data}" for measure in measures), "fd10k_effnet", "kd10k_effnet"]


def section(folder):
    """The part of the card that tells the scores in `<folder>/scores.json`."""
    results = evaluation.read(folder / "scores.json")
    reference = results[0].reference["name"]
    data = reference.split(",")[0]
    rows = [
        f"| `{r.metric}` | {r.value:.4g} | {r.interval[0]:.4g} to {r.interval[1]:.4g} |"
        for r in results
    ]
    return SECTION.format(
        name=folder.name,
        data="" if data == presets.get_preset(folder.name).dataset else f" --data ./{data}",
        version=presets.published(folder.name).name,
        reference=reference,
        rows="\n".join(rows),
        metrics=",".join(result.metric for result in results),
    )


if __name__ == "__main__":
    main()
