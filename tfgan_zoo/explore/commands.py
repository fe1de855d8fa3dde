"""The commands that make the pictures which the page shows."""

import shlex

OUT = "picture.png"


def line(words, options):
    """A command for a POSIX shell: `tfgan-zoo` with words, then `--name value` for each pair."""
    given = [part for name, value in options for part in (f"--{name}", value)]
    return shlex.join(["tfgan-zoo", *map(_written, words), *map(_written, given)])


def condition(asked, class_names):
    """The options `--label` or `--text` of what is asked for, `{"label": 3}`, a list of pairs."""
    if "label" in asked:
        return [("label", label(asked["label"], class_names))]
    return [("text", asked["text"])] if "text" in asked else []


def label(number, class_names):
    """How a class is written: by its name, where that is not read as another or as a number."""
    if not class_names or not 0 <= number < len(class_names):
        return number
    found = class_names[number]
    is_word = found == found.strip() and any(character.isalpha() for character in found)
    by_number = any(name.isdigit() and name != str(i) for i, name in enumerate(class_names))
    return found if by_number or is_word else number


def edits(edit):
    """The options of `draw` for an `Edit`, a list of pairs."""
    found = [] if edit.truncation == 1 else [("truncation", edit.truncation)]
    if edit.toward is not None:
        found += [("toward", edit.toward), ("share", edit.share)]
    if edit.style_seed is not None:
        layers = ",".join(map(str, edit.style_layers))
        found += [("style-seed", edit.style_seed), ("style-layers", layers)]
    found += [("code", f"{key}={_written(value)}") for key, value in edit.codes]
    found += [("move", f"{key}={_written(value)}") for key, value in edit.moves]
    for (start, end), value in edit.class_moves:
        found.append(("class-move", f"{start},{end}={_written(value)}"))
    if edit.class_moves:
        found += [("extractor", edit.extractor), ("samples", edit.samples)]
    return found


def file(name, role="picture"):
    """A user's file as he would name it where he runs the command: its own name, no path or option."""
    name = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = f"{role}.png" if name in ("", ".", "..") else name
    return f"./{name}" if name.startswith("-") else name


def _written(value):
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
