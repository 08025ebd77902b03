"""Small helpers: waiting for a condition with a deadline and a message, and swapping links."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.wait import PATIENCE_SECONDS, eventually


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds."""
    await eventually(lambda: bool(condition()), PATIENCE_SECONDS, what)


async def holds(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Fail as soon as the condition ceases to hold within this time."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        assert condition(), what
        await asyncio.sleep(0.01)


def swap(link: Path, target: Path) -> None:
    """Let the link lead elsewhere in one step."""
    other = link.with_name("other")
    other.symlink_to(target)
    other.rename(link)
