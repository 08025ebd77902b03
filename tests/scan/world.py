"""A registry and a scanner's memory for the tests of pure rules: the same world, scan by scan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.model import Change, Record
from hero_router.scan.diff import Memory, departed, diff
from hero_router.scan.naming import Seen, services
from hero_router.scan.result import NO_PERMISSION, Facts, Health, Kind, Observation, Spec
from hero_router.scan.sockets import Found, Layout
from hero_router.scan.status import Now, Rules, SocketMemory

RULES = Rules("n", failures=3, stale_seconds=60)
FACTS = Facts("Ledger", "Books.", "1.0", "openrpc", ("add",), 1, "rpc.discover", "openrpc")

OK = Observation(Kind.ANSWERED, None, Health.GOOD, latency_ms=1.0)
ASKED = replace(OK, spec=Spec(FACTS))
LATE_SPEC = replace(OK, spec=Spec(None, "no answer in 2 s", late=True))
BAD_SPEC = replace(OK, spec=Spec(None, "bad spec: not JSON"))
WARNED = replace(OK, error="health check says degraded", health=Health.WARN)
SICK = replace(OK, error="health check answers 503", health=Health.BAD)
SILENT = Observation(Kind.LATE, "no answer in 2 s")
BROKEN = Observation(Kind.FAILED, "breaks off its answer")
REFUSED = Observation(Kind.REFUSED, "nothing listens")
CLOSED = Observation(Kind.CLOSED, "closes the connection without an answer")
FOREIGN = Observation(Kind.FOREIGN, "does not speak HTTP")
UNSEEN = Observation(Kind.UNSEEN, "the scanner lacks resources")
DENIED = Observation(Kind.DENIED, NO_PERMISSION)
MISSING = Observation(Kind.MISSING, "cannot be seen")


def sock(path: str, inode: int = 1) -> Found:
    raw = path.encode()
    service = raw.split(b"/")[0]
    return Found(raw, b"/root/" + raw, (1, inode, inode), Layout.FOLDER, b"default", service)


@dataclass
class World:
    """A registry that takes every change, and a scanner's memory beside it."""

    known: dict[str, Record] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    scan: int = 0
    second: float = 0.0
    rules: Rules = RULES
    seen: Mapping[str, Seen] = field(default_factory=dict)

    def look(self, observed: Mapping[str, Observation | None], *, inode: int = 1) -> list[Change]:
        """One scan, five seconds after the last, in which each path was observed like this."""
        self.scan += 1
        self.second += 5
        self.seen = services("n", [sock(path, inode) for path in observed])
        now = Now(int(1_000_000 + self.second * 1000), self.second, self.scan)
        gone, kept = departed(self.known, self.memories, self.seen.keys(), now)
        self.memories = {k: v for k, v in self.memories.items() if k in self.seen} | kept
        observations = {path.encode(): item for path, item in observed.items() if item}
        seen = self.seen.values()
        changes, after = diff(self.known, self.memories, seen, observations, now, self.rules)
        self.memories |= after
        for change in gone + changes:
            if change.record is None:
                self.known.pop(change.service, None)
            else:
                self.known[change.service] = change.record
        return gone + changes

    def types(self, observed: Mapping[str, Observation | None]) -> list[str]:
        return [change.type for change in self.look(observed)]

    @property
    def record(self) -> Record:
        (record,) = self.known.values()
        return record

    @property
    def memory(self) -> SocketMemory:
        """What is remembered of the only socket there is."""
        (memory,) = self.memories.values()
        (socket,) = memory.sockets.values()
        return socket

    def restart(self) -> None:
        """Another scanner takes over: the registry stays, the memory does not."""
        self.memories = {}


A = "svc/rpc.sock"
