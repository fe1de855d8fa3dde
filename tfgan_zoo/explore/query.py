"""Parameters of a request as values: each is known and checked, and nothing is left unread."""

import re

from tfgan_zoo.names import near

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,18})?(e-?[0-9]{1,2})?")
_NAME = re.compile(r"[a-z0-9_]{1,64}")
_MOST_TEXT, _MOST_PARTS = 500, 64


def integer(text):
    if not _INTEGER.fullmatch(text):
        raise ValueError("an integer")
    return int(text)


def number(text):
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number")
    return float(text)


def words(text):
    if not 0 < len(text) <= _MOST_TEXT or not text.isprintable():
        raise ValueError(f"1 to {_MOST_TEXT} printable characters")
    return text


def name(text):
    if not _NAME.fullmatch(text):
        raise ValueError("a name of small letters, digits and '_'")
    return text


def layers(text):
    """ "0,1,5" -> (0, 1, 5)"""
    return tuple(integer(part) for part in _parts(text, ","))


def pairs(text):
    """ "1=2.5;3=-1" -> ((1, 2.5), (3, -1.0))"""
    return tuple((integer(key), number(value)) for key, value in _assignments(text))


def class_pairs(text):
    """ "0,3=2.5" -> (((0, 3), 2.5),)"""
    found = []
    for key, value in _assignments(text):
        start, comma, end = key.partition(",")
        if not comma:
            raise ValueError("two classes and a number, such as 0,3=2.5")
        found.append(((integer(start), integer(end)), number(value)))
    return tuple(found)


KINDS = {
    **dict.fromkeys(("seed", "label", "toward", "style_seed", "start", "end", "samples"), integer),
    **dict.fromkeys(("steps", "restarts", "candidates", "domain", "tile"), integer),
    **dict.fromkeys(("truncation", "share"), number),
    **dict.fromkeys(("text", "file", "style_file"), words),
    **dict.fromkeys(("point", "made", "picture", "style", "direction", "extractor", "job"), name),
    **{"style_layers": layers, "codes": pairs, "moves": pairs, "class_moves": class_pairs},
}

_ONLY_WITH = {
    "share": "toward",
    "style_layers": "style_seed",
    "style_file": "style",
    **dict.fromkeys(("extractor", "samples"), "class_moves"),
}


def parsed(query, allowed):
    """The parameters of a request, `{name: value}`.

    Args:
        query: A multidict of texts.
        allowed: The names that the request may have, of `KINDS`.

    Raises:
        ValueError: An unknown or repeated name, a value of another kind, or one that says nothing
            without another parameter, which is not there.
    """
    found = {}
    for key, text in query.items():
        if key not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise ValueError(
                f"There is no parameter {key[:40]!r}.{near(key, allowed)} There are: {known}."
            )
        if key in found:
            raise ValueError(f"{key} is given twice.")
        try:
            found[key] = KINDS[key](text)
        except ValueError as error:
            raise ValueError(f"{key} must be {error}. Received: {text[:40]!r}.") from None
    for key, owner in _ONLY_WITH.items():
        if key in found and owner in allowed and owner not in found:
            raise ValueError(f"{key} is taken only with {owner}.")
    return found


def _parts(text, sign):
    parts = text.split(sign)
    if len(parts) > _MOST_PARTS:
        raise ValueError(f"at most {_MOST_PARTS} values")
    return parts


def _assignments(text):
    for part in _parts(text, ";"):
        key, sign, value = part.partition("=")
        if not sign:
            raise ValueError("pairs such as 1=2.5;2=-1")
        yield key, value
