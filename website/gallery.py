"""The gallery of the trained models, made of saved_models/index.json."""

import html
import json
import re

USES = ("recommended", "teaches", "history")
FILTERS = {"task": "Task", "data": "Data", "size": "Size"}
GALLERY = """---
hide: [toc]
---
# Gallery

Every trained model, and what it draws: samples of seeds one after the other, or translations of pictures
that were not chosen. A picture leads to the card of its model; [the
tables](../docs/models.md#trained-models) have their numbers.
"""


def pages(root):
    """`{page: Markdown}`."""
    models = json.loads((root / "saved_models" / "index.json").read_text())
    models.sort(key=lambda model: (USES.index(model["use"]), model["task"], model["name"]))
    return {"saved_models/index.md": f"{GALLERY}\n{gallery(models)}\n"}


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
