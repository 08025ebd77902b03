"""Settings of the event streams: window, pings, slow clients, and age."""

from dataclasses import dataclass

from hero_router.settings.setting import check_section, number

MOST_EVENTS = 100_000
"""Largest window. A worker loads it in one call, and Redis must answer within
`store.client.ANSWER_SECONDS`, serving nobody else meanwhile. With events of 1 kB that takes a third
of a second, and two seconds on an overloaded machine."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """The size of the window, and the times of a stream."""

    window: int = number(
        1024,
        1,
        MOST_EVENTS,
        "ROUTER_SSE_BUFFER",
        "number of newest events kept for clients that reconnect or fall behind (the window)",
    )
    ping_seconds: float = number(
        15,
        0.1,
        3600,
        "ROUTER_PING_SECONDS",
        "time between two ping events on an event stream without other events",
        whole=False,
    )
    stall_seconds: float = number(
        60,
        0.5,
        3600,
        "ROUTER_SSE_STALL_SECONDS",
        "a client that reads nothing for this time is disconnected",
        whole=False,
    )
    flush_ms: int = number(
        70,
        1,
        1000,
        "ROUTER_SSE_FLUSH_MS",
        "longest time, in milliseconds, for which events are held back to be sent together "
        "under load; a single event is sent at once",
    )
    max_age_seconds: float = number(
        0,
        10,
        604_800,
        "ROUTER_SSE_MAX_AGE_SECONDS",
        "an event stream is ended at a random age between half of this time and all of it, "
        "so that clients reconnect and spread over the workers; 0: never",
        whole=False,
        off=True,
    )

    def __post_init__(self) -> None:
        check_section(self)
