"""What a client says when a server's answer is of no use."""

from tfgan_zoo.serving.statuses import StatusError

_SHOWN = 500  # characters of a server's message


class WrongServer(StatusError):
    """No TensorFlow Serving, or an answer that the client does not take: a retry is of no use."""


def shown(text):
    """A server's words, cut and without control characters, for messages."""
    return "".join(sign if sign.isprintable() else " " for sign in str(text)[:_SHOWN])
