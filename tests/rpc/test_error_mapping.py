"""Every error has one row: its codes of HTTP and of JSON-RPC, and its words."""

import re
from collections.abc import Iterator

import pytest

from hero_router import errors
from hero_router.errors import RouterError
from hero_router.rpc import error_mapping as rpc_errors
from hero_router.rpc.dispatcher import InvalidRequest, NoMethod
from hero_router.rpc.error_mapping import CODES, TITLES, UNFORESEEN, error_info, rpc_error
from hero_router.strict_json import InvalidJson


def kinds(root: type[RouterError] = RouterError) -> Iterator[type[RouterError]]:
    """The tree as web can meet it; other tests may have loaded errors of the command line."""
    for kind in root.__subclasses__():
        if kind.__module__.startswith(
            ("hero_router.errors", "hero_router.strict_json", "hero_router.web", "hero_router.rpc")
        ):
            yield kind
            yield from kinds(kind)


def made(kind: type[RouterError]) -> RouterError:
    if kind is rpc_errors.RpcError:
        return rpc_errors.RpcError(409, "the text")
    return errors.Ambiguous(["a", "b"]) if kind is errors.Ambiguous else kind("the text")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (InvalidJson, 400, -32700),
        (InvalidRequest, 400, -32600),
        (NoMethod, 404, -32601),
        (errors.BadRequest, 400, -32602),
        (errors.Ambiguous, 409, -32009),
        (errors.NotFound, 404, -32004),
        (errors.Forbidden, 403, -32003),
        (rpc_errors.RpcError, 400, 409),
        (errors.Overloaded, 503, -32005),
        (errors.ScanTimeout, 504, -32006),
        (errors.TimedOut, 504, -32603),
        (errors.StoreError, 503, -32001),
        (errors.StoreUnreachable, 503, -32001),
        (errors.NotReady, 503, -32001),
        (errors.Fenced, 503, -32001),
        (errors.ConfigError, 500, -32603),
        (RouterError, 500, -32603),
    ],
)
def test_each_error_has_its_codes(kind: type[RouterError], status: int, code: int) -> None:
    told = error_info(made(kind))
    assert (told.status, told.rpc) == (status, code)


def test_an_error_that_the_table_knows_is_told_by_its_own_code_and_words() -> None:
    for kind in kinds():
        told = error_info(made(kind))
        if told.status == 500:
            assert (told.code, told.message) == ("internal", UNFORESEEN)
        else:
            assert (told.code, told.message) == (kind.code, str(made(kind)))


def test_the_table_in_the_documentation_is_the_table() -> None:
    row = re.compile(r"^ {4}(\w+)(?: and below)? +(\d{3}) +(-\d+)", re.MULTILINE)
    rows = row.findall(rpc_errors.__doc__ or "")
    assert {name: (int(status), int(code)) for name, status, code in rows} == CODES


def test_codes_of_our_own_lie_in_the_range_that_json_rpc_leaves_to_servers() -> None:
    own = {code for _, code in CODES.values()} - TITLES.keys()
    assert own
    assert all(-32099 <= code <= -32000 for code in own)


def test_a_class_that_only_borrows_a_code_is_not_ours() -> None:
    class Foreign(Exception):
        code = "bad_request"

    assert error_info(Foreign("secret")).message == UNFORESEEN


def test_the_json_rpc_form_begins_with_the_words_of_the_specification() -> None:
    assert rpc_error(error_info(errors.BadRequest("limit is missing")), "r1") == {
        "code": -32602,
        "message": "Invalid params: limit is missing",
        "data": {"code": "bad_request", "request_id": "r1"},
    }
    assert rpc_error(error_info(errors.Ambiguous(["a", "b"])), "r1")["data"] == {
        "candidates": ["a", "b"],
        "code": "ambiguous",
        "request_id": "r1",
    }
