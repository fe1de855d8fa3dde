"""Which versions of which models are loaded: versions found on disk, policies, labels, reloads.

The rules are those of TensorFlow Serving's ServerCore and AspiredVersionsManager with the
availability-preserving policy: a version is unloaded only when another one of the model is available.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import re

from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from tfgan_zoo.serving import metrics
from tfgan_zoo.serving.policy import chosen, validate
from tfgan_zoo.serving.servable import Servable, Timer
from tfgan_zoo.serving.statuses import (
    OK,
    from_exception,
    invalid,
    not_found,
    precondition,
)

LOG = logging.getLogger("tfgan_zoo.serving")
State = ModelVersionStatus.State
_VERSION = re.compile(r"\d+$")
_MAX_VERSION = 2**63


class Version:
    """One version's state, and its servable while it has one.

    Attributes:
        state: A value of `ModelVersionStatus.State`.
        status: A `StatusError`; OK unless loading failed.
    """

    def __init__(self):
        self.state, self.status, self.servable = State.UNKNOWN, OK, None
        self.users, self.idle = 0, asyncio.Event()

    @contextlib.contextmanager
    def in_use(self):
        """The servable; it is not unloaded before the body has ended."""
        self.users += 1
        try:
            yield self.servable
        finally:
            self.users -= 1
            if not self.users:
                self.idle.set()


class Manager:
    """Keeps the configured models loaded.

    Args:
        load: Function from a path to a warm `Servable`, called in a thread.
        poll_seconds: How often to look for versions; 0 looks once, negative never again.
        allow_unavailable_labels: See TensorFlow Serving's
            `--allow_version_labels_for_unavailable_models`.
        measures: `metrics.Metrics`, or None.
    """

    def __init__(
        self,
        load=Servable,
        poll_seconds=1,
        allow_unavailable_labels=False,
        measures=None,
    ):
        self._load, self._poll_seconds = load, poll_seconds
        self._allow_unavailable_labels = allow_unavailable_labels
        self._measures = measures or metrics.Metrics()
        self._configs, self._labels, self._versions = {}, {}, {}
        self._known = {}  # name -> numbers that were aspired when last looked; failed ones stay
        self._changing, self._poller = asyncio.Lock(), None
        self._pool = concurrent.futures.ThreadPoolExecutor(2, "load")

    # === Lookup ===

    def version(self, spec):
        """`(number, Version)` that a `ModelSpec` asks for.

        Raises:
            StatusError: INVALID_ARGUMENT for a spec without a name or with an unknown label; NOT_FOUND
                where no such version is available.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        number = self._number(spec)
        versions = self._versions.get(spec.name, {})
        ready = [n for n, version in versions.items() if version.state == State.AVAILABLE]
        if number is None and ready:
            number = max(ready)
        if number not in ready:
            wanted = (
                f"Latest({spec.name})" if number is None else f"Specific({spec.name}, {number})"
            )
            raise not_found(f"Servable not found for request: {wanted}")
        return number, versions[number]

    def _number(self, spec):
        choice = spec.WhichOneof("version_choice")
        if choice == "version":
            return spec.version.value
        if choice != "version_label" or not spec.version_label:
            return None
        try:
            return self._labels[spec.name][spec.version_label]
        except KeyError:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}") from None

    def states(self, spec):
        """`[(number, Version)]` of a model, the newest first, or of the version that the spec names."""
        versions = self._versions.get(spec.name, {})
        if spec.WhichOneof("version_choice") == "version":
            number = spec.version.value
            if number not in versions:
                raise not_found(f"Could not find version {number} of model {spec.name}")
            return [(number, versions[number])]
        if not versions:
            raise not_found(f"Could not find any versions of model {spec.name}")
        return sorted(versions.items(), reverse=True)

    # === Configuration ===

    async def reload(self, config, wait=True):
        """Takes on a `ModelServerConfig`.

        Args:
            config: The message.
            wait: Whether to wait until each new model has a version that is loaded or has failed.

        Raises:
            StatusError: INVALID_ARGUMENT or FAILED_PRECONDITION for a configuration that is refused.
        """
        configs = {model.name: model for model in config.model_config_list.config}
        validate(config.model_config_list.config)
        self._labels = self._checked_labels(configs)
        added = configs.keys() - self._configs.keys()
        self._configs = configs
        await self.poll()
        while wait and any(self._is_absent(name) for name in added & self._configs.keys()):
            await asyncio.sleep(max(self._poll_seconds, 0.1))
            await self.poll()

    def _is_absent(self, name):
        return not self._versions.get(name)

    def _checked_labels(self, configs):
        labels = {}
        for name, model in configs.items():
            for label, number in model.version_labels.items():
                old = self._labels.get(name, {}).get(label, number)
                version = self._versions.get(name, {}).get(number)
                is_ready = version is not None and version.state == State.AVAILABLE
                if not is_ready and not (self._allow_unavailable_labels and old == number):
                    raise precondition(
                        f"Request to assign label to version {number} of model {name}, which is not "
                        "currently available for inference"
                    )
                labels.setdefault(name, {})[label] = number
        return labels

    # === Versions ===

    def start(self):
        """Begins to look for versions every `poll_seconds`."""
        if self._poll_seconds > 0:
            self._poller = asyncio.ensure_future(self._poll_forever())

    async def _poll_forever(self):
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.poll()
            except Exception:
                LOG.exception("Polling the file system failed")

    async def poll(self):
        """Looks at the base paths once, and loads and unloads until they are matched."""
        async with self._changing:
            names = self._configs.keys() | self._known.keys()
            await asyncio.gather(*(self._match(name) for name in names))

    async def _match(self, name):
        aspired = self._aspired(name)
        if aspired is None:
            return
        self._known[name] = self._known.get(name, set()) & aspired.keys()
        new = aspired.keys() - self._known[name]
        self._known[name] |= new
        versions = self._versions.setdefault(name, {}) if aspired else self._versions.get(name, {})
        for number in sorted(new):
            if number not in versions or versions[number].state != State.AVAILABLE:
                await self._load_version(name, number, aspired[number])
        ready = {n for n, version in versions.items() if version.state == State.AVAILABLE}
        if not aspired or ready & aspired.keys():
            for number in sorted(ready - aspired.keys()):
                await self._unload_version(name, number)
        if name not in self._configs:
            del self._known[name]

    def _aspired(self, name):
        """`{number: path}` to have loaded; None where the base path cannot be read."""
        if name not in self._configs:
            return {}
        model = self._configs[name]
        try:
            with os.scandir(model.base_path) as entries:
                found = {int(e.name): e.path for e in entries if _is_version(e)}
        except OSError as error:
            LOG.warning(
                "FileSystemStoragePathSource encountered a filesystem access error: Could not find base "
                "path %s for servable %s with error %s",
                *(model.base_path, name, error.strerror),
            )
            return None
        return {number: found[number] for number in chosen(found, model.model_version_policy)}

    async def _load_version(self, name, number, path):
        version = self._versions[name][number] = Version()
        version.state = State.LOADING
        loop = asyncio.get_running_loop()
        try:
            with Timer() as timer:
                version.servable = await loop.run_in_executor(self._pool, self._load, path)
            self._measures.add(metrics.LOAD_LATENCY, timer.microseconds, model_path=path)
            version.state = State.AVAILABLE
            LOG.info("Successfully loaded servable version {name: %s version: %d}", name, number)
        except Exception as error:
            version.state, version.status = State.END, from_exception(error)
            LOG.error(
                *("Loading servable: {name: %s version: %d} failed: %s", name, number),
                version.status,
            )
        outcome = "success" if version.state == State.AVAILABLE else "fail"
        self._measures.count(metrics.LOAD_ATTEMPTS, model_path=path, status=outcome)

    async def _unload_version(self, name, number):
        version = self._versions[name][number]
        version.state = State.UNLOADING
        while version.users:
            version.idle.clear()
            await version.idle.wait()
        await asyncio.get_running_loop().run_in_executor(self._pool, version.servable.close)
        version.servable, version.state = None, State.END
        LOG.info("Done unloading servable version {name: %s version: %d}", name, number)

    async def close(self):
        """Stops polling and unloads everything, after the requests that run."""
        if self._poller:
            self._poller.cancel()
        self._configs = {}
        await self.poll()
        self._pool.shutdown()


def _is_version(entry):
    return bool(_VERSION.match(entry.name)) and int(entry.name) < _MAX_VERSION and entry.is_dir()
