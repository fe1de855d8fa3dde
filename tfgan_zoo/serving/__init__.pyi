"""Serving: an embedded server with TensorFlow Serving's protocol, a client, and configuration files."""

from .client import AsyncClient as AsyncClient
from .client import Client as Client
from .golden import verify as verify
from .statuses import StatusError as StatusError
