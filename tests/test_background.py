"""Background work of a test ends with its block."""

import asyncio
from contextlib import suppress

import pytest

from tests.support import background
from tests.support.background import meanwhile


async def test_work_that_loses_its_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a loop over the Redis library does at times before Python 3.12."""
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.01)
    lost: list[None] = []

    async def work() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            lost.append(None)
        await asyncio.Event().wait()

    async with asyncio.timeout(60), meanwhile(work()):
        await asyncio.sleep(0)
    assert len(lost) == 3


async def test_the_error_of_work_is_raised_at_the_end_of_the_block() -> None:
    async def work() -> None:
        raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        async with meanwhile(work()):
            await asyncio.sleep(0.01)
