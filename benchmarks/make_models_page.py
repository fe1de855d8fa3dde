"""Writes docs/models.md: the variants, their presets, parameters beside published ones, networks.

python benchmarks/make_models_page.py           # writes the page
python benchmarks/make_models_page.py --check   # exits with 1 where the page is stale
"""

import collections
import inspect
import sys
from pathlib import Path

import keras
import zoo_tables
from tables import read_csv, table

import tfgan_zoo
from tfgan_zoo import evaluation, presets

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
INTRODUCTION = """# Models

Written by `python benchmarks/make_models_page.py` from the classes, their presets and the zoo's cards.

```python
import tfgan_zoo

gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")  # a trained generator, where the table says so
gan = tfgan_zoo.from_preset("dcgan_fashion_mnist", load_weights=False)  # a new model
gan = tfgan_zoo.DCGAN(image_shape=(28, 28, 1), width=64)  # of that size, without a preset
```

`tfgan-zoo train NAME` trains one, `tfgan-zoo info NAME` shows its options. Models with labels have as
many classes as their preset's data; `BigGAN`, `BigGANDeep` and `SAGAN` without a preset have ImageNet's
1,000. For data with ten, give `num_classes=10`. A test counts all parameters again.
"""

PUBLISHED = """## Parameters beside the published ones

All networks of the papers' sizes, and of ours beyond them. A number is printed in a paper or by a
reference code, or is "by hand": the sum of the layers that the source lists, which
`tests/test_published_parameters.py` takes without building a network. Of "a size of ours" there is no
published network, and the sum is that of the paper's layers at that size. Where ratios are not 1, the
source says why, and the test counts that too. Networks for 28x28 images, but those of the table,
`textgan_emoji_32`, `stylegan2_emoji_64` and `biggan_cifar10_small` are ours alone.
"""


def page():
    variants = collections.defaultdict(list)
    for preset in tfgan_zoo.list_presets().values():
        variants[preset.model_class].append(preset)
    ordered = sorted(variants, key=lambda variant: variant.__name__.lower())
    sections = [section(variant, variants[variant]) for variant in ordered]
    return "\n".join([INTRODUCTION, zoo_tables.trained(), published_counts(), *sections])


def published_counts():
    """Parameters beside those that a paper or its authors' code gives."""
    rows = []
    for row in read_csv("published_parameters"):
        preset = presets.get_preset(row["preset"])
        ours = preset.parameters[row["player"] == "discriminator"]
        share = ours / float(row["published"])
        rows.append(
            (
                f"`{preset.name}`",
                row["player"],
                f"{ours:,}",
                row["printed"],
                f"{share:.4f}",
                row["source"],
            )
        )
    columns = ["preset", "player", "ours", "published, or by hand", "ratio", "where"]
    return f"{PUBLISHED}\n{table(columns, rows)}\n"


def section(variant, found):
    summary, _, prose = inspect.getdoc(variant).partition("\n")
    prose = (
        prose.split("Args:")[0].split("All other arguments")[0].split("All arguments")[0].strip()
    )
    reference = (
        inspect.getdoc(sys.modules[variant.__module__]).partition("Reference")[2].lstrip("s: ")
    )
    whole = [preset for preset in found if all(preset.parameters)] or found
    smallest = min(whole, key=lambda preset: sum(preset.parameters))
    return f"""## {variant.__name__}

{summary}

{prose}

Reference: {reference}

{table(["preset", "images", "generator", "discriminator", "trained"], [row(preset) for preset in found])}
{samples(found)}
The networks of `{smallest.name}`; a box is a stretch of layers of one output shape.

{networks(smallest)}"""


def row(preset):
    options = {**preset.model_class.defaults, **preset.options}
    counts = [f"{count:,}" for count in preset.parameters]
    return (
        f"`{preset.name}`",
        "x".join(map(str, options["image_shape"])),
        *counts,
        trained(preset),
    )


def trained(preset):
    """A link to the card of trained weights, with the score that fixes its protocol."""
    folder = ROOT / "saved_models" / preset.name
    if not (folder / "scores.json").exists():
        return "no"
    score = evaluation.read(folder / "scores.json")[0]
    return f"[card](../saved_models/{preset.name}/README.md), `{score.metric}` {score.value:.4g}"


def samples(found):
    names = [p.name for p in found if (ROOT / "saved_models" / p.name / "samples.png").exists()]
    return "".join(f"\n![{name}](../saved_models/{name}/samples.png)\n" for name in names)


# === Pictures of networks ===


def networks(preset):
    # No weight is drawn: only shapes are read.
    with keras.StatelessScope(initialize_variables=False):
        gan = tfgan_zoo.from_preset(preset.name, load_weights=False)
    averages = [average for average, _ in gan.ema_pairs()]
    charts = [chart(network) for network in gan.networks().values() if network not in averages]
    return "\n".join(charts)


def chart(network):
    """A network as a Mermaid flow chart."""
    boxes = stretches(network)
    names = [f"{network.name}{index}" for index in range(len(boxes))]
    lines = [f'    {name}["{text}"]' for name, text in zip(names, boxes, strict=True)]
    path = " --> ".join(names)
    return "```mermaid\nflowchart LR\n" + "\n".join(lines) + f"\n    {path}\n```\n"


def stretches(network):
    """Texts of the boxes: the kinds of layers that give maps of one size, in their order."""
    found = []
    for layer in network.layers:
        shape = tuple(size for size in _shape(layer)[1:])
        kind = f"{layer.name}" if type(layer).__name__ == "InputLayer" else type(layer).__name__
        if not found or found[-1][0] != shape:
            found.append((shape, collections.Counter()))
        found[-1][1][kind] += 1
    return [_box(shape, kinds) for shape, kinds in found]


def _shape(layer):
    """The shape of a layer's first output, or nothing where it was never called on its own."""
    nodes = getattr(layer, "_inbound_nodes", [])
    return tuple(nodes[0].output_tensors[0].shape) if nodes else ()


def _box(shape, kinds):
    size = "x".join(map(str, shape)) or "scalar"
    parts = [kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items()]
    return "<br/>".join([size, *parts])


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit(f"{PAGE} is stale: run python benchmarks/make_models_page.py")
