"""Turns errors of aiohttp's HTTP parser into HTTP refusals, and into texts without the request."""

from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMethod,
    BadStatusLine,
    HttpProcessingError,
    InvalidURLError,
    LineTooLong,
)

FIELD_BYTES = 16 * 1024
"""Longest request header that is read. A `Last-Event-ID` of up to this length is answered in the
stream. Groups of routes (`web.route_groups`) have lower limits for other headers."""


def parser_refusal(error: HttpProcessingError) -> web.HTTPException:
    """The HTTP error that fits best to an error of aiohttp's parser."""
    words = error.message
    if isinstance(error, BadHttpMethod):
        return web.HTTPNotImplemented()
    if isinstance(error, LineTooLong):
        field = str(FIELD_BYTES) in words.partition("when reading")[0]
        return web.HTTPRequestHeaderFieldsTooLarge() if field else web.HTTPRequestURITooLong()
    if isinstance(error, BadStatusLine) and "Invalid HTTP version" in words:
        return web.HTTPVersionNotSupported()
    if words.startswith("Pause on PRI"):
        return web.HTTPVersionNotSupported()
    if words.startswith("Too many headers"):
        return web.HTTPRequestHeaderFieldsTooLarge()
    return web.HTTPBadRequest()


def parser_message(error: HttpProcessingError) -> str:
    """The parser's message, without the parts that repeat the request."""
    if isinstance(error, InvalidURLError):
        return "Invalid URL"
    return error.message.partition(":")[0].partition("\n")[0]
