"""The registry as its one writer, the scanner, sees it: what Redis holds, and atomic changes."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import encode
from hero_router.errors import Fenced, StoreUnreachable
from hero_router.keys import APPLY_BATCH, SCHEMA, Keys
from hero_router.model import Change, NodeState, Record
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text, translated
from hero_router.store.lease import Grant
from hero_router.store.snapshot import (
    SnapshotReader,
    Version,
    foreign_schema,
    parse_id,
    parsed_values,
)

log = logging.getLogger(__name__)


class Registry:
    """Reads and writes one deployment's registry; `window` is how many events the stream keeps."""

    def __init__(self, client: Redis, keys: Keys, window: int) -> None:
        self._client, self._keys, self._window = client, keys, window
        self._apply = script(client, "apply")
        self._snapshots = SnapshotReader(client, keys)
        self._version = Version()
        self._epoch = 0
        self._texts: Mapping[str, str] = {}
        self._records: dict[str, Record] = {}
        self._nodes: Mapping[str, NodeState] = {}
        self._reading, self._writing = asyncio.Lock(), asyncio.Lock()

    async def known(self, node: str) -> dict[str, Record]:
        """The node's records as Redis holds them now; one small reply while nothing has changed.

        This is how an emptied Redis, an older dump or a foreign hand is noticed. Raises StoreError.
        """
        async with self._reading:  # else an older reply could come last, and stay
            snapshot = await self._snapshots.read(self._version)
            self._epoch = max(self._epoch, snapshot.head.epoch)
            self._nodes = snapshot.nodes
            if snapshot.services is not None:
                self._parse(snapshot.services)
                self._version = snapshot.version
        return {key: record for key, record in self._records.items() if record.node == node}

    @property
    def has_stream(self) -> bool:
        """Whether the stream of events existed when `known` last looked."""
        return self._version.head not in ("", str(ORIGIN))

    def report(self, node: str) -> NodeState | None:
        """The node's report as `known` last saw it; None where there is none."""
        return self._nodes.get(node)

    def _parse(self, texts: Mapping[str, str]) -> None:
        """Parse only what is new: most records are as they were."""
        new = {key: raw for key, raw in texts.items() if self._texts.get(key) != raw}
        kept = {key: item for key, item in self._records.items() if key in texts and key not in new}
        self._records = kept | parsed_values("services", new, _record)
        self._texts = texts

    async def apply(
        self, grant: Grant, changes: Sequence[Change], report: NodeState | None = None
    ) -> Position:
        """Write the changes, each with its event, and the node's report; returns the new head.

        Each batch is one atomic step, and repeating a call has no second effect. Steps are done one
        after the other, each with a number: one that was held up on its way, and arrives after
        later ones, has no effect.

        Raises:
            Fenced: the grant's lease is no longer held; nothing of the batch was written.
            StoreError: Redis could not be asked or refused.
        """
        head = ORIGIN
        for start in range(0, max(len(changes), 1), APPLY_BATCH):
            batch = changes[start : start + APPLY_BATCH]
            last = start + APPLY_BATCH >= len(changes)
            async with self._writing:
                head = await self._apply_batch(grant, batch, report if last else None)
            self._epoch = max(self._epoch, head.epoch)
        return head

    async def _apply_batch(
        self, grant: Grant, changes: Sequence[Change], report: NodeState | None
    ) -> Position:
        keys = self._keys
        names = [keys.services, keys.events, keys.nodes, keys.meta, keys.lease(grant.node)]
        state = "" if report is None else encode(report.to_json())
        args = [str(grant), str(self._window), str(SCHEMA), grant.node, state, str(self._epoch)]
        args.append(str(next(grant.calls)))
        for change in changes:
            args += _arguments(change)
        try:
            reply = await self._evaluate(names, args)
        except StoreUnreachable:
            # The reply may be lost while the step was done; the script finds that out.
            reply = await self._evaluate(names, args)
        return self._head(reply, grant)

    async def _evaluate(self, names: list[str], args: list[str]) -> list[Any]:
        with translated():
            return list(await self._apply(keys=names, args=args))

    @staticmethod
    def _head(reply: list[Any], grant: Grant) -> Position:
        outcome, detail = text(reply[0]), text(reply[1])
        if outcome == "FENCED":
            raise Fenced(f"the lease on node {grant.node} is held by {detail or 'nobody'}")
        if outcome == "LATE":
            raise Fenced(f"a later call was made under the lease on node {grant.node}")
        if outcome == "SCHEMA":
            raise foreign_schema(detail)
        return parse_id(detail)

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the node's side data: the last probe's figures by service id."""
        key = self._keys.probes(node)
        with translated():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.delete(key)
                if figures:
                    pipe.hset(key, mapping={name: encode(item) for name, item in figures.items()})
                await pipe.execute()


def _record(key: str, value: Mapping[str, Any]) -> Record:
    record = Record.from_json(value)
    if record.id != key:
        raise ValueError("the record of another service")
    return record


def _arguments(change: Change) -> list[str]:
    record = "" if change.record is None else encode(change.record.to_json())
    return [change.type, change.service, encode(change.data), record]
