"""All errors that hero_router raises on purpose, as one tree; each has a stable code.

    RouterError                 internal
    ├── ConfigError             config              nothing can run with these settings
    ├── BadRequest              bad_request         the caller's input breaks a rule of the API
    │   └── Ambiguous           ambiguous           several services have the requested name
    ├── NotFound                not_found           no such service, method or page
    ├── Unauthorized            unauthorized        the caller has not said who it is
    ├── TooManyAttempts         too_many_attempts   too many wrong tokens from one address
    ├── Forbidden               forbidden           the caller may not see or do this
    │   └── SignInRefused       sign_in_refused     a sign-in at an OpenID provider is not accepted
    ├── NotAcceptable           not_acceptable      Accept-Encoding allows no form of the answer
    ├── WrongHost               wrong_host          the Host header is not allowed
    ├── WrongOrigin             wrong_origin        a page of another site sent the request
    ├── Overloaded              overloaded          a limit of this worker is reached, retry later
    ├── ScanTimeout             scan_timeout        no scanner answered in time
    ├── TimedOut                timed_out           a call took too long
    ├── NoListener              no_listener         nothing listens on a service's socket
    ├── BadGateway              bad_gateway         a service broke off, or speaks no HTTP
    │   └── ProviderFailed      provider_failed     an OpenID provider gives no usable answer
    ├── GatewayTimeout          gateway_timeout     a service did not answer in time
    ├── LoopDetected            loop_detected       the request has passed here before
    └── StoreError              store               any other error of Redis
        ├── NotReady            not_ready           this worker has not yet read the registry
        ├── StoreUnreachable    store_unreachable   no connection to Redis, or it broke or timed out
        ├── StoreLoading        store_loading       Redis is still loading its data
        ├── StoreReadOnly       store_read_only     this Redis is a replica, or has become one
        ├── StoreRefused        store_refused       wrong or missing password, no permission
        ├── StoreFull           store_full          out of memory, disk or connections
        ├── StoreCorrupt        store_corrupt       another program changed a key of hero_router
        └── Fenced              fenced              the writer no longer holds the node's lease

Messages are for operators. They never contain a password.
`rpc.error_mapping` and `web.errors` map these errors to HTTP and JSON-RPC codes.
"""

from collections.abc import Mapping, Sequence


class RouterError(Exception):
    """Base of all errors that hero_router raises on purpose.

    `details` are further JSON fields of the error answer, for programs.
    """

    code = "internal"
    details: Mapping[str, object] = {}


class ConfigError(RouterError):
    """The settings are unusable, so nothing can run; the process exits with code 2."""

    code = "config"


class BadRequest(RouterError):
    """The caller's input breaks a rule of the API; the message names the field."""

    code = "bad_request"


class Ambiguous(BadRequest):
    """Several services have the requested name; `details` lists their ids."""

    code = "ambiguous"

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} services have that name: use the id of one of them")
        self.details = {"candidates": list(ids)}


class NotFound(RouterError):
    """There is no such service, method or page."""

    code = "not_found"


class Unauthorized(RouterError):
    """The request has no credentials, or wrong ones."""

    code = "unauthorized"


class TooManyAttempts(RouterError):
    """Too many wrong tokens came from the caller's address; it may try again later."""

    code = "too_many_attempts"


class Forbidden(RouterError):
    """The caller may not see or do this."""

    code = "forbidden"


class SignInRefused(Forbidden):
    """A sign-in at an OpenID provider is not accepted, as something about it is wrong."""

    code = "sign_in_refused"


class NotAcceptable(RouterError):
    """The request's Accept-Encoding allows neither a plain answer nor gzip."""

    code = "not_acceptable"


class WrongHost(RouterError):
    """The request's Host header is not allowed (protection against DNS rebinding)."""

    code = "wrong_host"


class WrongOrigin(RouterError):
    """The request's Origin header says that a page of another site sent it."""

    code = "wrong_origin"


class Overloaded(RouterError):
    """A limit of this worker is reached; the caller may retry later."""

    code = "overloaded"


class ScanTimeout(RouterError):
    """A scan was requested, and no scanner replied in time."""

    code = "scan_timeout"


class TimedOut(RouterError):
    """A JSON-RPC call took too long and was ended."""

    code = "timed_out"


class NoListener(RouterError):
    """No process listens on the service's socket, or its file does not exist."""

    code = "no_listener"


class BadGateway(RouterError):
    """The service broke off its answer before any of it was passed on, or it speaks no HTTP."""

    code = "bad_gateway"


class ProviderFailed(BadGateway):
    """The OpenID provider cannot be reached, or gives no answer that can be used."""

    code = "provider_failed"


class GatewayTimeout(RouterError):
    """The service did not accept the connection or did not answer in time."""

    code = "gateway_timeout"


class LoopDetected(RouterError):
    """The request has passed through this router before."""

    code = "loop_detected"


class StoreError(RouterError):
    """An error of Redis; raised itself for an error that no subclass stands for."""

    code = "store"


class NotReady(StoreError):
    """This worker has not read the registry yet, so it has no state to serve."""

    code = "not_ready"


class StoreUnreachable(StoreError):
    """There is no connection to Redis, or it broke or timed out."""

    code = "store_unreachable"


class StoreLoading(StoreError):
    """Redis runs, but is still loading its data."""

    code = "store_loading"


class StoreReadOnly(StoreError):
    """This Redis refuses writes: it is a replica, or has become one."""

    code = "store_read_only"


class StoreRefused(StoreError):
    """Redis rejects the user or password, or forbids a command that hero_router needs."""

    code = "store_refused"


class StoreFull(StoreError):
    """Redis is out of memory, disk or connections."""

    code = "store_full"


class StoreCorrupt(StoreError):
    """A key of hero_router in Redis holds a value that another program wrote."""

    code = "store_corrupt"


class Fenced(StoreError):
    """This scanner no longer holds the node's lease; nothing was written."""

    code = "fenced"
