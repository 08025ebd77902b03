"""The folder in which gunicorn's workers put their metrics, so that each can tell those of all.

The master makes it before it starts the first worker, and removes it when it ends. One that was
killed could not: the next master removes what nobody holds any more.
"""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from hero_router.errors import ConfigError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder, once, when it is imported: so the master imports it
only when a worker has ended."""

PREFIX = "hero_router-metrics-"

YOUNG_SECONDS = 60.0
"""A folder as young as this may belong to a master that has not yet locked it."""


def check() -> None:
    """Raises ConfigError, in one line, where no temporary file can be written."""
    try:
        tempfile.gettempdir()
    except OSError:
        raise ConfigError(
            "no temporary file can be written, as where the disk is full or read-only: "
            "TMPDIR names another folder for them"
        ) from None


def make(_server: Any) -> None:
    """gunicorn's `on_starting`: what another master left is not ours, so always a new folder."""
    _sweep()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    _lock(folder)  # until the process ends, however it does
    os.environ[VARIABLE] = folder


def remove(_server: Any) -> None:
    """gunicorn's `on_exit`."""
    shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def forget(_server: Any, worker: Any) -> None:
    """gunicorn's `child_exit`: a worker that is gone has no clients, but what it counted counts."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see VARIABLE

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library's own


def _sweep() -> None:
    """Remove the folders of masters that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            old = time.time() - found.st_mtime > YOUNG_SECONDS
            if old and found.st_uid == os.getuid() and not folder.is_symlink():
                os.close(_lock(folder))
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody holds it, or has just removed it


def _lock(folder: str | Path) -> int:
    """Hold a folder for as long as the process lives, or until what is returned is closed; those
    who clean temporary files up leave it alone, too. Raises OSError while another one holds it.
    """
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held
