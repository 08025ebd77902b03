"""Gives a connection a new HTTP parser after a chunked request: no trailer leaks to the next one.

aiohttp's parser (3.14) keeps the last trailer of a chunked body, and gives it to the next request
as a header. Behind a proxy that shares its connections, that is another client's request. So a
chunked request gets a parser of its own. Nor does aiohttp tell the reader of a body that a chunk is
malformed: that is done here, too.

This module uses private parts of aiohttp: `_parser`, `_messages`, `_request_count`, `_upgraded`,
`_read_bufsize` and `_max_msg_queue_size` of `RequestHandler`.
"""

from itertools import islice
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

_END = b"\r\n\r\n"
"""The end of each request with a chunked body, with trailers or without."""


class HttpParserReset(web.RequestHandler):
    """A connection that makes a new parser after each request with a chunked body.

    A request that a client sends before it has the answer to a chunked one is not answered: its
    connection is closed after that answer, which HTTP allows at any time.
    """

    __slots__ = ("_chunked", "_received")

    def __init__(self, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._chunked: StreamReader | None = None
        """The body of the request that was parsed last, if it is chunked."""
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Parse received bytes."""
        before = self._request_count
        super().data_received(data)
        new = self._request_count - before
        if self._chunked is None and (not new or self._is_one_without_body(new)):
            return
        chunked = self._chunked
        for message, payload in islice(self._messages, len(self._messages) - new, None):
            if chunked is not None:
                if not chunked.is_eof():  # so this is no request, but an error within the body
                    chunked.set_exception(web.RequestPayloadError("a chunk is malformed"))
                self.close()
                return
            chunked = payload if getattr(message, "chunked", False) else None
        self._chunked = chunked
        if chunked is not None:
            self._received = (self._received + data)[-len(_END) :]
            if chunked.is_eof():
                self._begin_anew()

    def _is_one_without_body(self, new: int) -> bool:
        """Whether the requests that are new are one without a body: nearly always."""
        return new == 1 and self._messages[-1][1] is EMPTY_PAYLOAD

    def _begin_anew(self) -> None:
        """Make a new parser, if this one holds nothing of another request; else end here."""
        self._chunked = None
        if not self._upgraded and (self._received != _END or self._holds_more()):
            self.close()
            return
        self._parser = HttpRequestParser(
            self,
            self._loop,
            self._read_bufsize,
            max_line_size=self.max_line_size,
            max_field_size=self.max_field_size,
            max_headers=self.max_headers,
            payload_exception=web.RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=self._max_msg_queue_size,
        )

    def _holds_more(self) -> bool:
        """Whether the parser has received more than it has parsed, because many requests wait."""
        try:
            return self._parser is not None and bool(self._parser.feed_data(b"")[0])
        except HttpProcessingError:
            return True
