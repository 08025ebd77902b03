"""Parses one HTTP answer from bytes as they arrive, and limits its size. Pure: no I/O, no clock.

llhttp (through httptools) parses the bytes, but has no limits. Limits of this module: number of
interim answers (1xx), bytes and number of header fields, bytes of the body, and bytes in all.
"""

from dataclasses import dataclass

import httptools

from hero_router.errors import RouterError

HEAD_LIMIT = 64 * 1024
"""Maximum number of bytes of the status line and headers of an answer, and of the interim answers
before it."""
MOST_FIELDS = 1000
"""Maximum number of header fields of an answer, and of the interim answers before it."""
MOST_INTERIM = 8
"""Maximum number of interim answers (100 Continue, 102, 103) before the final answer."""

_SWITCHING = 101
_HTML = ("text/html", "application/xhtml+xml")


class NotHttp(RouterError):
    """A service sent bytes that are no HTTP answer.

    `endless`: the bytes are HTTP, but only interim answers (1xx).
    """

    code = "foreign"

    def __init__(self, reason: str, *, endless: bool = False) -> None:
        super().__init__(reason)
        self.endless = endless


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer; `media` is its media type in lower case, "" if it has none.

    `flaw` says why the body was not read; None if `body` is the whole body.
    """

    status: int
    media: str
    body: bytes = b""
    flaw: str | None = None

    @property
    def json(self) -> bool:
        """Whether the media type is JSON or missing."""
        return self.media in ("", "application/json", "text/json") or self.media.endswith("+json")

    @property
    def page(self) -> bool:
        """Whether the body is an HTML page; an "OK" with media type `text/html` is none."""
        if self.body[:64].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return True
        return self.media in _HTML and (self.flaw is not None or b"<" in self.body)


class ResponseParser:
    """Parses one HTTP answer; drops a body of more than `limit` bytes. llhttp calls `on_…`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)
        # Browsers and curl accept these deviations too, and no answer is passed on to a client.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_data_after_close=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._taken = self._fields = self._interim = self._status = 0
        self._media = self._encoding = ""
        self._sized = self._headed = False
        self._body = bytearray()
        self._flaw: str | None = None
        self._error: NotHttp | None = None
        self.done = False
        self.reusable = False
        """Whether the connection can be used for another request; False until the answer ends."""

    @property
    def begun(self) -> bool:
        """Whether any byte of the answer has arrived."""
        return self._taken > 0

    @property
    def answer(self) -> Response:
        """The whole answer, once `done`."""
        return Response(self._status, self._media, bytes(self._body), self._flaw)

    def feed(self, data: bytes) -> None:
        """Parse the next bytes of the answer. Raises NotHttp."""
        self._taken += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise NotHttp("switches to another protocol without a request") from None
        except httptools.HttpParserError:
            if self._error is not None:
                raise self._error from None
            if not self.done:
                raise NotHttp("does not speak HTTP") from None
            self.reusable = False
        if self.done:
            return
        if not self._headed and self._taken > HEAD_LIMIT:
            raise NotHttp(f"the head of its answer is larger than {HEAD_LIMIT} bytes")
        if self._taken > HEAD_LIMIT + 2 * self._limit:
            self._skip_body(f"larger than {self._limit} bytes with what is around its chunks")

    def end(self) -> bool:
        """Note the end of the connection; returns whether the answer is complete."""
        self.done = self.done or (self._headed and not self._sized)
        return self.done

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header field; keep media type, encoding, and whether the body has a length."""
        self._fields += 1
        if self._fields > MOST_FIELDS:
            self._refuse(NotHttp(f"the head of its answer has more than {MOST_FIELDS} fields"))
        field = name.lower()
        if field == b"content-type":
            self._media = value.decode("latin-1").partition(";")[0].strip().lower()
        elif field == b"content-encoding":
            self._encoding = value.decode("latin-1").strip().lower()
        elif field in (b"content-length", b"transfer-encoding"):
            self._sized = True

    def on_headers_complete(self) -> None:
        """End the headers: skip an interim answer (1xx), or prepare for the body."""
        self._status = self._parser.get_status_code()
        if self._status == _SWITCHING:
            self._refuse(NotHttp("switches to another protocol without a request"))
        if self._status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                reason = f"sends more than {MOST_INTERIM} interim answers (1xx) and no other"
                self._refuse(NotHttp(reason, endless=True))
            self._media, self._encoding, self._sized = "", "", False
            return
        self._headed = True
        if self._encoding not in ("", "identity"):
            self._skip_body("encoded, though no encoding was requested")

    def on_body(self, data: bytes) -> None:
        """Keep these bytes of the body, or skip the whole body if it gets too large."""
        if self._flaw is not None:
            return
        self._body += data
        if len(self._body) > self._limit:
            self._skip_body(f"larger than {self._limit} bytes")

    def on_message_complete(self) -> None:
        """End the answer; the parser refuses a second one."""
        if self._status >= 200 and not self.done:
            self.done = True
            self.reusable = self._parser.should_keep_alive()

    def on_message_begin(self) -> None:
        """Refuse a second answer to one request; the connection is not used again."""
        if self.done:
            raise NotHttp("sends more than one answer to a request")

    def _skip_body(self, flaw: str) -> None:
        """End the answer without its body; the connection is not used again."""
        if not self.done:
            self._flaw, self.done = flaw, True
            self._body.clear()

    def _refuse(self, error: NotHttp) -> None:
        self._error = error
        raise error
