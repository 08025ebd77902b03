"""The folder in which the web workers share their metrics, so that each can serve all of them.

The gunicorn master makes the folder before it starts the first worker, and removes it at its end.
The next master removes the folder of a master that was killed.
"""

import fcntl
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from hero_router.errors import ConfigError

log = logging.getLogger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder. prometheus_client reads it once, when it is
imported. The master imports prometheus_client only when a worker has ended."""

PREFIX = "hero_router-metrics-"

WORKER_BYTES = 1024 * 1024
"""More bytes than the metrics of one worker take."""

SOCKET_BYTES = 16 * 1024
"""More bytes than the series of one socket of a service take in one file."""

YOUNG_SECONDS = 60.0
"""A younger folder is not removed: it may belong to a master that has not locked it yet."""

STOPPED, CRASHED = "stopped", "crashed"
"""Values of the label `cause`: how a worker ended. A stream can end by `crashed`, too."""

COUNTER_PAIRS = (
    ("worker_starts_total", "worker_ends_total", CRASHED),
    ("clients_joined_total", "streams_closed_total", CRASHED),
    ("deliveries_expected_total", "deliveries_completed_total", "abandoned"),
)
"""A counter of starts, the counter of their ends, and the label of ends by a crash."""


def check() -> None:
    """Raise ConfigError if no temporary file can be written."""
    try:
        tempfile.gettempdir()
    except OSError:
        raise ConfigError(
            "no temporary file can be written (is the disk full or read-only?): set TMPDIR to "
            "another folder"
        ) from None


def make(_server: Any) -> None:
    """gunicorn's hook `on_starting`: make a new folder, and remove those of killed masters."""
    _sweep()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    _lock(folder)  # until the process ends, however it does
    os.environ[VARIABLE] = folder


def check_space() -> None:
    """In a worker, before it imports prometheus_client: use no folder on a full disk.

    The worker then keeps its metrics in memory. A mapped file on a full disk would kill it, and
    each worker after it, with SIGBUS.
    """
    folder = os.environ.get(VARIABLE)
    try:
        if folder is not None:
            with tempfile.TemporaryFile(dir=folder) as trial:
                _allocate(trial.fileno(), WORKER_BYTES)
    except OSError as error:
        log.error(
            "this web worker cannot reserve disk space in %s for its metrics (%s): it keeps them "
            "in memory, and /metrics shows them only if this worker answers",
            folder,
            error.strerror,
        )
        del os.environ[VARIABLE]


def preallocate() -> None:
    """Reserve the disk space of this worker's metric files, so that a full disk cannot kill it."""
    folder = os.environ.get(VARIABLE)
    for path in Path(folder).glob(f"*_{os.getpid()}.db") if folder else ():
        with path.open("r+b") as file:
            _allocate(file.fileno(), path.stat().st_size)


class SocketSpace:
    """The disk space for the series of further sockets. Logs when there is none, and its end."""

    def __init__(self) -> None:
        self._full = False

    def has_room(self, sockets: int) -> bool:
        """Reserve the disk space for the series of some more sockets; False if there is none.

        prometheus_client doubles a file that is full, without asking for the space.
        """
        folder = os.environ.get(VARIABLE)
        try:
            for kind in ("counter", "histogram") if folder else ():
                with Path(str(folder), f"{kind}_{os.getpid()}.db").open("r+b") as file:
                    used = int.from_bytes(file.read(4), sys.byteorder)
                    _allocate(file.fileno(), 2 * (used + sockets * SOCKET_BYTES))
        except OSError as error:
            if not self._full:
                log.warning(
                    "this web worker cannot reserve disk space in %s for the metrics of one more "
                    "service socket (%s): requests to it are counted as service `other`",
                    folder,
                    error.strerror,
                )
            self._full = True
        else:
            if self._full:
                log.info("this web worker has disk space for the metrics of more sockets again")
            self._full = False
        return not self._full


def _allocate(file: int, size: int) -> None:
    """Reserve space for a file. Raises OSError if there is none."""
    if hasattr(os, "posix_fallocate"):  # macOS has none
        os.posix_fallocate(file, 0, size)


def remove(_server: Any) -> None:
    """gunicorn's hook `on_exit`: remove the folder."""
    shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def on_child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook `child_exit`: drop a worker's gauges, keep and complete its counters."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see VARIABLE

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library's own
    settle_dead_worker(Path(os.environ[VARIABLE]), worker.pid)


def settle_dead_worker(folder: Path, pid: int) -> None:
    """Count the streams and deliveries of a worker that crashed as ended.

    The counters are up to a second old: what the worker did after its last tick is not counted.
    """
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 - see VARIABLE

    path = folder / f"counter_{pid}.db"
    if not path.exists() or not path.stat().st_size:
        return
    try:
        file: Any = MmapedDict(str(path))  # type: ignore[no-untyped-call] # the library's own
        try:
            _add_ends(file)
        finally:
            file.close()
    except (OSError, RuntimeError, ValueError) as error:
        log.warning(
            "the metrics of the web worker with process id %d, which has ended, cannot be read: "
            "%s; its streams stay counted as open",
            pid,
            error,
        )


def _add_ends(file: Any) -> None:
    keys, values = defaultdict[str, dict[str, str]](dict), dict[str, float]()
    for key, value, _ in file.read_all_values():
        _, name, labels, _ = json.loads(key)
        label = next(iter(labels.values()), "")
        keys[name.removeprefix("hero_router_")][label] = key
        values[key] = value
    for began, ended, label in COUNTER_PAIRS:
        total = sum(values[key] for key in keys[began].values())
        left = total - sum(values[key] for key in keys[ended].values())
        if left > 0 and (key := keys[ended].get(label)) is not None:
            file.write_value(key, values[key] + left, 0.0)


def metric_files(folder: str) -> list[str]:
    """The metric files that are not empty; a file is empty for a moment after it was made."""
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
            continue  # another master holds the lock, or has just removed the folder


def _lock(folder: str | Path) -> int:
    """Lock a folder until the process ends or the returned descriptor is closed.

    Programs that clean up temporary files leave a locked folder alone, too. Raises OSError while
    another process holds the lock.
    """
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held
