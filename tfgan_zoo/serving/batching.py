"""Requests of one signature run together, as TensorFlow Serving's SharedBatchScheduler does.

Everything but the run itself happens in the event loop's thread, so there are no locks.
"""

import asyncio
import collections
import concurrent.futures
import itertools
import time

import numpy as np

from tfgan_zoo.serving.messages import BatchingParameters
from tfgan_zoo.serving.statuses import Code, StatusError, from_exception, invalid, precondition

_DEFAULTS = {  # shared_batch_scheduler.h
    "max_batch_size": 1000,
    "batch_timeout_micros": 0,
    "max_enqueued_batches": 10,
    "num_batch_threads": 2,
}

_MAY_BE_ZERO = ("batch_timeout_micros", "max_enqueued_batches")


class Options:
    """The values of a `BatchingParameters` message, or the defaults where it has none.

    Raises:
        StatusError: INVALID_ARGUMENT for values that contradict each other.
    """

    def __init__(self, message=None):
        message = message or BatchingParameters()
        for name, default in _DEFAULTS.items():
            value = getattr(message, name).value if message.HasField(name) else default
            least = 0 if name in _MAY_BE_ZERO else 1
            if value < least:
                kind = "positive" if least else "non-negative"
                raise invalid(f"{name} must be {kind}; was {value}")
            setattr(self, name, value)
        self.allowed_batch_sizes = list(message.allowed_batch_sizes)
        self.splits = message.enable_large_batch_splitting.value
        self.pads = message.pad_variable_length_inputs
        limit = message.max_execution_batch_size.value if self.splits else 0
        self.max_execution_batch_size = limit or self.max_batch_size

    def check(self):
        """Refuses `allowed_batch_sizes` as a real server does when it loads a model.

        The last one is `max_batch_size` where large batches are split, too, although no batch is then
        larger than `max_execution_batch_size`.
        """
        sizes, limit = self.allowed_batch_sizes, self.max_batch_size
        if sizes != sorted(set(sizes)):
            raise invalid("allowed_batch_sizes entries must be monotonically increasing")
        if sizes and sizes[-1] != limit:
            raise invalid(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
                f"{sizes[-1]}; expected {limit}"
            )

    def padded(self, size):
        """The smallest allowed batch size that holds `size` rows."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size)


class _Task:
    def __init__(self, inputs, size, deadline):
        self.inputs, self.size, self.deadline = inputs, size, deadline
        self.future = asyncio.get_running_loop().create_future()
        self.enqueued = time.perf_counter()


class _Batch:
    def __init__(self):
        self.tasks, self.size, self.is_due = [], 0, False

    def add(self, task):
        self.tasks.append(task)
        self.size += task.size


class _Queue:
    """The batches that wait for one signature; the last one is still open."""

    def __init__(self, run):
        self.run, self.batches = run, collections.deque()

    def oldest(self):
        return self.batches[0].tasks[0].enqueued

    def room(self, limit):
        """Rows that the open batch still takes."""
        return limit - self.batches[-1].size if self.batches else 0


class Scheduler:
    """Forms batches and gives them to a fixed number of threads, the longest waiting first.

    Args:
        options: `Options`.
        observe: Function called with each task's microseconds in the queue.
    """

    def __init__(self, options, observe=lambda microseconds: None):
        self.options, self._observe = options, observe
        self._queues, self._free, self._running = {}, options.num_batch_threads, set()
        self._pool = concurrent.futures.ThreadPoolExecutor(options.num_batch_threads, "batch")

    async def submit(self, key, run, inputs, timeout=None):
        """Runs inputs together with those of other calls with the same key.

        Args:
            key: What may be batched together.
            run: Function from `{name: array}` to `{name: array}`, called in a thread.
            inputs: `{name: array}`.
            timeout: Seconds that the caller will wait, or None.

        Returns:
            `{name: array}`, the rows of this call.

        Raises:
            StatusError: INVALID_ARGUMENT for inputs without a common batch dimension, without rows or
                with too many; UNAVAILABLE where the queue is full; RESOURCE_EXHAUSTED where the call
                waited longer than its timeout; and whatever `run` raises.
        """
        size = _batch_size(inputs)
        if not size:
            raise invalid("Batching Run() needs a row at least; a real server would never answer")
        if size > self.options.max_batch_size:
            limit = self.options.max_batch_size
            raise invalid(f"Task size {size} is larger than maximum input batch size {limit}")
        # Rows of two shapes cannot share a batch, and a stock server fails both.
        if not self.options.pads:
            key = (key, *(array.shape[1:] for array in inputs.values()))
        queue = self._queues.setdefault(key, _Queue(run))
        pieces = self._pieces(queue, inputs, size)
        deadline = None if timeout is None else time.perf_counter() + timeout
        tasks = [_Task(part, count, deadline) for part, count in pieces]
        for task in tasks:
            self._enqueue(queue, task)
        self._pump()
        parts = await asyncio.gather(*(task.future for task in tasks))
        return parts[0] if len(parts) == 1 else _joined(parts)

    def close(self):
        self._pool.shutdown(wait=False)

    def _pieces(self, queue, inputs, size):
        """The parts that a call is cut into, where large ones are split; else the call itself."""
        limit = self.options.max_execution_batch_size
        room = queue.room(limit)
        self._check_room(queue, size, limit)
        if size <= room or (size <= limit and not self.options.splits):
            return [(inputs, size)]
        first = room if 0 < room < size else min(size, limit)
        bounds = [0, *range(first, size, limit), size]
        return [
            ({name: array[a:b] for name, array in inputs.items()}, b - a)
            for a, b in itertools.pairwise(bounds)
        ]

    def _check_room(self, queue, size, limit):
        if size > queue.room(limit) and len(queue.batches) >= self.options.max_enqueued_batches:
            raise StatusError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; currently "
                f"{len(queue.batches)} batches enqueued and max_enqueued_batches is "
                f"{self.options.max_enqueued_batches}",
            )

    def _enqueue(self, queue, task):
        limit = self.options.max_execution_batch_size
        if not queue.batches or task.size > queue.room(limit):
            queue.batches.append(_Batch())
            delay = self.options.batch_timeout_micros / 1e6
            asyncio.get_running_loop().call_later(delay, self._expire, queue.batches[-1])
        queue.batches[-1].add(task)

    def _expire(self, batch):
        batch.is_due = True
        self._pump()

    def _is_ready(self, queue):
        if not queue.batches:
            return False
        first = queue.batches[0]
        is_closed = len(queue.batches) > 1 or first.size >= self.options.max_execution_batch_size
        return is_closed or first.is_due

    def _pump(self):
        while self._free:
            ready = [queue for queue in self._queues.values() if self._is_ready(queue)]
            if not ready:
                return
            queue = min(ready, key=_Queue.oldest)
            self._start(queue.run, queue.batches.popleft().tasks)
            if not queue.batches:  # a queue holds on to its model
                self._queues = {key: q for key, q in self._queues.items() if q is not queue}

    def _start(self, run, tasks):
        self._free -= 1
        batch = asyncio.ensure_future(self._process(run, tasks))
        self._running.add(batch)
        batch.add_done_callback(self._running.discard)

    async def _process(self, run, tasks):
        try:
            tasks = [task for task in tasks if self._may_start(task)]
            if tasks:
                loop = asyncio.get_running_loop()
                parts = await loop.run_in_executor(self._pool, self._run, run, tasks)
                for task, part in zip(tasks, parts, strict=True):
                    _finish(task, part)
        except Exception as error:
            for task in tasks:
                _finish(task, error=from_exception(error))
        finally:
            self._free += 1
            self._pump()

    def _may_start(self, task):
        now = time.perf_counter()
        self._observe((now - task.enqueued) * 1e6)
        if task.deadline is not None and now > task.deadline:
            message = "Run() timeout exceeded while waiting in batching queue"
            _finish(task, error=StatusError(Code.RESOURCE_EXHAUSTED, message))
        return not task.future.done()

    def _run(self, run, tasks):
        total = sum(task.size for task in tasks)
        padded = self.options.padded(total)
        merged = {
            name: self._merged([task.inputs[name] for task in tasks], padded - total)
            for name in tasks[0].inputs
        }
        outputs = run(merged)
        for array in outputs.values():
            _check_output(array, padded)
        bounds = np.cumsum([0, *(task.size for task in tasks)])
        return [
            {name: array[a:b] for name, array in outputs.items()}
            for a, b in itertools.pairwise(bounds)
        ]

    def _merged(self, arrays, padding):
        if self.options.pads:
            arrays = _same_shape(arrays)
        rows = [np.repeat(arrays[-1][:1], padding, axis=0)] if padding else []
        return np.concatenate([*arrays, *rows]) if len(arrays) + len(rows) > 1 else arrays[0]


def _batch_size(inputs):
    sizes = set()
    for array in inputs.values():
        if array.ndim == 0:
            raise invalid("Batching Run() input tensors must have at least one dimension")
        sizes.add(len(array))
    if len(sizes) > 1:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop() if sizes else 0


def _check_output(array, size):
    if array.ndim == 0:
        raise precondition("Batched output tensor has 0 dimensions")
    if len(array) != size:
        raise precondition(
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes "
            "of the input tensors"
        )


def _same_shape(arrays):
    """Arrays padded to the largest in each dimension but the first, with each one's first value."""
    largest = np.max([array.shape for array in arrays], axis=0)
    padded = []
    for array in arrays:
        widths = [(0, 0), *((0, n - m) for n, m in zip(largest[1:], array.shape[1:], strict=True))]
        padded.append(np.pad(array, widths, constant_values=array.flat[0]))
    return padded


def _joined(parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _finish(task, result=None, error=None):
    if task.future.done():  # its caller went away
        return
    if error:
        task.future.set_exception(error)
    else:
        task.future.set_result(result)
