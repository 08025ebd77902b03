"""What a worker that died could no longer count: the master counts it when it finds it dead.

Each worker's counters are books with two sides: what began, and how it ended. What the last figures
of a dead worker leave open ended with it.
"""

import json
import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

STOPPED, CRASHED = "told", "died"
"""How workers end; streams can end in the second way, too."""

COUNTER_PAIRS = (
    ("worker_starts_total", "worker_ends_total", CRASHED),
    ("clients_joined_total", "streams_closed_total", CRASHED),
    ("deliveries_owed_total", "deliveries_settled_total", "abandoned"),
)
"""The counter of what began, that of what ended, and the label for what death has ended."""

log = logging.getLogger(__name__)


def settle_dead_worker(folder: Path, pid: int) -> None:
    """Close the books of a process that is gone, in the file of its counters, if it has one.

    They are as old as its last figures, up to a second: what it did after them nobody knows.
    """
    # Imported late, see `shared.VARIABLE`.
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415

    path = folder / f"counter_{pid}.db"
    if not path.exists() or not path.stat().st_size:
        return
    try:
        file: Any = MmapedDict(str(path))  # type: ignore[no-untyped-call] # the library's own
        try:
            _close(file)
        finally:
            file.close()
    except (OSError, RuntimeError, ValueError) as error:
        log.warning("the last figures of worker %d cannot be read: %s", pid, error)


def _close(file: Any) -> None:
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
