"""Docstrings as the reference shows them: an extension of Griffe, which imports nothing of ours."""

import copy
import re

import griffe

EXAMPLE = re.compile(r"^Example:\n((?:    .*\n?)(?:    .*\n?|\n)*)", re.M)
STAR = re.compile(r"(```.*?```|`[^`]*`|^    .*$)|(?<=\w)(\*+)", re.M | re.S)


class Docstrings(griffe.Extension):
    """Examples become blocks of Python, and stars within words stay stars. Models get the texts of
    their classes, of which their stubs (`models/__init__.pyi`) have the signatures alone."""

    def on_package(self, *, pkg, loader, **_):
        models = pkg["models"]
        for name, path in models.imports.items():
            if name in models.members and path.startswith(f"{pkg.path}.") and models[name].is_class:
                _document(models[name], pkg[path.partition(".")[2]])

    def on_object(self, *, obj, **_):
        if obj.docstring:
            text = EXAMPLE.sub(_example, obj.docstring.value)
            obj.docstring.value = STAR.sub(_plain, text)


def _document(stub, written):
    """The texts of a class and its methods: of `GAN` all that it is made of, of others their own."""
    stub.docstring = griffe.Docstring(written.docstring.value, parent=stub)
    classes = [written, *written.mro()] if stub.name == "GAN" else [written]
    for name, member in written.members.items():  # stubs leave out what has the base's signature
        if name not in stub.members and _is_told(member):
            stub.set_member(name, copy.copy(member))
    for name, member in stub.members.items():
        found = next((c.members[name] for c in classes if name in c.members), None)
        text = found.docstring.value if found and found.docstring else None
        member.docstring = text and griffe.Docstring(text, parent=member)


def _is_told(member):
    return member.docstring and member.is_public and (member.is_function or member.is_attribute)


def _example(match):
    if "```" in match[1]:
        return match[0]
    code = match[1].rstrip()
    return f"Example:\n    ```python\n{code}\n    ```\n\n"


def _plain(match):
    """Code as it is; `L*a*b*` without emphasis."""
    return match[1] or match[2].replace("*", "\\*")
