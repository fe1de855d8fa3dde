"""Which versions of which models are loaded: versions found on disk, policies, labels, reloads.

The rules are those of TensorFlow Serving's ServerCore and AspiredVersionsManager with the
availability-preserving policy: a version is unloaded only when another one of the model is available.
"""

import asyncio
import logging
import os
import re

from tfgan_zoo.serving import metrics
from tfgan_zoo.serving.policy import chosen, validate
from tfgan_zoo.serving.servable import Timer
from tfgan_zoo.serving.statuses import (
    Code,
    StatusError,
    from_exception,
    invalid,
    not_found,
    precondition,
)
from tfgan_zoo.serving.version import State, Version

LOG = logging.getLogger("tfgan_zoo.serving")
_VERSION = re.compile(r"\d+", re.ASCII)
_MAX_VERSION = 2**63


class Manager:
    """Keeps the configured models loaded.

    Args:
        loader: `Loader`.
        poll_seconds: How often to look for versions; 0 looks once, negative never again.
        allow_unavailable_labels: See TensorFlow Serving's
            `--allow_version_labels_for_unavailable_models`.
        measures: `metrics.Metrics`, or None.
    """

    def __init__(self, loader, poll_seconds=1, allow_unavailable_labels=False, measures=None):
        self._loader, self._poll_seconds = loader, poll_seconds
        self._allow_unavailable_labels = allow_unavailable_labels
        self._measures = measures or metrics.Metrics()
        self._configs, self._labels, self._versions = {}, {}, {}
        self._known = {}  # name -> numbers that were aspired when last looked; failed ones stay
        self._changes, self._poller = set(), None  # tasks that load and unload

    # === Lookup ===

    def knows(self, name):
        """Whether a model of that name is configured."""
        return name in self._configs

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
            wait: Whether to wait until each new model has a version that is loaded.

        Raises:
            StatusError: INVALID_ARGUMENT or FAILED_PRECONDITION for a configuration that is refused;
                UNKNOWN where a new model's versions all failed.
        """
        configs = {model.name: model for model in config.model_config_list.config}
        validate(config.model_config_list.config)
        self._labels = self._checked_labels(configs)
        added = configs.keys() - self._configs.keys()
        self._configs = configs
        self.poll()
        if wait:
            await self._settled()
            while any(self._is_absent(name) for name in added & self._configs.keys()):
                await asyncio.sleep(max(self._poll_seconds, 0.1))
                self.poll()
                await self._settled()
            self._check_loaded(added & self._configs.keys())

    async def _settled(self):
        while self._changes:
            await asyncio.wait(self._changes)

    def _check_loaded(self, names):
        failed = []
        for name in sorted(names):
            versions = self._versions[name]
            if all(version.state != State.AVAILABLE for version in versions.values()):
                number = max(versions)
                which = f"{{name: {name} version: {number}}}"
                failed.append(f"{{{which} due to error: {versions[number].status}}}, ")
        if failed:
            count = f"{len(failed)} servable(s) did not become available: "
            raise StatusError(Code.UNKNOWN, f"{count}{{{''.join(failed)}}}")

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
                self.poll()
            except Exception:
                LOG.exception("Polling the file system failed")

    def poll(self):
        """Looks at the base paths once, and begins to load and unload what differs."""
        for name in sorted(self._configs.keys() | self._known.keys()):
            aspired = self._aspired(name)
            if aspired is not None:
                self._match(name, aspired)

    def _match(self, name, aspired):
        if aspired:
            self._versions.setdefault(name, {})
        versions, known = self._versions.get(name, {}), self._known.get(name, set())
        self._known[name] = known & aspired.keys()
        for number in sorted(aspired.keys() - self._known[name]):
            state = versions[number].state if number in versions else State.UNKNOWN
            if state == State.UNLOADING:
                continue  # found again by the next poll
            self._known[name].add(number)
            if state not in (State.START, State.LOADING, State.AVAILABLE):
                versions[number] = Version()
                self._begin(self._load_version(name, number, aspired[number]))
        self._drop_others(name)
        if name not in self._configs:
            del self._known[name]

    def _drop_others(self, name):
        """Unloads what is not aspired, once something else is available or nothing is wanted."""
        versions, aspired = self._versions.get(name, {}), self._known.get(name, set())
        ready = {n for n, version in versions.items() if version.state == State.AVAILABLE}
        if not aspired or ready & aspired:
            for number in sorted(ready - aspired):
                versions[number].state = State.UNLOADING
                self._begin(self._unload_version(name, number))

    def _begin(self, change):
        task = asyncio.ensure_future(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

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
        version = self._versions[name][number]
        try:
            with Timer() as timer:
                version.servable = await self._loader.load(
                    path, version.begin, lambda: number in self._known.get(name, ())
                )
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
        self._drop_others(name)

    async def _unload_version(self, name, number):
        version = self._versions[name][number]
        while version.users:
            version.idle.clear()
            await version.idle.wait()
        await self._loader.unload(version.servable)
        version.servable, version.state = None, State.END
        LOG.info("Done unloading servable version {name: %s version: %d}", name, number)

    async def close(self):
        """Stops polling and unloads everything, after the requests that run."""
        if self._poller:
            self._poller.cancel()
        self._configs = {}
        self.poll()
        await self._settled()
        self._loader.close()


def _is_version(entry):
    return (
        bool(_VERSION.fullmatch(entry.name)) and int(entry.name) < _MAX_VERSION and entry.is_dir()
    )
