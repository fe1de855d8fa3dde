"""What a client says when a server's answer is of no use."""

from tfgan_zoo.serving.statuses import Code, StatusError

_RETRIED = (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)
_SHOWN = 500  # characters of a server's message


class WrongServer(StatusError):
    """No TensorFlow Serving, or an answer that the client does not take: a retry is of no use."""


def is_worth_retrying(error):
    """Whether a second try can mend an error."""
    is_status = isinstance(error, StatusError) and not isinstance(error, WrongServer)
    return is_status and error.code in _RETRIED


def shown(text):
    """A server's words, cut and without control characters, for messages."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text)[:_SHOWN])


def refusal(model, row, num_classes, number):
    """Why a model answered a row with an empty file.

    Args:
        model: Its name.
        row: `{input: value}`.
        num_classes: Int, or None where it is not known.
        number: Int. Which one of those asked for it is.
    """
    if num_classes is not None and not 0 <= row.get("domain", 0) < num_classes:
        return f"{model} has no class {row['domain']}: domains must lie in [0, {num_classes})."
    if "image_bytes" in row:
        pairs = " or what comes with it" if len(row) > 1 else ""
        return (
            f"{model} does not read picture number {number}{pairs}: it takes whole JPEG, PNG, BMP and "
            "GIF files, of no more pixels than it was exported for."
        )
    if num_classes is not None and not 0 <= row["label"] < num_classes:
        return f"{model} has no class {row['label']}: labels must lie in [0, {num_classes})."
    asked = ", ".join(f"{name} {value}" for name, value in row.items())
    return f"{model} draws nothing for {asked}."
