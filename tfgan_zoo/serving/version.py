"""One version of a served model: its state, and its servable while it has one."""

import asyncio
import contextlib

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving.statuses import OK

with needed_by("Serving"):
    from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

State = ModelVersionStatus.State


class Version:
    """One version's state, and its servable while it has one.

    Attributes:
        state: A value of `ModelVersionStatus.State`.
        status: A `StatusError`; OK unless loading failed.
    """

    def __init__(self):
        self.state, self.status, self.servable = State.START, OK, None
        self.users, self.idle = 0, asyncio.Event()

    def begin(self):
        """Notes that the version is being loaded."""
        self.state = State.LOADING

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
