"""Writes docs/api.md from the docstrings and signatures of what is public.

A script of ours, since tools that read the source do not see the models' constructors, which are made
from their tables `defaults`.

python benchmarks/make_api_page.py           # writes the page
python benchmarks/make_api_page.py --check   # exits with 1 where it is stale
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import tfgan_zoo

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
INTRODUCTION = (
    "The models, which are subclasses of `GAN`, and how those that are trained are loaded."
)
MODULES = [
    "tfgan_zoo",
    "losses",
    "penalties",
    "regularizers",
    "datasets",
    "callbacks",
    "evaluation",
]
MODULES += ["metrics", "latent", "layers", "presets", "export", "convert", "serving", "runs"]
MODULES += ["privacy", "forensics", "visualization", "credentials", "watermark"]
SECTION = re.compile(r"(Args|Returns|Yields|Raises|Attributes|Example|References?):(?: (.*))?")
ITEM = re.compile(r"([\w*]+(?:, [\w*]+)*): (.*)")


def page():
    sections = "\n".join(of_module(name) for name in MODULES)
    links = " · ".join(f"[{name}](#{_anchor(_full(name))})" for name in MODULES)
    return f"""# API

Written by `python benchmarks/make_api_page.py` from docstrings; `help(tfgan_zoo.DCGAN)` shows the same.
Names that an example does not define, such as `images`, are the reader's.

{links}

{sections}"""


def of_module(name):
    module = importlib.import_module(_full(name))
    intro = INTRODUCTION if module is tfgan_zoo else markdown(inspect.getdoc(module))
    members = "\n".join(of_member(member, key) for key, member in public(module))
    return f"## {_full(name)}\n\n{intro}\n\n{members}"


def _full(name):
    return name if name == "tfgan_zoo" else f"tfgan_zoo.{name}"


def _anchor(heading):
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w-]", "", heading.lower())


def public(module):
    """`(name, class or function)` of what a module offers: what it names for others, or defines."""
    exported = getattr(module, "__all__", None)
    if exported is None:
        is_package = hasattr(module, "__path__")
        exported = [n for n, m in vars(module).items() if _is_from(m, module, is_package)]
    for name in exported:
        member = getattr(module, name)
        documented = name[0] != "_" and inspect.getdoc(member)
        if documented and (inspect.isclass(member) or inspect.isfunction(member)):
            yield name, member


def _is_from(member, module, is_package):
    home = getattr(member, "__module__", None) or ""
    return home == module.__name__ or (is_package and home.startswith(f"{module.__name__}."))


def of_member(member, name):
    text = (
        f"### `{name}`\n\n{_shown(signature(member, name))}\n\n{markdown(inspect.getdoc(member))}\n"
    )
    if not inspect.isclass(member):
        return text
    return "\n".join([text, *(of_method(f, name, key) for key, f in methods(member))])


def of_method(function, cls, name):
    if isinstance(function, property):
        head = f"#### `{cls}.{name}`"
    else:
        head = f"#### `{cls}.{name}`\n\n{_shown(signature(function, name))}"
    return f"{head}\n\n{markdown(inspect.getdoc(function))}\n"


def methods(cls):
    """The public methods and properties of a class that have docstrings: of `GAN` with all that it is
    made of, of others their own."""
    own = [c for c in cls.__mro__ if c.__module__.startswith("tfgan_zoo.")]
    own = own if cls is tfgan_zoo.GAN else [cls]
    for name in sorted({name for c in own for name in vars(c) if name[0] != "_"}):
        member = next(vars(c)[name] for c in own if name in vars(c))
        function = getattr(member, "__func__", member)
        is_either = isinstance(function, property) or inspect.isfunction(function)
        if is_either and function.__doc__:
            yield name, function


def signature(member, name):
    """The call as it is written, without types, which the text says."""
    try:
        found = inspect.signature(member)
    except ValueError:
        return f"{name}(…)"
    plain = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    plain = [p for p in plain if p.name not in ("self", "cls")]
    return f"{name}{inspect.Signature(plain)}"


def _shown(code, width=100):
    """A line of code, broken at commas where it is long."""
    lines, line = [], ""
    for piece in re.split(r"(?<=,) ", code):
        if line and len(line) + len(piece) > width:
            lines, line = [*lines, line], "    "
        line += f" {piece}" if line.strip() else piece
    return "\n".join(f"    {line}" for line in [*lines, line])


# === Docstrings ===


def markdown(text):
    """A docstring as Markdown: sections in bold, their items as lists, code as indented blocks."""
    done, lines = [], text.splitlines()
    is_code = is_list = False
    for line in lines:
        found = SECTION.fullmatch(line)
        if line.strip().startswith("```"):
            is_code = not is_code
            done.append("")
        elif is_code:
            done.append(f"    {line}")
        elif found:
            is_list = found[1] in ("Args", "Raises", "Attributes")
            done += [f"**{found[1]}**" + (f": {_escaped(found[2])}" if found[2] else ""), ""]
        elif is_list and (item := ITEM.fullmatch(line.strip())) and line[:4].strip() == "":
            deep = len(line) - len(line.lstrip()) > 4
            done.append(_escaped(f"      {line.strip()}") if deep else _item(*item.groups()))
        elif line.startswith("    ") and not is_list:
            done.append(line)
        elif line.strip():
            is_list &= line.startswith(" ")
            indent = "  " if is_list else ""
            done.append(indent + _escaped(line.strip()))
        else:
            done.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(done)).strip()


def _item(names, text):
    return f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {_escaped(text)}"


def _escaped(text):
    """Text whose signs of Markdown and HTML are shown as they are, but within backquotes."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([<*])", r"\\\1", p) for p in parts)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        sys.exit("docs/api.md is stale: run python benchmarks/make_api_page.py")
