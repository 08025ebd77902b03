"""Batches of JSON-RPC requests: side by side, in order, within limits."""

import asyncio
import json

from hero_router.rpc.dispatcher import Encoded
from tests.rpc.calls import ask, call, failed, method


async def test_a_batch_of_the_limit_is_answered_and_a_larger_one_refused_as_a_whole() -> None:
    batch = [call("hello", id=number) for number in range(101)]
    assert [each["id"] for each in await ask(json.dumps(batch[:100]))] == list(range(100))
    assert failed(await ask(json.dumps(batch))) == (-32600, None)
    assert failed(await ask(json.dumps(batch * 100))) == (-32600, None)


async def test_a_batch_of_one_request_is_a_batch() -> None:
    assert await ask(json.dumps([call("hello")])) == [
        {"jsonrpc": "2.0", "id": 1, "result": "hello"}
    ]


async def test_a_batch_runs_side_by_side_but_only_a_few_at_a_time() -> None:
    running, most = 0, 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    batch = [call("slow", id=number) for number in range(20)]
    answers = await ask(json.dumps(batch), method("slow", slow), together=4)
    assert [each["id"] for each in answers] == list(range(20))
    assert most == 4


async def test_answers_keep_the_order_asked_even_if_they_are_ready_in_another() -> None:
    first = asyncio.Event()

    async def waits() -> str:
        await first.wait()
        return "waited"

    async def wakes() -> str:
        first.set()
        return "woke"

    batch = json.dumps([call("waits", id=1), call("wakes", id=2)])
    answers = await ask(batch, method("waits", waits), method("wakes", wakes))
    assert [each["result"] for each in answers] == ["waited", "woke"]


async def test_a_batch_whose_answers_grow_too_large_is_refused_from_there_on() -> None:
    async def large() -> Encoded:
        return Encoded(json.dumps("x" * 1000))

    batch = [call("large", id=number) for number in range(10)]
    answers = await ask(json.dumps(batch), method("large", large), answer_chars=2_500, together=1)
    assert ["result" in each for each in answers] == [True] * 3 + [False] * 7
    assert [failed(each) for each in answers[3:]] == [(-32005, number) for number in range(3, 10)]


async def test_the_limit_of_a_batchs_answers_is_reached_with_its_last_character() -> None:
    batch = [call("hello", id=number) for number in range(3)]
    room = 2 * len('{"jsonrpc":"2.0","id":0,"result":"hello"}')
    for more, answered in ((0, 2), (1, 3)):
        answers = await ask(json.dumps(batch), answer_chars=room + more, together=1)
        assert sum("result" in answer for answer in answers) == answered


async def test_notifications_take_nothing_from_the_limit_of_a_batchs_answers() -> None:
    batch = [call("hello"), call("hello", id=2)]
    del batch[0]["id"]
    (answer,) = await ask(json.dumps(batch), answer_chars=1, together=1)
    assert answer["result"] == "hello"
