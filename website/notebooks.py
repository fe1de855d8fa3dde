"""Notebooks as pages: their text, their code, and what it printed and drew."""

import json
import re


def pages(root):
    """`{page: Markdown}` of the notebooks."""
    return {
        str(path.relative_to(root).with_suffix(".md")): page(json.loads(path.read_text()))
        for path in sorted((root / "docs").rglob("*.ipynb"))
    }


def page(notebook):
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell))


def _cell(cell):
    text = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return [text]
    return [_fenced("python", text), *map(_output, cell["outputs"])]


def _output(output):
    data = output.get("data", {})
    if "image/png" in data:
        encoded = re.sub(r"\s", "", "".join(data["image/png"]))
        return f"![What the code draws](data:image/png;base64,{encoded})"
    return _fenced("text", "".join(output.get("text") or data.get("text/plain", "")))


def _fenced(language, text):
    return f"````{language}\n{text.rstrip()}\n````"
