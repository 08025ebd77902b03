"""Reads one HTTP answer from bytes as they come, with a bound on each of its parts. No I/O.

The form is judged by llhttp (through httptools). It has no limits of its own, so they are here:
interim answers, the bytes of the heads, the body, and all bytes together.
"""

from dataclasses import dataclass

import httptools

from hero_router.errors import RouterError

HEAD_LIMIT = 64 * 1024
"""Most bytes of the head of an answer, with those of the interim answers before it."""
MOST_FIELDS = 1000
"""Most fields in these heads."""
MOST_INTERIM = 8
"""Most interim answers (100 Continue, 102, 103) before the answer itself."""

_SWITCHING = 101
_HTML = ("text/html", "application/xhtml+xml")


class NotHttp(RouterError):
    """The bytes are no HTTP answer. `endless`: they are HTTP, but the answer never comes."""

    code = "foreign"

    def __init__(self, reason: str, *, endless: bool = False) -> None:
        super().__init__(reason)
        self.endless = endless


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; `media` is its media type in lower case, "" where it names none.

    `flaw` says why the body was left unread, and is None where it is whole.
    """

    status: int
    media: str
    body: bytes = b""
    flaw: str | None = None

    @property
    def json(self) -> bool:
        """Whether it may be read as JSON: it says so, or says nothing."""
        return self.media in ("", "application/json", "text/json") or self.media.endswith("+json")

    @property
    def page(self) -> bool:
        """Whether it is a page for people. Many send a bare "OK" as HTML too: that is none."""
        if self.body[:64].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return True
        return self.media in _HTML and (self.flaw is not None or b"<" in self.body)


class ResponseParser:
    """Gathers one answer whose body has at most `limit` bytes; `on_…` are called by the parser."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)
        # What browsers and curl take from servers too; nothing is passed on from here.
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
        self._trouble: NotHttp | None = None
        self.done = False
        self.reusable = False
        """Whether the connection may be asked again; False until the answer has ended well."""

    @property
    def begun(self) -> bool:
        """Whether any byte has come."""
        return self._taken > 0

    @property
    def answer(self) -> Response:
        """The whole answer, once `done`."""
        return Response(self._status, self._media, bytes(self._body), self._flaw)

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Foreign."""
        self._taken += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise NotHttp("switches to another protocol unasked") from None
        except httptools.HttpParserError:
            if self._trouble is not None:
                raise self._trouble from None
            if not self.done:
                raise NotHttp("does not speak HTTP") from None
            self.reusable = False
        if self.done:
            return
        if not self._headed and self._taken > HEAD_LIMIT:
            raise NotHttp(f"the head of its answer is larger than {HEAD_LIMIT} bytes")
        if self._taken > HEAD_LIMIT + 2 * self._limit:
            self._leave(f"larger than {self._limit} bytes with what is around its chunks")

    def end(self) -> bool:
        """Take the end of the connection; whether it is a right end of the answer."""
        self.done = self.done or (self._headed and not self._sized)
        return self.done

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a field that matters, and count them all."""
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
        """An interim answer is counted and passed over; of the others the body comes next."""
        self._status = self._parser.get_status_code()
        if self._status == _SWITCHING:
            self._refuse(NotHttp("switches to another protocol unasked"))
        if self._status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                reason = f"sends more than {MOST_INTERIM} interim answers (1xx) and no other"
                self._refuse(NotHttp(reason, endless=True))
            self._media, self._encoding, self._sized = "", "", False
            return
        self._headed = True
        if self._encoding not in ("", "identity"):
            self._leave("encoded, though plain was asked for")

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body, unless it becomes too large."""
        if self._flaw is not None:
            return
        self._body += data
        if len(self._body) > self._limit:
            self._leave(f"larger than {self._limit} bytes")

    def on_message_complete(self) -> None:
        """The answer is whole; whatever follows was not asked for."""
        if self._status >= 200 and not self.done:
            self.done = True
            self.reusable = self._parser.should_keep_alive()

    def on_message_begin(self) -> None:
        """A second answer to one question was not asked for: the connection is not used again."""
        if self.done:
            raise NotHttp("answers more than it was asked")

    def _leave(self, flaw: str) -> None:
        """The status is known, the body stays unread, and the connection is of no more use."""
        if not self.done:
            self._flaw, self.done = flaw, True
            self._body.clear()

    def _refuse(self, trouble: NotHttp) -> None:
        self._trouble = trouble
        raise trouble
