"""`Mutes`: mutes and unmutes services, and shows the muted ones in a worker's state and streams."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from hero_router.errors import StoreError
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.sanitize import clean
from hero_router.store.mutes import MAX_NOTE, Mute, MuteStore

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""Time between two looks at Redis: so long a change on another worker may take to be seen here."""

FORGET_MS = 60_000
"""A mute that has been over for this long is removed from Redis by the next one who mutes."""


class Mutes:
    """This worker's copy of the muted services. `now_ms` gives Unix ms by Redis's clock."""

    def __init__(
        self, store: MuteStore, mirror: Mirror, hub: Hub, now_ms: Callable[[], int]
    ) -> None:
        self._store, self._mirror, self._hub, self._now_ms = store, mirror, hub, now_ms
        self._known: Mapping[str, Mute] = {}
        self.current: Mapping[str, Mute] = {}
        """The services that are muted now, by id."""

    async def run(self) -> None:
        """Follow the mutes in Redis until cancelled; without Redis the last ones hold."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.debug("this web worker cannot read the muted services from Redis: %s", error)
                self._show()
            await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> None:
        """Read the mutes, and show what has changed. Raises StoreError."""
        self._known = await self._store.read()
        self._show()

    def _show(self) -> None:
        now_ms = self._now_ms()
        current = {key: mute for key, mute in self._known.items() if mute.holds_at(now_ms)}
        if current != self.current:
            self.current = current
            shown = {key: mute.to_json() for key, mute in current.items()}
            self._mirror.set_mutes(shown)
            self._hub.send_mutes(tuple(shown.values()))

    async def mute(
        self, record: Mapping[str, Any], by: str, seconds: int | None, note: str
    ) -> Mute:
        """Mute a service for so many seconds (None: until it is unmuted). Raises StoreError."""
        now_ms = self._now_ms()
        names = {name: str(record[name]) for name in ("id", "name", "context", "node")}
        until = None if seconds is None else now_ms + seconds * 1000
        made = Mute(**names, by=by, at=now_ms, until=until, note=clean(note, MAX_NOTE))
        await self._store.put(made)
        await self._store.forget(now_ms - FORGET_MS)
        log.info("the service %s was muted by %s (note: %s)", made.name, by, made.note or "none")
        await self.look()
        return made

    async def unmute(self, service_id: str, by: str) -> bool:
        """End the mute of a service; False if there was none. Raises StoreError."""
        removed = await self._store.remove(service_id)
        log.info("the mute of the service %s was ended by %s", service_id, by)
        await self.look()
        return bool(removed)
