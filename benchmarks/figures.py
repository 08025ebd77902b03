"""What one run of an experiment gave, by name; medians and spread over runs; kept as JSON."""

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

KEPT = Path(__file__).parent / "results" / "performance"
PACKAGES = (
    *("aiohttp", "gunicorn", "hiredis", "redis", "uvloop"),
    *("aiohttp-sse", "sse-starlette", "uvicorn"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run: which experiment, against what, with how many clients, and the numbers."""

    experiment: str
    target: str
    clients: int
    values: dict[str, float]
    round: int = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that gave no figures, and why."""

    experiment: str
    target: str
    round: int
    reason: str


class Kept(NamedTuple):
    """What is kept of one experiment; nothing where it never ran."""

    machine: dict[str, Any]
    runs: list[Figures]
    failures: list[Failure]


@dataclass(frozen=True, slots=True)
class Middle:
    """One number over several runs: the median, and the least and the most of them."""

    value: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Middle":
        """Sum up at least one number."""
        return cls(median(numbers), min(numbers), max(numbers), len(numbers))


def machine() -> dict[str, Any]:
    """What all this ran on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.system() + " " + platform.release().partition("-")[0],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: told for name in PACKAGES if (told := _version(name))},
    }


def _version(package: str) -> str:
    """The version of a package; empty where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def keep(experiment: str, runs: Iterable[Figures], failures: Iterable[Failure] = ()) -> Path:
    """Write the runs of one experiment in place of those before; returns the file."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{experiment}.json"
    value = {
        "machine": machine(),
        "runs": [asdict(run) for run in runs],
        "failures": [asdict(failure) for failure in failures],
    }
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    return path


def kept(experiment: str, folder: Path = KEPT) -> Kept:
    """What is kept of an experiment."""
    path = folder / f"{experiment}.json"
    if not path.exists():
        return Kept({}, [], [])
    value = json.loads(path.read_text("utf-8"))
    return Kept(
        value["machine"],
        [Figures(**run) for run in value["runs"]],
        [Failure(**failure) for failure in value.get("failures", [])],
    )


def by_target(runs: Iterable[Figures]) -> Iterator[tuple[str, int, dict[str, Middle]]]:
    """Target, clients and the middle of every number, in the order in which they first ran."""
    groups = dict[tuple[str, int], list[Figures]]()
    for run in runs:
        groups.setdefault((run.target, run.clients), []).append(run)
    for (target, clients), group in groups.items():
        names = dict.fromkeys(name for run in group for name in run.values)
        values = {
            name: Middle.of([run.values[name] for run in group if name in run.values])
            for name in names
        }
        yield target, clients, values
