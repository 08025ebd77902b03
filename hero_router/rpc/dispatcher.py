"""Dispatches JSON-RPC 2.0 calls to the router's own methods, without HTTP.

The specification is https://www.jsonrpc.org/specification. Our choices where it leaves one:

- An `id` is a string of limited length, a whole number or null.
- A call with `"id": null` is answered; it is no notification.
- Members that the specification does not name are ignored.
- The answers to a batch have the order of its calls.
- Names that begin with `rpc.` are reserved; only `rpc.discover` (OpenRPC) exists.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hero_router.access.policy import LOOK, Right
from hero_router.access.principal import Principal
from hero_router.errors import BadRequest, NotFound, Overloaded, TimedOut
from hero_router.rpc.error_logging import log_error
from hero_router.rpc.error_mapping import error_info, rpc_error
from hero_router.rpc.examples import Example
from hero_router.rpc.params import Param, bind
from hero_router.strict_json import InvalidJson, decode, encode

RESERVED, DISCOVER = "rpc.", "rpc.discover"


class InvalidRequest(BadRequest):
    """The JSON is no JSON-RPC 2.0 request."""

    code = "invalid_request"


class NoMethod(NotFound):
    """There is no method with the requested name."""

    code = "no_method"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A result that is one line of ASCII JSON already and is sent unchanged."""

    text: str


@dataclass(frozen=True, slots=True)
class Method:
    """One JSON-RPC method. `handler` gets the caller, and the checked parameters by name.

    Only callers who have the `right` get an answer. `result` is the JSON Schema of the method's
    result. At most `at_once` calls of the method run at
    the same time in a worker, so that slow calls of one method never block another method.
    """

    name: str
    handler: Callable[..., Awaitable[object]]
    summary: str
    result: Mapping[str, Any]
    params: tuple[Param, ...] = ()
    description: str = ""
    examples: tuple[Example, ...] = ()
    at_once: int = 64
    right: Right = LOOK


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one JSON-RPC body and its answer.

    A batch may have `batch` requests, of which `together` run at the same time. Once the answers to
    a batch have `answer_chars` characters, its further requests are refused.
    """

    batch: int = 100
    together: int = 8
    id_chars: int = 256
    answer_chars: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """One valid JSON-RPC request; a notification gets no answer."""

    id: str | int | None
    notification: bool
    method: str
    params: list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sender:
    """The caller that sent a body, and the id of its HTTP request."""

    caller: Principal
    request_id: str


class Dispatcher:
    """Answers JSON-RPC bodies by calling methods; a call is ended after `timeout` seconds."""

    def __init__(
        self, methods: Iterable[Method], *, limits: Limits = Limits(), timeout: float
    ) -> None:
        self._methods = _table(methods)
        self._limits, self._timeout = limits, timeout
        self._running: Counter[str] = Counter()

    async def answer(self, body: bytes, caller: Principal, request_id: str = "") -> bytes | None:
        """The answer to one JSON-RPC body; None if it has only notifications."""
        sender = _Sender(caller, request_id)
        try:
            message = decode(body)
        except InvalidJson as error:
            return _failed(None, error, request_id).encode("ascii")
        if isinstance(message, list):
            text = await self._batch(message, sender)
        else:
            text = await self._one(message, sender, self._limits.answer_chars)
        return None if text is None else text.encode("ascii")

    async def _batch(self, messages: list[Any], sender: _Sender) -> str | None:
        """Run a few requests at a time, so that one batch does not take up the whole worker."""
        if not 0 < len(messages) <= self._limits.batch:
            error = InvalidRequest(f"a batch must have 1 to {self._limits.batch} requests")
            return _failed(None, error, sender.request_id)
        turn, room = asyncio.Semaphore(self._limits.together), self._limits.answer_chars

        async def one(message: object) -> str | None:
            nonlocal room
            async with turn:
                text = await self._one(message, sender, room)
            room -= len(text or "")
            return text

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(message)) for message in messages]
        answers = [text for task in tasks if (text := task.result()) is not None]
        return f"[{','.join(answers)}]" if answers else None

    async def _one(self, message: object, sender: _Sender, room: int) -> str | None:
        try:
            call = parse(message, self._limits.id_chars)
        except InvalidRequest as error:
            return _failed(None, error, sender.request_id)
        try:
            if room <= 0:
                raise Overloaded(
                    "the answers to this batch are too large: send fewer requests in one batch"
                )
            text = _succeeded(call.id, await self._run(call, sender.caller))
        except Exception as error:  # noqa: BLE001 - the edge: logged in full, answered in general words
            text = _failed(call.id, error, sender.request_id)
        return None if call.notification else text

    async def _run(self, call: Call, caller: Principal) -> object:
        method = self._methods.get(call.method)
        if method is None:
            raise NoMethod("rpc.discover lists the methods")
        method.right.require(caller)
        values = bind(method.params, call.params)
        with self._slot(method):
            return await _bounded(method.handler(caller, **values), self._timeout)

    @contextmanager
    def _slot(self, method: Method) -> Iterator[None]:
        if self._running[method.name] >= method.at_once:
            raise Overloaded(f"{method.at_once} calls of {method.name} are running: try again soon")
        self._running[method.name] += 1
        try:
            yield
        finally:
            self._running[method.name] -= 1


def parse(message: object, id_chars: int) -> Call:
    """Check one request against the specification of JSON-RPC 2.0.

    Raises:
        InvalidRequest: the request breaks a rule; the answer then has the id null.
    """
    if not isinstance(message, dict):
        raise InvalidRequest("a request must be an object")
    if message.get("jsonrpc") != "2.0":
        raise InvalidRequest('jsonrpc must be "2.0"')
    method, params, name = message.get("method"), message.get("params", {}), message.get("id")
    if not isinstance(method, str):
        raise InvalidRequest("method must be a string")
    if not isinstance(params, list | dict):
        raise InvalidRequest("params must be an array or an object")
    if not _is_id(name, id_chars):
        raise InvalidRequest(f"id must be a whole number, null or up to {id_chars} characters")
    return Call(name, "id" not in message, method, params)


def _is_id(value: object, id_chars: int) -> bool:
    if isinstance(value, str):
        return len(value) <= id_chars
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


async def _bounded(work: Awaitable[object], seconds: float) -> object:
    """Wait for a handler. Whatever it does, the call ends with a result or an error."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise TimedOut(f"the call did not end within {seconds:g} s") from None
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("something that the handler waited for was cancelled") from error


def _table(methods: Iterable[Method]) -> dict[str, Method]:
    """The methods by name: nothing else can be called."""
    table: dict[str, Method] = {}
    for method in methods:
        if method.name in table:
            raise ValueError(f"two methods are called {method.name}")
        if method.name.startswith(RESERVED) and method.name != DISCOVER:
            raise ValueError(f"{method.name}: names that begin with {RESERVED} are reserved")
        table[method.name] = method
    return table


def _succeeded(name: str | int | None, result: object) -> str:
    text = result.text if isinstance(result, Encoded) else encode(result)
    return f'{{"jsonrpc":"2.0","id":{encode(name)},"result":{text}}}'


def _failed(name: str | int | None, error: Exception, request_id: str) -> str:
    info = error_info(error)
    log_error(error, info, request_id)
    return encode({"jsonrpc": "2.0", "id": name, "error": rpc_error(info, request_id)})
