"""The dispatcher holds JSON-RPC 2.0 to the letter, whatever arrives."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.errors import NotFound
from hero_router.rpc.json_schema import text
from hero_router.rpc.params import Param
from tests.rpc.calls import ANYBODY, ask, call, failed, hello, method, served

# The examples of the specification, section 7, word for word but for our methods' parameters.


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ('{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}', (19, 1)),
        ('{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}', (-19, 2)),
        (
            '{"jsonrpc":"2.0","method":"subtract","params":{"subtrahend":23,"minuend":42},"id":3}',
            (19, 3),
        ),
        (
            '{"jsonrpc":"2.0","method":"subtract","params":{"minuend":42,"subtrahend":23},"id":4}',
            (19, 4),
        ),
    ],
)
async def test_params_by_position_and_by_name(asked: str, result: tuple[int, int]) -> None:
    assert await ask(asked) == {"jsonrpc": "2.0", "id": result[1], "result": result[0]}


@pytest.mark.parametrize(
    "asked",
    [
        '{"jsonrpc": "2.0", "method": "hello", "params": []}',
        '{"jsonrpc": "2.0", "method": "foobar"}',
        '{"jsonrpc": "2.0", "method": "subtract", "params": ["wrong"]}',
        '{"jsonrpc": "2.0", "method": "broken"}',
        '[{"jsonrpc": "2.0", "method": "hello"}, {"jsonrpc": "2.0", "method": "foobar"}]',
    ],
)
async def test_a_notification_is_never_answered_even_if_it_fails(asked: str) -> None:
    async def broken() -> None:
        raise NotFound("nothing there")

    assert await ask(asked, method("broken", broken)) == "nothing"


@pytest.mark.parametrize(
    ("asked", "code", "name"),
    [
        ('{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', -32601, "1"),
        ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', -32700, None),
        ('{"jsonrpc": "2.0", "method": 1, "params": "bar"}', -32600, None),
        ('[{"jsonrpc": "2.0", "method": "hello", "id": "1"}, {"jsonrpc"', -32700, None),
        ("[]", -32600, None),
    ],
)
async def test_the_errors_of_the_specification(asked: str, code: int, name: object) -> None:
    assert failed(await ask(asked)) == (code, name)


async def test_an_invalid_batch_is_answered_item_by_item() -> None:
    answers = await ask("[1,2,3]")
    assert [failed(answer) for answer in answers] == [(-32600, None)] * 3


async def test_a_mixed_batch_is_answered_in_the_order_asked_without_its_notifications() -> None:
    batch = [
        call("subtract", [9, 4], id="a"),
        {"jsonrpc": "2.0", "method": "hello", "params": [7]},
        {"foo": "boo"},
        [call("hello")],
        call("foo.get", {"name": "myself"}, id="5"),
        call("hello", id="9"),
    ]
    answers = await ask(json.dumps(batch))
    assert answers[0] == {"jsonrpc": "2.0", "id": "a", "result": 5}
    assert failed(answers[1]) == (-32600, None)
    assert failed(answers[2]) == (-32600, None)
    assert failed(answers[3]) == (-32601, "5")
    assert answers[4] == {"jsonrpc": "2.0", "id": "9", "result": "hello"}
    assert len(answers) == 5


# What is not JSON


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xef\xbb\xbf{}",
        json.dumps(call("hello")).encode("utf-16"),
        b'{"jsonrpc":"2.0","method":"hello","id":1,}',
        b'{"jsonrpc":"2.0","method":"hello","id":1} {}',
        b'{"jsonrpc":"2.0","method":"subtract","params":[NaN],"id":1}',
        b'{"jsonrpc":"2.0","method":"subtract","params":[1e999],"id":1}',
        b'{"jsonrpc":"2.0","method":"subtract","params":[-Infinity],"id":1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"jsonrpc":"2.0","method":"hello","id":' + b"1" * 5_000 + b"}",
        b'{"jsonrpc":"2.0","method":"hello","id":"\\ud800"}',
        b'{"jsonrpc":"2.0","method":"hello","id":"\xed\xa0\x80"}',
        b'{"jsonrpc":"2.0","method":"hello","id":1,"id":2}',
        b'{"jsonrpc":"2.0","method":"hello","id":1,"params":{"a":1,"a":1}}',
        b'{"jsonrpc":"2.0","method":"hello","id":"\x00"}',
    ],
    ids=range(17),
)
async def test_what_is_not_json_is_a_parse_error(body: bytes) -> None:
    assert failed(await ask(body)) == (-32700, None)


# What is not a request


@pytest.mark.parametrize("name", [1, 0, -5, 10**60, "", "x" * 256, "é\u2028\n", None])
async def test_ids_are_given_back_as_they_came(name: object) -> None:
    answer = await ask(json.dumps(call("hello", id=name)))
    assert answer == {"jsonrpc": "2.0", "id": name, "result": "hello"}
    assert type(answer["id"]) is type(name)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 1.5},
        {"id": 1.0},
        {"id": True},
        {"id": {}},
        {"id": [1]},
        {"id": "x" * 257},
        {"jsonrpc": "1.0"},
        {"jsonrpc": 2.0},
        {"jsonrpc": "2.0 "},
        {"jsonrpc": None},
        {"jsonrpc": ["2.0"]},
        {"method": None},
        {"method": 1},
        {"method": ["hello"]},
        {"params": None},
        {"params": "bar"},
        {"params": 0},
    ],
)
async def test_what_breaks_the_form_is_an_invalid_request_with_the_id_null(
    change: dict[str, object],
) -> None:
    assert failed(await ask(json.dumps(call("hello") | change))) == (-32600, None)


@pytest.mark.parametrize("missing", ["jsonrpc", "method"])
async def test_missing_members_are_an_invalid_request(missing: str) -> None:
    value = call("hello")
    del value[missing]
    assert failed(await ask(json.dumps(value))) == (-32600, None)


@pytest.mark.parametrize("value", [1, "hello", None, True, 1.5])
async def test_other_json_is_an_invalid_request(value: object) -> None:
    assert failed(await ask(json.dumps(value))) == (-32600, None)


async def test_members_that_the_specification_does_not_name_are_ignored() -> None:
    answer = await ask(json.dumps(call("hello", trace="t", result=3)))
    assert answer["result"] == "hello"


# Whatever arrives

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "method": st.sampled_from(["hello", "subtract", "fails", "rpc.discover"]) | JSON,
        "params": st.lists(st.integers(0, 9), max_size=3)
        | st.dictionaries(st.sampled_from(["minuend", "subtrahend", "x"]), JSON)
        | JSON,
        "id": st.integers() | st.text() | JSON,
    },
)
BODIES = (
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | (JSON | LIKELY | st.lists(LIKELY | JSON, max_size=5)).map(lambda v: json.dumps(v).encode())
)


def check_answer(answer: Any) -> None:
    """One response object by the specification, section 5."""
    assert answer["jsonrpc"] == "2.0"
    assert answer["id"] is None or type(answer["id"]) in (str, int)
    assert set(answer) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
    if "error" in answer:
        assert type(answer["error"]["code"]) is int
        assert isinstance(answer["error"]["message"], str)
        assert answer["error"]["data"]["code"] != "internal"


@given(body=BODIES)
async def test_whatever_arrives_the_answer_is_json_rpc_or_nothing(body: bytes) -> None:
    async def fails() -> None:
        raise NotFound("nothing there")

    dispatcher = served(method("fails", fails), method("text", hello, Param("t", text(), "")))
    raw = await dispatcher.answer(body, ANYBODY)
    if raw is None:
        asked = json.loads(body)
        assert all("id" not in each for each in (asked if isinstance(asked, list) else [asked]))
        return
    answer = json.loads(raw)
    for each in answer if isinstance(answer, list) else [answer]:
        check_answer(each)
