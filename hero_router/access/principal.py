"""The caller of a request, as the middleware found it. Every layer that decides by caller gets one.

Pure values. There is no login yet: every caller is `anonymous` and may see everything.
"""

from dataclasses import dataclass

ANONYMOUS = "anonymous"

OPERATOR = "operator"
"""The role of those who run the router: they may see who is connected."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One caller.

    `contexts` are the contexts whose services it may see; None: all of them. `address` is the
    caller's own IP address, also behind trusted proxies; "local" on a Unix socket.

    Raises:
        ValueError: `contexts` is empty. Such a caller may see nothing: refuse it instead.
    """

    name: str = ANONYMOUS
    roles: frozenset[str] = frozenset({OPERATOR})
    contexts: frozenset[str] | None = None
    address: str = "local"

    def __post_init__(self) -> None:
        if self.contexts is not None and not self.contexts:
            raise ValueError("a principal without any context may see nothing")
