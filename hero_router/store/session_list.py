"""The list of browser sessions in Redis, for all web workers: user, start, address.

The record is for people and decides nothing. A session holds by the signature of its cookie, also
one that is not recorded, because Redis was away or lost its data. No secret is in it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from redis.asyncio import Redis

from hero_router.store.client import script, text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.store.snapshot import parse_values
from hero_router.strict_json import encode

MOST_SESSIONS = 1_000
"""Most sessions in the record; beyond that, those that end first are left out."""


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser's session as it began. Its id is no secret, as it is in the log.

    `way`: how the browser signed in, "token", "link" or "oidc". `contexts`: those that its user
    sees, None for all. `at` and `until` are when it began and when it ends, in Unix ms by Redis's
    clock.
    """

    id: str
    name: str
    way: str
    roles: list[str]
    contexts: list[str] | None
    address: str
    user_agent: str
    at: int
    until: int


class SessionListStore:
    """The recorded sessions, by id."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, (keys.sessions, keys.session_ends)
        self._put = script(client, "session_put")

    async def put(self, session: BrowserSession, now_ms: int) -> None:
        """Record a session until its end. Raises StoreError."""
        value = encode(asdict(session))
        with redis_errors():
            await self._put(
                keys=self._keys, args=[session.id, value, session.until, now_ms, MOST_SESSIONS]
            )

    async def read(self, now_ms: int) -> list[BrowserSession]:
        """The sessions that are not over, the newest first; foreign values are left out.

        Those that were revoked a moment ago may be among them. Raises StoreError.
        """
        with redis_errors():
            found: Any = await self._client.hgetall(self._keys[0])
        texts = {text(key): text(raw) for key, raw in found.items()}
        sessions = parse_values("sessions", texts, _session).values()
        return sorted(
            (each for each in sessions if now_ms < each.until), key=lambda each: (-each.at, each.id)
        )

    async def remove(self, *session_ids: str) -> None:
        """Take sessions out of the record. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(self._keys[0], *session_ids)
                pipe.zrem(self._keys[1], *session_ids)
                await pipe.execute()

    async def keep_only(self, session_id: str) -> None:
        """Take all sessions out of the record but one ("": all). Raises StoreError."""
        with redis_errors():
            ids: Any = await self._client.hkeys(self._keys[0])
        if gone := {*map(text, ids)} - {session_id}:
            await self.remove(*gone)


_TEXTS = ("id", "name", "way", "address", "user_agent")


def _session(key: str, value: Mapping[str, Any]) -> BrowserSession:
    """The session for a field of the hash. Raises KeyError or TypeError if it is malformed."""
    made = BrowserSession(**{item.name: value[item.name] for item in fields(BrowserSession)})
    listed = [made.roles, [] if made.contexts is None else made.contexts]
    texts = [value[name] for name in _TEXTS]
    for each in listed:
        if not isinstance(each, list):
            raise TypeError("not a session")
        texts += each
    if made.id != key or not all(isinstance(each, str) for each in texts):
        raise TypeError("not a session")
    if not (type(made.at) is int and type(made.until) is int):
        raise TypeError("not a session")
    return made
