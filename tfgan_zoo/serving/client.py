"""Clients of a served generator: any server that speaks TensorFlow Serving's protocol."""

import asyncio
import pathlib

import numpy as np
import tenacity
import tensorflow as tf
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from tfgan_zoo.serving import client_inputs, golden
from tfgan_zoo.serving.statuses import Code, StatusError
from tfgan_zoo.serving.transports import Grpc, LoopThread, Rest

_RETRIED = (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)
_GENERATE, _CLASSES = "generate_png", "classes"
_PARALLEL = 4  # requests of one call that are under way at once


class AsyncClient:
    """Draws images from a served generator; its methods are coroutines. See `Client`."""

    def __init__(
        self,
        target,
        model,
        version=None,
        version_label=None,
        timeout=30.0,
        retries=4,
        credentials=None,
        verify=True,
    ):
        if version is not None and version_label is not None:
            raise ValueError(
                f"Give version or version_label, not both. Received: {version!r}, {version_label!r}."
            )
        is_rest = target.startswith(("http://", "https://"))
        self._transport = Rest(target, verify) if is_rest else Grpc(target, credentials)
        self.target, self.timeout, self._retries = target, timeout, retries
        self._spec = model_pb2.ModelSpec(name=model)
        if version is not None:
            self._spec.version.value = version
        elif version_label is not None:
            self._spec.version_label = version_label
        self._inputs = {}

    # === Images ===

    async def generate(
        self, n=None, seed=None, labels=None, truncation=None, batch_size=16, texts=None
    ):
        """See `Client.generate`."""
        images = await self.generate_png(n, seed, labels, truncation, batch_size, texts)
        return np.stack([tf.io.decode_png(image).numpy() for image in images])

    async def generate_png(
        self, n=None, seed=None, labels=None, truncation=None, batch_size=16, texts=None
    ):
        """See `Client.generate_png`."""
        seeds = client_inputs.seeds(n, seed)
        inputs = {"seed": seeds} | await self._conditions(len(seeds), labels, truncation, texts)
        free = asyncio.Semaphore(_PARALLEL)

        async def part(start):
            rows = {name: array[start : start + batch_size] for name, array in inputs.items()}
            async with free:
                outputs = await self.predict(_GENERATE, rows)
            return list(next(iter(outputs.values())))

        parts = await asyncio.gather(*map(part, range(0, len(seeds), batch_size)))
        images = [image for part in parts for image in part]
        if not all(images):
            raise ValueError(await self._refusal(inputs, images.index(b"")))
        return images

    async def _refusal(self, inputs, row):
        """Why the model answered a row with an empty file."""
        model, label = self._spec.name, inputs["label"][row] if "label" in inputs else None
        if label is not None and _CLASSES in (await self._metadata()).signature_def:
            answer = await self.predict(_CLASSES, {"label": inputs["label"][row : row + 1]})
            count = int(next(iter(answer.values()))[0])
            if not 0 <= label < count:
                return f"{model} has no class {label}: labels must lie in [0, {count})."
        asked = ", ".join(f"{name} {inputs[name][row]}" for name in inputs)
        return f"{model} draws nothing for image {row}, {asked}."

    async def generate_files(self, folder, n=None, seed=None, **options):
        """See `Client.generate_files`."""
        seeds = client_inputs.seeds(n, seed)
        images = await self.generate_png(seed=seeds, **options)
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"seed_{seed}.png" for seed in seeds]
        for path, image in zip(paths, images, strict=True):
            path.write_bytes(image)
        return paths

    async def _conditions(self, n, labels, truncation, texts):
        """The inputs besides the seeds, by what the model takes."""
        names = await self._input_names(_GENERATE)
        given = {"label": (labels, 0, np.int32), "truncation": (truncation, 1, np.float32)}
        given["text"] = (None if texts is None else client_inputs.encoded(texts), None, object)
        arrays = {}
        for name, (value, default, dtype) in given.items():
            if name in names:
                value = default if value is None else value
                if value is None:
                    raise ValueError(f"{self._spec.name} draws from texts: give texts.")
                arrays[name] = client_inputs.column(name, value, n, dtype)
            elif value is not None:
                raise ValueError(f"{self._spec.name} takes no {name}. Received: {value!r}.")
        return arrays

    async def _input_names(self, signature):
        if signature not in self._inputs:
            signatures = (await self._metadata()).signature_def
            if signature not in signatures:
                raise ValueError(
                    f"{self._spec.name} at {self.target} has no signature {signature!r}. It has: "
                    f"{', '.join(sorted(signatures))}."
                )
            self._inputs[signature] = set(signatures[signature].inputs)
        return self._inputs[signature]

    # === Everything else ===

    async def predict(self, signature, inputs):
        """See `Client.predict`."""
        spec = model_pb2.ModelSpec()
        spec.CopyFrom(self._spec)
        spec.signature_name = signature
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        return await self._retried(self._transport.predict, spec, arrays)

    async def status(self):
        """See `Client.status`."""
        response = await self._retried(self._transport.status, self._spec)
        name = ModelVersionStatus.State.Name
        return {row.version: name(row.state) for row in response.model_version_status}

    async def metadata(self):
        """See `Client.metadata`."""
        signatures = (await self._metadata()).signature_def.items()
        return {
            name: {"inputs": _specs(value.inputs), "outputs": _specs(value.outputs)}
            for name, value in signatures
            if value.inputs
        }

    async def _metadata(self):
        return await self._retried(self._transport.metadata, self._spec)

    async def verify(self, path):
        """See `Client.verify`."""
        reference = golden.read(path)
        asked = {"labels": reference.labels, "texts": reference.texts}
        images = await self.generate(seed=reference.seeds, **asked)
        return golden.compare(reference, images)

    async def close(self):
        """Closes the connections."""
        await self._transport.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def _retried(self, method, *arguments):
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._retries + 1),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            retry=tenacity.retry_if_exception(_is_worth_retrying),
            reraise=True,
        )
        try:
            return await attempts(method, *arguments, self.timeout)
        except StatusError as error:
            raise StatusError(error.code, f"{error.message} (from {self.target})") from None


class Client:
    """Draws images from a served generator.

    Only failures that a second try can mend are tried again, with growing random pauses: UNAVAILABLE
    and RESOURCE_EXHAUSTED.

    Args:
        target: "host:port" for gRPC, or "http://host:port" for REST.
        model: Name under which the model is served.
        version: Int, or None for the latest.
        version_label: Such as "stable", in place of a version.
        timeout: Seconds that one request may take.
        retries: How often a request is tried again.
        credentials: `grpc.ChannelCredentials`, for gRPC over TLS.
        verify: For https: as in `httpx.Client`.

    Every method raises `StatusError` with the server's code and message, and ValueError for arguments
    that the model does not take.
    """

    def __init__(self, target, model, **options):
        self._thread = LoopThread()
        self._client = self._thread.run(_make(target, model, options))

    def generate(self, n=None, seed=None, labels=None, truncation=None, batch_size=16, texts=None):
        """Images, uint8 `[n, H, W, C]`.

        Args:
            n: Int. How many; may be left out where `seed` holds several.
            seed: Int, or ints `[n]`. Of one int, image i has seed + i. None draws one.
            labels: Int or ints `[n]` in [0, num_classes), for a model with labels; 0 by default.
            truncation: Float or floats `[n]`, for a model that takes it; 1 by default.
            batch_size: Int. Images per request; the server's `max_batch_size` limits it.
            texts: String or strings `[n]`, which a model needs that draws from texts.
        """
        return self._run("generate", n, seed, labels, truncation, batch_size, texts)

    def generate_png(
        self, n=None, seed=None, labels=None, truncation=None, batch_size=16, texts=None
    ):
        """The same as a list of PNG files, bytes."""
        return self._run("generate_png", n, seed, labels, truncation, batch_size, texts)

    def generate_files(self, folder, n=None, seed=None, **options):
        """Writes `<folder>/seed_<seed>.png` and returns the paths; options as for `generate`."""
        return self._run("generate_files", folder, n, seed, **options)

    def predict(self, signature, inputs):
        """Calls any signature: `{input name: array}` -> `{output name: array}`."""
        return self._run("predict", signature, inputs)

    def status(self):
        """`{version: state}`, such as `{2: "AVAILABLE", 1: "END"}`."""
        return self._run("status")

    def metadata(self):
        """`{signature: {"inputs": {name: tf.TensorSpec}, "outputs": …}}`."""
        return self._run("metadata")

    def verify(self, path):
        """Compares the served images with those recorded in an exported version folder.

        Returns:
            A sentence that tells how equal they are.

        Raises:
            VerificationError: They differ by more than rounding.
        """
        return self._run("verify", path)

    def close(self):
        """Closes the connections."""
        self._run("close")
        self._thread.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self, method, *arguments, **options):
        return self._thread.run(getattr(self._client, method)(*arguments, **options))


async def _make(target, model, options):
    return AsyncClient(target, model, **options)


def _is_worth_retrying(error):
    return isinstance(error, StatusError) and error.code in _RETRIED


def _specs(infos):
    def spec(info):
        shape = None if info.tensor_shape.unknown_rank else info.tensor_shape.dim
        sizes = shape and [dim.size if dim.size >= 0 else None for dim in shape]
        return tf.TensorSpec(sizes, tf.dtypes.as_dtype(info.dtype))

    return {name: spec(info) for name, info in infos.items()}
