"""Asks Sentinels or a Redis Cluster for the primary that holds our keys, for each connection.

All keys of a deployment are in one slot, so one server of a Cluster holds all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from redis import exceptions as refused
from redis.asyncio.connection import SSLConnection
from redis.crc import key_slot

from hero_router.settings.redis_url import HostPort
from hero_router.store.connection_diagnostics import (
    AddressedConnection,
    AddressedTlsConnection,
    failure_reason,
    host_port,
)

FINDER_SECONDS = 1.0
"""Longest wait for one Sentinel or Cluster node; then the next one is asked."""

MOST_REASONS = 4
"""Maximum number of reasons in the message that no primary was found."""

NOT_PRIMARY = (
    refused.AskError,
    refused.ClusterDownError,
    refused.ReadOnlyError,
    refused.TryAgainError,
)
"""Errors of a server that is not, or no longer, the primary of our keys."""

_NOT_PRIMARY_WORDS = ("READONLY", "UNBLOCKED", "MASTERDOWN", "NOREPLICAS")
"""Words in other errors of a server that is not the primary: in scripts and blocking calls."""


class NoPrimary(refused.ConnectionError):
    """No Sentinel or Cluster node names a primary; the message has the reason of each node."""


class LoginRefused(refused.AuthenticationError):
    """A Sentinel or Cluster node rejected the login; the message is the node's address."""


class PrimaryFinder(ABC):
    """Asks Sentinels or Cluster nodes, one after the other, for the address of the primary.

    `generation` grows by one when a server proves not to be the primary; connections of an earlier
    generation are not used again.
    """

    def __init__(
        self, addresses: Sequence[HostPort], options: Mapping[str, Any], *, tls: bool
    ) -> None:
        self._addresses, self._options = list(addresses), options
        self._kind = AddressedTlsConnection if tls else AddressedConnection
        self.generation = 0

    def invalidate(self) -> None:
        """Note that the last answer was wrong: the next search begins with another address."""
        self.generation += 1
        self._addresses.append(self._addresses.pop(0))

    async def find(self) -> HostPort:
        """Ask for the primary's address.

        Raises:
            NoPrimary: no answer names a primary.
            RedisError: a Sentinel or Cluster node refuses the question, for example the login.
        """
        refusal: refused.RedisError | None = None
        reasons = []
        for address in list(self._addresses):
            try:
                if (found := await self._ask(address)) is not None:
                    self._ask_first(address)
                    return found
                reasons.append(f"{host_port(*address)}: it knows no primary")
            except refused.AuthenticationError:
                refusal = LoginRefused(host_port(*address))
            except refused.ResponseError as error:
                refusal = error
            except (refused.RedisError, OSError) as error:
                reason = failure_reason(error) or "it cannot be reached"
                reasons.append(f"{host_port(*address)}: {reason}")
        raise refusal or NoPrimary("; ".join(reasons[:MOST_REASONS]))

    def _ask_first(self, address: HostPort) -> None:
        """Ask this address first next time, so that no connection waits for a dead server again."""
        if address in self._addresses:
            self._addresses.remove(address)
            self._addresses.insert(0, address)

    @abstractmethod
    async def _ask(self, address: HostPort) -> HostPort | None:
        """Ask one Sentinel or Cluster node for the primary's address; None if it has none."""

    async def _command(self, address: HostPort, *words: object) -> Any:
        host, port = address
        connection = self._kind(host=host, port=port, **self._options)
        try:
            await connection.connect()
            await connection.send_command(*words)
            return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)


class Sentinels(PrimaryFinder):
    """Asks Sentinels for the primary with a given name."""

    def __init__(
        self, addresses: Sequence[HostPort], options: Mapping[str, Any], primary: str, *, tls: bool
    ) -> None:
        super().__init__(addresses, options, tls=tls)
        self._primary = primary

    async def _ask(self, address: HostPort) -> HostPort | None:
        found = await self._command(address, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._primary)
        return None if found is None else (found[0].decode(), int(found[1]))


class ClusterNodes(PrimaryFinder):
    """Asks the nodes of a Redis Cluster for the primary that holds the slot of our keys."""

    def __init__(
        self, addresses: Sequence[HostPort], options: Mapping[str, Any], prefix: str, *, tls: bool
    ) -> None:
        super().__init__(addresses, options, tls=tls)
        self._configured, self._slot = frozenset(addresses), key_slot(prefix.encode())

    async def _ask(self, address: HostPort) -> HostPort | None:
        slots = await self._command(address, "CLUSTER", "SLOTS")
        self._learn({_node_address(node, address) for _, _, *nodes in slots for node in nodes})
        serving = (nodes for first, last, *nodes in slots if first <= self._slot <= last)
        return next((_node_address(nodes[0], address) for nodes in serving), None)

    def _learn(self, found: set[HostPort]) -> None:
        """Keep the addresses of the Cluster's present nodes, and those of the Redis URL."""
        kept = [each for each in self._addresses if each in found or each in self._configured]
        self._addresses = [*kept, *sorted(found.difference(kept))]


def _node_address(node: Sequence[Any], asked: HostPort) -> HostPort:
    """The address of a Cluster node; a node without a host is the node that was asked."""
    return (node[0].decode() if node[0] else asked[0], int(node[1]))


class PrimaryConnection(AddressedConnection):
    """A connection to the primary, whose address is looked up when the connection is made."""

    def __init__(self, *, finder: PrimaryFinder, **options: Any) -> None:
        self._finder, self._generation = finder, finder.generation
        super().__init__(**options)

    async def connect(self) -> None:
        """Connect; also connect again if the server has proved not to be the primary."""
        if self.is_connected and self._generation != self._finder.generation:
            await self.disconnect(nowait=True)
        await super().connect()

    async def _connect(self) -> None:
        self._generation = self._finder.generation
        self.host, self.port = await self._finder.find()
        await super()._connect()  # type: ignore[no-untyped-call] # the library's own

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and check that the server is a primary: a Sentinel may name the old primary."""
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE", check_health=False)
        role = await self.read_response()
        if role[0] != b"master":
            self._finder.invalidate()
            raise refused.ReadOnlyError("not a primary")

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read a reply; if the server is no primary, the next call looks for the primary."""
        try:
            return await super().read_response(*args, **options)
        except refused.ResponseError as error:
            if self._generation == self._finder.generation and _is_not_primary(error):
                self._finder.invalidate()
            raise


class PrimaryTlsConnection(PrimaryConnection, SSLConnection):
    """A connection over TLS to the primary."""

    hints: ClassVar = AddressedTlsConnection.hints


def _is_not_primary(error: refused.ResponseError) -> bool:
    return isinstance(error, NOT_PRIMARY) or any(word in str(error) for word in _NOT_PRIMARY_WORDS)
