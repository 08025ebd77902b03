"""The one mapping from the tree of errors to what callers are told: HTTP and JSON-RPC codes.

    error's code        HTTP   JSON-RPC
    not_json             400     -32700
    invalid_request      400     -32600
    no_method            404     -32601
    bad_request          400     -32602
    ambiguous            409     -32009
    not_found            404     -32004
    not_acceptable       406     -32602
    wrong_host           421     -32600
    wrong_origin         403     -32600
    overloaded           503     -32005   with Retry-After
    store and below      503     -32001   with Retry-After
    scan_timeout         504     -32006
    timed_out            504     -32603
    anything else        500     -32603   general words only: the log has the rest

An error that is not in the table has the row of its nearest parent that is.
"""

import http
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

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
    "wrong_host": (421, INVALID),
    "wrong_origin": (403, INVALID),
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


_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("forbidden", "this is not allowed"),
    404: ("not_found", "there is no such page"),
    405: ("method_not_allowed", "this address does not take that method"),
    406: ("not_acceptable", "this is a stream of events; the state is at /api/services as JSON"),
    408: ("timed_out", "the request did not arrive in time"),
    413: ("too_large", "the request is larger than is taken here"),
    414: ("too_large", "the address is longer than is taken here"),
    415: ("unsupported_media_type", "only application/json in UTF-8, not packed, is taken here"),
    417: ("expectation_failed", "only 100-continue may be expected here"),
    431: ("too_large", "a header field is larger, or there are more, than is taken here"),
    501: ("not_implemented", "this method is not known here"),
    505: ("http_version", "only HTTP/1.1 and HTTP/1.0 are spoken here"),
}
"""aiohttp's refusals in our words: its own texts may repeat what the caller sent."""


@dataclass(frozen=True, slots=True)
class ErrorInfo:
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


class Unsigned(web.Response):
    """An answer that does not name the software behind it, also where no application has a say."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def error_info(error: BaseException) -> ErrorInfo:
    """Look an error up; what nobody foresaw is told in general words only."""
    if isinstance(error, web.HTTPException):
        return _refusal(error)
    for kind in type(error).__mro__:
        row = CODES.get(kind.__dict__.get("code", ""))
        if row is not None and isinstance(error, RouterError):
            return ErrorInfo(*row, error.code, str(error), error.details)
    return ErrorInfo(500, INTERNAL, "internal", UNFORESEEN)


def error_response(request: web.BaseRequest, error: BaseException) -> web.Response:
    """The HTTP answer: `{"error": {"code", "message", "request_id", …}}`; logs what is ours."""
    request_id = request.get(REQUEST_ID, "")
    told = error_info(error)
    log_error(error, told, request_id)
    return Unsigned(
        status=told.status,
        text=_text(told, request_id),
        content_type="application/json",
        headers=_headers(error, told),
    )


def raw_error(error: Exception, fields: Mapping[str, str]) -> bytes:
    """The same answer as it goes over the wire, where there is no request yet to answer."""
    told, request_id = error_info(error), secrets.token_hex(8)
    body = _text(told, request_id).encode("ascii")
    phrase = http.HTTPStatus(told.status).phrase
    head = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-Id": request_id,
        **_headers(error, told),
        **fields,
    }
    lines = [
        f"HTTP/1.1 {told.status} {phrase}",
        *(f"{name}: {value}" for name, value in head.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _text(told: ErrorInfo, request_id: str) -> str:
    body = {**told.details, "code": told.code, "message": told.message, "request_id": request_id}
    return encode({"error": body})


def rpc_error(error: Exception, request_id: str) -> dict[str, object]:
    """The JSON-RPC error object: `{"code", "message", "data": {"code", "request_id", …}}`."""
    told = error_info(error)
    log_error(error, told, request_id)
    title = TITLES.get(told.rpc)
    message = f"{title}: {told.message}" if title else told.message
    data = {**told.details, "code": told.code, "request_id": request_id}
    if told.passing:
        data["retry_after"] = RETRY_SECONDS
    return {"code": told.rpc, "message": message, "data": data}


def log_error(error: BaseException, told: ErrorInfo, request_id: str) -> None:
    """Log an error: with its trace where nobody foresaw it, not at all where the caller erred."""
    if told.code == "internal":
        log.error("request %s failed", request_id, exc_info=error)
    elif told.status in (503, 504):
        log.info("request %s: %s", request_id, told.message)


def _refusal(error: web.HTTPException) -> ErrorInfo:
    status = error.status
    code, message = _REFUSALS.get(status, (f"http_{status}", http.HTTPStatus(status).phrase))
    return ErrorInfo(status, INTERNAL if status >= 500 else INVALID, code, message)


def _headers(error: BaseException, told: ErrorInfo) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if told.passing:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, web.HTTPException) and "Allow" in error.headers:
        headers["Allow"] = error.headers["Allow"]
    return headers
