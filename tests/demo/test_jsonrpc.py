"""The samples' JSON-RPC 2.0 responder: by the specification, with the document's names."""

import json
from typing import Any

import pytest

from hero_router.demo.jsonrpc import Responder, RpcError

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


RESPONDER = Responder(DOCUMENT, {"subtract": subtract, "refuse": refuse})


def ask(message: object) -> Any:
    return RESPONDER.answer(json.dumps(message).encode())


def request(method: str, params: object = None, **more: object) -> dict[str, Any]:
    given = {} if params is None else {"params": params}
    return {"jsonrpc": "2.0", "id": 1, "method": method, **given, **more}


@pytest.mark.parametrize(
    "params",
    [[42, 23], {"minuend": 42, "subtra hend": 23}, {"subtra hend": 23, "minuend": 42}],
)
def test_parameters_come_by_position_or_by_the_documents_names(params: object) -> None:
    assert ask(request("subtract", params)) == {"jsonrpc": "2.0", "id": 1, "result": 19}


@pytest.mark.parametrize("params", [[42], {"minuend": 42}])
def test_an_optional_parameter_may_be_left_out(params: object) -> None:
    assert ask(request("subtract", params))["result"] == 41


@pytest.mark.parametrize(
    "params",
    [None, [], {}, [1, 2, 3], {"minuend": 1, "x": 2}, {"subtra hend": 1}, ["1"], [1.5], [True]],
)
def test_missing_surplus_unknown_or_mistyped_parameters_are_refused(params: object) -> None:
    assert ask(request("subtract", params))["error"]["code"] == -32602


@pytest.mark.parametrize("id_", ["a", 0, 1.5, None])
def test_the_id_comes_back_as_it_was(id_: object) -> None:
    answer = ask(request("subtract", [1], id=id_))
    assert answer["id"] == id_
    assert type(answer["id"]) is type(id_)


def test_discover_answers_with_the_document() -> None:
    assert ask(request("rpc.discover", []))["result"] == DOCUMENT


@pytest.mark.parametrize("name", ["unserved", "nothing", "rpc.other"])
def test_a_method_that_is_not_served_is_said_to_be_so(name: str) -> None:
    assert ask(request(name))["error"]["code"] == -32601


def test_a_methods_refusal_has_its_own_code() -> None:
    assert ask(request("refuse"))["error"] == {"code": 409, "message": "not today"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":NaN}', b"[" * 100_000])
def test_what_is_not_json_is_a_parse_error(body: bytes) -> None:
    answer: Any = RESPONDER.answer(body)
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)


@pytest.mark.parametrize(
    "message",
    [
        1,
        None,
        [],
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "subtract"},
        request("subtract", 5),
        request("subtract", [1], id=True),
        request("subtract", [1], id={}),
        {"jsonrpc": "2.0", "id": 1, "method": 1},
    ],
)
def test_what_is_no_request_is_an_invalid_request_without_id(message: object) -> None:
    answer = ask(message)
    assert (answer["id"], answer["error"]["code"]) == (None, -32600)


@pytest.mark.parametrize("method", ["subtract", "nothing", "refuse"])
def test_a_notification_gets_no_answer_even_if_it_fails(method: str) -> None:
    message = request(method)
    del message["id"]
    assert ask(message) is None
    assert ask([message, message]) is None


def test_a_batch_answers_each_request_and_leaves_out_notifications() -> None:
    silent = {"jsonrpc": "2.0", "method": "subtract", "params": [1]}
    first, second, third = ask([request("subtract", [5, 2]), silent, 1, request("no", id=2)])
    assert first["result"] == 3
    assert second["error"]["code"] == -32600
    assert (third["id"], third["error"]["code"]) == (2, -32601)
