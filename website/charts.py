"""Networks as lists of boxes: GitHub draws them by Mermaid, whose script is of another host."""

import html
import re

BOX = re.compile(r'\s*(\w+)\["(.*)"\]')


def chart(source, language, css_class, options, md, **_):
    """A Mermaid flow chart of one path as an ordered list of its boxes; another one as its text."""
    first, *lines, path = source.strip().splitlines()
    boxes = [BOX.fullmatch(line) for line in lines]
    is_path = all(boxes) and path.split() == " --> ".join(box[1] for box in boxes).split()
    if first != "flowchart LR" or not is_path:
        return f"<pre><code>{html.escape(source)}</code></pre>"
    items = "".join(f"<li>{_item(*box[2].split('<br/>'))}</li>" for box in boxes)
    return f'<ol class="{css_class}">{items}</ol>'


def _item(size, *layers):
    return "<br>".join([f"<strong>{html.escape(size)}</strong>", *map(html.escape, layers)])
