"""Names that a caller gives, and those that may have been meant."""

import difflib


def near(name, names):
    """A sentence that asks whether a known name was meant, or nothing where none is near."""
    matches = difflib.get_close_matches(str(name), list(names), n=3)
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?" if matches else ""
