"""Finds requests that go in a loop through the router, by their `Via` fields. Pure: no I/O."""

from hero_router.proxy.headers import Fields

MAX_PASSES = 5
"""How often a request may pass through the routers of one node. A service may forward a request to
another service through the router, so the second time is no loop yet."""


def has_loop(fields: Fields, via: str) -> bool:
    """Whether a request went through this node's routers as often as it may.

    `Via` lists what a request went through (RFC 9110, section 7.6.3).
    """
    own = via.encode("ascii")
    entries = (
        entry for name, value in fields if name.lower() == b"via" for entry in value.split(b",")
    )
    return sum(entry.split()[1:2] == [own] for entry in entries) >= MAX_PASSES
