"""What a client knows of a model's classes: it asks the signature `classes`."""

import numpy as np

from tfgan_zoo import names
from tfgan_zoo.serving.client_errors import WrongServer
from tfgan_zoo.serving.statuses import Code

CLASSES = "classes"
_COUNT, _NAME = "num_classes", "class_name"
_AT_ONCE = 16  # rows of a request, which the server's max_batch_size limits
_MOST = 1 << 16


class Classes:
    """The classes of a served model; their names are asked for once for each of its versions.

    Args:
        client: `AsyncClient`.
        model: Name of the model.
    """

    def __init__(self, client, model):
        self._client, self._model, self._learned = client, model, {}

    async def names(self):
        """The names by number, a tuple of strings; None where the model does not tell them."""
        states = await self._client.status()
        version = max((number for number in states if states[number] == "AVAILABLE"), default=None)
        if version not in self._learned:  # a new version may have other classes
            self._learned = {version: await self._ask_names()}
        return self._learned[version]

    async def numbered(self, labels):
        """Labels with names as numbers; others as they are. ValueError for names that no class has."""
        if names.strings(labels) is None:
            return labels
        known = await self.names()
        if known is None:
            raise ValueError(
                f"{self._model} does not tell the names of its classes: give labels by number. "
                f"Received: labels={labels!r}."
            )
        return names.numbered(labels, known)

    async def in_numbers(self, given):
        """What pictures are translated with, `{name: value}`, with a domain by number."""
        if "domain" not in given:
            return given
        return given | {"domain": await self.numbered(given["domain"])}

    async def count_for(self, row, signatures):
        """How many classes there are, where a row `{input: value}` has one, or None."""
        asks = {"label", "domain"} & row.keys() and CLASSES in signatures
        return await self.count() if asks else None

    async def count(self):
        """How many classes there are, of a model with the signature."""
        return int((await self._ask([0]))[_COUNT][0])

    async def _ask_names(self):
        if CLASSES not in (signatures := await self._client.metadata()):
            return None
        if _NAME not in signatures[CLASSES]["outputs"]:  # exported without names
            return None
        count = await self.count()
        starts = range(0, count, _AT_ONCE)
        parts = [await self._ask(range(k, min(k + _AT_ONCE, count))) for k in starts]
        return tuple(name for part in parts for name in self._decoded(part))

    async def _ask(self, labels):
        """The answer to class numbers: the arrays by name, one value for each number."""
        answer = await self._client.predict(CLASSES, {"label": np.int32(labels)})
        count = answer.get(_COUNT, np.zeros(0))
        if count.dtype.kind not in "iu" or count.shape != (len(labels),):
            raise self._wrong("no number of classes")
        if not 0 < count[0] <= _MOST:
            raise self._wrong(f"{count[0]} classes")
        return answer

    def _decoded(self, answer):
        found = answer.get(_NAME, np.zeros(0))
        try:
            if found.shape == answer[_COUNT].shape and all(found.tolist()):
                return [name.decode() for name in found.tolist()]
        except (AttributeError, UnicodeDecodeError):
            pass
        raise self._wrong("no names of its classes")

    def _wrong(self, what):
        message = f"{self._model} answered {what} (from {self._client.target})"
        return WrongServer(Code.UNKNOWN, message)
