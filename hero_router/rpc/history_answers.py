"""The answers about the history of services, the same over JSON-RPC and over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.feed.json_answers import JsonAnswers
from hero_router.history.answer import (
    MINUTES_VIEW,
    HistoryHead,
    WholeHistory,
    detail,
    head,
    service_history,
    whole_history,
)
from hero_router.history.folding import NOTHING
from hero_router.history.rings import MINUTES
from hero_router.history.span_summary import VIEWS, View, end_minute, whole
from hero_router.singleflight import SharedReads
from hero_router.store.history import HistoryStore, Part, Stored
from hero_router.store.keys import HISTORY_BATCH
from hero_router.strict_json import encode

SHARED_SECONDS = 60.0
"""The histories of all services are read once for all callers until the next minute is counted."""

SHARED_DETAIL_SECONDS = 1.0
"""One service's history is read once for all callers within this time."""

Heads = Mapping[str, HistoryHead]
"""What is said of each span, by its name."""


class ServiceHistories:
    """Reads the past of services from Redis. `lost_nodes` are those without a scanner now."""

    def __init__(
        self,
        state: JsonAnswers,
        store: HistoryStore,
        lost_nodes: Callable[[], Collection[str]],
        now_ms: Callable[[], int],
    ) -> None:
        self._state, self._store = state, store
        self._lost_nodes, self._now_ms = lost_nodes, now_ms
        self._rows = SharedReads(self._read_all, SHARED_SECONDS, time.monotonic)
        self._details = SharedReads(self._read_one, SHARED_DETAIL_SECONDS, time.monotonic)

    async def all(self, span: str, caller: Principal) -> str:
        """The past of all services that the caller may see, as JSON.

        Raises:
            NotReady: the registry is not yet read.
            StoreError: Redis cannot be reached.
        """
        view, end = VIEWS[span], end_minute(self._now_ms())
        records = self._state.select(visible(caller))
        rows = await self._rows.get(span, str(end))
        texts = [rows.get(record["id"]) or _nothing(record["id"], view, end) for record in records]
        return f'{encode(head(view, end))[:-1]},"services":[{",".join(texts)}],"detail":null}}'

    async def one(self, span: str, key: str, caller: Principal) -> dict[str, Any]:
        """The past of one service by id or unique name, with its detail.

        Raises:
            NotFound, Ambiguous, NotReady: as `JsonAnswers.service`.
            StoreError: Redis cannot be reached.
        """
        view, end = VIEWS[span], end_minute(self._now_ms())
        record = self._state.find(key, visible(caller))
        service = str(record["id"])
        stored = await self._details.get(span, service, str(end))
        lost = record["node"] in self._lost_nodes()
        cells, minutes = (
            whole(each, end, stored.span, part, lost=lost)
            for each, part in zip((view, MINUTES_VIEW), stored.parts, strict=True)
        )
        return {
            **head(view, end),
            "services": [service_history(service, view, end, stored.span, cells)],
            "detail": detail(view, end, cells, minutes, stored.log),
        }

    def whole(self, caller: Principal) -> tuple[Heads, AsyncIterator[WholeHistory]]:
        """All spans, and all that is kept of each service that the caller may see now.

        The histories are read a few at a time, and other tasks run between two services. Reading
        raises StoreError if Redis cannot be reached.

        Raises:
            NotReady: the registry is not yet read.
        """
        end, records = end_minute(self._now_ms()), self._state.select(visible(caller))
        heads = {name: head(view, end) for name, view in VIEWS.items()}
        return heads, self._read_whole(records, end)

    async def _read_whole(
        self, records: Sequence[Mapping[str, Any]], end: int
    ) -> AsyncIterator[WholeHistory]:
        parts, lost_nodes = [_part(view, end) for view in VIEWS.values()], self._lost_nodes()
        for begin in range(0, len(records), HISTORY_BATCH):
            some = records[begin : begin + HISTORY_BATCH]
            nodes = {str(each["id"]): each["node"] for each in some}
            for service, stored in (await self._store.read(list(nodes), parts, log=True)).items():
                lost = nodes[service] in lost_nodes
                cells = {
                    name: whole(view, end, stored.span, part, lost=lost)
                    for (name, view), part in zip(VIEWS.items(), stored.parts, strict=True)
                }
                yield whole_history(service, end, stored.span, cells, stored.log)
                await asyncio.sleep(0)

    async def _read_one(self, span: str, service: str, end_text: str) -> Stored:
        """One service's history, with all minutes that are kept and its transitions."""
        parts = [_part(view, int(end_text)) for view in (VIEWS[span], MINUTES_VIEW)]
        return (await self._store.read([service], parts, log=True))[service]

    async def _read_all(self, span: str, end_text: str) -> dict[str, str]:
        """The rows of all services as JSON, by id; a few services at a time."""
        view, end = VIEWS[span], int(end_text)
        records = self._state.select()
        part = _part(view, end, figures=view.ring is not MINUTES)
        lost_nodes, rows = self._lost_nodes(), dict[str, str]()
        for begin in range(0, len(records), HISTORY_BATCH):
            some = records[begin : begin + HISTORY_BATCH]
            nodes = {str(each["id"]): each["node"] for each in some}
            for service, stored in (await self._store.read(list(nodes), [part])).items():
                lost = nodes[service] in lost_nodes
                cells = whole(view, end, stored.span, stored.parts[0], lost=lost)
                rows[service] = encode(service_history(service, view, end, stored.span, cells))
        return rows


def _part(view: View, end: int, *, figures: bool = True) -> Part:
    return Part(view.ring, view.first(end), view.count(end), figures)


def _nothing(service: str, view: View, end: int) -> str:
    """The row of a service that came after the histories were read."""
    return encode(service_history(service, view, end, None, NOTHING))
