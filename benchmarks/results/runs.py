"""Runs of an experiment: numbers with names, kept as JSON, and the median of each over all runs."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent
KEPT = RESULTS / "performance"
PACKAGES = (
    *("aiohttp", "gunicorn", "hiredis", "redis", "uvloop"),
    *("aiohttp-sse", "sse-starlette", "uvicorn"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the experiment, the server, the number of clients, and the measured numbers."""

    experiment: str
    target: str
    clients: int
    values: dict[str, float]
    round: int = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that gave no numbers, and the reason."""

    experiment: str
    target: str
    round: int
    reason: str


class Kept(NamedTuple):
    """The kept runs of one file; all parts are empty if it never ran."""

    machine: dict[str, Any]
    runs: list[Run]
    failures: list[Failure]


@dataclass(frozen=True, slots=True)
class Spread:
    """One number over several runs: the median, the least, the most, and how many runs."""

    median: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """The spread of at least one number."""
        return cls(median(numbers), min(numbers), max(numbers), len(numbers))


def machine() -> dict[str, Any]:
    """The machine and the packages of this run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.system() + " " + platform.release().partition("-")[0],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: number for name in PACKAGES if (number := _version(name))},
    }


def _version(package: str) -> str:
    """The version of a package; empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def keep(
    name: str,
    runs: Iterable[Run],
    failures: Iterable[Failure] = (),
    done: bool = True,
    folder: Path = KEPT,
) -> Path:
    """Write the runs to a file beside that of this name, which they replace once they are done.

    So what is interrupted replaces nothing. Returns the path of what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / f"{name}.json", folder / f"{name}.unfinished.json"
    value = {
        "machine": machine(),
        "runs": [asdict(run) for run in runs],
        "failures": [asdict(failure) for failure in failures],
    }
    unfinished.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    return unfinished.replace(path) if done else unfinished


def kept(name: str, folder: Path = KEPT) -> Kept:
    """The kept runs of the file of this name."""
    path = folder / f"{name}.json"
    if not path.exists():
        return Kept({}, [], [])
    value = json.loads(path.read_text("utf-8"))
    return Kept(
        value["machine"],
        [Run(**run) for run in value["runs"]],
        [Failure(**failure) for failure in value.get("failures", [])],
    )


def by_target(runs: Iterable[Run]) -> Iterator[tuple[str, int, dict[str, Spread]]]:
    """Server, clients and the spread of each number, in the order in which they first ran."""
    groups = dict[tuple[str, int], list[Run]]()
    for run in runs:
        groups.setdefault((run.target, run.clients), []).append(run)
    for (target, clients), group in groups.items():
        names = dict.fromkeys(name for run in group for name in run.values)
        values = {
            name: Spread.of([run.values[name] for run in group if name in run.values])
            for name in names
        }
        yield target, clients, values
