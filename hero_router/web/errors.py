"""Makes the HTTP responses for errors, also aiohttp's own errors: a JSON body and headers."""

import html
import http
import secrets
from collections.abc import Mapping

from aiohttp import web

from hero_router.access.hop_token import HopRefused
from hero_router.proxy.router_to_router_headers import REFUSED
from hero_router.rpc.error_logging import log_error
from hero_router.rpc.error_mapping import (
    INTERNAL,
    INVALID,
    RETRY_SECONDS,
    ErrorInfo,
    error_info,
)
from hero_router.strict_json import encode

REQUEST_ID = web.RequestKey("request_id", str)
"""The id of one request, in the log and in its answer (`X-Request-Id`)."""

_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("forbidden", "this is not allowed"),
    404: ("not_found", "there is no such page"),
    405: ("method_not_allowed", "this address does not support this method"),
    406: (
        "not_acceptable",
        "this is a stream of events (SSE or NDJSON); the state is at /api/services as JSON",
    ),
    408: ("timed_out", "the request did not arrive in time"),
    413: ("too_large", "the request is too large"),
    414: ("too_large", "the address is too long"),
    415: ("unsupported_media_type", "only uncompressed application/json in UTF-8 is accepted"),
    417: ("expectation_failed", "the only supported expectation is 100-continue"),
    431: ("too_large", "a header field is too large, or there are too many"),
    501: ("not_implemented", "this method or transfer coding is not supported"),
    505: ("http_version", "only HTTP/1.1 and HTTP/1.0 are supported"),
}
"""Codes and texts for aiohttp's refusals: its own texts may repeat what the caller sent."""


class OwnResponse(web.Response):
    """An error answer of the router itself, on any route; it has no `Server` header."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def http_error_info(error: BaseException) -> ErrorInfo:
    """The codes and the message for an error, also for an `HTTPException` of aiohttp."""
    return _refusal(error) if isinstance(error, web.HTTPException) else error_info(error)


def error_response(request: web.BaseRequest, error: BaseException) -> web.Response:
    """The HTTP answer `{"error": {"code", "message", "request_id", …}}`; also logs the error."""
    request_id = request.get(REQUEST_ID, "")
    info = http_error_info(error)
    log_error(error, info, request_id)
    return OwnResponse(
        status=info.status,
        text=_text(info, request_id),
        content_type="application/json",
        headers=_headers(error, info),
    )


def error_page(request: web.BaseRequest, error: BaseException) -> web.Response:
    """The same answer as a small page, where a browser opens an address: HTML without scripts."""
    response = error_response(request, error)
    if "text/html" not in request.headers.get("Accept", ""):
        return response
    info, request_id = http_error_info(error), request.get(REQUEST_ID, "")
    title = f"{info.status} {http.HTTPStatus(info.status).phrase}"
    return OwnResponse(
        status=info.status,
        text=_PAGE.format(title=title, message=html.escape(info.message), request_id=request_id),
        content_type="text/html",
        headers=_headers(error, info),
    )


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<main>
<h1>{title}</h1>
<p>{message}</p>
<p>hero_router, request {request_id}</p>
</main>
</html>
"""


def raw_error(error: Exception, fields: Mapping[str, str]) -> bytes:
    """The HTTP answer to an error as bytes, for a connection without a complete request."""
    info, request_id = http_error_info(error), secrets.token_hex(8)
    body = _text(info, request_id).encode("ascii")
    phrase = http.HTTPStatus(info.status).phrase
    head = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-Id": request_id,
        **_headers(error, info),
        **fields,
    }
    lines = [
        f"HTTP/1.1 {info.status} {phrase}",
        *(f"{name}: {value}" for name, value in head.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _text(info: ErrorInfo, request_id: str) -> str:
    body = {**info.details, "code": info.code, "message": info.message, "request_id": request_id}
    return encode({"error": body})


def _refusal(error: web.HTTPException) -> ErrorInfo:
    status = error.status
    code, message = _REFUSALS.get(status, (f"http_{status}", http.HTTPStatus(status).phrase))
    return ErrorInfo(status, INTERNAL if status >= 500 else INVALID, code, message)


def _headers(error: BaseException, info: ErrorInfo) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if info.status == 401:  # RFC 6750, section 3
        headers["WWW-Authenticate"] = 'Bearer realm="hero_router"'
    if info.temporary:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, HopRefused):
        headers[REFUSED] = str(error)
    if isinstance(error, web.HTTPException) and "Allow" in error.headers:
        headers["Allow"] = error.headers["Allow"]
    return headers
