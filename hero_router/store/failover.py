"""Finds the primary of our keys through Sentinels or a Cluster, each time a connection is made.

All keys of a deployment are in one slot, so a Cluster is to us one Redis that moves about, and so
is what Sentinels watch: whoever is connected to the primary needs nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from redis import exceptions as refused
from redis.asyncio.connection import Connection, SSLConnection
from redis.crc import key_slot

from hero_router.settings.redis_url import HostPort
from hero_router.store.connections import AddressedConnection, failure_reason, named

FINDER_SECONDS = 1.0
"""Longest wait for one guide: the next one may know as well."""

MOST_REASONS = 4
"""Most guides of which is told why they do not help."""

ELSEWHERE = (
    refused.AskError,
    refused.ClusterDownError,
    refused.ReadOnlyError,
    refused.TryAgainError,
)
"""Answers of a server that is not, or no longer, the primary of our keys."""

_ELSEWHERE_WORDS = ("READONLY", "UNBLOCKED", "MASTERDOWN", "NOREPLICAS")
"""The same inside a script's longer text, and to a call that was blocked when it happened."""


class NoPrimary(refused.ConnectionError):
    """Nobody who was asked knows a primary now; its text says of each why."""


class LoginRefused(refused.AuthenticationError):
    """One who may know lets nobody in with this user and password; theirs may be another login.

    Its text says which one.
    """


class PrimaryFinder(ABC):
    """Servers that know where the primary is, asked in turn until one says it.

    `round` grows whenever the primary proves not to be one: connections of an earlier round are
    not used again.
    """

    def __init__(
        self, places: Sequence[HostPort], options: Mapping[str, Any], *, tls: bool
    ) -> None:
        self._places, self._options = list(places), options
        self._kind = SSLConnection if tls else Connection
        self.generation = 0

    def invalidate(self) -> None:
        """Where the last guide led is no primary: ask anew, and another one first."""
        self.generation += 1
        self._places.append(self._places.pop(0))

    async def find(self) -> HostPort:
        """Where the primary is now. Raises NoPrimary, or what a guide refused."""
        refusal: refused.RedisError | None = None
        reasons = []
        for guide in list(self._places):
            try:
                if (found := await self._ask(guide)) is not None:
                    self._prefer(guide)
                    return found
                reasons.append(f"{named(*guide)}: it knows of none")
            except refused.AuthenticationError:
                refusal = LoginRefused(named(*guide))
            except refused.ResponseError as error:
                refusal = error
            except (refused.RedisError, OSError) as error:
                reasons.append(
                    f"{named(*guide)}: {failure_reason(error) or 'it cannot be reached'}"
                )
        raise refusal or NoPrimary("; ".join(reasons[:MOST_REASONS]))

    def _prefer(self, guide: HostPort) -> None:
        """Ask it first next time, so that nobody waits for a dead one again."""
        if guide in self._places:
            self._places.remove(guide)
            self._places.insert(0, guide)

    @abstractmethod
    async def _ask(self, guide: HostPort) -> HostPort | None:
        """Where this guide says that the primary is."""

    async def _answer(self, guide: HostPort, *words: object) -> Any:
        host, port = guide
        connection = self._kind(host=host, port=port, **self._options)
        try:
            await connection.connect()  # type: ignore[no-untyped-call] # the library's own
            await connection.send_command(*words)
            return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)


class Sentinels(PrimaryFinder):
    """Sentinels, which know a primary by its name."""

    def __init__(
        self, places: Sequence[HostPort], options: Mapping[str, Any], primary: str, *, tls: bool
    ) -> None:
        super().__init__(places, options, tls=tls)
        self._primary = primary

    async def _ask(self, guide: HostPort) -> HostPort | None:
        found = await self._answer(guide, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._primary)
        return None if found is None else (found[0].decode(), int(found[1]))


class ClusterNodes(PrimaryFinder):
    """Nodes of a Cluster, each of which knows who serves the slot of our keys, and the others."""

    def __init__(
        self, places: Sequence[HostPort], options: Mapping[str, Any], prefix: str, *, tls: bool
    ) -> None:
        super().__init__(places, options, tls=tls)
        self._named, self._slot = frozenset(places), key_slot(prefix.encode())

    async def _ask(self, guide: HostPort) -> HostPort | None:
        slots = await self._answer(guide, "CLUSTER", "SLOTS")
        self._learn({_place(node, guide) for _, _, *nodes in slots for node in nodes})
        serving = (nodes for first, last, *nodes in slots if first <= self._slot <= last)
        return next((_place(nodes[0], guide) for nodes in serving), None)

    def _learn(self, found: set[HostPort]) -> None:
        """Those named at first may all be gone one day; others that are gone do not stay."""
        known = [place for place in self._places if place in found or place in self._named]
        self._places = [*known, *sorted(found.difference(known))]


def _place(node: Sequence[Any], asked: HostPort) -> HostPort:
    """A node without a host is the one that was asked."""
    return (node[0].decode() if node[0] else asked[0], int(node[1]))


class PrimaryConnection(AddressedConnection):
    """A connection to wherever the primary is when it is made."""

    def __init__(self, *, guides: PrimaryFinder, **options: Any) -> None:
        self._guides, self._round = guides, guides.generation
        super().__init__(**options)

    async def connect(self) -> None:
        """Connect, anew where the server has proved to be no primary since."""
        if self.is_connected and self._round != self._guides.generation:
            await self.disconnect(nowait=True)
        await super().connect()

    async def _connect(self) -> None:
        self._round = self._guides.generation
        self.host, self.port = await self._guides.find()
        await super()._connect()  # type: ignore[no-untyped-call] # the library's own

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and make sure that this is a primary: guides may be late to hear of a change."""
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE", check_health=False)
        role = await self.read_response()
        if role[0] != b"master":
            self._guides.invalidate()
            raise refused.ReadOnlyError("not a primary")

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read a reply; one that comes from no primary is noted, so that the next call asks."""
        try:
            return await super().read_response(*args, **options)
        except refused.ResponseError as error:
            if self._round == self._guides.generation and _is_elsewhere(error):
                self._guides.invalidate()
            raise


class PrimaryTlsConnection(PrimaryConnection, SSLConnection):
    """The same over TLS."""


def _is_elsewhere(error: refused.ResponseError) -> bool:
    return isinstance(error, ELSEWHERE) or any(word in str(error) for word in _ELSEWHERE_WORDS)
