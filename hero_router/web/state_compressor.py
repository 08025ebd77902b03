"""Compresses the state with gzip, in a thread, once for all clients that request it."""

import asyncio

from hero_router.feed.filters import Filter
from hero_router.feed.json_answers import EncodedState, JsonAnswers
from hero_router.web.encoding import GzipPrefix


class StateCompressor:
    """Compresses the state as seen through one filter; at most one compression runs at a time.

    Clients that ask meanwhile share the next one, so a burst of changes uses one thread at most.
    """

    def __init__(self, state: JsonAnswers, shown: Filter | None) -> None:
        self._state, self._shown = state, shown
        self._kept: tuple[EncodedState, GzipPrefix] | None = None
        self._task: asyncio.Task[tuple[EncodedState, GzipPrefix]] | None = None

    async def latest(self) -> tuple[EncodedState, GzipPrefix]:
        """A compressed state that is no older than this call. Raises NotReady."""
        kept = self._current()
        if kept is None and self._task is not None:
            await asyncio.shield(self._task)  # it began earlier, so it may be an older state
            kept = self._current()
        if kept is not None:
            return kept
        if self._task is None:
            self._task = asyncio.create_task(
                self._pack(self._state.view(self._shown)), name="packing"
            )
        return await asyncio.shield(self._task)  # a client that leaves does not end it for others

    def _current(self) -> tuple[EncodedState, GzipPrefix] | None:
        view = self._state.view(self._shown)
        return self._kept if self._kept is not None and self._kept[0] is view else None

    async def _pack(self, view: EncodedState) -> tuple[EncodedState, GzipPrefix]:
        try:
            begun = await asyncio.to_thread(lambda: GzipPrefix(view.text.encode("ascii")))
            self._kept = view, begun
            return self._kept
        finally:
            self._task = None
