"""The gallery and the table of the trained models, made of saved_models/index.json."""

import csv
import html
import json
import re
from pathlib import Path

PAPER_SCORES = Path(__file__).parent / "paper_scores.csv"
USES = ("recommended", "teaches", "history")
FILTERS = {"task": "Task", "data": "Data", "size": "Size"}
GALLERY = """---
hide: [toc]
---
# Gallery

Every trained model, and what it draws: samples of seeds one after the other, or translations of pictures
that were not chosen. A picture leads to the card of its model; [the table](table.md) has their numbers.
"""
TABLE = """---
hide: [toc]
---
# Table of models

FD is the Fréchet distance in EfficientNet-Lite0's features, which compares models of the same data, and
recall the share of real images that are like generated ones, in the features of the data's classifier
where there is one: [metrics](../docs/metrics.md). Images per second are drawn on a CPU; hours are of the
training, on the processor beside them. A dash stands for what was not measured, or not recorded.
"""
PAPERS = """## Beside the papers

What the papers print is of other data, mostly larger images and longer trainings, by Inception's
features: no number of the right side compares with one of the left.
"""
MISSING = "`saved_models/index.json`, of which this page is made, is not there."


def pages(root):
    """`{page: Markdown}`."""
    path = root / "saved_models" / "index.json"
    models = json.loads(path.read_text()) if path.exists() else []
    models.sort(key=lambda model: (USES.index(model["use"]), model["task"], model["name"]))
    return {
        "saved_models/index.md": f"{GALLERY}\n{gallery(models) if models else MISSING}\n",
        "saved_models/table.md": f"{TABLE}\n{tables(models) if models else MISSING}\n",
    }


# === Gallery ===


def gallery(models):
    items = "\n".join(map(_item, models))
    return f'{_form(models)}\n<ul class="gallery" markdown="1">\n{items}\n</ul>\n'


def _form(models):
    """The filters; hidden until `gallery.js` is there, which makes them work."""
    fields = "".join(_field(key, label, models) for key, label in FILTERS.items())
    return f"""<form class="filters" hidden>{fields}<button type="reset">All models</button>
<p role="status">{len(models)} models</p></form>
<script src="../website/gallery.js" defer></script>
"""


def _field(key, label, models):
    values = sorted({_facts(model)[key] for model in models}, key=_in_order)
    options = "".join(f"<option>{html.escape(value)}</option>" for value in values)
    return f'<label>{label} <select name="{key}"><option value="">any</option>{options}</select></label>'


def _in_order(text):
    """Numbers by their size."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _facts(model):
    height, width, _ = model["image_shape"]
    return {"task": model["task"], "data": model["data"], "size": f"{height}x{width}"}


def _item(model):
    name, facts = model["name"], _facts(model)
    data = " ".join(f'data-{key}="{html.escape(value)}"' for key, value in facts.items())
    texts = [*facts.values(), *(["recommended"] if model["use"] == "recommended" else [])]
    return f"""<li markdown="block" {data}>

## [{name}]({name}/README.md)

[![Samples of {name}, not selected]({name}/samples.png)]({name}/README.md)

{model["summary"]}

{" · ".join(texts)}{_headline(model["scores"])}

```python
import tfgan_zoo
model = tfgan_zoo.from_preset("{name}")
```

</li>"""


def _headline(scores):
    """The score that compares most models, or the first."""
    names = [name for name in scores if re.match(r"fd\d+k?_effnet|psnr_y|psnr$", name)]
    name = next(iter([*names, *scores]), None)
    return f" · `{name}` {scores[name]['value']:.4g}" if name else ""


# === Tables ===


def tables(models):
    return f"{_rows(map(_row, models))}\n\n{PAPERS}\n{_rows(_beside_papers(models))}"


def _row(model):
    return {
        "model": f"[{model['name']}]({model['name']}/README.md)",
        **_facts(model),
        "FD": _score(model, r"fd\d+k?_effnet"),
        "recall": _score(model, r"recall\d+k?_"),
        "PSNR": _score(model, "psnr$"),
        "parameters": f"{model['parameters']['generator']:,}",
        "MB": model["megabytes"],
        "images/s": _number(model["images_per_second"]),
        "hours": _number(model["hours"]),
        "of": model["processor"] or "–",
        "images seen": _number(model["images_seen"]),
        "weights' licence": model["weights_licence"],
    }


def _beside_papers(models):
    papers = {row["class"]: row for row in csv.DictReader(PAPER_SCORES.read_text().splitlines())}
    for model in models:
        if paper := papers.get(model["class"]):
            yield {
                "model": f"[{model['name']}]({model['name']}/README.md)",
                "data": f"{model['data']}, {_facts(model)['size']}",
                "images seen": _number(model["images_seen"]),
                "FD": _score(model, r"fd\d+k?_effnet"),
                "the paper's data": f"{paper['data']}, {paper['image_size']}x{paper['image_size']}",
                "its images seen": _number(paper["images_seen"] and int(paper["images_seen"])),
                "its FID": paper["fid"],
                "where": paper["source"],
            }


def _score(model, pattern):
    found = (score["value"] for name, score in model["scores"].items() if re.match(pattern, name))
    return _number(next(found, None))


def _number(value):
    """With commas, and four digits of what is no integer; a dash for nothing."""
    if value in (None, ""):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _rows(rows):
    rows = list(rows)
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
