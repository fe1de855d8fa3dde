"""Scores a published model as it is served, and writes the scores to its card.

python saved_models/score.py dcgan_fashion_mnist --data-dir ~/tensorflow_datasets
"""

import argparse
import pathlib
import re

from tfgan_zoo import evaluation, presets

HERE = pathlib.Path(__file__).parent
METRICS = (
    "fd10k_effnet,fd_infinity10k_effnet,kd10k_effnet,precision10k_effnet,recall10k_effnet,density10k_effnet,"
    "coverage10k_effnet"
)
SECTION = """## Scores

Of version {version} as it is served, against {reference}; 95 % intervals over the images that are drawn.
[What the names mean](../../docs/metrics.md); protocol and digests are in [scores.json](scores.json).

| metric | value | interval |
| --- | --- | --- |
{rows}

`python saved_models/score.py {name} --metrics {metrics}`
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--data-dir")
    parser.add_argument("--metrics", default=METRICS)
    given = parser.parse_args()
    version = presets.published(given.name)
    config = presets.exported_record(version)["model"]["config"]
    data, shape = presets.get_preset(given.name).dataset, config["image_shape"]
    found = evaluation.evaluate(
        evaluation.from_saved_model(version, config.get("num_classes"), name=given.name),
        given.metrics.split(","),
        lambda split: evaluation.from_data(data, split, shape, given.data_dir),
        evaluation.default_cache(),
    )
    evaluation.write(version.parent / "scores.json", found)
    card = version.parent / "README.md"
    text = re.sub(r"(?s)## Scores\n.*?(?=## Limits)", "", card.read_text())
    card.write_text(text.replace("## Limits", f"{section(version.parent)}\n## Limits"))


def section(folder):
    """The part of the card that tells the scores in `<folder>/scores.json`."""
    results = evaluation.read(folder / "scores.json")
    rows = [
        f"| `{r.metric}` | {r.value:.4g} | {r.interval[0]:.4g} to {r.interval[1]:.4g} |"
        for r in results
    ]
    return SECTION.format(
        name=folder.name,
        version=presets.published(folder.name).name,
        reference=results[0].reference["name"],
        rows="\n".join(rows),
        metrics=",".join(result.metric for result in results),
    )


if __name__ == "__main__":
    main()
