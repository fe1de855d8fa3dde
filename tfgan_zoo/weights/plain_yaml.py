"""The plain values of YAML files, which the standard library cannot read: names with a text or a number.

Lists, and what spans several lines, are not read.
"""

import pathlib
import re

_LINE = re.compile(r"""\s*(\w+)\s*:\s*["']?([^"'#\[{]+?)["']?\s*(#.*)?""")


def values(path):
    """`{name: text}` of all sections of a file, without quotes and comments."""
    lines = pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return {match[1]: match[2] for line in lines if (match := _LINE.fullmatch(line))}


def beside(path):
    """Those of the first YAML file in a folder, or beside a file; {} where there is none."""
    path = pathlib.Path(path)
    folder = path if path.is_dir() else path.parent
    files = [file for file in sorted(folder.iterdir()) if file.suffix in (".yaml", ".yml")]
    return values(files[0]) if files else {}
