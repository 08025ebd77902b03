"""How the scanner's tests probe one real socket."""

import time
from pathlib import Path

from hero_router.model import Facts
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.prober import Prober
from hero_router.scan.walk import Finder, SocketFile
from tests.support.wait import PATIENCE_SECONDS

TIMEOUT = 0.4
"""For a probe of what does not answer in time."""


def found(root: Path, path: str = "") -> SocketFile:
    """The socket at this path, or the only one."""
    return next(item for item in Finder(root).walk().sockets if path in ("", item.path))


async def probe(
    root: Path, path: str = "", *, ask: bool = True, limit: float = PATIENCE_SECONDS
) -> ProbeResult:
    return await Prober(limit, time.monotonic)(found(root, path), ask_documents=ask)


def facts(seen: ProbeResult) -> Facts:
    assert seen.documents is not None
    assert seen.documents.facts is not None
    return seen.documents.facts


def bad(seen: ProbeResult) -> str:
    assert seen.documents is not None
    assert seen.documents.error is not None
    return seen.documents.error
