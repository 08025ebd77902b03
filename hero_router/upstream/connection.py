"""A persistent HTTP/1.1 connection to a service's socket: sends requests, parses answers.

The answer goes to a receiver as it arrives, without a task and without a queue. `httptools` parses
it, strictly: what breaks RFC 9112 is no answer.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from hero_router.upstream.answer_head_check import Field, check_line, is_framed, protocols
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.response_callbacks import ResponseCallbacks
from hero_router.upstream.safe_connect import SILENT, NoResponse

MAX_HEAD = 64 * 1024
"""Maximum number of bytes of the names and values of an answer's fields, and of interim answers
before it."""

INTERIM_BYTES = 64
"""Bytes that each interim answer (1xx) adds to this sum, so that their number is limited."""


_NO_OFFERS = frozenset[bytes]()


class UpstreamConnection(asyncio.Protocol):
    """One connection: one request at a time; `on_idle` is called when it can take the next.

    `reused` says whether it has served one before: then it may be dead without anybody knowing.
    """

    __slots__ = (
        "_discard", "_drained", "_fields", "_framed", "_head_bytes", "_head_done",
        "_is_accepted", "_is_complete", "_keeps", "_method", "_offers", "_on_idle",
        "_on_lost", "_parser", "_reason", "_receiver", "_sent", "_status", "_transport", "reused",
    )  # fmt: skip

    def __init__(
        self,
        on_idle: Callable[["UpstreamConnection"], None],
        on_lost: Callable[["UpstreamConnection"], None],
    ) -> None:
        self._on_idle, self._on_lost = on_idle, on_lost
        self._transport: asyncio.Transport | None = None
        self._receiver: ResponseCallbacks | None = None
        self._drained: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self.reused = False
        self._discard, self._sent = False, True
        self._is_complete = False
        self._offers, self._is_accepted = _NO_OFFERS, False
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
        """Whether the connection can take a request."""
        return self._transport is not None and not self._transport.is_closing()

    def send(
        self,
        method: str,
        head: bytes,
        receiver: ResponseCallbacks,
        *,
        has_body: bool = False,
        upgrade: bytes = b"",
    ) -> None:
        """Begin a request; a body follows by `write` and `finish`. Raises ConnectionError.

        `upgrade` are the protocols to one of which the request asks to change.
        """
        self._offers = protocols([upgrade]) if upgrade else _NO_OFFERS
        self._receiver = receiver
        self._expect(method)
        self._sent = not has_body
        self.transport.write(head)

    async def write(self, data: bytes) -> None:
        """Send a part of the request's body; wait while the service is slow to read it."""
        self.transport.write(data)
        if self._drained is not None:
            await asyncio.shield(self._drained)

    def finish(self, data: bytes = b"") -> None:
        """Send the end of the request's body. Raises ConnectionError."""
        self._sent = True
        if data:
            self.transport.write(data)

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`, because the client is slow."""
        if self.is_open:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Continue to read."""
        if self.is_open:
            self.transport.resume_reading()

    def abort(self) -> None:
        """Cancel the request, if there is one, and close the connection."""
        self._receiver = None
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> asyncio.Transport:
        """Give the transport away, after the protocol has changed."""
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
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._discard = True
            if not self._is_complete:
                self._stop(receiver, data, error)
                return
        if self._receiver is not receiver:
            return  # it has given the answer up
        if self._is_complete:
            self._finish(receiver)
            return
        receiver.flush()
        if self._discard:
            self.abort()

    def _stop(self, receiver: ResponseCallbacks, data: bytes, error: Exception) -> None:
        """End where the bytes are no HTTP, or no longer."""
        if isinstance(error, httptools.HttpParserUpgrade):
            if self._status == 101 and self._is_accepted:
                receiver.upgraded(data[error.args[0] :])
            else:
                self._fail(Outcome.FOREIGN, "changes the protocol unasked")
            return
        is_ours = isinstance(error, httptools.HttpParserCallbackError)
        cause = error.__context__ if is_ours else error
        self._fail(Outcome.FOREIGN, f"answers something that is not HTTP: {cause}")

    def eof_received(self) -> bool:
        """See asyncio.Protocol: where nothing else frames the body, this is its end."""
        receiver = self._receiver
        if receiver is not None and self._head_done and not self._framed:
            self._receiver = None
            if not self._sent:
                self.abort()  # else it would stay until the service has read what was sent
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
        self._is_complete, self._keeps = False, False

    def _fail(self, outcome: Outcome, reason: str) -> None:
        receiver, self._receiver = self._receiver, None
        if self._transport is not None:
            self._transport.abort()
        if receiver is not None:
            receiver.failed(NoResponse(outcome, reason))

    # What httptools calls while it parses.

    def on_message_begin(self) -> None:
        """An answer begins; one to nothing makes the connection useless."""
        self._discard = self._discard or self._is_complete

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, or a part of it."""
        self._reason += reason
        self._count(len(reason))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers."""
        if not self._is_complete:
            self._count(len(name) + len(value))
            self._fields.append((name, value.rstrip(b" \t")))

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD:
            raise ValueError("its head is too large")

    def on_headers_complete(self) -> None:
        """The head is complete: what frames the body is known."""
        if self._is_complete:
            return
        self._status = self._parser.get_status_code()
        check_line(self._parser.get_http_version(), self._status, self._reason)
        if self._status < 200:
            return
        self._head_done = True
        fields, self._fields = self._fields, []
        self._framed = is_framed(self._status, fields)
        if self._receiver is not None:
            self._receiver.began(self._status, self._reason, fields)
        if self._method == "HEAD":
            self._framed = True
            self._complete()
            self._parser = httptools.HttpResponseParser(self)  # this one awaits a body

    def on_body(self, data: bytes) -> None:
        """Some of the body; after a complete answer, such as one to HEAD, nothing may follow."""
        if self._receiver is not None and not self._is_complete:
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
        """Note the end of the answer; what follows in the same bytes is no part of it."""
        if not self._is_complete:
            self._is_complete, self._keeps = True, self._parser.should_keep_alive()

    def _finish(self, receiver: ResponseCallbacks) -> None:
        """The answer has ended: the connection is free before the receiver is called."""
        trailers, self._receiver = self._fields, None
        keeps = self._keeps and self._sent and self._framed and not self._discard
        if keeps and self.is_open:
            self.reused = True
            self.resume_reading()  # its last receiver may have been slow
            self._on_idle(self)
        elif self._transport is not None:
            self._transport.abort()
        receiver.ended(trailers)
