"""Small helpers: waiting for a condition with a deadline and a message, and swapping links."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path


async def until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> float:
    """Wait until the condition holds; returns how long it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.01)
    return time.monotonic() - started


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
