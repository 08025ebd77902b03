"""The samples' methods: parameters by the document's names, refusals with their own codes.

JSON-RPC itself: see tests/rpc.
"""

import json
from typing import Any

import pytest

from hero_router.access.principal import Principal
from hero_router.demo.jsonrpc import dispatcher
from hero_router.rpc.error_mapping import RpcError

DOCUMENT: dict[str, Any] = {
    "methods": [
        {"name": "subtract", "params": [{"name": "minuend"}, {"name": "subtra hend"}]},
        {"name": "refuse", "params": []},
        {"name": "unserved", "params": []},
    ]
}


def subtract(minuend: int, subtrahend: int = 1) -> int:
    return minuend - subtrahend


def refuse() -> None:
    raise RpcError(409, "not today")


METHODS = dispatcher(DOCUMENT, {"subtract": subtract, "refuse": refuse})


async def ask(message: object) -> Any:
    return json.loads(await METHODS.answer(json.dumps(message).encode(), Principal()) or b"")


def request(method: str, params: object = None, **more: object) -> dict[str, Any]:
    given = {} if params is None else {"params": params}
    return {"jsonrpc": "2.0", "id": 1, "method": method, **given, **more}


@pytest.mark.parametrize(
    "params",
    [[42, 23], {"minuend": 42, "subtra hend": 23}, {"subtra hend": 23, "minuend": 42}],
)
async def test_parameters_come_by_position_or_by_the_documents_names(params: object) -> None:
    assert (await ask(request("subtract", params))) == {"jsonrpc": "2.0", "id": 1, "result": 19}


@pytest.mark.parametrize("params", [[42], {"minuend": 42}])
async def test_an_optional_parameter_may_be_left_out(params: object) -> None:
    assert (await ask(request("subtract", params)))["result"] == 41


@pytest.mark.parametrize(
    "params",
    [None, [], {}, [1, 2, 3], {"minuend": 1, "x": 2}, {"subtra hend": 1}, ["1"], [1.5], [True]],
)
async def test_missing_surplus_unknown_or_mistyped_parameters_are_refused(params: object) -> None:
    assert (await ask(request("subtract", params)))["error"]["code"] == -32602


async def test_discover_answers_with_the_document() -> None:
    assert (await ask(request("rpc.discover", [])))["result"] == DOCUMENT


@pytest.mark.parametrize("name", ["unserved", "nothing", "rpc.other"])
async def test_a_method_that_is_not_served_is_said_to_be_so(name: str) -> None:
    assert (await ask(request(name)))["error"]["code"] == -32601


async def test_a_methods_refusal_has_its_own_code() -> None:
    assert (await ask(request("refuse")))["error"]["code"] == 409
