"""Every Redis name and limit in one place. All keys carry one hash tag: one Cluster slot."""

from dataclasses import dataclass

SCHEMA = 1
"""Version of the layout below, kept in the `meta` hash; nobody reads or writes another one."""

APPLY_BATCH = 256
"""Most changes in one `apply` call, so that one call never holds Redis for long."""

DOCUMENT_BATCH = 4 * 1024 * 1024
"""Most characters of documents in one `apply` call with several of them, for the same reason."""

READ_BATCH = 512
"""Most events in one XREAD reply, so that one reply never holds a worker's loop for long."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names below one prefix, `{hero_router}` unless another deployment shares the Redis."""

    prefix: str = "{hero_router}"

    @property
    def events(self) -> str:
        """Stream: the window. Fields `type`, `node`, `service`, `data` (JSON), `at` (Unix ms).

        An epoch's first event also has `after`: the last position of the epoch before.
        """
        return f"{self.prefix}:events"

    @property
    def services(self) -> str:
        """Hash: service id → record (JSON)."""
        return f"{self.prefix}:services"

    @property
    def nodes(self) -> str:
        """Hash: node → its last scan (JSON)."""
        return f"{self.prefix}:nodes"

    @property
    def meta(self) -> str:
        """Hash: `schema`, `run_id`, `epoch`, `fence` (the last fencing token given out), and
        `call:<node>` (the last write's fencing token, its number, and whether it was finished).
        """
        return f"{self.prefix}:meta"

    @property
    def requests(self) -> str:
        """Pub/sub channel: what workers ask of scanners (JSON)."""
        return f"{self.prefix}:requests"

    @property
    def workers(self) -> str:
        """Sorted set: the workers that tell of their clients, by when they last did (Unix ms)."""
        return f"{self.prefix}:workers"

    def clients(self, worker: str) -> str:
        """String with a lifetime: one worker's clients (JSON). Side data, as `probes` are."""
        return f"{self.prefix}:clients:{worker}"

    def lease(self, node: str) -> str:
        """String with a lifetime: `<scanner>:<fencing token>` of the scanner that owns the node."""
        return f"{self.prefix}:lease:{node}"

    def specs(self, node: str) -> str:
        """Hash: digest → OpenRPC document (JSON) of services of the node, each content once.

        A record names its document by the digest in `document`.
        """
        return f"{self.prefix}:specs:{node}"

    def probes(self, node: str) -> str:
        """Hash: service id → the last probe's figures (JSON). Side data: no event tells of it."""
        return f"{self.prefix}:probes:{node}"
