"""The state in gzip: packed once for each state that is asked for, whoever asks, in a thread."""

import asyncio

from hero_router.feed.view import EncodedState, StateView
from hero_router.web.encoding import Begun


class StateCompressor:
    """Packs one state at a time; who asks meanwhile shares the next one.

    So a burst of changes costs no more than one thread, however many clients ask.
    """

    def __init__(self, state: StateView) -> None:
        self._state = state
        self._kept: tuple[EncodedState, Begun] | None = None
        self._task: asyncio.Task[tuple[EncodedState, Begun]] | None = None

    async def latest(self) -> tuple[EncodedState, Begun]:
        """A state that is no older than this call. Raises NotReady."""
        kept = self._current()
        if kept is None and self._task is not None:
            await asyncio.shield(self._task)  # which began earlier: it may be older
            kept = self._current()
        if kept is not None:
            return kept
        if self._task is None:
            self._task = asyncio.create_task(self._pack(self._state.view()), name="packing")
        return await asyncio.shield(self._task)  # who leaves takes it from nobody

    def _current(self) -> tuple[EncodedState, Begun] | None:
        view = self._state.view()
        return self._kept if self._kept is not None and self._kept[0] is view else None

    async def _pack(self, view: EncodedState) -> tuple[EncodedState, Begun]:
        try:
            begun = await asyncio.to_thread(lambda: Begun(view.text.encode("ascii")))
            self._kept = view, begun
            return self._kept
        finally:
            self._task = None
