"""Probes one socket: asks only the documented discovery questions and says what came back.

`scan.health` says what an answer to `GET /health` means, and `judge` makes a status of it, with the
memory of before. An `rpc` socket's documents are its manifest and its OpenRPC document (by
`rpc.discover`, else `/openrpc.json`); the other roles are only asked for a manifest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from hero_router.scan import documents, health
from hero_router.scan.documents import BadDocument
from hero_router.scan.result import Facts, Health, ProbeResult, Spec
from hero_router.scan.sockets import SocketFile
from hero_router.upstream.client import Client
from hero_router.upstream.connect import NoResponse
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.response import Response

HEALTH, MANIFEST, OPENRPC, RPC = (
    "/health",
    "/.well-known/heroservice.json",
    "/openrpc.json",
    "/rpc",
)
HEALTH_LIMIT = 64 * 1024
"""Most bytes of a health check's answer that are read; of a longer one only the status counts."""
DOCUMENT_LIMIT = 1024 * 1024
"""Largest manifest or OpenRPC document in bytes: several times the largest known public one."""
LARGE = 64 * 1024
"""Documents above this many bytes are read in a thread: they take more than a few milliseconds."""
LARGE_AT_ONCE = 1
"""So many large documents are read at the same time: more would be no sooner, as only one thread
runs Python, and each may take thirty times its size in memory."""


class Prober:
    """Probes sockets within `timeout` seconds each, counted over all questions."""

    def __init__(self, timeout: float, monotonic: Callable[[], float]) -> None:
        self._timeout, self._monotonic = timeout, monotonic
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, found: SocketFile, *, ask_documents: bool) -> ProbeResult:
        """Look at one socket; never raises for what the socket does."""
        seen: ProbeResult | None = None
        client = Client(found.address)
        try:
            async with asyncio.timeout(self._timeout) as deadline, client:
                seen = await self._health(client)
                if ask_documents:
                    asking = _Asking(client, deadline, self._large, seen.health)
                    return replace(seen, spec=await asking.documents(found.role))
                return seen
        except TimeoutError:
            error = f"no answer in {self._timeout:g} s"
            if seen is None:
                return ProbeResult(Outcome.LATE, f"{error} ({_silence(client)})")
            return replace(seen, spec=Spec(error=error, late=True))
        except NoResponse as failure:
            if seen is None:
                return ProbeResult(failure.kind, str(failure))
            unasked = failure.kind in (Outcome.UNSEEN, Outcome.MISSING)
            return seen if unasked else replace(seen, spec=Spec(error=str(failure)))

    async def _health(self, client: Client) -> ProbeResult:
        started = self._monotonic()
        said, error = health.grade(await client.get(HEALTH, HEALTH_LIMIT))
        latency = round((self._monotonic() - started) * 1000, 1)
        return ProbeResult(Outcome.ANSWERED, error, said, latency_ms=latency)


def _silence(client: Client) -> str:
    if client.accepted:
        return "the listener takes connections, its handler is silent"
    return "the listener takes no connections, its queue is full"


class _Asking:
    """The questions for documents, to a socket whose health check said `health`.

    One that answers with pages may do so for every path: a page is then no bad document, but none.
    """

    def __init__(
        self, client: Client, deadline: asyncio.Timeout, large: asyncio.Semaphore, health: Health
    ) -> None:
        self._client, self._deadline, self._large = client, deadline, large
        self._pages = health is Health.PAGE

    async def documents(self, role: str) -> Spec:
        """Whatever documents a socket of this role offers. Raises Unanswered."""
        if role != "rpc":
            return await self._attempt("manifest", self._manifest(strict=False))
        about = await self._attempt("manifest", self._manifest(strict=not self._pages))
        spec = await self._attempt("spec", self._discovered())
        if spec.facts is None or spec.facts.source_kind != "openrpc":
            fallback = await self._attempt("spec", self._openrpc())
            if fallback.facts is not None or (fallback.error and not spec.error):
                spec = fallback
        return Spec(documents.merged(spec.facts, about.facts), spec.error or about.error)

    @staticmethod
    async def _attempt(what: str, reading: Awaitable[Facts | None]) -> Spec:
        try:
            return Spec(facts=await reading)
        except BadDocument as error:
            return Spec(error=f"bad {what}: {error}")

    async def _manifest(self, *, strict: bool) -> Facts | None:
        """A socket for browsers may answer every path with its page: that is no manifest."""
        answer = await self._client.get(MANIFEST, DOCUMENT_LIMIT)
        if not strict and self._pages and answer.status == 200 and answer.page:
            return documents.PAGE
        if not strict and (answer.page or not answer.json):
            return None
        return await self._read(answer, partial(documents.manifest, source=MANIFEST))

    async def _discovered(self) -> Facts | None:
        answer = await self._client.post(RPC, DOCUMENT_LIMIT, documents.DISCOVER_REQUEST)
        return await self._read(answer, documents.discovered)

    async def _openrpc(self) -> Facts | None:
        answer = await self._client.get(OPENRPC, DOCUMENT_LIMIT)
        return await self._read(answer, partial(documents.openrpc, source=OPENRPC))

    async def _read(self, answer: Response, parse: Callable[[bytes], Facts]) -> Facts | None:
        """The facts in an answer; None where the document is not offered."""
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

    async def _read_in_turn(self, parse: Callable[[], Facts]) -> Facts:
        """Read a large document, whose service has answered: this time is not counted against it.

        The thread goes on though its probe may be cancelled, so the place is given back by it.
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
