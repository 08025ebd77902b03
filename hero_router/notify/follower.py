"""Follows the event stream and the nodes, and queues webhook messages about their changes.

Position, states and messages are written together, so no change is lost or told twice if this
process ends. Events that were trimmed meanwhile are told as missed; what differs from the registry
by then is told too.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from hero_router.feed.node_monitor import LostNodes
from hero_router.feed.resume import Gap, index_after, resume
from hero_router.feed.sequence_gaps import filled
from hero_router.feed.tail import follows
from hero_router.model import NodeState
from hero_router.notify.messages import MISSED, Message, about_missed
from hero_router.notify.transitions import ServiceState, Transitions
from hero_router.position import Position
from hero_router.store.lease import Grant
from hero_router.store.mutes import MuteStore
from hero_router.store.snapshot import Snapshot, parse_values, raw_record
from hero_router.store.stream_reader import NodeReader, Stream
from hero_router.store.webhook import WebhookState, WebhookStore
from hero_router.strict_json import encode

log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
"""Time between two looks at the nodes, and at whether the stream is still the same."""

MOST_COMPARED = 64
"""Number of the last read events that such a look compares with Redis: if it has lost events and
given their positions to others, those were not read."""


class Follower:
    """Makes messages while it holds the webhook's lease. `kinds` are the types to make.

    `window` is how many events the stream keeps; `now_ms` gives Unix ms by Redis's clock, `clock`
    monotonic seconds.
    """

    def __init__(
        self,
        stream: Stream,
        nodes: NodeReader,
        store: WebhookStore,
        mutes: MuteStore,
        kinds: AbstractSet[str],
        window: int,
        now_ms: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._nodes = stream, nodes
        self._store, self._mutes = store, mutes
        self._kinds, self._window = frozenset(kinds) | {MISSED}, window
        self._now_ms, self._clock = now_ms, clock
        self._first_reports = dict[str, NodeState]()

    async def run(self, grant: Grant) -> None:
        """Follow until cancelled. Raises Fenced after the lease was lost, or another StoreError."""
        lost_nodes, self._first_reports = LostNodes(self._clock), dict[str, NodeState]()
        while True:
            reason = await self._follow(grant, lost_nodes)
            log.info("the sender of webhooks reads all services from Redis again: %s", reason)

    async def _follow(self, grant: Grant, lost_nodes: LostNodes) -> str:
        """Load, then follow the stream until a new load is needed; returns the reason."""
        kept, snapshot = await self._store.load(), await self._stream.load()
        states = _states(kept)
        states.muted = await self._muted()
        head, run_id = snapshot.head, snapshot.version.run_id
        await self._write(grant, states, head, self._caught_up(kept, snapshot, states))
        looked_at, recent = self._clock(), deque[tuple[Position, int]](maxlen=MOST_COMPARED)
        while True:
            events = await self._stream.read(head)
            if not follows(head, events):
                return "events are missing in the event stream after the last one that it read"
            if events:
                head = events[-1].position
                recent.extend((event.position, event.at) for event in events)
                made = [message for event in events for message in states.apply(event)]
                await self._write(grant, states, head, made)
            if self._clock() - looked_at >= WATCH_SECONDS:
                looked_at = self._clock()
                first = recent[0][0] if recent else head
                status = await self._nodes.stream_status(first, MOST_COMPARED)
                others = (at != status.times.get(place, at) for place, at in recent)
                if status.run_id != run_id or status.head < head or any(others):
                    return "Redis was restarted or replaced, or has lost its newest events"
                muted = await self._muted()
                if states.muted - muted:  # what has changed meanwhile is sent after a new load
                    return "the mute of a service has ended"
                states.muted = muted
                await self._watch_nodes(grant, states, head, lost_nodes)

    async def _muted(self) -> frozenset[str]:
        now_ms = self._now_ms()
        mutes = await self._mutes.read()
        return frozenset(key for key, mute in mutes.items() if mute.holds_at(now_ms))

    def _caught_up(
        self, kept: WebhookState, snapshot: Snapshot, states: Transitions
    ) -> Iterable[Message]:
        """The messages of all that has happened since the last sender wrote its position."""
        window, now_ms = snapshot.window, snapshot.now_ms
        if kept.cursor is not None:
            entries, lost = filled(window, snapshot.head, self._window)
            found = resume(kept.cursor, entries, snapshot.head, lost)
            is_ahead = kept.cursor > snapshot.head
            if isinstance(found, Gap) or is_ahead:
                number = found.dropped if isinstance(found, Gap) else None
                log.warning(
                    "the sender of webhooks has missed %s events, which Redis no longer keeps: "
                    "it sends a message that says so",
                    "an unknown number of" if number is None else number,
                )
                yield about_missed(number, "stream", now_ms, f"{kept.cursor} {snapshot.head}")
            for event in window[index_after(kept.cursor, window) :]:
                yield from states.apply(event)
        services = snapshot.services or {}
        records = parse_values("services", services, raw_record)
        yield from states.reconcile(records, services.keys(), now_ms)

    async def _watch_nodes(
        self, grant: Grant, states: Transitions, head: Position, lost_nodes: LostNodes
    ) -> None:
        nodes = await self._nodes.list()
        names = {each.node for each in states.services.values() if not each.removed_at}
        lost = lost_nodes.update(nodes, names)
        alive = {
            name
            for name, node in nodes.items()
            if node.leased and node.state != self._first_reports.setdefault(name, node.state)
        }
        made = states.nodes(lost, alive, nodes.keys() | names, self._now_ms())
        if states.lost_changed:
            await self._write(grant, states, head, made)

    async def _write(
        self, grant: Grant, states: Transitions, head: Position, made: Iterable[Message]
    ) -> None:
        messages = [message for message in made if message.kind in self._kinds]
        for message in messages:
            log.info("queued a webhook message: %s", message.text)
        services = {
            name: None if state is None else encode(state.to_json())
            for name, state in states.changed.items()
        }
        queued = [message.queued() for message in messages]
        await self._store.write(grant, head, services, states.lost_changed, queued)
        states.written()


def _states(kept: WebhookState) -> Transitions:
    states = parse_values("webhook", kept.services, lambda _, value: ServiceState.from_json(value))
    return Transitions(states, kept.lost)
