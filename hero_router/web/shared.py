"""The folder in which gunicorn's workers put their metrics, so that each can tell those of all.

The master makes it before it starts the first worker, and removes it when it ends.
"""

import os
import shutil
import tempfile
from typing import Any

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder, once, when it is imported: so the master imports it
only when a worker has ended."""


def make(_server: Any) -> None:
    """gunicorn's `on_starting`: what another master left is not ours, so always a new folder."""
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="hero_router-metrics-")


def remove(_server: Any) -> None:
    """gunicorn's `on_exit`."""
    shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def forget(_server: Any, worker: Any) -> None:
    """gunicorn's `child_exit`: a worker that is gone has no clients, but what it counted counts."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see VARIABLE

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library's own
