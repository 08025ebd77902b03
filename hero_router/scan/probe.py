"""Probes one socket: asks only the documented discovery questions and says what came back.

What makes a socket what it is (`diff` adds the memory: failures in a row, documents of before):

- healthy: `GET /health` is answered 2xx and says nothing bad, or is answered by any status below
  500 but 2xx on a socket that is for browsers or of unknown role (it has no health check), or on
  an `rpc` socket that offers a manifest, an OpenRPC document or JSON-RPC answers;
- degraded: the health check is answered 5xx or complains, or a document it offers is bad;
- non_rpc: not HTTP; or an `rpc` socket that answers none of the questions;
- failed: no answer within the deadline for all questions together, or a broken one.

An `rpc` socket's documents are its manifest and its OpenRPC document (by `rpc.discover`, else
`/openrpc.json`); the other roles are only asked for a manifest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from hero_router.scan import documents
from hero_router.scan.documents import BadDocument
from hero_router.scan.answer import Answer
from hero_router.scan.http import Client, Unanswered
from hero_router.scan.observation import Facts, Kind, Observation, Spec
from hero_router.scan.sockets import Found

HEALTH, MANIFEST, OPENRPC, RPC = (
    "/health",
    "/.well-known/heroservice.json",
    "/openrpc.json",
    "/rpc",
)
HEALTH_LIMIT = 64 * 1024
"""Most bytes of a health check's answer that are read; of a longer one only the status counts."""
DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Largest manifest or OpenRPC document in bytes: several times the largest known public one."""
LARGE = 64 * 1024
"""Documents above this many bytes are read in a thread: they take more than a few milliseconds."""


class Prober:
    """Probes sockets within `timeout` seconds each, counted over all questions."""

    def __init__(self, timeout: float, monotonic: Callable[[], float]) -> None:
        self._timeout, self._monotonic = timeout, monotonic

    async def __call__(self, found: Found, *, ask_documents: bool) -> Observation:
        """Look at one socket; never raises for what the socket does."""
        health: Observation | None = None
        client = Client(found)
        try:
            async with asyncio.timeout(self._timeout), client:
                health = await self._health(client)
                if ask_documents:
                    return replace(health, spec=await _documents(client, found.role))
                return health
        except TimeoutError:
            error = f"no answer in {self._timeout:g} s"
            if health is None:
                return Observation(Kind.FAILED, f"{error} ({_silence(client)})")
            return replace(health, spec=Spec(error=error))
        except Unanswered as failure:
            if health is None:
                return Observation(failure.kind, str(failure))
            unasked = failure.kind in (Kind.UNSEEN, Kind.MISSING)
            return health if unasked else replace(health, spec=Spec(error=str(failure)))

    async def _health(self, client: Client) -> Observation:
        started = self._monotonic()
        checked, error = _judged(await client.get(HEALTH, HEALTH_LIMIT))
        latency = round((self._monotonic() - started) * 1000, 1)
        return Observation(Kind.ANSWERED, error, checked, latency_ms=latency)


def _judged(answer: Answer) -> tuple[bool, str | None]:
    """Whether there is a health check, and what it complains of."""
    if answer.status // 100 == 2:
        return True, documents.complaint(answer.body)
    if answer.status >= 500 and answer.status != 501:
        return True, f"health check answers {answer.status}"
    return False, None


def _silence(client: Client) -> str:
    if client.accepted:
        return "the listener takes connections, its handler is silent"
    return "the listener takes no connections, its queue is full"


async def _documents(client: Client, role: str) -> Spec:
    if role != "rpc":
        return await _attempt("manifest", _manifest(client, strict=False))
    about = await _attempt("manifest", _manifest(client, strict=True))
    spec = await _attempt("spec", _discovered(client))
    if spec.facts is None or spec.facts.source_kind != "openrpc":
        fallback = await _attempt("spec", _openrpc(client))
        if fallback.facts is not None or (fallback.error and not spec.error):
            spec = fallback
    return Spec(documents.merged(spec.facts, about.facts), spec.error or about.error)


async def _attempt(what: str, reading: Awaitable[Facts | None]) -> Spec:
    try:
        return Spec(facts=await reading)
    except BadDocument as error:
        return Spec(error=f"bad {what}: {error}")


async def _manifest(client: Client, *, strict: bool) -> Facts | None:
    """A socket for browsers may answer every path with its page: that is no manifest."""
    answer = await client.get(MANIFEST, DOCUMENT_LIMIT)
    if not strict and not answer.json:
        return None
    return await _read(answer, partial(documents.manifest, source=MANIFEST))


async def _discovered(client: Client) -> Facts | None:
    answer = await client.post(RPC, DOCUMENT_LIMIT, documents.DISCOVER_REQUEST)
    return await _read(answer, documents.discovered)


async def _openrpc(client: Client) -> Facts | None:
    answer = await client.get(OPENRPC, DOCUMENT_LIMIT)
    return await _read(answer, partial(documents.openrpc, source=OPENRPC))


async def _read(answer: Answer, parse: Callable[[bytes], Facts]) -> Facts | None:
    """The facts in an answer; None where the document is not offered."""
    if answer.status >= 500 and answer.status != 501:
        raise BadDocument(f"answers {answer.status}")
    if answer.status != 200:
        return None
    if not answer.json:
        raise BadDocument("its content type is not JSON")
    if answer.flaw is not None:
        raise BadDocument(answer.flaw)
    if len(answer.body) > LARGE:
        return await asyncio.to_thread(parse, answer.body)
    return parse(answer.body)
