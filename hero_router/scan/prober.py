"""Probes a socket: requests its health and, if due, its manifest and OpenRPC document.

Only the documented requests are sent. An `rpc` socket is asked for manifest and OpenRPC document
(by `rpc.discover`, else `/openrpc.json`), a socket of another role for its manifest only.
`scan.health_answer` interprets the answer to `GET /health`, `scan.socket_status` the whole result.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from hero_router.scan import document_parser, health_answer
from hero_router.scan.document_parser import BadDocument, Parsed
from hero_router.scan.probe_result import Document, Documents, Health, ProbeResult
from hero_router.scan.walk import SocketFile
from hero_router.upstream.client import Client
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.response_parser import Response
from hero_router.upstream.safe_connect import NoResponse

HEALTH, MANIFEST, OPENRPC, RPC = (
    "/health",
    "/.well-known/heroservice.json",
    "/openrpc.json",
    "/rpc",
)
HEALTH_LIMIT = 64 * 1024
"""Largest body of a health check's answer in bytes; of a larger answer only the status counts."""
DOCUMENT_LIMIT = 1024 * 1024
"""Largest manifest or OpenRPC document in bytes: several times the largest known public one."""
LARGE = 64 * 1024
"""Size in bytes above which a document is parsed in a thread, as parsing takes several ms."""
LARGE_AT_ONCE = 1
"""Number of large documents that are parsed at the same time.

More would not be faster, as only one thread runs Python, and a document may take thirty times its
size in memory."""


class Prober:
    """Probes sockets; all requests of one probe together have `timeout` seconds."""

    def __init__(self, timeout: float, monotonic: Callable[[], float]) -> None:
        self._timeout, self._monotonic = timeout, monotonic
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, file: SocketFile, /, *, ask_documents: bool) -> ProbeResult:
        """Probe one socket; failures of the socket are part of the result, and not raised."""
        result: ProbeResult | None = None
        client = Client(file.address)
        try:
            async with asyncio.timeout(self._timeout) as deadline, client:
                result = await self._health(client)
                if ask_documents:
                    reader = _DocumentReader(client, deadline, self._large, result.health)
                    answer = await reader.documents(file.role)
                    return replace(result, documents=answer, document=reader.document)
                return result
        except TimeoutError:
            error = f"no answer in {self._timeout:g} s"
            if result is None:
                return ProbeResult(Outcome.LATE, f"{error} ({_silence(client)})")
            return replace(result, documents=Documents(error=error, late=True))
        except NoResponse as failure:
            if result is None:
                return ProbeResult(failure.outcome, str(failure))
            unasked = failure.outcome in (Outcome.UNSEEN, Outcome.MISSING)
            return result if unasked else replace(result, documents=Documents(error=str(failure)))

    async def _health(self, client: Client) -> ProbeResult:
        started = self._monotonic()
        verdict, error = health_answer.grade(await client.get(HEALTH, HEALTH_LIMIT))
        latency = round((self._monotonic() - started) * 1000, 1)
        return ProbeResult(Outcome.ANSWERED, error, verdict, latency_ms=latency)


def _silence(client: Client) -> str:
    if client.accepted:
        return "the listener accepts connections, but sends no answer"
    return "the listener accepts no connections: its queue is full"


class _DocumentReader:
    """Asks one socket for its manifest and OpenRPC document; `health` is its health check's result.

    If the health check got an HTML page, the socket may answer every path with a page. Then a page
    means that there is no document, and not a bad one.
    """

    def __init__(
        self, client: Client, deadline: asyncio.Timeout, large: asyncio.Semaphore, health: Health
    ) -> None:
        self._client, self._deadline, self._large = client, deadline, large
        self._pages = health is Health.PAGE
        self.document: Document | None = None
        """The OpenRPC document, once it has been read."""

    async def documents(self, role: str) -> Documents:
        """Ask for the documents that a socket of this role may offer. Raises NoResponse."""
        if role != "rpc":
            return await self._attempt("manifest", self._manifest(strict=False))
        about = await self._attempt("manifest", self._manifest(strict=not self._pages))
        spec = await self._attempt("spec", self._discovered())
        if spec.facts is None or spec.facts.source_kind != "openrpc":
            fallback = await self._attempt("spec", self._openrpc())
            if fallback.facts is not None or (fallback.error and not spec.error):
                spec = fallback
        return Documents(document_parser.merged(spec.facts, about.facts), spec.error or about.error)

    async def _attempt(self, what: str, reading: Awaitable[Parsed | None]) -> Documents:
        try:
            parsed = await reading
        except BadDocument as error:
            return Documents(error=f"bad {what}: {error}")
        if parsed is None:
            return Documents()
        self.document = parsed.document or self.document
        return Documents(facts=parsed.facts)

    async def _manifest(self, *, strict: bool) -> Parsed | None:
        """Ask for the manifest. A page is no manifest: web servers may send it for every path."""
        answer = await self._client.get(MANIFEST, DOCUMENT_LIMIT)
        if not strict and self._pages and answer.status == 200 and answer.page:
            return Parsed(document_parser.PAGE)
        if not strict and (answer.page or not answer.json):
            return None
        return await self._read(answer, partial(document_parser.manifest, source=MANIFEST))

    async def _discovered(self) -> Parsed | None:
        answer = await self._client.post(RPC, DOCUMENT_LIMIT, document_parser.DISCOVER_REQUEST)
        return await self._read(answer, document_parser.discovered)

    async def _openrpc(self) -> Parsed | None:
        answer = await self._client.get(OPENRPC, DOCUMENT_LIMIT)
        return await self._read(answer, partial(document_parser.openrpc, source=OPENRPC))

    async def _read(self, answer: Response, parse: Callable[[bytes], Parsed]) -> Parsed | None:
        """Parse an answer; None if the socket offers no document. Raises BadDocument."""
        if answer.status >= 500 and answer.status != 501:
            raise BadDocument(f"answers {answer.status}")
        if answer.status != 200 or (self._pages and answer.page):
            return None
        if not answer.json:
            raise BadDocument("its content type is not JSON")
        if answer.flaw is not None:
            raise BadDocument(answer.flaw)
        if len(answer.body) > LARGE:
            return await self._read_in_turn(partial(parse, answer.body))
        return parse(answer.body)

    async def _read_in_turn(self, parse: Callable[[], Parsed]) -> Parsed:
        """Parse a large document in a thread, one document at a time, without the deadline.

        The service has answered, so the time for waiting and parsing must not count. If the probe
        is cancelled the thread goes on, so the semaphore is released at the end of the thread.
        """
        loop = asyncio.get_running_loop()
        left = (self._deadline.when() or 0) - loop.time()
        self._deadline.reschedule(None)
        try:
            await self._large.acquire()
            reading = loop.run_in_executor(None, parse)
            reading.add_done_callback(lambda _: self._large.release())
            return await asyncio.shield(reading)
        finally:
            self._deadline.reschedule(loop.time() + left)
