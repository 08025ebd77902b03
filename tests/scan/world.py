"""A registry and what a scanner remembers, for tests of pure rules: one world, scan by scan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.model import Change, Facts, Record
from hero_router.scan.diff import Evaluation, diff, removals
from hero_router.scan.document_parser import PAGE
from hero_router.scan.probe_result import Documents, Health, ProbeResult
from hero_router.scan.service_names import DiscoveredService, services
from hero_router.scan.socket_status import EvalTime, Thresholds
from hero_router.scan.tracked_state import TrackedService, TrackedSocket
from hero_router.scan.walk import Layout, SocketFile
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

RULES = Thresholds(failures=3, stale_seconds=60)
FACTS = Facts(
    title="Ledger",
    description="Books.",
    version="1.0",
    protocol="openrpc",
    methods=("add",),
    methods_count=1,
    source="rpc.discover",
    source_kind="openrpc",
)

OK = ProbeResult(Outcome.ANSWERED, None, Health.GOOD, latency_ms=1.0)
ASKED = replace(OK, documents=Documents(FACTS))
LATE_SPEC = replace(OK, documents=Documents(None, "no answer in 2 s", late=True))
BAD_SPEC = replace(OK, documents=Documents(None, "bad spec: not JSON"))
WARNED = replace(OK, error="health check says degraded", health=Health.WARN)
SICK = replace(OK, error="health check answers 503", health=Health.BAD)
SILENT = ProbeResult(Outcome.LATE, "no answer in 2 s")
BROKEN = ProbeResult(Outcome.FAILED, "breaks off its answer")
REFUSED = ProbeResult(Outcome.REFUSED, "nothing listens")
CLOSED = ProbeResult(Outcome.CLOSED, "closes the connection without an answer")
FOREIGN = ProbeResult(Outcome.FOREIGN, "does not speak HTTP")
LOGIN = ProbeResult(Outcome.ANSWERED, "asks for a login (401)", Health.LOGIN, Documents(), 1.0)
PAGES = replace(OK, health=Health.PAGE, documents=Documents(PAGE))
UNSEEN = ProbeResult(Outcome.UNSEEN, "this process has too few resources to connect")
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
    tracked: dict[str, TrackedService] = field(default_factory=dict)
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
        gone, kept = removals(self.seen.keys(), self.evaluation(now))
        self.tracked = {k: v for k, v in self.tracked.items() if k in self.seen} | kept
        results = {path.encode(): item for path, item in observed.items() if item}
        changes, after = diff(self.seen.values(), self.evaluation(now, results))
        self.tracked |= after
        for change in gone + changes:
            if change.record is None:
                self.known.pop(change.service, None)
            else:
                self.known[change.service] = change.record
        return gone + changes

    def evaluation(
        self, now: EvalTime, results: Mapping[bytes, ProbeResult] | None = None
    ) -> Evaluation:
        return Evaluation("n", self.known, self.tracked, now, self.rules, results or {})

    def types(self, observed: Mapping[str, ProbeResult | None], *, inode: int = 1) -> list[str]:
        return [change.type for change in self.look(observed, inode=inode)]

    @property
    def record(self) -> Record:
        (record,) = self.known.values()
        return record

    @property
    def socket(self) -> TrackedSocket:
        """What is remembered of the only socket there is."""
        (service,) = self.tracked.values()
        (socket,) = service.sockets.values()
        return socket

    def restart(self) -> None:
        """Another scanner takes over: the registry stays, the memory does not."""
        self.tracked = {}


A = "svc/rpc.sock"


def probed(*results: ProbeResult) -> World:
    """A world with one socket after these probes, one a scan."""
    world = World()
    for result in results:
        world.look({A: result})
    return world
