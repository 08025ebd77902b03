"""`Principal`: the caller of a request, with its roles and the contexts that it may see.

The middleware makes one for each request, and every layer that decides by caller gets it. There is
no login yet: every caller is `anonymous` and may see everything. Pure: no I/O, no clock.
"""

from dataclasses import dataclass

ANONYMOUS = "anonymous"

OPERATOR = "operator"
"""The role of people who run the router: they may list the connected clients."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request.

    `contexts` are the contexts whose services the caller may see; None: all of them. `address` is
    the caller's own IP address, also behind trusted proxies; "local" on a Unix socket.

    Raises:
        ValueError: `contexts` is empty. Such a caller may see nothing: refuse its request instead.
    """

    name: str = ANONYMOUS
    roles: frozenset[str] = frozenset({OPERATOR})
    contexts: frozenset[str] | None = None
    address: str = "local"

    def __post_init__(self) -> None:
        if self.contexts is not None and not self.contexts:
            raise ValueError("a principal without any context may see nothing")
