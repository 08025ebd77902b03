"""A live copy of a router's state: a snapshot of its services, kept current by the stream."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from hero_router.client.events import RETRY_MS, Follower
from hero_router.client.http import AccessDenied, RouterAway, fetch
from hero_router.position import ORIGIN, Position
from hero_router.sse import Message

FIELDS = ("cursor", "run_id", "services", "nodes", "stale")
"""Fields that every answer of `GET /api/services` has."""

ATTEMPTS = 3
"""Maximum number of snapshots that are fetched in a row after a gap, until one is new enough."""

Conditions = dict[tuple[object, object], Mapping[str, Any]]
"""Conditions by their reason and node."""

NODE_LOST = {"status": "unknown", "reason": "node_lost", "healthy": False}
"""How the services of a node without a scanner are shown."""


class State:
    """The router's state as of `position`, built from snapshots and messages.

    Records keep their last known status; `to_json` shows the services of lost nodes as unknown.
    Conditions and mutes are those of the stream. Until it has sent them, those of the last snapshot
    hold too: a worker sends them behind the events that a client missed, and a `ping` with a
    position behind them. Pure: no I/O, no clock.
    """

    def __init__(self) -> None:
        self.position = ORIGIN
        self._run_id: object = None
        self._services: dict[str, Mapping[str, Any]] = {}
        self._nodes: list[Any] = []
        self._stale: Conditions = {}
        self._snapshot_stale: Conditions = {}
        self._mutes: Mapping[str, Mapping[str, Any]] | None = None
        self._snapshot_mutes: Mapping[str, Mapping[str, Any]] = {}
        self._greeted = self._gap = self._filtered = False

    @property
    def is_complete(self) -> bool:
        """Whether no event is missing; after a gap only a new snapshot completes the state."""
        return not self._gap

    def load(self, snapshot: Mapping[str, Any]) -> bool:
        """Replace the state by a snapshot; False if that is too old or of another Redis process."""
        position = _position(snapshot["cursor"])
        if self._gap and (snapshot["run_id"] != self._run_id or position < self.position):
            return False
        self._services = {item["id"]: _as_known(item) for item in snapshot["services"]}
        self._nodes, self._run_id, self.position = snapshot["nodes"], snapshot["run_id"], position
        self._snapshot_stale = {_key(item): item for item in snapshot["stale"]}
        self._snapshot_mutes = {
            item["id"]: item["muted"] for item in snapshot["services"] if item.get("muted")
        }
        self._gap = False
        return True

    def apply(self, message: Message) -> float | None:
        """Apply one message; returns None, or after how many seconds to load a new snapshot."""
        event, data, position = message.event, json.loads(message.data), _position(message.last_id)
        if event == "stale":
            self._stale[_key(data)] = data
        elif event == "fresh":
            self._stale.pop(_key(data), None)
            self._snapshot_stale.pop(_key(data), None)
        elif event == "mutes":
            self._mutes = {str(item.get("id")): item for item in data["mutes"]}
        elif event == "hello":
            self._run_id, self._stale, self._mutes = data.get("run_id"), {}, None
            # What holds now is not known of a stream that goes on after a time without one.
            self._gap = self._gap or self._greeted or position > self.position
            self._greeted = True
            self._filtered = data.get("filtered", False)
            if not message.last_id:  # a `resync` or another `hello` follows
                return None
        elif event == "resync":
            self._run_id, self._gap, self.position = data.get("run_id"), True, position
            return float(data["after_ms"]) / 1000
        elif position > self.position:
            self._gap = self._gap or (not self._filtered and _skips(self.position, position))
            self.position = position
            self._change(event, data)
        if event == "ping" and message.last_id:
            self._snapshot_stale, self._mutes = {}, self._mutes or {}
        return 0.0 if self._gap else None

    def to_json(self) -> dict[str, Any]:
        """The state in the form of `GET /api/services`."""
        stale = [*{**self._snapshot_stale, **self._stale}.values()]
        lost = {item["node"] for item in stale if item["reason"] == "scanner"}
        services = [
            {**item, **(NODE_LOST if item["node"] in lost else {}), **self._muted(item["id"])}
            for item in sorted(self._services.values(), key=_order)
        ]
        head = {"cursor": str(self.position), "run_id": self._run_id}
        return {**head, "services": services, "nodes": self._nodes, "stale": stale}

    def _muted(self, service: str) -> Mapping[str, Any]:
        mutes = self._snapshot_mutes if self._mutes is None else self._mutes
        return {"muted": mutes[service]} if service in mutes else {}

    def _change(self, event: str, data: Mapping[str, Any]) -> None:
        if event == "service_removed":
            self._services.pop(str(data.get("id")), None)
        elif isinstance(record := data.get("service"), dict):
            self._services[record["id"]] = record


class LiveState:
    """Keeps a `State` current: loads a snapshot, and a new one after a gap or a lost connection."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        on_break: Callable[[str], None] = lambda _: None,
        retry_ms: int = RETRY_MS,
    ) -> None:
        self._url, self._token = url, token
        self._on_break, self._retry_ms = on_break, retry_ms
        self._state = State()

    async def states(self) -> AsyncGenerator[dict[str, Any], None]:
        """The state in the form of `GET /api/services`: at once, then after each message.

        Raises RouterAway if no router answers at first, and AccessDenied.
        """
        self._state.load(await self._fetch())
        yield self._state.to_json()
        cursor = str(self._state.position)
        follower = Follower(
            self._url,
            cursor,
            token=self._token,
            on_break=self._on_break,
            retry_ms=self._retry_ms,
        )
        async with aclosing(follower.messages()) as messages:
            async for message in messages:
                if (seconds := self._state.apply(message)) is not None:
                    await asyncio.sleep(seconds)
                    await self._reload()
                if self._state.is_complete:
                    yield self._state.to_json()

    async def _fetch(self) -> Any:
        return await fetch(self._url, "/api/services", *FIELDS, token=self._token)

    async def _reload(self) -> None:
        """Fetch snapshots until one is new enough: a worker that lags answers with an older one.

        Gives up after `ATTEMPTS`; the next message of the stream tries again.
        """
        for _ in range(ATTEMPTS):
            reason = "the router's state is older than its stream"
            try:
                if self._state.load(await self._fetch()):
                    return
            except AccessDenied:
                raise
            except RouterAway as error:
                reason = str(error)
            await asyncio.sleep(self._retry_ms / 1000 * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        self._on_break(reason)


def _as_known(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as in events: without `muted`, and as it was before its node was lost."""
    record = {name: item for name, item in record.items() if name != "muted"}
    if "last_status" not in record:
        return record
    status = record["last_status"]
    last = {"status": status, "reason": record.get("last_reason", "")}
    kept = {name: item for name, item in record.items() if not name.startswith("last_")}
    return {**kept, **last, "healthy": status == "healthy"}


def _position(text: str) -> Position:
    """The position in an `id:` or a `cursor`; before all events if there is none."""
    return Position.parse(text) or ORIGIN


def _skips(before: Position, after: Position) -> bool:
    """Whether events lie between two positions; an epoch begins with 1."""
    last = before.seq if before.epoch == after.epoch else 0
    return after.seq > last + 1


def _key(condition: Mapping[str, Any]) -> tuple[object, object]:
    return condition.get("reason"), condition.get("node")


def _order(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(record.get(name)) for name in ("context", "name", "node"))
