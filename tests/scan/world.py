"""A registry and a scanner's memory for the tests of pure rules: the same world, scan by scan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.model import Change, Record
from hero_router.scan.diff import TrackedService, diff, removals
from hero_router.scan.naming import DiscoveredService, services
from hero_router.scan.result import Facts, Health, ProbeResult, Spec
from hero_router.scan.sockets import Layout, SocketFile
from hero_router.scan.status import EvalTime, Thresholds, TrackedSocket
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

RULES = Thresholds("n", failures=3, stale_seconds=60)
FACTS = Facts("Ledger", "Books.", "1.0", "openrpc", ("add",), 1, "rpc.discover", "openrpc")

OK = ProbeResult(Outcome.ANSWERED, None, Health.GOOD, latency_ms=1.0)
ASKED = replace(OK, spec=Spec(FACTS))
LATE_SPEC = replace(OK, spec=Spec(None, "no answer in 2 s", late=True))
BAD_SPEC = replace(OK, spec=Spec(None, "bad spec: not JSON"))
WARNED = replace(OK, error="health check says degraded", health=Health.WARN)
SICK = replace(OK, error="health check answers 503", health=Health.BAD)
SILENT = ProbeResult(Outcome.LATE, "no answer in 2 s")
BROKEN = ProbeResult(Outcome.FAILED, "breaks off its answer")
REFUSED = ProbeResult(Outcome.REFUSED, "nothing listens")
CLOSED = ProbeResult(Outcome.CLOSED, "closes the connection without an answer")
FOREIGN = ProbeResult(Outcome.FOREIGN, "does not speak HTTP")
UNSEEN = ProbeResult(Outcome.UNSEEN, "the scanner lacks resources")
DENIED = ProbeResult(Outcome.DENIED, NO_PERMISSION)
MISSING = ProbeResult(Outcome.MISSING, "cannot be seen")


def sock(path: str, inode: int = 1) -> SocketFile:
    raw = path.encode()
    service = raw.split(b"/")[0]
    return SocketFile(raw, b"/root/" + raw, (1, inode, inode), Layout.FOLDER, b"default", service)


@dataclass
class World:
    """A registry that takes every change, and a scanner's memory beside it."""

    known: dict[str, Record] = field(default_factory=dict)
    memories: dict[str, TrackedService] = field(default_factory=dict)
    scan: int = 0
    second: float = 0.0
    rules: Thresholds = RULES
    seen: Mapping[str, DiscoveredService] = field(default_factory=dict)

    def look(self, observed: Mapping[str, ProbeResult | None], *, inode: int = 1) -> list[Change]:
        """One scan, five seconds after the last, in which each path was observed like this."""
        self.scan += 1
        self.second += 5
        self.seen = services("n", [sock(path, inode) for path in observed])
        now = EvalTime(int(1_000_000 + self.second * 1000), self.second, self.scan)
        gone, kept = removals(self.known, self.memories, self.seen.keys(), now)
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

    def types(self, observed: Mapping[str, ProbeResult | None]) -> list[str]:
        return [change.type for change in self.look(observed)]

    @property
    def record(self) -> Record:
        (record,) = self.known.values()
        return record

    @property
    def memory(self) -> TrackedSocket:
        """What is remembered of the only socket there is."""
        (memory,) = self.memories.values()
        (socket,) = memory.sockets.values()
        return socket

    def restart(self) -> None:
        """Another scanner takes over: the registry stays, the memory does not."""
        self.memories = {}


A = "svc/rpc.sock"
