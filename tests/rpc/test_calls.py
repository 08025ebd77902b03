"""JSON-RPC methods: which are called, with what, and whatever their handlers do."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import pytest

from hero_router.errors import StoreUnreachable
from tests.rpc.calls import ANYBODY, ask, call, failed, hello, method, served
from tests.support.wait import eventually

# Methods and their parameters


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "answer",
        "_run",
        "rpc.x",
        "rpc.",
        "rpc.discover",
        "",
        "Hello",
        "hello ",
        "h\u0435llo",
        "\uff48ello",
        "hello\0",
        "x" * 10_000,
    ],
)
async def test_only_names_in_the_table_are_called(name: str) -> None:
    answer = await ask(json.dumps(call(name)))
    assert failed(answer) == (-32601, 1)
    assert len(name) < 20 or name not in answer["error"]["message"]


def test_reserved_and_repeated_names_are_refused_when_the_table_is_made() -> None:
    with pytest.raises(ValueError, match="reserved"):
        served(method("rpc.x", hello))
    with pytest.raises(ValueError, match="two methods"):
        served(method("hello", hello))
    served(method("rpc.discover", hello))


@pytest.mark.parametrize(
    ("params", "detail"),
    [
        ([], "minuend is missing"),
        ({}, "minuend is missing"),
        ({"subtrahend": 1}, "minuend is missing"),
        ([1, 2, 3], "the method has at most 2 parameters, not 3"),
        ({"minuend": 1, "extra": 2}, "there is no parameter 'extra'"),
        ({"minuend": 1, "self": 2}, "there is no parameter 'self'"),
        ({"minuend": 1, "x" * 500: 2}, f"there is no parameter '{'x' * 39}…'"),
        ({"minuend": "1"}, "minuend must be a whole number from 0 to 1000"),
        ({"minuend": True}, "minuend must be a whole number from 0 to 1000"),
        ({"minuend": 1.0}, "minuend must be a whole number from 0 to 1000"),
        ({"minuend": -1}, "minuend must be a whole number from 0 to 1000"),
        ({"minuend": 1e9}, "minuend must be a whole number from 0 to 1000"),
        ({"minuend": None}, "minuend must be a whole number from 0 to 1000"),
        ([1, [2]], "subtrahend must be a whole number from 0 to 1000"),
    ],
)
async def test_wrong_params_are_named(params: object, detail: str) -> None:
    answer = await ask(json.dumps(call("subtract", params)))
    assert failed(answer) == (-32602, 1)
    assert answer["error"]["message"] == f"Invalid params: {detail}"
    assert answer["error"]["data"] == {"code": "bad_request", "request_id": "r1"}


# What handlers may do


async def raise_secret() -> None:
    raise RuntimeError("secret of the house")


async def give_nan() -> float:
    return float("nan")


async def give_object() -> object:
    return object()


async def cancelled_from_within() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def time_out_inside() -> None:
    raise TimeoutError("secret of the house")


@pytest.mark.parametrize(
    "handler", [raise_secret, give_nan, give_object, cancelled_from_within, time_out_inside]
)
async def test_an_unforeseen_failure_is_told_in_general_words_and_logged_in_full(
    handler: Callable[[], Awaitable[object]], caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher = served(method("fails", handler, at_once=1))
    for _ in range(3):
        raw = await dispatcher.answer(json.dumps(call("fails")).encode(), ANYBODY, "r1")
        assert raw is not None
        answer = json.loads(raw)
        assert failed(answer) == (-32603, 1)
        assert answer["error"]["data"]["code"] == "internal"
        assert "secret" not in raw.decode()
        assert "Error" not in answer["error"]["message"]
    logged = [item for item in caplog.records if item.levelno == logging.ERROR]
    assert len(logged) == 3
    assert "r1" in logged[0].getMessage()
    assert logged[0].exc_info is not None


async def test_a_failure_of_ours_is_told_by_its_code() -> None:
    async def away() -> None:
        raise StoreUnreachable("Redis cannot be reached")

    answer = await ask(json.dumps(call("away")), method("away", away))
    assert failed(answer) == (-32001, 1)
    assert answer["error"]["message"] == "Redis cannot be reached"
    assert answer["error"]["data"]["code"] == "store_unreachable"
    assert answer["error"]["data"]["retry_after"] > 0


async def test_a_call_that_takes_too_long_is_ended_and_its_place_freed() -> None:
    ended = 0

    async def hangs() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended += 1

    dispatcher = served(method("hangs", hangs, at_once=1), timeout=0.02)
    for number in range(3):
        raw = await dispatcher.answer(json.dumps(call("hangs", id=number)).encode(), ANYBODY, "r1")
        answer = json.loads(raw or b"")
        assert failed(answer) == (-32603, number)
        assert answer["error"]["data"]["code"] == "timed_out"
    assert ended == 3


@pytest.mark.parametrize("asked", [call("hangs"), [call("hangs", id=1), call("hangs", id=2)]])
async def test_a_caller_that_leaves_ends_its_calls_and_frees_their_places(
    asked: dict[str, object] | list[object],
) -> None:
    release = asyncio.Event()
    calls = len(asked) if isinstance(asked, list) else 1
    started = 0

    async def hangs() -> str:
        nonlocal started
        started += 1
        await release.wait()
        return "done"

    dispatcher = served(method("hangs", hangs, at_once=calls))
    body = json.dumps(asked).encode()
    task = asyncio.create_task(dispatcher.answer(body, ANYBODY))
    await eventually(lambda: started == calls, message="the calls did not start")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    answers = json.loads(await dispatcher.answer(body, ANYBODY) or b"")
    each = answers if isinstance(answers, list) else [answers]
    assert [answer["result"] for answer in each] == ["done"] * calls


async def test_slow_calls_of_one_method_never_take_the_place_of_others() -> None:
    release = asyncio.Event()

    async def slow() -> str:
        await release.wait()
        return "done"

    dispatcher = served(method("slow", slow, at_once=3))
    body = json.dumps(call("slow")).encode()
    tasks = [asyncio.create_task(dispatcher.answer(body, ANYBODY, "r1")) for _ in range(10)]
    await eventually(lambda: sum(task.done() for task in tasks) == 7, message="nobody was refused")
    refused = [json.loads(task.result() or b"") for task in tasks if task.done()]
    assert {failed(each) for each in refused} == {(-32005, 1)}
    assert all(each["error"]["data"]["retry_after"] > 0 for each in refused)
    other = json.loads(await dispatcher.answer(json.dumps(call("hello")).encode(), ANYBODY) or b"")
    assert other["result"] == "hello"
    release.set()
    done = [json.loads(await task or b"") for task in tasks]
    assert sum("result" in each for each in done) == 3


async def test_a_call_that_ended_makes_room_for_one_other_and_no_more() -> None:
    release = asyncio.Event()

    async def slow() -> None:
        await release.wait()

    dispatcher = served(method("slow", slow, at_once=1))
    body = json.dumps(call("slow")).encode()
    release.set()
    await dispatcher.answer(body, ANYBODY)
    release.clear()
    tasks = [asyncio.create_task(dispatcher.answer(body, ANYBODY, "r1")) for _ in range(2)]
    await eventually(lambda: any(task.done() for task in tasks), message="nobody was refused")
    release.set()
    answers = [json.loads(await task or b"") for task in tasks]
    assert sorted("result" in answer for answer in answers) == [False, True]


async def test_a_caller_without_a_request_id_is_answered_with_an_empty_one() -> None:
    answer = json.loads(await served().answer(json.dumps(call("gone")).encode(), ANYBODY) or b"")
    assert answer["error"]["data"]["request_id"] == ""
