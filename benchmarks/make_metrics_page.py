"""Writes docs/metrics.md from the table of measures and the CSV files in benchmarks/results.

python benchmarks/make_metrics_page.py           # writes the page
python benchmarks/make_metrics_page.py --check   # exits with 1 where the page is stale
python benchmarks/make_metrics_page.py --plot    # draws docs/images/sanity_ladder_plot.png
"""

import sys
from pathlib import Path

from tables import measured_on, read_csv, table

from tfgan_zoo.evaluation.paired import PAIRED
from tfgan_zoo.evaluation.translation_names import ALONE, CYCLE
from tfgan_zoo.metrics.extractors import registry
from tfgan_zoo.metrics.measures import MEASURES

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "metrics.md"
CLASSIFIERS = {
    "lenet_mnist": ("four convolutions, 128 features", "MNIST, test accuracy 99.6 %"),
    "lenet_fashion_mnist": ("four convolutions, 128 features", "Fashion-MNIST, 93.5 %"),
    "resnet_cifar10": ("seven convolutions, 96 features", "CIFAR-10, 84.6 %"),
}


def page():
    return f"""# Metrics

Written by `python benchmarks/make_metrics_page.py` from the table of measures and the CSV files in
`benchmarks/results`.

```sh
tfgan-zoo evaluate dcgan_fashion_mnist --data fashion_mnist_10k \\
    --metrics fd10k_lenet_fashion_mnist,modes10k_lenet_fashion_mnist
tfgan-zoo sample dcgan_fashion_mnist --seeds 0-199 --out my_samples    # or pictures from elsewhere
tfgan-zoo evaluate ./my_samples --data fashion_mnist_10k \\
    --metrics fd200_lenet_fashion_mnist --out scores.json
tfgan-zoo report dcgan_fashion_mnist --data fashion_mnist_10k --extractor lenet_fashion_mnist \\
    --out report
```

`tfgan-zoo evaluate anything --metrics help` explains the names. Reports need Jinja and Matplotlib:
`pip install "tfgan-zoo[metrics]"`.

A run directory, a preset, a `.keras` file, an exported version, a server, a folder of images and an
`.npz` file can all be scored. `tfgan_zoo.evaluation.evaluate` does the same from Python, and
`callbacks.Evaluate` while training.

{names_section()}
{extractors_section()}
{agreement_section()}
{ladder_section()}
{speed_section()}"""


def names_section():
    rows = [
        (f"`{name}`", measure.summary, measure.better, "yes" if measure.has_extractor else "no")
        for name, measure in MEASURES.items()
    ]
    return f"""## Names

A name fixes what is measured and how: `fd10k_effnet_test` is the Fréchet distance (`fd`) of 10,000
generated images and as many real ones, in the features of EfficientNet-Lite0 (`effnet`), against the
test split; without `_test` it is the train split. Where no extractor is named it is the Inception
network of 2015; `fid50k` and `kid50k` are the field's names for `fd` and `kd` with it, and
`fid50k_legacy` resizes as TensorFlow 1 did. Image number i is that of seed + i, of the moving average
of the generator, with the label i modulo the number of classes, rounded to uint8. Real images are
taken without mirroring, at the size that the generator draws; where there are more than the name
says, a fixed random part. Every result has a 95 % interval over which images are drawn, the digests
of extractor, weights and images, and versions.

{table(["measure", "what", "better", "extractor"], rows)}

Precision, recall, density and coverage move with the numbers of images on both sides. Where the real set
has fewer than the name says, all of it is taken: 10,000 generated images beside 3,583 emoji. Take as
many generated ones as there are real ones, `recall3583_effnet`, to compare with numbers from elsewhere.

Of images that have a target of their own, in the same order:
{", ".join(f"`{n}`" for n in PAIRED)}.
Those with `_y` look at the Y channel of ITU-R BT.601, from 16 to 235 and not rounded; `psnr_y_border4`
and `ssim_y_border4` without a border of four pixels, or of another number in the name.
`feature_distance_effnet` is the squared distance of EfficientNet-Lite0's features, scaled to length 1.

[Models from images to images](translation.md#evaluating) are scored by these and by the measures above
of features or classes, where image i is the translation of image i of the split, not of a seed. Those
that translate both ways also by {" and ".join(f"`{n}`" for n in CYCLE)}:
the mean absolute difference, in levels of 255, and the PSNR of images and what comes back of them, with
the translation in between rounded to pixels. Of {", ".join(f"`{n}`" for n in ALONE)},
of what is made alone, that of the targets stands beside it, as "targets". `backward_` before a name is
of the way back. Details of a result have as "identity" the same measure of the images themselves, at
the size of the translations (bicubic, antialiased).
"""


def extractors_section():
    rows = [
        ("none, `legacy`", "2015 Inception, 2048 features", "path in `TFGAN_ZOO_INCEPTION_V3`"),
        (
            "`effnet`",
            "EfficientNet-Lite0, 1280 features",
            "shipped; ImageNet top-1 75.1 % (published)",
        ),
        *(
            (f"`{name}`", network, f"shipped; {text}")
            for name, (network, text) in CLASSIFIERS.items()
        ),
        ("`lpips` (of `ppl`)", "LPIPS 0.1 over VGG16", "heads shipped; path in `TFGAN_ZOO_VGG16`"),
    ]
    assert CLASSIFIERS.keys() < set(registry.names())
    return f"""## Extractors

{table(["suffix", "network", "weights"], rows)}

`python saved_models/train_classifier.py fashion_mnist` makes the small ones (14 epochs; 6 for MNIST, 12
for CIFAR-10). `ProjectedGAN` is trained against EfficientNet-Lite0's features, and what `FastGAN`'s
discriminator rebuilds is compared by them: a model that was trained against features has small distances
in these, and in those of other classifiers of ImageNet, without its images being as good
(Kynkäänniemi et al. 2023, "The Role of ImageNet Classes in Fréchet Inception Distance",
arXiv:2203.06026). Score such models in features of other data: those of the data's own classifier, or
`resnet_cifar10` for pictures in colour.
Images of another size are resized as clean-fid does it: bicubic with antialiasing, on floats. Any
Keras model becomes an extractor by `tfgan_zoo.metrics.extractors.register`. Inception's weights and
VGG16's are not in this package and have not been run by us: their networks are checked with random
weights.
"""


def agreement_section():
    rows = read_csv("metric_agreement")
    lines = [
        (r["measure"], r["oracle"], f"{float(r['difference']):.1e}", f"{float(r['tolerance']):.0e}")
        for r in rows
    ]
    return f"""## Agreement

The largest difference from other people's code on the same numbers, relative to its largest number,
by `python tests/oracles/agreement.py`; `tests/test_agreement.py` holds each line to the tolerance.
TF-GAN normalises every patch of the sliced Wasserstein distance by itself; the paper's code, and
ours, a whole set by channel; what is compared is the distance of the same patches.

{table(["measure", "oracle", "difference", "tolerance"], lines)}

{measured_on(rows)}
"""


def ladder_section():
    rows = read_csv("sanity_ladder")
    rungs = list(dict.fromkeys(row["rung"] for row in rows))
    values = {(row["rung"], row["metric"]): float(row["value"]) for row in rows}
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    shown = {key: f"{value:.4g}" for key, value in values.items()}
    lines = [[f"`{m}`", *(shown.get((rung, m), "–") for rung in rungs)] for m in metrics]
    return f"""## Sanity ladder

Test images of CIFAR-10, whole and spoiled in four ways, against as many train images; those with a
target against the whole test images. By `python benchmarks/sanity_ladder.py`.

Every metric worsens with what it is there to see. Precision and density are of fidelity: ten real
images over and over keep them, and recall, coverage, modes and the distances fall. MS-SSIM rises with
likeness, and falls with noise. The distance within classes is refused where a class is missing, and
images that were exchanged have no target. The extrapolated distance says by its interval where 2,000
images (of 1,280 features) are too few for a line.

![A row of images for each rung](images/sanity_ladder.png)

![Every metric over the rungs](images/sanity_ladder_plot.png)

{table(["metric", *rungs], lines)}

{measured_on(rows)}
"""


def speed_section():
    rows = read_csv("evaluation")
    lines = [
        (
            f"{int(r['images']):,}",
            r["images_per_second"],
            r["extractor_images_per_second"],
            f"{float(r['images_per_second']) / float(r['extractor_images_per_second']):.2f}x",
            f"{int(r['maximum_resident_mib']):,} MiB",
        )
        for r in rows
    ]
    header = ["images", "images/s", "extractor alone", "ratio", "maximum resident memory"]
    return f"""## Speed and memory

`fd…_effnet` of CIFAR-10's 32x32 images, by `python benchmarks/evaluation.py`.

{table(header, lines)}

{measured_on(rows)}
"""


def plot():
    """A small picture for each metric: its values and intervals over the rungs."""
    from matplotlib.figure import Figure

    rows = read_csv("sanity_ladder")
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    figure = Figure(figsize=(14, 11), layout="constrained")
    for axes, metric in zip(figure.subplots(5, 4).flat, metrics, strict=False):
        own = [row for row in rows if row["metric"] == metric]
        values = [float(row["value"]) for row in own]
        reach = [max(float(row["high"]) - v, 0) for row, v in zip(own, values, strict=True)]
        axes.errorbar(range(len(own)), values, reach, fmt="o-", markersize=4)
        axes.set_title(metric, fontsize=9)
        axes.set_xticks(range(len(own)), [row["rung"] for row in own], rotation=30, fontsize=7)
    for axes in figure.axes[len(metrics) :]:
        axes.set_axis_off()
    figure.savefig(DOCS / "images" / "sanity_ladder_plot.png", dpi=80)


if __name__ == "__main__":
    if "--plot" in sys.argv:
        plot()
    elif "--check" not in sys.argv:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        sys.exit("docs/metrics.md is stale: run python benchmarks/make_metrics_page.py")
