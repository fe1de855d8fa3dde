"""The pages of a report, from templates: report.html and report.md."""

import re
from importlib import resources

from tfgan_zoo.extras import needed_by
from tfgan_zoo.files import atomic_write, checked_name, told
from tfgan_zoo.locks import Lock

_WAIT = 60.0  # seconds, for another report into the same folder


def require_packages():
    with needed_by("A report"):
        import jinja2
        import matplotlib
    del jinja2, matplotlib


def write(folder, title, sections):
    with told(folder), Lock(folder / ".lock", f"The report in {folder}", wait=_WAIT):
        for figure in (figure for section in sections for figure in section.figures):
            with atomic_write(folder / "images" / f"{checked_name(figure.name)}.png") as temporary:
                temporary.write_bytes(figure.png)
        for name in ("report.html", "report.md"):
            with atomic_write(folder / name) as temporary:
                page = _page(name, title, sections)
                temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    return folder / "report.html"


def _page(name, title, sections):
    import jinja2

    text = (resources.files("tfgan_zoo.evaluation") / "templates" / f"{name}.j2").read_text("utf-8")
    options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
    environment = jinja2.Environment(autoescape=name.endswith("html"), **options)
    environment.filters["plain"] = plain_markdown
    return environment.from_string(text).render(title=title, sections=sections)


def plain_markdown(text):
    """A text on one line that Markdown, and HTML in it, shows as it is."""
    text = " ".join(str(text).split()).encode("utf-8", "replace").decode()
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*\[\]|~$])", r"\\\1", text)
    text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)  # not those within a name
    return re.sub(r"^(#+|[-+=]|\d+[.)])(?=\s|$|=|-)", lambda found: f"\\{found[1]}", text)
