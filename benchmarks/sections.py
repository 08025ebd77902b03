"""What the page on performance shows of each experiment: its columns, and its plot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FAULTS = {"lost": "lost", "undelivered": "undelivered", "doubled": "doubled"}
DOOR = {"ready_refused": "/ready refused", "ready_late": "/ready late"}
STREAMING = {
    "cpu_us": "CPU µs per delivery",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_waited": "waited",
    **FAULTS,
    "resyncs": "resyncs",
}
IDLE = {
    "connected": "connected",
    "kb_per_client": "KB per client",
    "connects_per_second": "connects/s",
    "connect_cpu_us": "CPU µs per connect",
    "ping_cpu_us": "CPU µs per keepalive",
}
STALLED = {
    "growth_mb": "growth MB",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "cpu_us": "CPU µs per delivery",
    "waited_seconds": "waited s",
    **FAULTS,
    "missed": "told as missed",
    "inexact": "clients with wrong counts",
}
SLOW = {
    "slow_delivered": "got",
    "slow_missed": "told as missed",
    "slow_lost": "lost (told or not)",
    "slow_undelivered": "undelivered",
    "slow_doubled": "doubled",
    "slow_resyncs": "resyncs",
    "slow_inexact": "clients with wrong counts",
}
STORM = {
    "seconds_until_live": "s until all are live",
    "came_back": "came back",
    "redis_commands_a_second": "Redis commands/s of all workers",
    "lost": "lost",
    "doubled": "doubled",
    "resyncs": "resyncs",
    "silence_most_s": "longest silence s",
    **DOOR,
}
ROLLING = {
    "seconds": "s until all are replaced",
    "came_back": "came back",
    "delivered": "delivered",
    "lost": "lost",
    "doubled": "doubled",
    "resyncs": "resyncs",
    "silence_p50_s": "longest silence s: p50",
    "silence_p99_s": "p99",
    "silence_most_s": "most",
    **DOOR,
}
GROWTH = {
    "cpu_us": "CPU µs per delivery",
    "kb_per_client": "KB per client",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_waited": "waited",
    **FAULTS,
    "resyncs": "resyncs",
}
TAILS = {
    "worker_cpu_percent": "% of a core, each worker",
    "reads_a_second": "XREADs/s, each worker",
    "redis_cpu_percent": "% of a core, Redis",
    "redis_connections": "connections to Redis",
}
TRIM = {
    "seconds_until_live": "s until all are live",
    "resyncs": "resyncs",
    "fetches": "fetches",
    "fetches_failed": "failed",
    "fetch_span_s": "spread over s",
    "fetches_a_second_most": "a second in the busiest 0.1 s",
    "fetch_p99_ms": "fetch p99 ms",
    "snapshots": "different snapshots",
    "lost": "lost",
    "doubled": "doubled",
    **DOOR,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot of one value; the file is docs/plots/<name>.svg.

    A bar for each server; or, with `across`, a line for each over its numbers of clients.
    """

    name: str
    title: str
    value: str
    across: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: what was kept in `file` of `experiment` (empty: of all in it)."""

    title: str
    file: str
    experiment: str
    columns: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    charts: tuple[Chart, ...] = ()


SECTIONS = (
    Section("lone: one event at a time, 10/s", "streaming", "lone", STREAMING),
    Section(
        "steady: one event at a time, 100/s, to 1,000 clients",
        "streaming",
        "steady",
        STREAMING,
        charts=(
            Chart("steady-cpu", "100 events/s to 1,000 clients: CPU µs per delivery", "cpu_us"),
            Chart("steady-p99", "100 events/s to 1,000 clients: p99 in ms", "p99_ms"),
        ),
    ),
    Section(
        "burst: 1,000 events at once, to 1,000 clients",
        "streaming",
        "burst",
        STREAMING,
        charts=(Chart("burst-cpu", "1,000 events at once: CPU µs per delivery", "cpu_us"),),
    ),
    Section("burst_full: 1,000 full records at once", "streaming", "burst_full", STREAMING),
    Section(
        "Ten thousand idle clients",
        "idle",
        "",
        IDLE,
        "A server that does not take all of them within the time has fewer under *connected*.",
        charts=(
            Chart("idle-memory", "Idle clients: KB of memory for each", "kb_per_client"),
            Chart("idle-connects", "Idle clients: connects a second", "connects_per_second"),
        ),
    ),
    Section("Stalled readers: 20,000 events, all 1,000 read", "stalled", "unstalled", STALLED),
    Section("Stalled readers: 100 of 1,000 do not, the 900", "stalled", "stalled", STALLED),
    Section("Stalled readers: the 100, once they read on", "stalled", "stalled", SLOW),
    Section(
        "Stalled readers beside peers: 10 of 50 do not read 6,000 full records, the 40",
        "crowded",
        "",
        STALLED,
        "A tail that falls behind by more than the 1,024 events that Redis keeps loses some, and a "
        "peer does not notice; none of them tells a client what it missed.",
        charts=(
            Chart("stalled-growth", "10 of 50 clients do not read: growth in MB", "growth_mb"),
        ),
    ),
    Section(
        "Stalled readers beside peers: the 10, once they read on",
        "crowded",
        "",
        SLOW,
        "*Undelivered* had not come when 10 s were over, or 5 s without a byte.",
    ),
    Section(
        "Storm: a worker with all 5,000 clients is killed, and they come back at once",
        "storm",
        "",
        STORM,
        "Another worker stands by. Redis's commands are counted from the kill on. `/ready` is asked"
        " again and again: answers are *late* when they take more than 2 s.",
    ),
    Section(
        "The same, but away until their positions are trimmed",
        "trim",
        "",
        TRIM,
        "Each is told its gap and fetches the whole state when it was told to.",
    ),
    Section(
        "Rolling restart: SIGTERM and a start of one instance after the other, 20 events/s",
        "rolling",
        "restart",
        ROLLING,
        "All workers behind HAProxy are replaced; clients come back when `retry:` says so.",
    ),
    Section("The same by HUP", "rolling", "reload", ROLLING),
    Section(
        "Growth: one event at a time, 5/s",
        "growth",
        "",
        GROWTH,
        "Several workers share the two cores with the clients.",
        charts=(
            Chart("growth-cpu", "More clients: CPU µs per delivery", "cpu_us", "clients"),
            Chart("growth-p99", "More clients: p99 in ms", "p99_ms", "clients"),
        ),
    ),
    Section(
        "A tail for each worker",
        "tails",
        "",
        TAILS,
        "[scaling.md](scaling.md) says what follows from it.",
    ),
)
