"""Pages of the API reference, one a module, of the names of docs/api.md, which tests keep complete."""

import re

HEADING = re.compile(r"^(##|###) `?([\w.]+)`?$", re.M)


def names(root):
    """`{module: [names]}` of all that is public."""
    found = {}
    for level, name in HEADING.findall((root / "docs" / "api.md").read_text()):
        if level == "##":
            module = found.setdefault(name, [])
        else:
            module.append(name)
    return found


def pages(root):
    """`{page: Markdown}`; the list of all names stands in the place of docs/api.md."""
    public = names(root)
    made = {_page(module): _of_module(module, public[module]) for module in public}
    return {"docs/api.md": _index(public), **made}


def _page(module):
    return f"docs/api/{module}.md"


def _index(public):
    lines = ["# API", "", "Every public name. `help(tfgan_zoo.DCGAN)` shows the same text.", ""]
    for module, members in public.items():
        links = ", ".join(f"[`{name}`][{module}.{name}]" for name in members)
        lines += [f"## [{module}](api/{module}.md)", "", links, ""]
    return "\n".join(lines)


def _of_module(module, members):
    lines = [
        f"# {module} {{ #{module} }}",
        "",
        f"::: {module}",
        "    options:",
        "      members: false",
    ]
    lines += ["      show_root_heading: false", "      show_root_toc_entry: false", ""]
    for name in members:
        lines += [f"::: {module}.{name}", ""]
        if f"{module}.{name}" == "tfgan_zoo.GAN":
            lines[-1:] = ["    options:", "      inherited_members: true", ""]
    return "\n".join(lines)
