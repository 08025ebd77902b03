"""The names of all keys in Redis, and the limits of one call. One hash tag: one Cluster slot."""

from dataclasses import dataclass

SCHEMA = 1
"""Version of this layout, stored in the `meta` hash; no other version is read or written."""

APPLY_BATCH = 256
"""Most changes in one `apply` call: Redis serves nobody else meanwhile."""

DOCUMENT_BATCH = 4 * 1024 * 1024
"""Most characters of documents in one `apply` call with several of them, for the same reason."""

READ_BATCH = 512
"""Most events in one XREAD reply: parsing it holds the worker's loop."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the keys below one prefix. Deployments that share a Redis have their own."""

    prefix: str = "{hero_router}"

    @property
    def events(self) -> str:
        """Stream: the newest events.

        Fields: `type`, `node`, `service`, `data` (JSON), `at` (Unix ms). The first
        event of an epoch also has `after`: the last position of the epoch before.
        """
        return f"{self.prefix}:events"

    @property
    def services(self) -> str:
        """Hash: service id → record (JSON)."""
        return f"{self.prefix}:services"

    @property
    def nodes(self) -> str:
        """Hash: node → its report (JSON)."""
        return f"{self.prefix}:nodes"

    @property
    def meta(self) -> str:
        """Hash: `schema`, `run_id`, `epoch`, `fence` (the last fencing token given out), and
        `call:<node>` (the last write's fencing token, its number, and whether it was finished).
        """
        return f"{self.prefix}:meta"

    @property
    def requests(self) -> str:
        """Pub/sub channel: requests of workers to scanners (JSON)."""
        return f"{self.prefix}:requests"

    @property
    def workers(self) -> str:
        """Sorted set: workers by the time (Unix ms) of their last summary of clients."""
        return f"{self.prefix}:workers"

    def clients(self, worker: str) -> str:
        """String with a lifetime: one worker's summary of its clients (JSON). Side data."""
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
        """Hash: service id → results of its last probe (JSON). Side data: it makes no event."""
        return f"{self.prefix}:probes:{node}"
