"""The calls of a client as coroutines.

Nothing here imports TensorFlow; `serving/client` in the repository installs these files alone.
"""

import asyncio
import os
import pathlib
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import grpc
import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo import numbers
from tfgan_zoo.extras import needed_by
from tfgan_zoo.names import suggesting
from tfgan_zoo.serving import arrays, client_errors, client_files, client_inputs, png
from tfgan_zoo.serving.client_classes import Classes
from tfgan_zoo.serving.client_errors import WrongServer
from tfgan_zoo.serving.client_grpc import Spec
from tfgan_zoo.serving.statuses import Code, StatusError
from tfgan_zoo.serving.transports import transport

if TYPE_CHECKING:
    from tfgan_zoo.credentials import Signer

with needed_by("The client"):
    import tenacity

_GENERATE = "generate_png"
_PARALLEL = 4  # requests of one call that are under way at once
_UNKNOWN_MODEL = ("Servable not found", "Could not find any versions")


class AsyncClient:
    """Draws images from a served generator; its methods are coroutines. See `Client`."""

    def __init__(
        self,
        target: str,
        model: str,
        version: int | None = None,
        version_label: str | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        credentials: grpc.ChannelCredentials | None = None,
        verify: bool | str | ssl.SSLContext = True,
        max_answer_bytes: int = 1 << 26,
    ):
        if version is not None and version_label is not None:
            raise ValueError(
                f"Give version or version_label, not both. Received: {version!r}, {version_label!r}."
            )
        self._spec = Spec(
            client_inputs.name("model", model),
            None if version is None else numbers.integer("version", version, 0, numbers.INT64[1]),
            None if version_label is None else client_inputs.name("version_label", version_label),
        )
        self.timeout = client_inputs.seconds(timeout)
        self._retries = numbers.integer("retries", retries, 0)
        numbers.integer("max_answer_bytes", max_answer_bytes)
        self._transport = transport(target, credentials, verify, max_answer_bytes)
        self.target, self._loop, self._is_closed = self._transport.shown, None, False
        self._signatures, self._classes = None, Classes(self, model)

    # === Images ===

    @suggesting
    async def generate(
        self,
        n: int | None = None,
        seed: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        truncation: ArrayLike | None = None,
        batch_size: int = 16,
        texts: str | Sequence[str] | None = None,
    ) -> np.ndarray:
        """See `Client.generate`."""
        files = await self.generate_png(n, seed, labels, truncation, batch_size, texts)
        images = [self._decoded(file) for file in files]
        if len({image.shape for image in images}) > 1:
            raise self._wrong("images of several sizes in one answer")
        return np.stack(images)

    @suggesting
    async def generate_png(
        self,
        n: int | None = None,
        seed: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        truncation: ArrayLike | None = None,
        batch_size: int = 16,
        texts: str | Sequence[str] | None = None,
    ) -> list[bytes]:
        """See `Client.generate_png`."""
        seeds = client_inputs.seeds(n, seed)
        numbers.integer("batch_size", batch_size)
        conditions = await self._conditions(len(seeds), labels, truncation, texts)
        return await self._all_files(_GENERATE, {"seed": seeds} | conditions, batch_size)

    async def translate(
        self, images: Any, direction: str = "forward", batch_size: int = 4, **further: Any
    ) -> list[np.ndarray]:
        """See `Client.translate`."""
        files = await self.translate_png(images, direction, batch_size, **further)
        return [self._decoded(file) for file in files]

    async def translate_png(
        self, images: Any, direction: str = "forward", batch_size: int = 4, **further: Any
    ) -> list[bytes]:
        """See `Client.translate_png`."""
        numbers.integer("batch_size", batch_size)
        signature = "translate" if direction == "forward" else f"translate_{direction}"
        names = await self._input_names(signature)
        further = await self._classes.in_numbers(further)
        inputs = client_inputs.translated(self._spec.model, names, images, further)
        return await self._all_files(signature, inputs, batch_size)

    async def _all_files(self, signature, inputs, batch_size):
        """The PNG files of all rows, asked for in parts, of which some are under way at once."""
        free, count = asyncio.Semaphore(_PARALLEL), len(next(iter(inputs.values())))

        async def part(start):
            rows = {name: array[start : start + batch_size] for name, array in inputs.items()}
            async with free:
                return await self._files(await self.predict(signature, rows), rows, start)

        tasks = [asyncio.ensure_future(part(i)) for i in range(0, count, batch_size)]
        try:
            parts = await asyncio.gather(*tasks)
        finally:  # of several parts, one may fail while others run
            for task in tasks:
                task.cancel()
        return [image for part in parts for image in part]

    async def generate_files(
        self,
        folder: str | os.PathLike,
        n: int | None = None,
        seed: ArrayLike | None = None,
        signer: "Signer | None" = None,
        **options: Any,
    ) -> list[pathlib.Path]:
        """See `Client.generate_files`."""
        seeds = client_inputs.seeds(n, seed)
        if len(set(seeds.tolist())) < len(seeds):
            raise ValueError("Files are named by their seeds, of which some are given twice.")
        images = await self.generate_png(seed=seeds, **options)
        if signer is not None:
            images = client_files.signed(signer, self._spec, images, seeds.tolist(), options)
        return client_files.write(folder, seeds, images)

    async def _conditions(self, n, labels, truncation, texts):
        """The inputs besides the seeds, by what the model takes."""
        names = await self._input_names(_GENERATE)
        if "label" in names:
            labels = await self._classes.numbered(labels)
        given = {"label": labels, "truncation": truncation, "text": texts}
        return client_inputs.conditions(self._spec.model, names, n, given)

    async def _input_names(self, signature):
        known = await self._known()
        if signature not in known:
            raise ValueError(
                f"{self._spec.model} at {self.target} has no signature {signature!r}. It has: "
                f"{', '.join(sorted(known)) or 'none'}."
            )
        return set(known[signature]["inputs"])

    async def _files(self, outputs, rows, start):
        """The PNG files of an answer, one for each row that was asked for, from number `start`."""
        files, count = next(iter(outputs.values()), np.zeros(0)), len(next(iter(rows.values())))
        if len(outputs) != 1 or files.dtype != object or files.shape != (count,):
            raise self._wrong(f"{files.dtype} {files.shape} where {count} PNG files were asked for")
        files = files.tolist()
        if not all(files):
            row = {name: array[files.index(b"")] for name, array in rows.items()}
            known = await self._known()
            count = await self._classes.count_for(row, known)
            number = start + files.index(b"")
            raise ValueError(client_errors.refusal(self._spec.model, row, count, number))
        return files

    async def _known(self):
        """The signatures, which are asked for once."""
        if self._signatures is None:
            self._signatures = await self._metadata()
        return self._signatures

    def _decoded(self, file):
        try:
            return png.decode(file)
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def _wrong(self, what):
        return WrongServer(Code.UNKNOWN, f"{self._spec.model} answered {what} (from {self.target})")

    # === Everything else ===

    async def predict(
        self, signature: str, inputs: Mapping[str, ArrayLike]
    ) -> dict[str, np.ndarray]:
        """See `Client.predict`."""
        given = arrays.of_inputs(inputs)
        untyped = {
            name: given[name] for name, value in inputs.items() if not hasattr(value, "dtype")
        }
        if untyped and self._transport.sends_dtypes:
            specs = (await self._known()).get(signature or "serving_default", {"inputs": {}})
            given |= arrays.typed(untyped, specs["inputs"])
        try:
            return await self._retried(self._transport.predict, signature, given)
        except StatusError as error:
            hint = await self._hint(error.code, signature)
            if not hint:
                raise
            raise StatusError(error.code, f"{error.message}. {hint}") from None

    async def _hint(self, code, signature):
        """What to write instead of a signature that the model does not have."""
        if code not in (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION):
            return ""
        try:
            known = await self.metadata()
        except StatusError:
            return ""
        if not signature or signature in known:
            return ""
        return f"The model has: {', '.join(sorted(known))}.{client_inputs.near(signature, known)}"

    async def class_names(self) -> tuple[str, ...] | None:
        """See `Client.class_names`."""
        return await self._classes.names()

    async def status(self) -> dict[int, str]:
        """See `Client.status`."""
        return await self._retried(self._transport.status)

    async def metadata(self) -> dict:
        """See `Client.metadata`."""
        return {name: value for name, value in (await self._metadata()).items() if value["inputs"]}

    async def _metadata(self):
        return await self._retried(self._transport.metadata)

    async def verify(self, path: str | os.PathLike) -> str:
        """See `Client.verify`."""
        from tfgan_zoo.serving import golden

        reference = golden.read(path)
        if reference.pictures is not None:
            made = await self.translate(reference.pictures, **reference.further)
            return golden.compare(reference, np.stack(made))
        asked = {"labels": reference.labels, "texts": reference.texts}
        images = await self.generate(seed=reference.seeds, **asked)
        return golden.compare(reference, images)

    async def close(self) -> None:
        """Closes the connections; a closed client refuses further calls."""
        if not self._is_closed:
            self._is_closed = True
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def _retried(self, method, *arguments):
        self._check_open()
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._retries + 1),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            retry=tenacity.retry_if_exception(client_errors.is_worth_retrying),
            reraise=True,
        )
        try:
            return await attempts(method, self._spec, *arguments, self.timeout)
        except StatusError as error:
            raise type(error)(error.code, self._located(error)) from None

    def _located(self, error):
        """The message with where it came from, and for an unknown model where names stand."""
        message = f"{error.message} (from {self.target})"
        if error.code == Code.NOT_FOUND and error.message.startswith(_UNKNOWN_MODEL):
            return f"{message}. Names and versions are those of the server's models.config."
        return message

    def _check_open(self):
        loop = asyncio.get_running_loop()
        if self._is_closed:
            raise RuntimeError("The client is closed. Make a new one.")
        if self._loop not in (None, loop):
            raise RuntimeError("An AsyncClient belongs to the event loop of its first call.")
        self._loop = loop
