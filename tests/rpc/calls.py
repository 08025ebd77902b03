"""A small dispatcher for tests, and how to ask it and read its answers."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from hero_router.access.principal import Principal
from hero_router.rpc.dispatcher import Dispatcher, Limits, Method
from hero_router.rpc.json_schema import whole
from hero_router.rpc.params import Param

ANYBODY = Principal()


def method(
    name: str, handler: Callable[..., Awaitable[object]], *params: Param, at_once: int = 64
) -> Method:
    async def called(_: Principal, **values: object) -> object:
        return await handler(**values)

    return Method(name, called, "", {}, params, at_once=at_once)


async def subtract(*, minuend: int, subtrahend: int = 0) -> int:
    return minuend - subtrahend


async def hello(**_: object) -> str:
    return "hello"


NUMBERS = (
    Param("minuend", whole(0, 1000, 0), "", required=True),
    Param("subtrahend", whole(0, 1000, 0), ""),
)
METHODS = [method("subtract", subtract, *NUMBERS), method("hello", hello)]


def served(*more: Method, timeout: float = 5.0, **limits: int) -> Dispatcher:
    return Dispatcher([*METHODS, *more], limits=Limits(**limits), timeout=timeout)


async def ask(text: str | bytes, *more: Method, **limits: int) -> Any:
    """The dispatcher's answer as JSON; "nothing" where it has none."""
    body = text if isinstance(text, bytes) else text.encode()
    answer = await served(*more, **limits).answer(body, ANYBODY, "r1")
    return "nothing" if answer is None else json.loads(answer)


def call(name: str, params: object = None, **members: object) -> dict[str, object]:
    value: dict[str, object] = {"jsonrpc": "2.0", "method": name, "id": 1, **members}
    return value if params is None else {**value, "params": params}


def failed(answer: Any) -> tuple[int, object]:
    """The code and id of an error answer, whose form is checked."""
    assert set(answer) == {"jsonrpc", "id", "error"}
    assert answer["jsonrpc"] == "2.0"
    assert set(answer["error"]) == {"code", "message", "data"}
    assert answer["error"]["data"]["request_id"] == "r1"
    return answer["error"]["code"], answer["id"]
