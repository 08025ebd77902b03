"""The registry as the scanner uses it: reads services and nodes from Redis, writes changes."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import Fenced, StoreCorrupt, StoreUnreachable
from hero_router.model import Change, NodeState, Record
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text
from hero_router.store.history import transition_arguments
from hero_router.store.keys import SCHEMA, Keys
from hero_router.store.lease import Grant
from hero_router.store.redis_errors import delete_command, redis_errors
from hero_router.store.snapshot import (
    SnapshotReader,
    Version,
    foreign_schema,
    parse_id,
    parse_values,
    raw_record,
)
from hero_router.store.write_batches import cut
from hero_router.strict_json import encode

log = logging.getLogger(__name__)

LAST_EPOCH = 2**53 - 1
"""The largest epoch: Lua's numbers have gaps beyond it."""

FORGOTTEN = PUBLISHED = "-"
"""Arguments of `apply.lua` that remove a node or a service.

In place of a node report, "-" removes all data of the node. In place of a service record, "-"
removes a service that this writer has published or read."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as read from Redis at one moment: its service records by id, and its node report.

    `has_stream`: the stream of events exists.
    """

    records: Mapping[str, Record]
    report: NodeState | None
    has_stream: bool


class Registry:
    """Reads and writes one deployment's registry; `window` is the number of events kept."""

    def __init__(self, client: Redis, keys: Keys, window: int) -> None:
        self._client, self._keys, self._window = client, keys, window
        self._apply = script(client, "apply")
        self._snapshots = SnapshotReader(client, keys)
        self._version = Version()
        self._document_sizes: dict[str, int] = {}
        self._probes: Mapping[str, Mapping[str, Any]] = {}
        self._seen = ORIGIN
        self._published = set[str]()
        self._texts: Mapping[str, str] = {}
        self._records: dict[str, Record] = {}
        self._reading, self._writing = asyncio.Lock(), asyncio.Lock()

    async def view(self, node: str, *, whole: bool = False) -> NodeView:
        """Read a node from Redis; while nothing has changed the reply is small. Raises StoreError.

        Thus the scanner notices an emptied Redis, a restored older dump, or a change by another
        program. A change by another program that adds no event and keeps the number of service
        records is only found with `whole`, which reads all service records.
        """
        async with self._reading:  # else an older reply could arrive last, and replace a newer one
            snapshot = await self._snapshots.read(Version() if whole else self._version)
            self.note_head(snapshot.head)
            if snapshot.services is not None:
                self._parse(snapshot.services)
                self._version = snapshot.version
        mine = {key: record for key, record in self._records.items() if record.node == node}
        self._published |= mine.keys()
        has_stream = snapshot.version.head not in ("", str(ORIGIN))
        return NodeView(mine, snapshot.nodes.get(node), has_stream)

    def note_head(self, head: Position) -> None:
        """Remember the newest position that was read; a stream behind it later was rolled back.

        So an older position changes nothing. One with the largest epoch is ignored: hero_router did
        not write it.
        """
        if head.epoch < LAST_EPOCH:
            self._seen = max(self._seen, head)

    def _parse(self, texts: Mapping[str, str]) -> None:
        """Parse the service records that have changed since the last call."""
        new = {key: raw for key, raw in texts.items() if self._texts.get(key) != raw}
        kept = {key: item for key, item in self._records.items() if key in texts and key not in new}
        self._records = kept | parse_values("services", new, _record)
        self._texts = texts

    async def apply(
        self,
        grant: Grant,
        changes: Sequence[Change],
        report: NodeState | None = None,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> Position:
        """Write changes with their events, and the node report; returns the newest position.

        `documents` are texts by digest ("" removes a document). A document is written in one step
        with the first service record that names it. A large call is split into steps. A step is
        atomic, and may be repeated without a second effect. A step that arrives after a later step
        has no effect: steps are numbered.

        Raises:
            Fenced: the grant's lease is no longer held; nothing of the step was written.
            StoreError: Redis cannot be reached or refuses the call.
        """
        state = "" if report is None else encode(report.to_json())
        *steps, last = cut(changes, documents)
        for step in steps:
            await self._step(grant, step.changes, "", step.documents)
        return await self._step(grant, last.changes, state, last.documents)

    async def forget(self, grant: Grant) -> int:
        """Remove all data of the grant's node from Redis, in one atomic step.

        A removal event is added for each service of the node, also for a service record of a newer
        version. The stream keeps as many events as before, even if `window` is smaller.

        Returns the number of services. Raises Fenced or another StoreError.
        """
        with redis_errors():
            self._window = max(self._window, await self._client.xlen(self._keys.events))
        snapshot = await self._snapshots.read()
        self.note_head(snapshot.head)
        removals = list(_removals(snapshot.services or {}, grant.node))
        await self._step(grant, removals, FORGOTTEN)
        return len(removals)

    async def nodes(self) -> set[str]:
        """The names of all nodes that have a node report or services. Raises StoreError."""
        snapshot = await self._snapshots.read()
        owners = {str(record["node"]) for record in _raw_records(snapshot.services or {}).values()}
        return owners | snapshot.nodes.keys()

    async def documents(self, node: str) -> dict[str, int]:
        """The sizes of the OpenRPC documents in Redis for a node, by digest. Raises StoreError."""
        key, known = self._keys.specs(node), self._document_sizes
        with redis_errors():
            digests = [text(name) for name in await self._client.hkeys(key)]
            new = [name for name in digests if name not in known]
            async with self._client.pipeline(transaction=False) as pipe:
                for name in new:
                    pipe.hstrlen(key, name)
                sizes = await pipe.execute()
        known |= zip(new, sizes, strict=True)
        self._document_sizes = {name: known[name] for name in digests}
        return self._document_sizes

    async def _step(
        self,
        grant: Grant,
        changes: Sequence[Change],
        state: str,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> Position:
        """Call `apply.lua` once, after all earlier calls."""
        async with self._writing:
            head = await self._call(grant, changes, state, documents)
        self.note_head(head)
        return head

    async def _call(
        self, grant: Grant, changes: Sequence[Change], state: str, documents: Mapping[str, str]
    ) -> Position:
        keys, node = self._keys, grant.node
        names = [keys.services, keys.events, keys.nodes, keys.meta]
        names += [keys.lease(node), keys.probes(node), keys.specs(node), keys.history]
        args = [str(grant), str(self._window), str(SCHEMA), node, state, str(self._seen)]
        args += [str(next(grant.call_numbers)), str(len(documents))]
        for digest, document in documents.items():
            args += [digest, document]
        for change in changes:
            args += self._arguments(change)
        try:
            reply = await self._evaluate(names, args)
        except StoreUnreachable:
            # Only the reply may be lost; then the script does not repeat the step.
            reply = await self._evaluate(names, args)
        head = self._head(reply, grant)
        self._published |= {change.service for change in changes if change.record is not None}
        return head

    def _arguments(self, change: Change) -> list[str]:
        """The arguments of `apply.lua` for one change."""
        data = encode(change.data)
        if change.record is not None:
            record = encode(change.record.to_json())
            if "service" not in change.data:
                data = _with_service(data, record)
        else:
            record = PUBLISHED if change.service in self._published else ""
            self._published.discard(change.service)
        return [change.type, change.service, data, record, *transition_arguments(change)]

    async def _evaluate(self, names: list[str], args: list[str]) -> list[Any]:
        with redis_errors():
            return list(await self._apply(keys=names, args=args))

    def _head(self, reply: list[Any], grant: Grant) -> Position:
        outcome, detail = text(reply[0]), text(reply[1])
        if outcome == "FENCED":
            raise Fenced(f"the lease on node {grant.node} is held by {detail or 'nobody'}")
        if outcome == "LATE":
            raise Fenced(f"a later call was made under the lease on node {grant.node}")
        if outcome == "SCHEMA":
            raise foreign_schema(detail)
        if outcome == "FOREIGN":
            raise StoreCorrupt(
                f"the stream of events holds the id {detail}, which hero_router did not write and "
                f"which no id can follow; delete it: {delete_command(self._keys.events)}"
            )
        return parse_id(detail)

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the figures of a node's last probes, by service id. Raises StoreError.

        Only figures that are another object than at the last call are written. If Redis then has
        another number of entries than expected, all figures are written.
        """
        written, self._probes = self._probes, {}
        if not written or await self._update_probes(node, figures, written) != len(figures):
            await self._update_probes(node, figures, {})
        self._probes = dict(figures)

    async def _update_probes(
        self,
        node: str,
        figures: Mapping[str, Mapping[str, Any]],
        written: Mapping[str, Mapping[str, Any]],
    ) -> int:
        """Write the figures that differ from `written`; returns the number of entries in Redis."""
        key, gone = self._keys.probes(node), written.keys() - figures.keys()
        texts: dict[Any, Any] = {
            name: encode(item) for name, item in figures.items() if written.get(name) is not item
        }
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                if not written:
                    pipe.delete(key)
                if texts:
                    pipe.hset(key, mapping=texts)
                if gone:
                    pipe.hdel(key, *gone)
                pipe.hlen(key)
                *_, count = await pipe.execute()
        return int(count)


def _with_service(data: str, record: str) -> str:
    """The JSON object `data` with the service record (JSON) added as the member `service`."""
    members = data[:-1]
    return f'{members}{"" if members == "{" else ","}"service":{record}}}'


def _record(key: str, value: Mapping[str, Any]) -> Record:
    record = Record.from_json(value)
    if record.id != key:
        raise ValueError("the record of another service")
    return record


def _removals(texts: Mapping[str, str], node: str) -> Iterator[Change]:
    """One removal for each service of a node."""
    for key, record in _raw_records(texts).items():
        if record["node"] == node:
            data = {name: record[name] for name in ("id", "name", "context", "node")}
            yield Change("service_removed", key, {**data, "reason": "forgotten"})


def _raw_records(texts: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    return parse_values("services", texts, raw_record)
