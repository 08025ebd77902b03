"""Answers to "scan now": the `scan` events in the stream that carry a request's id."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from hero_router.model import Event


class ScanReplies:
    """Who waits for which scan. One per worker."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Queue[Event]] = {}

    def deliver(self, event: Event) -> None:
        """Hand a `scan` event to whoever asked for it."""
        requests = event.payload.get("requests") if event.type == "scan" else None
        for request in requests if isinstance(requests, list) else ():
            if isinstance(request, str) and (queue := self._waiting.get(request)) is not None:
                queue.put_nowait(event)

    def expect(self, request: str) -> None:
        """Begin to listen for a request's answers; call before the request is sent."""
        self._waiting[request] = asyncio.Queue()

    def forget(self, request: str) -> None:
        """Listen no longer; whoever expects must call it, and may call it twice."""
        self._waiting.pop(request, None)

    async def collect(
        self, request: str, nodes: Collection[str], seconds: float
    ) -> dict[str, Mapping[str, Any]]:
        """The answers to an expected request, by node.

        Waits until all these nodes have answered (any one, where none is named), for `seconds` at
        most. An event that is read twice counts once.
        """
        queue, answers = self._waiting[request], dict[str, Mapping[str, Any]]()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (answers and answers.keys() >= set(nodes)):
                    event = await queue.get()
                    answers[event.node] = event.payload
        return answers
