"""The folder in which gunicorn's workers put their metrics, so that each can tell those of all.

The master makes it before it starts the first worker, and removes it when it ends. One that was
killed could not: the next master removes what nobody holds any more.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from hero_router.errors import ConfigError
from hero_router.metrics import deaths

log = logging.getLogger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder, once, when it is imported: so the master imports it
only when a worker has ended."""

PREFIX = "hero_router-metrics-"

ROOM_BYTES = 1024 * 1024
"""What a worker's figures take, and some more."""

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


def check_space() -> None:
    """In a worker, before prometheus_client is imported: without room it keeps its figures to
    itself.

    A file that is mapped where the disk is full would end each worker at its first figure, with
    SIGBUS, and the next one, and so on.
    """
    folder = os.environ.get(VARIABLE)
    try:
        if folder is not None:
            with tempfile.TemporaryFile(dir=folder) as trial:
                _allocate(trial.fileno(), ROOM_BYTES)
    except OSError as error:
        log.error("no room for shared metrics (%s): this worker has its own only", error.strerror)
        del os.environ[VARIABLE]


def preallocate() -> None:
    """In a worker, once its figures have their files: have the disk set aside all of them."""
    folder = os.environ.get(VARIABLE)
    for path in Path(folder).glob(f"*_{os.getpid()}.db") if folder else ():
        with path.open("r+b") as file:
            _allocate(file.fileno(), path.stat().st_size)


def _allocate(file: int, size: int) -> None:
    """Raises OSError where there is no room."""
    if hasattr(os, "posix_fallocate"):  # macOS has none
        os.posix_fallocate(file, 0, size)


def remove(_server: Any) -> None:
    """gunicorn's `on_exit`."""
    shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def on_child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's `child_exit`: a worker that is gone has no clients, but what it counted counts."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see VARIABLE

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library's own
    deaths.settle_dead_worker(Path(os.environ[VARIABLE]), worker.pid)


def metric_files(folder: str) -> list[str]:
    """The files that hold figures: each is empty for a moment after it was made."""
    files = list[str]()
    for file in Path(folder).glob("*.db"):
        with suppress(FileNotFoundError):  # its worker has just ended
            if file.stat().st_size:
                files.append(str(file))
    return files


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
