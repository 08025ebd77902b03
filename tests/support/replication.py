"""Several real Redis servers that belong together: a replica, a Sentinel, a Cluster."""

import contextlib
from typing import Any

from redis import ResponseError

from tests.support.certificates import Certificate
from tests.support.ports import free_port
from tests.support.redis import RedisServer, client, redis7_binary
from tests.support.wait import eventually

PRIMARY = "router"
"""The name by which the Sentinel knows the primary."""

SLOTS = 16384

SILENT_MS, SOON_MS = 60_000, 300
"""After this silence a server is taken for dead: while all live, and once a test kills one. Who has
no turn on a busy machine is silent too."""

NODE_SOON_MS = 3_000
"""The same for the nodes of a Cluster, which must hear of each other to agree on a death."""

FAILOVER_MS = 10_000
"""A failover that takes longer is given up."""


def ask(server: RedisServer, *words: object) -> Any:
    """One command to one server; what it answers, in bytes as they come."""
    with contextlib.closing(client(server.url)) as asking:
        asking.response_callbacks.clear()
        return asking.execute_command(*words)  # type: ignore[no-untyped-call] # the library's own


def told(server: RedisServer, *words: object) -> dict[str, str]:
    """The fields of an answer that is made of `name:value` lines."""
    lines = bytes(ask(server, *words)).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


class Pair:
    """A primary and its replica, which logs in as a user of its own.

    With a certificate they speak TLS to each other and to others, at `place`.
    """

    def __init__(self, tls: Certificate | None = None) -> None:
        self._tls_ports = [free_port(), free_port()] if tls else []
        self.primary, self.replica = (
            RedisServer(redis7_binary(), *LINK, *self._secured(number, tls), tcp=True)
            for number in range(2)
        )

    def _secured(self, number: int, tls: Certificate | None) -> tuple[str, ...]:
        if tls is None:
            return ()
        port = str(self._tls_ports[number])
        return ("--tls-port", port, "--tls-replication", "yes", *tls.options)

    @property
    def places(self) -> list[int]:
        """The ports at which others find the two."""
        return self._tls_ports or [self.primary.port, self.replica.port]

    async def start(self) -> "Pair":
        """Start both and wait until the replica has all data."""
        self.primary.start()
        ask(self.primary, "ACL", "SETUSER", "replica", "on", ">secret", "+@all")
        self.replica.start("--replicaof", f"127.0.0.1 {self.places[0]}")
        await eventually(self._is_linked, message="the replica follows")
        return self

    def _is_linked(self) -> bool:
        return told(self.replica, "INFO", "replication").get("master_link_status") == "up"

    async def in_step(self) -> None:
        """Wait until the replica has all that the primary has."""

        def same() -> bool:
            ahead = told(self.primary, "INFO", "replication")["master_repl_offset"]
            return told(self.replica, "INFO", "replication").get("slave_repl_offset") == ahead

        await eventually(same, message="the replica has all")

    async def part(self) -> None:
        """The replica gets nothing more: what is written and acknowledged now is on one server."""
        await self.in_step()
        ask(self.primary, "ACL", "SETUSER", "replica", "off")
        ask(self.primary, "CLIENT", "KILL", "TYPE", "replica")
        await eventually(lambda: not self._is_linked(), message="the replica is alone")

    def close(self) -> None:
        """End both."""
        self.primary.close()
        self.replica.close()


LINK = (
    *("--masteruser", "replica", "--masterauth", "secret"),
    *("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"),
)


class Sentinel(RedisServer):
    """One real Sentinel, which needs no other to promote the replica.

    With a certificate it speaks TLS to all others. With a `user`, a line of an ACL file, it accepts
    only that user and the tests.
    """

    def __init__(self, pair: Pair, tls: Certificate | None = None, user: str = "") -> None:
        super().__init__(redis7_binary(), *(tls.options if tls else ()), tcp=True)
        self._file = self.folder / "sentinel.conf"
        self.tls_port = free_port() if tls else 0
        secured = [f"tls-port {self.tls_port}", "tls-replication yes"] if tls else []
        self._users = (
            [f"user {user}", "user tests on >tests ~* &* +@all", "user default off"] if user else []
        )
        name = PRIMARY
        lines = [
            *(f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}", *secured, *self._users),
            f"sentinel monitor {name} 127.0.0.1 {pair.places[0]} 1",
            f"sentinel down-after-milliseconds {name} {SILENT_MS}",
            f"sentinel failover-timeout {name} {FAILOVER_MS}",
        ]
        self._file.write_text("\n".join(lines) + "\n")

    def _basics(self) -> list[str]:
        return [str(self._file), "--sentinel"]

    @property
    def url(self) -> str:
        """Where we connect."""
        plain = super().url
        return plain.replace("://", "://tests:tests@") if self._users else plain

    async def knows(self, replicas: int = 1) -> None:
        """Wait until it has found the replicas."""

        def found() -> bool:
            return len(ask(self, "SENTINEL", "REPLICAS", PRIMARY)) == replicas

        await eventually(found, message="the Sentinel knows the replica")

    def expects_death(self) -> None:
        """From now on it soon takes a silent primary for dead, and promotes the replica."""
        ask(self, "SENTINEL", "SET", PRIMARY, "down-after-milliseconds", SOON_MS)

    async def fail_over(self, pair: Pair) -> None:
        """Have it promote the replica, and demote the primary as it would itself in ten seconds."""
        await self.promote(pair)
        ask(pair.primary, "REPLICAOF", "127.0.0.1", pair.places[1])

    async def promote(self, pair: Pair) -> None:
        """Have it promote the replica, while the primary still takes itself for one."""
        await eventually(self._begins, message="the Sentinel begins")
        await eventually(lambda: self._named() == pair.places[1], message="the replica is promoted")

    def _begins(self) -> bool:
        """One that has just started does not trust the replica yet."""
        with contextlib.suppress(ResponseError):
            return bool(ask(self, "SENTINEL", "FAILOVER", PRIMARY))
        return False

    def _named(self) -> int:
        return int(ask(self, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY)[1])

    @property
    def router_url(self) -> str:
        """The URL for hero_router; its first Sentinel is dead."""
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.port}/{PRIMARY}/0"


class Cluster:
    """Three primaries that share the slots, and one replica of the one with our keys."""

    def __init__(self) -> None:
        self.nodes = [_cluster_node() for _ in range(4)]
        self.ids: list[str] = []

    async def start(self) -> "Cluster":
        """Start, introduce the nodes to each other, and wait until all slots are served."""
        for node in self.nodes:
            node.start()
        self.ids = [bytes(ask(node, "CLUSTER", "MYID")).decode() for node in self.nodes]
        first, bound = self.nodes[0], [0, SLOTS // 3, 2 * SLOTS // 3, SLOTS]
        for index in range(3):
            last = bound[index + 1] - 1
            ask(self.nodes[index], "CLUSTER", "ADDSLOTSRANGE", bound[index], last)
            ask(self.nodes[index], "CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        for node in self.nodes[1:]:
            ask(node, "CLUSTER", "MEET", "127.0.0.1", first.port, _bus(first))
        await eventually(self._knows_all, message="the nodes know each other")
        holder = self.ids[self.holder()]
        ask(self.nodes[3], "CLUSTER", "REPLICATE", holder)
        await eventually(self.is_served, message="the Cluster serves")
        await eventually(self._replica_follows, message="the replica follows")
        return self

    def expects_death(self) -> None:
        """From now on the nodes soon take a silent one for dead, and its replica takes over."""
        for node in self.nodes:
            ask(node, "CONFIG", "SET", "cluster-node-timeout", NODE_SOON_MS)

    def _knows_all(self) -> bool:
        return all(
            told(node, "CLUSTER", "INFO")["cluster_known_nodes"] == str(len(self.nodes))
            for node in self.nodes
        )

    def _replica_follows(self) -> bool:
        return told(self.nodes[3], "INFO", "replication").get("master_link_status") == "up"

    def is_served(self) -> bool:
        """Whether each living node says that all is well."""
        return all(
            told(node, "CLUSTER", "INFO")["cluster_state"] == "ok"
            for node in self.nodes
            if node.runs
        )

    def slot(self) -> int:
        """The slot of our keys."""
        return int(ask(self.nodes[0], "CLUSTER", "KEYSLOT", "{hero_router}:events"))

    def holder(self) -> int:
        """Which of the three primaries serves our keys at first."""
        return self.slot() * 3 // SLOTS

    def move(self, source: int, target: int) -> None:
        """Migrate our slot with its keys from one primary to another."""
        slot, ids = self.slot(), self.ids
        ask(self.nodes[target], "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        ask(self.nodes[source], "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        keys = ask(self.nodes[source], "CLUSTER", "GETKEYSINSLOT", slot, 100)
        place = ("127.0.0.1", self.nodes[target].port, "", 0, 5000, "KEYS")
        ask(self.nodes[source], "MIGRATE", *place, *keys)
        for each in (target, source, *({0, 1, 2} - {source, target})):
            ask(self.nodes[each], "CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    @property
    def router_url(self) -> str:
        """The URL for hero_router: some nodes, of which the first is dead."""
        known = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"redis+cluster://127.0.0.1:1,{known}"

    def close(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.close()


def _cluster_node() -> RedisServer:
    bus = free_port()
    node = RedisServer(
        redis7_binary(),
        *("--cluster-enabled", "yes", "--cluster-node-timeout", str(SILENT_MS)),
        *("--cluster-port", str(bus), "--repl-diskless-sync-delay", "0"),
        tcp=True,
    )
    (node.folder / "bus").write_text(str(bus))
    return node


def _bus(node: RedisServer) -> str:
    return (node.folder / "bus").read_text()
