"""Clients of a served generator: any server that speaks TensorFlow Serving's protocol.

Nothing here imports TensorFlow; `serving/client` in the repository installs these files alone.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.names import suggesting
from tfgan_zoo.serving.async_client import AsyncClient
from tfgan_zoo.serving.transports import LoopThread

if TYPE_CHECKING:
    from tfgan_zoo.credentials import Signer


class Client:
    """Draws images from a served generator.

    Only failures that a second try can mend are tried again, with growing random pauses: UNAVAILABLE
    and RESOURCE_EXHAUSTED (over REST the HTTP codes 502, 503 and 429).

    Args:
        target: "host:port" for gRPC, or "http://host:port" for REST; "https://host/prefix" too.
        model: Name under which the model is served.
        version: Int, or None for the latest.
        version_label: Such as "stable", in place of a version.
        timeout: Seconds that one request may take, from connecting to the last byte.
        retries: How often a request is tried again.
        credentials: `grpc.ChannelCredentials`, for gRPC over TLS.
        verify: For https: as in `httpx.Client`.
        max_answer_bytes: Int. Longer answers are refused, before and while they are inflated; 64 MiB.

    Every method raises `StatusError` with the server's code and message, ValueError for arguments that
    the model does not take, and RuntimeError once the client is closed. What a server answers is
    checked before it is decoded.
    """

    def __init__(self, target: str, model: str, **options: Any):
        self._client = AsyncClient(target, model, **options)
        self._thread = LoopThread()

    @suggesting
    def generate(
        self,
        n: int | None = None,
        seed: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        truncation: ArrayLike | None = None,
        batch_size: int = 16,
        texts: str | Sequence[str] | None = None,
    ) -> np.ndarray:
        """Images, uint8 `[n, H, W, C]`.

        Args:
            n: Int. How many; may be left out where `seed` holds several.
            seed: Int, or ints `[n]`. Of one int, image i has seed + i. None draws one.
            labels: Int or ints `[n]` in [0, num_classes), for a model with labels; 0 by default. Names
                of classes too, in upper or lower case, where the model tells them: see `class_names`.
            truncation: Float or floats `[n]` in (0, 1], for a model that takes it; 1 by default.
            batch_size: Int. Images per request; the server's `max_batch_size` limits it.
            texts: String or strings `[n]`, which a model needs that draws from texts.

        Raises:
            ValueError: An argument of another kind, or a label that the model does not have.
            StatusError: What the server answers, or that it answers no PNG files.
        """
        return self._run("generate", n, seed, labels, truncation, batch_size, texts)

    @suggesting
    def generate_png(
        self,
        n: int | None = None,
        seed: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        truncation: ArrayLike | None = None,
        batch_size: int = 16,
        texts: str | Sequence[str] | None = None,
    ) -> list[bytes]:
        """The same as a list of PNG files, bytes."""
        return self._run("generate_png", n, seed, labels, truncation, batch_size, texts)

    def generate_files(
        self,
        folder: str | os.PathLike,
        n: int | None = None,
        seed: ArrayLike | None = None,
        signer: "Signer | None" = None,
        **options: Any,
    ) -> list[pathlib.Path]:
        """Writes `<folder>/seed_<seed>.png` and returns the paths.

        Args:
            folder: Where they are written.
            n, seed, options: As for `generate`.
            signer: A `credentials.Signer`, which puts content credentials into the files, or None.

        Raises:
            ValueError: As for `generate`; files that the server signed already, with a signer.
            StatusError: As for `generate`.
        """
        return self._run("generate_files", folder, n, seed, signer=signer, **options)

    def translate(
        self, images: Any, direction: str = "forward", batch_size: int = 4, **further: Any
    ) -> list[np.ndarray]:
        """What a model from images to images makes of pictures, a list of uint8 `[H, W, C]`.

        Args:
            images: Pictures of any sizes: paths, the bytes of files, or uint8 arrays `[H, W, C]`; one or
                several.
            direction: "forward", or "backward" of a model with two.
            batch_size: Int. Pictures per request; the server's `max_batch_size` limits it.
            further: What the model takes beside pictures, such as `domain`, a class by number or name,
                or `styles`, pictures: one value for all, or one for each.

        Raises:
            ValueError: A picture that the model does not read, by its number.
            StatusError: What the server answers.
        """
        return self._run("translate", images, direction, batch_size, **further)

    def translate_png(
        self, images: Any, direction: str = "forward", batch_size: int = 4, **further: Any
    ) -> list[bytes]:
        """The same as a list of PNG files, bytes."""
        return self._run("translate_png", images, direction, batch_size, **further)

    def predict(self, signature: str, inputs: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
        """Calls any signature: `{input name: array}` -> `{output name: array}`.

        Arrays are sent in their dtype; Python's numbers in that of the signature. Answered strings are
        bytes in arrays of dtype object; bfloat16 comes as float32.
        """
        return self._run("predict", signature, inputs)

    def class_names(self) -> tuple[str, ...] | None:
        """The names of the model's classes by their number; None where the model does not tell them: it
        has no classes, or was exported without their names.

        They are asked for once for each version that is served.
        """
        return self._run("class_names")

    def status(self) -> dict[int, str]:
        """`{version: state}`, such as `{2: "AVAILABLE", 1: "END"}`."""
        return self._run("status")

    def metadata(self) -> dict:
        """`{signature: {"inputs": {name: TensorSpec}, "outputs": …}}`, see `arrays.TensorSpec`."""
        return self._run("metadata")

    def verify(self, path: str | os.PathLike) -> str:
        """Compares the served images with those recorded in an exported version folder.

        Returns:
            A sentence that tells how equal they are.

        Raises:
            VerificationError: They differ by more than rounding.
        """
        return self._run("verify", path)

    def close(self) -> None:
        """Closes the connections."""
        if self._thread is not None:
            self._run("close")
            self._thread.close()
            self._thread = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self, method, *arguments, **options):
        if self._thread is None:
            raise RuntimeError("The client is closed. Make a new one.")
        return self._thread.run(getattr(self._client, method)(*arguments, **options))
