"""The registry for its one writer, the scanner: reads what Redis holds, writes changes."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import encode
from hero_router.errors import Fenced, StoreCorrupt, StoreUnreachable
from hero_router.model import Change, NodeState, Record
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text
from hero_router.store.keys import SCHEMA, Keys
from hero_router.store.lease import Grant
from hero_router.store.snapshot import (
    SnapshotReader,
    Version,
    foreign_schema,
    parse_id,
    parse_values,
    raw_record,
)
from hero_router.store.steps import cut
from hero_router.store.translate import delete_command, redis_errors

log = logging.getLogger(__name__)

LAST_EPOCH = 2**53 - 1
"""The largest epoch: the script's numbers have gaps beyond it."""

FORGOTTEN = PUBLISHED = "-"
"""Arguments of the script: as a report, it removes all of a node; as a record, it removes a service
that this writer has published or read."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as Redis held it at one moment: its records by id, and its last report if any.

    `has_stream`: the stream of events exists.
    """

    records: Mapping[str, Record]
    report: NodeState | None
    has_stream: bool


class Registry:
    """Reads and writes one deployment's registry; `window` is how many events the stream keeps."""

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
        """The node as Redis holds it now; one small reply while nothing has changed.

        The scanner thus notices an emptied Redis, an older dump or a change by a foreign hand. If
        that hand left head and number of records as they were, only `whole` shows it: it reads all
        records. Raises StoreError.
        """
        async with self._reading:  # else an older reply could come last, and stay
            snapshot = await self._snapshots.read(Version() if whole else self._version)
            self._see(snapshot.head)
            if snapshot.services is not None:
                self._parse(snapshot.services)
                self._version = snapshot.version
        mine = {key: record for key, record in self._records.items() if record.node == node}
        self._published |= mine.keys()
        has_stream = snapshot.version.head not in ("", str(ORIGIN))
        return NodeView(mine, snapshot.nodes.get(node), has_stream)

    def _see(self, head: Position) -> None:
        """Remember the last position: if the stream is behind it, its data were rolled back.

        A position that no epoch can follow is a foreign one, which may be deleted again.
        """
        if head.epoch < LAST_EPOCH:
            self._seen = max(self._seen, head)

    def _parse(self, texts: Mapping[str, str]) -> None:
        """Parse only texts that have changed: most are as before."""
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
        """Write the changes, each with its event, and the node's report; returns the new head.

        `documents` are texts by digest ("" removes a document); each is written in one step with
        the first record that names it. A large call is cut into steps. Each step is atomic, and
        repeating it has no second effect. Steps are numbered: one that is delayed on its way and
        arrives after a later one has no effect.

        Raises:
            Fenced: the grant's lease is no longer held; nothing of the batch was written.
            StoreError: Redis could not be asked or refused.
        """
        state = "" if report is None else encode(report.to_json())
        *steps, last = cut(changes, documents)
        for step in steps:
            await self._step(grant, step.changes, "", step.documents)
        return await self._step(grant, last.changes, state, last.documents)

    async def forget(self, grant: Grant) -> int:
        """Remove all data of the grant's node from Redis, in one atomic step.

        Each of its services is removed with an event, also one that only a newer version can read.
        The window keeps its size, which the caller need not know.

        Returns the number of services. Raises Fenced or another StoreError.
        """
        with redis_errors():
            self._window = max(self._window, await self._client.xlen(self._keys.events))
        snapshot = await self._snapshots.read()
        self._see(snapshot.head)
        removals = list(_removals(snapshot.services or {}, grant.node))
        await self._step(grant, removals, FORGOTTEN)
        return len(removals)

    async def nodes(self) -> set[str]:
        """The names of all nodes that have reported, or have services. Raises StoreError."""
        snapshot = await self._snapshots.read()
        owners = {str(record["node"]) for record in _raw_records(snapshot.services or {}).values()}
        return owners | snapshot.nodes.keys()

    async def documents(self, node: str) -> dict[str, int]:
        """The size of each document that Redis keeps for the node, by digest. Raises StoreError."""
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
        """One call of the script, after all earlier ones."""
        async with self._writing:
            head = await self._call(grant, changes, state, documents)
        self._see(head)
        return head

    async def _call(
        self, grant: Grant, changes: Sequence[Change], state: str, documents: Mapping[str, str]
    ) -> Position:
        keys, node = self._keys, grant.node
        names = [keys.services, keys.events, keys.nodes, keys.meta]
        names += [keys.lease(node), keys.probes(node), keys.specs(node)]
        args = [str(grant), str(self._window), str(SCHEMA), node, state, str(self._seen)]
        args += [str(next(grant.call_numbers)), str(len(documents))]
        for digest, document in documents.items():
            args += [digest, document]
        for change in changes:
            args += self._arguments(change)
        try:
            reply = await self._evaluate(names, args)
        except StoreUnreachable:
            # The reply may be lost while the step was done; the script finds that out.
            reply = await self._evaluate(names, args)
        head = self._head(reply, grant)
        self._published |= {change.service for change in changes if change.record is not None}
        return head

    def _arguments(self, change: Change) -> list[str]:
        """The script's arguments for a change. A removal is an event in its first call only."""
        data = encode(change.data)
        if change.record is not None:
            record = encode(change.record.to_json())
            if "service" not in change.data:
                data = _with_service(data, record)
        else:
            record = PUBLISHED if change.service in self._published else ""
            self._published.discard(change.service)
        return [change.type, change.service, data, record]

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
        """Replace the node's side data: the last probe's figures by service id.

        Only entries that are another object than last time are written; all of them, if Redis does
        not have as many as it should. Raises StoreError.
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
        """Write what differs from what was `written`; returns how many entries Redis has then."""
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
    """The JSON object `data` with the record as its last member; both are texts already."""
    members = data[:-1]
    return f'{members}{"" if members == "{" else ","}"service":{record}}}'


def _record(key: str, value: Mapping[str, Any]) -> Record:
    record = Record.from_json(value)
    if record.id != key:
        raise ValueError("the record of another service")
    return record


def _removals(texts: Mapping[str, str], node: str) -> Iterator[Change]:
    """The removal of each service of a node that workers show."""
    for key, record in _raw_records(texts).items():
        if record["node"] == node:
            data = {name: record[name] for name in ("id", "name", "context", "node")}
            yield Change("service_removed", key, {**data, "reason": "forgotten"})


def _raw_records(texts: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    return parse_values("services", texts, raw_record)
