"""One kept HTTP/1.1 connection to a service's socket: sends a request, parses its answer.

The answer goes to a receiver as it arrives, without a task and without a queue. `httptools` parses
it, strictly: what breaks RFC 9112 is no answer.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from hero_router.upstream.answer_head import Field, check_coding, check_line, protocols
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import SILENT, NoResponse

MAX_HEAD = 64 * 1024
"""Most bytes of the names and values of an answer's fields, and of interim answers before it."""

INTERIM_BYTES = 64
"""How much an interim answer (1xx) counts for by itself, so that there is an end to them."""


class Receiver(Protocol):
    """Takes one answer. After `failed`, `ended` or `upgraded` nothing more comes."""

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """An interim answer (1xx)."""

    def began(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """The head of the answer."""

    def received(self, data: bytes) -> None:
        """Some of the body, without its framing."""

    def flush(self) -> None:
        """All that has arrived by now was passed on."""

    def ended(self, trailers: list[Field]) -> None:
        """The answer is complete."""

    def upgraded(self, data: bytes) -> None:
        """The protocol has changed (101); `data` came after the head."""

    def failed(self, error: NoResponse) -> None:
        """There is no complete answer."""


class UpstreamConnection(asyncio.Protocol):
    """A connection. It serves one request at a time; `on_idle` is called when it can take another.

    `reused` says whether it has served one before: then it may be dead without anybody knowing.
    """

    __slots__ = (
        "_discard", "_drained", "_fields", "_framed", "_head_bytes", "_head_done", "_is_accepted",
        "_method", "_offers", "_on_idle", "_on_lost", "_parser", "_reason", "_receiver", "_sent",
        "_status", "_transport", "reused",
    )  # fmt: skip

    def __init__(
        self,
        on_idle: Callable[["UpstreamConnection"], None],
        on_lost: Callable[["UpstreamConnection"], None],
    ) -> None:
        self._on_idle, self._on_lost = on_idle, on_lost
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._drained: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self.reused = False
        self._discard, self._sent = False, True
        self._offers, self._is_accepted = frozenset[bytes](), False
        self._expect("GET")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    @property
    def transport(self) -> asyncio.Transport:
        """The connection's transport. Raises ConnectionError once it is lost."""
        if self._transport is None:
            raise ConnectionError("the connection is lost")
        return self._transport

    @property
    def is_open(self) -> bool:
        """Whether it can take a request."""
        return self._transport is not None and not self._transport.is_closing()

    def send(
        self,
        method: str,
        head: bytes,
        receiver: Receiver,
        *,
        has_body: bool = False,
        upgrade: bytes = b"",
    ) -> None:
        """Begin a request; a body follows by `write` and `finish`. Raises ConnectionError.

        `upgrade` are the protocols to one of which the request asks to change.
        """
        self._offers = protocols([upgrade])
        self._receiver = receiver
        self._expect(method)
        self._sent = not has_body
        self.transport.write(head)

    async def write(self, data: bytes) -> None:
        """Send some of the request's body, and wait while the service is slow to read it."""
        self.transport.write(data)
        if self._drained is not None:
            await asyncio.shield(self._drained)

    def finish(self, data: bytes = b"") -> None:
        """Send the end of the request's body. Raises ConnectionError."""
        self._sent = True
        if data:
            self.transport.write(data)

    def pause_reading(self) -> None:
        """Read nothing more, until `resume_reading`: the client is slow."""
        if self.is_open:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self.is_open:
            self.transport.resume_reading()

    def abort(self) -> None:
        """Give up the request, if there is one, and close the connection."""
        self._receiver = None
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> asyncio.Transport:
        """Hand the transport over, after a change of the protocol."""
        transport, self._transport, self._receiver = self.transport, None, None
        return transport

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        receiver = self._receiver
        if receiver is None:
            self.abort()  # an answer to nothing
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._status != 101 or not self._is_accepted:
                self._fail(Outcome.FOREIGN, "changes the protocol unasked")
                return
            receiver.upgraded(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            cause = (
                error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else error
            )
            self._fail(Outcome.FOREIGN, f"answers something that is not HTTP: {cause}")
            return
        receiver.flush()
        if self._discard:
            self.abort()

    def eof_received(self) -> bool:
        """See asyncio.Protocol: where nothing else frames the body, this is its end."""
        receiver = self._receiver
        if receiver is not None and self._head_done and not self._framed:
            self._receiver = None
            receiver.ended([])
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of asyncio.Protocol
        """See asyncio.Protocol."""
        self._transport = None
        self.resume_writing()
        self._on_lost(self)
        if self._head_done or self._head_bytes:
            self._fail(Outcome.FAILED, "breaks off its answer")
        else:
            self._fail(Outcome.CLOSED, SILENT)

    def _expect(self, method: str) -> None:
        """Await the head of an answer to this method."""
        self._method = method
        self._status, self._reason = 0, b""
        self._fields: list[Field] = []
        self._head_bytes, self._head_done, self._framed = 0, False, False

    def _fail(self, outcome: Outcome, reason: str) -> None:
        receiver, self._receiver = self._receiver, None
        if self._transport is not None:
            self._transport.abort()
        if receiver is not None:
            receiver.failed(NoResponse(outcome, reason))

    # What httptools calls while it parses.

    def on_message_begin(self) -> None:
        """An answer begins; one to nothing makes the connection useless."""
        self._discard = self._discard or self._receiver is None

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, or a part of it."""
        self._reason += reason
        self._count(len(reason))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers."""
        self._count(len(name) + len(value))
        self._fields.append((name, value.rstrip(b" \t")))

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD:
            raise ValueError("its head is too large")

    def on_headers_complete(self) -> None:
        """The head is complete: what frames the body is known."""
        self._status = self._parser.get_status_code()
        check_line(self._parser.get_http_version(), self._status, self._reason)
        if 100 <= self._status < 200:
            return
        self._head_done = True
        fields, self._fields = self._fields, []
        names = {name.lower() for name, _ in fields}
        if b"transfer-encoding" in names:
            check_coding(fields)
        bodiless = self._method == "HEAD" or self._status in (204, 304)
        self._framed = bodiless or not names.isdisjoint((b"content-length", b"transfer-encoding"))
        receiver = self._receiver
        if receiver is None:
            return
        receiver.began(self._status, self._reason, fields)
        if self._method == "HEAD":
            self._complete()
            self._parser = httptools.HttpResponseParser(self)  # this one awaits a body

    def on_body(self, data: bytes) -> None:
        """Some of the body; after a complete answer, such as one to HEAD, nothing may follow."""
        if self._receiver is not None:
            self._receiver.received(data)
        else:
            self._discard = True

    def on_message_complete(self) -> None:
        """The answer, or an interim one, is complete."""
        if self._head_done:
            self._complete()
            return
        receiver, fields, reason = self._receiver, self._fields, self._reason
        status, spent = self._status, self._head_bytes + INTERIM_BYTES
        if receiver is not None and status != 101:
            receiver.informed(status, reason, fields)
            self._expect(self._method)
            self._count(spent)
        elif receiver is not None:
            chosen = protocols(value for name, value in fields if name.lower() == b"upgrade")
            self._is_accepted = bool(chosen) and chosen <= self._offers
            if self._is_accepted:
                receiver.began(status, reason, fields)

    def _complete(self) -> None:
        receiver, trailers = self._receiver, self._fields
        if receiver is None:
            return
        self._receiver = None
        keeps = self._sent and self._framed and self._parser.should_keep_alive()
        receiver.ended(trailers)
        if keeps and self.is_open:
            self.reused = True
            self._expect("GET")
            self._on_idle(self)
        else:
            self._discard = True
