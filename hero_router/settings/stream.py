"""Settings of the event streams: events kept, pings, slow clients, batches, and maximum age."""

from dataclasses import dataclass

from hero_router.settings.setting import check_section, number

MOST_EVENTS = 100_000
"""Largest number of events kept, so that Redis can send all of them in one reply.

Redis must answer within `store.client.ANSWER_SECONDS`, and answers no other client meanwhile. With
events of 1 kB the call takes a third of a second, and two seconds on an overloaded machine."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """The number of newest events kept (the window), and the times of an event stream."""

    window: int = number(
        1024,
        1,
        MOST_EVENTS,
        "ROUTER_SSE_BUFFER",
        "number of newest events that Redis and each web worker keep (the window): a client that "
        "has missed at most this many gets them all when it reconnects, one that has missed more "
        "loads the state again; scanners and web workers need the same number",
    )
    ping_seconds: float = number(
        15,
        0.1,
        3600,
        "ROUTER_PING_SECONDS",
        "time, in seconds, between two `ping` events on an event stream; set it shorter than the "
        "idle timeout of a proxy in front of the web workers",
        whole=False,
    )
    stall_seconds: float = number(
        60,
        0.5,
        3600,
        "ROUTER_SSE_STALL_SECONDS",
        "time, in seconds, after which a client that reads none of the data sent to it is "
        "disconnected",
        whole=False,
    )
    flush_ms: int = number(
        70,
        1,
        1000,
        "ROUTER_SSE_FLUSH_MS",
        "longest time, in milliseconds, that a web worker under load holds an event back, to send "
        "it together with others; longer saves CPU time, shorter shows changes sooner",
    )
    max_age_seconds: float = number(
        0,
        10,
        604_800,
        "ROUTER_SSE_MAX_AGE_SECONDS",
        "greatest age, in seconds, of an event stream: a web worker ends each one at a random age "
        "between half of this time and all of it, so that clients reconnect and spread over the "
        "web workers, and a proxy checks their login again; 0: no limit",
        whole=False,
        off=True,
    )

    def __post_init__(self) -> None:
        check_section(self)
