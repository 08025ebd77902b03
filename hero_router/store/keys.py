"""The names of all keys in Redis, the schema version, and the limits of one call.

All keys have the same hash tag, so a Redis Cluster keeps all of them in one slot.
"""

from dataclasses import dataclass

SCHEMA = 1
"""Version of the layout of these keys, stored in the `meta` hash; other versions are refused."""

APPLY_BATCH = 256
"""Maximum number of changes in one call of `apply.lua`: Redis serves no other client meanwhile."""

DOCUMENT_BATCH = 4 * 1024 * 1024
"""Maximum number of characters of documents in one call of `apply.lua` that has several
documents."""

HISTORY_BATCH = 64
"""Most services whose history is read or written in one call."""

READ_BATCH = 512
"""Maximum number of events in one XREAD reply: parsing the reply blocks the web worker's event
loop."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of one deployment's keys. Deployments that share a Redis differ in `prefix`."""

    prefix: str = "{hero_router}"

    @property
    def events(self) -> str:
        """Key of the stream of the newest events.

        Fields: `type`, `node`, `service`, `data` (JSON), `at` (Unix ms). The first
        event of an epoch also has `after`: the last position of the epoch before.
        """
        return f"{self.prefix}:events"

    @property
    def services(self) -> str:
        """Key of the hash of all services: service id → service record (JSON)."""
        return f"{self.prefix}:services"

    @property
    def nodes(self) -> str:
        """Key of the hash of all nodes: name → node report (JSON)."""
        return f"{self.prefix}:nodes"

    @property
    def meta(self) -> str:
        """Key of the hash with the registry's metadata.

        Fields: `schema`; `run_id` of the Redis process that has the current epoch; `epoch`;
        `fence`, the last fencing token; and `call:<node>`, the last write for the node: its fencing
        token, its number, and whether it was finished.
        """
        return f"{self.prefix}:meta"

    @property
    def requests(self) -> str:
        """Name of the pub/sub channel for requests of web workers to scanners (JSON)."""
        return f"{self.prefix}:requests"

    @property
    def workers(self) -> str:
        """Key of the sorted set of web workers, by the time (Unix ms) of their last client list."""
        return f"{self.prefix}:workers"

    @property
    def allow(self) -> str:
        """Key of the hash of addresses that may connect: network → entry (JSON).

        Its field `revision` is a random number that each change replaces.
        """
        return f"{self.prefix}:allow"

    @property
    def revoked(self) -> str:
        """Key of the sorted set of browser sessions that were ended, by their expiry (Unix ms)."""
        return f"{self.prefix}:revoked"

    @property
    def revoked_before(self) -> str:
        """Key of the time (a string, Unix ms) before which all browser sessions were ended."""
        return f"{self.prefix}:revoked_before"

    @property
    def revoked_except(self) -> str:
        """Key of the session that was spared when all others were ended: a string, time and id.

        The time is that in `revoked_before`; with another one nothing is spared.
        """
        return f"{self.prefix}:revoked_except"

    @property
    def sessions(self) -> str:
        """Key of the hash of browser sessions: session id → session (JSON)."""
        return f"{self.prefix}:sessions"

    @property
    def session_ends(self) -> str:
        """Key of the sorted set of these sessions, by their end (Unix ms)."""
        return f"{self.prefix}:session_ends"

    @property
    def mutes(self) -> str:
        """Key of the hash of muted services: service id → mute (JSON)."""
        return f"{self.prefix}:mutes"

    @property
    def webhook(self) -> str:
        """Key of the hash with the state of the webhook's sender.

        Fields: `cursor`, the position up to which the event stream was read; `dropped`, how many
        messages were dropped and not told as such yet, and `dropped_total`, all that ever were;
        `sent_at`, `failed_at`, `failure` and `failing_since`, the last delivery and failure, for
        operators; `service:<id>` → what was told of a service
        (JSON); `node:<name>` for each node that was told as lost.
        """
        return f"{self.prefix}:webhook"

    @property
    def webhook_queue(self) -> str:
        """Key of the list of the webhook's messages (JSON) that wait, the oldest first."""
        return f"{self.prefix}:webhook_queue"

    @property
    def webhook_lease(self) -> str:
        """Key of the lease of the webhook's sender: a string that expires, as `lease`."""
        return f"{self.prefix}:webhook_lease"

    def once(self, digest: str) -> str:
        """Key of the payload of a one-time code: a string (JSON) that expires."""
        return f"{self.prefix}:once:{digest}"

    def clients(self, worker: str) -> str:
        """Key of one web worker's client list: a string (JSON) that expires."""
        return f"{self.prefix}:clients:{worker}"

    def routing_errors(self, service: str) -> str:
        """Key of the list of a service's last routing errors (JSON), the newest first; it expires.

        `service` is the service's id.
        """
        return f"{self.prefix}:errors:{service}"

    @property
    def history(self) -> str:
        """How the keys of all histories begin.

        `<this>:<service id>` is a hash of the first and the last written minute (`since` and
        `last`, Unix minutes). `…:minutes`, `…:hours` and `…:days` are rings of letters, and each
        with `:figures` a ring of digits (`history.rings`, `history.base62`). `…:transitions` is
        the list of the last changes of the status (JSON), the newest first.
        """
        return f"{self.prefix}:history"

    def lease(self, node: str) -> str:
        """Key of the lease on a node: a string that expires, `<scanner>:<fencing token>`."""
        return f"{self.prefix}:lease:{node}"

    def specs(self, node: str) -> str:
        """Key of the hash of OpenRPC documents of a node's services: digest → document (JSON).

        A service record names its document by the digest in its field `document`.
        """
        return f"{self.prefix}:specs:{node}"

    def probes(self, node: str) -> str:
        """Key of the hash of a node's last probes: service id → figures (JSON); no events."""
        return f"{self.prefix}:probes:{node}"
