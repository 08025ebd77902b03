"""The one mapping from the tree of errors to what callers are told: HTTP and JSON-RPC codes.

    error's code        HTTP   JSON-RPC
    not_json             400     -32700
    invalid_request      400     -32600
    no_method            404     -32601
    bad_request          400     -32602
    ambiguous            409     -32009
    not_found            404     -32004
    not_acceptable       406     -32602
    overloaded           503     -32005   with Retry-After
    store and below      503     -32001   with Retry-After
    scan_timeout         504     -32006
    timed_out            504     -32603
    anything else        500     -32603   general words only: the log has the rest

An error that is not in the table has the row of its nearest parent that is.
"""

import http
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from hero_router.codec import encode
from hero_router.errors import RouterError
from hero_router.web.context import REQUEST_ID

log = logging.getLogger(__name__)

RETRY_SECONDS = 2
"""When a caller that was refused for now may come again."""

PARSE, INVALID, NO_METHOD, PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603

CODES: Mapping[str, tuple[int, int]] = {
    "not_json": (400, PARSE),
    "invalid_request": (400, INVALID),
    "no_method": (404, NO_METHOD),
    "bad_request": (400, PARAMS),
    "ambiguous": (409, -32009),
    "not_found": (404, -32004),
    "not_acceptable": (406, PARAMS),
    "overloaded": (503, -32005),
    "store": (503, -32001),
    "scan_timeout": (504, -32006),
    "timed_out": (504, INTERNAL),
}
"""HTTP status and JSON-RPC code of each error's code."""

TITLES: Mapping[int, str] = {
    PARSE: "Parse error",
    INVALID: "Invalid Request",
    NO_METHOD: "Method not found",
    PARAMS: "Invalid params",
    INTERNAL: "Internal error",
}
"""How JSON-RPC 2.0 itself calls its codes; each message begins so."""

UNFORESEEN = "something went wrong here; the log tells what, under this request id"


class Malformed(logging.Filter):
    """Tells of a request that is no HTTP in one line: it is its sender's fault, none of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite what aiohttp, which has answered 400, logs as an error with a traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
            what = error.message.partition("\n")[0].rstrip(":")
            record.msg, record.args = "refused a malformed request: %s", (what,)
        return True


MALFORMED = Malformed()

_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("forbidden", "this is not allowed"),
    404: ("not_found", "there is no such page"),
    405: ("method_not_allowed", "this address does not take that method"),
    406: ("not_acceptable", "this is a stream of events; the state is at /api/services as JSON"),
    408: ("timed_out", "the request did not arrive in time"),
    413: ("too_large", "the request is larger than is taken here"),
    415: ("unsupported_media_type", "only application/json in UTF-8 is taken here"),
    431: ("too_large", "a header field is larger than is taken here"),
}
"""aiohttp's refusals in our words: its own texts may repeat what the caller sent."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a caller is told of one error; `rpc` is the JSON-RPC code."""

    status: int
    rpc: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def passing(self) -> bool:
        """Whether trying again soon may help."""
        return self.status == 503


def failure(error: BaseException) -> Failure:
    """Look an error up; what nobody foresaw is told in general words only."""
    if isinstance(error, web.HTTPException):
        return _refusal(error)
    for kind in type(error).__mro__:
        row = CODES.get(kind.__dict__.get("code", ""))
        if row is not None and isinstance(error, RouterError):
            return Failure(*row, error.code, str(error), error.details)
    return Failure(500, INTERNAL, "internal", UNFORESEEN)


def error_response(request: web.Request, error: Exception) -> web.Response:
    """The HTTP answer: `{"error": {"code", "message", "request_id", …}}`; logs what is ours."""
    request_id = request.get(REQUEST_ID, "")
    told = failure(error)
    note(error, told, request_id)
    body = {**told.details, "code": told.code, "message": told.message, "request_id": request_id}
    return web.Response(
        status=told.status,
        text=encode({"error": body}),
        content_type="application/json",
        headers=_headers(error, told),
    )


def rpc_error(error: Exception, request_id: str) -> dict[str, object]:
    """The JSON-RPC error object: `{"code", "message", "data": {"code", "request_id", …}}`."""
    told = failure(error)
    note(error, told, request_id)
    title = TITLES.get(told.rpc)
    message = f"{title}: {told.message}" if title else told.message
    data = {**told.details, "code": told.code, "request_id": request_id}
    if told.passing:
        data["retry_after"] = RETRY_SECONDS
    return {"code": told.rpc, "message": message, "data": data}


def note(error: Exception, told: Failure, request_id: str) -> None:
    """Log an error: with its trace where nobody foresaw it, not at all where the caller erred."""
    if told.code == "internal":
        log.error("request %s failed", request_id, exc_info=error)
    elif told.status >= 500:
        log.info("request %s: %s", request_id, told.message)


def _refusal(error: web.HTTPException) -> Failure:
    status = error.status
    code, message = _REFUSALS.get(status, (f"http_{status}", http.HTTPStatus(status).phrase))
    return Failure(status, INTERNAL if status >= 500 else INVALID, code, message)


def _headers(error: Exception, told: Failure) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if told.passing:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, web.HTTPException) and "Allow" in error.headers:
        headers["Allow"] = error.headers["Allow"]
    return headers
