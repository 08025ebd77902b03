"""Waiting for a condition with a deadline and a message, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""After this a process counts as hanging. A busy machine needs a lot, so this says nothing of how
quick anything is."""

STEP_SECONDS, PAUSES, LONGEST_SECONDS = 0.01, 3, 1.0
"""Between two looks: so long, or so many times what a look takes, as one into a browser; the last
at most, as on a busy machine a look may seem to take long."""

ACCEPTED_TURNS = 5
"""Turns of the loop until a connection that was just accepted is known."""


@overload
async def eventually(
    condition: Callable[[], Coroutine[Any, Any, T]],
    within: float = PATIENCE_SECONDS,
    message: str = ...,
) -> T: ...
@overload
async def eventually(
    condition: Callable[[], T], within: float = PATIENCE_SECONDS, message: str = ...
) -> T: ...
async def eventually(
    condition: Callable[[], Any], within: float = PATIENCE_SECONDS, message: str = "the condition"
) -> Any:
    """Wait until the condition is true; returns its value. It may be a coroutine function.

    Raises:
        AssertionError: when the time is over; it names the condition and its last value.
    """
    deadline = time.monotonic() + within
    while True:
        asked = time.monotonic()
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"not within {within} s: {message} (last seen: {value!r})")
        await asyncio.sleep(min(max(STEP_SECONDS, PAUSES * (now - asked)), LONGEST_SECONDS))
