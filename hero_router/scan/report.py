"""What a scanner tells of its node: before the first scan, while one is under way, and after it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hero_router import __version__
from hero_router.model import MAX_IGNORED, ROOT, Change, NodeState, Record
from hero_router.scan.duplicates import scan_location
from hero_router.scan.ignored import Identity
from hero_router.scan.inventory import Inventory
from hero_router.settings.config import RouterConfig
from hero_router.text import readable


def first(
    config: RouterConfig, scanner: str, now_ms: int, known: Mapping[str, Record]
) -> NodeState:
    """The report of a node that was never scanned: from now on, its scanner can be missed."""
    here = scan_location(config)
    return NodeState(
        node=config.node.name,
        scanner=scanner,
        scan=0,
        last_scan=now_ms,
        duration_ms=0,
        sockets=0,
        services=len(known),
        version=__version__,
        counts=dict(Counter(str(record.status) for record in known.values())),
        scan_seconds=config.scan.seconds,
        root=here.root,
        machine=here.machine,
    )


def previous_root(last: NodeState | None, config: RouterConfig) -> Identity | None:
    """Where the services of the node's last report lay, if it was this root; None: nobody knows."""
    here = scan_location(config)
    if last is None or not last.root_device or last.root != here.root:
        return None
    return last.root_device, 0


def after_scan(
    report: NodeState, sightings: Inventory, doubts: Mapping[str, str], lack: str | None
) -> NodeState:
    """The report with what the last walk saw, what it ignored, and what could not be seen.

    `lack` is what the scanner itself lacked, or did wrong.
    """
    ignored = sightings.walk.ignored
    return replace(
        report,
        sockets=len(sightings.found),
        root_device=sightings.home[0] if sightings.home else 0,
        ignored={readable(raw): ignored[raw] for raw in sorted(ignored)[:MAX_IGNORED]},
        ignored_count=len(ignored),
        doubts=doubts,
        error=doubts.get(ROOT) or lack,
    )


def in_progress(last: NodeState, fresh: NodeState, seconds: float) -> NodeState:
    """The last report while another scan goes on; new only where that one takes longer by now.

    Whoever scanned last, it is told who does it now, and where.
    """
    duration_ms = round(seconds * 1000)
    if duration_ms <= last.duration_ms:
        return last
    return replace(
        last,
        scanner=fresh.scanner,
        root=fresh.root,
        machine=fresh.machine,
        root_device=last.root_device if last.root == fresh.root else 0,
        duration_ms=duration_ms,
    )


def event(state: NodeState, tally: Mapping[str, int], requests: Sequence[str]) -> Change:
    """The `scan` event of a finished scan: what it changed, and who had asked for it."""
    changed = Counter(tally)
    data = {
        "node": state.node,
        "discovered": state.services,
        "added": changed["service_added"],
        "removed": changed["service_removed"],
        "changed": changed["service_updated"] + changed["status_change"],
        "duration_ms": state.duration_ms,
        "requests": list(requests),
        "doubts": dict(state.doubts),
    }
    return Change("scan", "", data)
