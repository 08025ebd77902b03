"""The tree of everything that can go wrong, each with a stable code. Bottom layer: imports nothing.

    RouterError                 internal
    ├── ConfigError             config              nothing can run with these settings
    ├── BadRequest              bad_request         the caller's input breaks a stated rule
    │   └── Ambiguous           ambiguous           a name that several services have
    ├── NotFound                not_found           no such service, method or page
    ├── Forbidden               forbidden           the caller may not see or do this
    ├── NotAcceptable           not_acceptable      the caller takes no form of the answer
    ├── WrongHost               wrong_host          asked by a name that is not ours
    ├── WrongOrigin             wrong_origin        a page of another site asks
    ├── Overloaded              overloaded          a stated limit is reached, try later
    ├── ScanTimeout             scan_timeout        no scanner answered in time
    ├── TimedOut                timed_out           a call took longer than it may
    └── StoreError              store               Redis answered with an error we have no word for
        ├── NotReady            not_ready           this worker has not yet read the registry
        ├── StoreUnreachable    store_unreachable   no connection, or it broke, or timed out
        ├── StoreLoading        store_loading       Redis is reading its data set
        ├── StoreReadOnly       store_read_only     this Redis is a replica, or was demoted
        ├── StoreRefused        store_refused       wrong or missing password, no permission
        ├── StoreFull           store_full          out of memory, disk or connections
        ├── StoreCorrupt        store_corrupt       a key of ours holds something else
        └── Fenced              fenced              the writer no longer holds the node's lease

Messages are for the person who runs the router: they never hold a password.
HTTP and JSON-RPC codes are mapped at the edge, in `web.failures`.
"""

from collections.abc import Mapping, Sequence


class RouterError(Exception):
    """Base of all errors that hero_router raises on purpose.

    `details` are further facts for programs, sent to the caller beside the message.
    """

    code = "internal"
    details: Mapping[str, object] = {}


class ConfigError(RouterError):
    """The settings leave nothing to run with; the process exits with code 2."""

    code = "config"


class BadRequest(RouterError):
    """The caller's input breaks a stated rule; the message names the field."""

    code = "bad_request"


class Ambiguous(BadRequest):
    """Several services have the name that was asked for; `details` lists their ids."""

    code = "ambiguous"

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} services have that name: ask for one of them by its id")
        self.details = {"candidates": list(ids)}


class NotFound(RouterError):
    """There is no such service, method or page."""

    code = "not_found"


class Forbidden(RouterError):
    """The caller may not see or do this."""

    code = "forbidden"


class NotAcceptable(RouterError):
    """The caller takes none of the forms in which the answer could be sent."""

    code = "not_acceptable"


class WrongHost(RouterError):
    """The request came by a host name that is not ours: somebody may have pointed it here."""

    code = "wrong_host"


class WrongOrigin(RouterError):
    """A browser sent the request for a page of another site."""

    code = "wrong_origin"


class Overloaded(RouterError):
    """A stated limit is reached; trying again later may work."""

    code = "overloaded"


class ScanTimeout(RouterError):
    """A scan was asked for and no scanner reported in time."""

    code = "scan_timeout"


class TimedOut(RouterError):
    """A call took longer than it may, and was ended."""

    code = "timed_out"


class StoreError(RouterError):
    """Redis answered with an error that has no more exact word here."""

    code = "store"


class NotReady(StoreError):
    """This worker has not yet read the registry, so that it knows nothing to tell."""

    code = "not_ready"


class StoreUnreachable(StoreError):
    """There is no connection to Redis, or it broke or timed out."""

    code = "store_unreachable"


class StoreLoading(StoreError):
    """Redis is up but still reads its data set."""

    code = "store_loading"


class StoreReadOnly(StoreError):
    """This Redis does not take writes: a replica, or a demoted primary."""

    code = "store_read_only"


class StoreRefused(StoreError):
    """Redis wants another user or password, or forbids a command that is needed."""

    code = "store_refused"


class StoreFull(StoreError):
    """Redis is out of memory, disk or connections."""

    code = "store_full"


class StoreCorrupt(StoreError):
    """A key of ours holds something that hero_router never wrote."""

    code = "store_corrupt"


class Fenced(StoreError):
    """The node's lease is held by another scanner, or by nobody; nothing was written."""

    code = "fenced"
