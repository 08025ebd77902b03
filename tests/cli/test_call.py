"""`call`: what a service gets, what is printed, and what is said of each failure."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from hero_router.cli.call import written
from tests.cli.reachable import LOSER, WILD, reachable
from tests.support.command import completed, run
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.web.live import Live
from tests.web.upstream import Visit, service

BIG = 2**64 * 1000 + 1
TEXT = "Zoë \u202e\x1b 👨‍👩‍👧"


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with reachable(redis7.url, hand, tmp_path) as worker:
        yield worker


class Peer:
    """The service: it keeps what it got, and gives one answer."""

    def __init__(self, place: Path) -> None:
        self.place = place / "all/rpc.sock"
        self.heads: list[str] = []
        self.requests: list[Any] = []
        self.status, self.kind = 200, "application/json"
        self.body = b'{"jsonrpc": "2.0", "id": 1, "result": null}'

    async def script(self, visit: Visit) -> None:
        """Answer one request."""
        head = await visit.head()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        self.heads.append(head)
        self.requests.append(json.loads(await visit.reader.readexactly(int(length[1]))))
        fields = f"Content-Type: {self.kind}\r\nContent-Length: {len(self.body)}"
        await visit.send(f"HTTP/1.1 {self.status} So\r\n{fields}\r\n\r\n".encode(), self.body)


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    return Peer(tmp_path)


async def call(live: Live, *arguments: str, stdin: str = "") -> Result:
    return await asyncio.to_thread(run, "call", "--url", live.url, *arguments, stdin=stdin)


async def called(live: Live, peer: Peer, *arguments: str, stdin: str = "") -> Result:
    """What the command says while the service answers."""
    async with service(peer.place, peer.script):
        return await call(live, *arguments, stdin=stdin)


@pytest.mark.parametrize("name", ["shop", "api", WILD])
async def test_the_service_gets_the_call_and_the_result_is_printed(
    live: Live, peer: Peer, name: str
) -> None:
    peer.body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"a": [BIG, TEXT]}}).encode()
    answer = await called(live, peer, name, "some.method", f"n:={BIG}", f"t={TEXT}")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert json.loads(answer.stdout) == {"a": [BIG, TEXT]}
    assert answer.stdout.count("\n") == 1, "one line where a program reads"
    assert "Zoë" in answer.stdout
    assert peer.heads[0].startswith("POST /rpc HTTP/1.1\r\n")
    (request,) = peer.requests
    assert request == {
        "jsonrpc": "2.0", "id": 1, "method": "some.method", "params": {"n": BIG, "t": TEXT},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ((), None),
        (("[1, 2]",), [1, 2]),
        (('{"a": {}}',), {"a": {}}),
        (("a=1", "b:=1"), {"a": "1", "b": 1}),
    ],
)
async def test_all_forms_of_parameters_arrive(
    live: Live, peer: Peer, words: Sequence[str], params: Any
) -> None:
    assert (await called(live, peer, "shop", "m", *words)).stdout == "null\n"
    (request,) = peer.requests
    assert request.get("params") == params
    assert ("params" in request) == (params is not None)


async def test_parameters_may_come_from_stdin(live: Live, peer: Peer) -> None:
    answer = await called(live, peer, "shop", "m", "-", stdin=f'{{"n": {BIG}}}')
    assert answer.exit_code == 0, answer.stderr
    assert peer.requests[0]["params"] == {"n": BIG}


async def test_wrong_parameters_call_nobody(live: Live, peer: Peer) -> None:
    answer = await called(live, peer, "shop", "m", "a:=x")
    assert answer.exit_code == 2
    assert "the value of 'a' is not JSON" in answer.stderr
    assert peer.requests == []


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_an_error_of_the_service_is_told_with_code_message_and_data(
    live: Live, peer: Peer, status: int
) -> None:
    error = {"code": -32000, "message": "out of\nstock", "data": {"left": 0}}
    peer.status, peer.body = status, json.dumps({"jsonrpc": "2.0", "error": error}).encode()
    answer = await called(live, peer, "shop", "m")
    assert (answer.exit_code, answer.stdout) == (1, "")
    words = r'hero_router: shop answers error -32000: out of\nstock; data: {"left":0}'
    assert answer.stderr == f"{words}\n"


async def test_an_error_without_data_or_message(live: Live, peer: Peer) -> None:
    peer.body = b'{"error": {"code": 5, "message": "no"}, "result": null}'
    assert (
        await called(live, peer, "shop", "m")
    ).stderr == "hero_router: shop answers error 5: no\n"
    peer.body = b'{"error": {"code": 5}}'
    told = (await called(live, peer, "shop", "m")).stderr
    assert told == "hero_router: shop answers error 5: no message\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "sent an answer that is not JSON (Expecting value at character 0): --raw shows it"),
        (b"<p>", "sent an answer that is not JSON"),
        (b'{"result": 1, "result": 2}', "an object repeats a name"),
        (b'{"result": NaN}', "NaN is not a JSON number"),
        (b"[]", "sent an answer that is not JSON-RPC: --raw shows it"),
        (b'{"id": 1}', "sent an answer that is not JSON-RPC"),
        (b'{"error": null}', "sent an answer that is not JSON-RPC"),
        (b'{"error": "x"}', "sent an answer that is not JSON-RPC"),
    ],
)
async def test_what_is_no_json_rpc_is_an_error(
    live: Live, peer: Peer, body: bytes, reason: str
) -> None:
    peer.body = body
    answer = await called(live, peer, "shop", "m")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert reason in answer.stderr


async def test_an_http_error_of_the_service_is_told(live: Live, peer: Peer) -> None:
    peer.status, peer.kind, peer.body = 418, "text/html", b"<p>"
    answer = await called(live, peer, "shop", "m")
    assert answer.exit_code == 1
    assert answer.stderr == f"hero_router: {live.url} answers 418: no reason is given\n"


async def test_the_type_of_the_answer_does_not_matter(live: Live, peer: Peer) -> None:
    peer.kind = "text/plain"
    assert (await called(live, peer, "shop", "m")).stdout == "null\n"


async def test_raw_prints_the_answer_as_it_came(live: Live, peer: Peer) -> None:
    peer.body = b'{ "jsonrpc":"2.0","id":1,"result":1.10, "x":"\xff"}'
    answer = await called(live, peer, "shop", "m", "--raw")
    assert answer.stdout_bytes == peer.body
    peer.body = b'{"id": 1, "error": {"code": 5, "message": "no"}}'
    answer = await called(live, peer, "shop", "m", "--raw")
    assert (answer.exit_code, answer.stdout_bytes) == (1, peer.body)


async def test_a_service_that_is_down_is_told_with_the_routers_reason(live: Live) -> None:
    answer = await call(live, "down", "m")
    assert answer.exit_code == 1
    warned, told = answer.stderr.splitlines()
    assert warned == "the service down is inactive: nothing listens"
    assert told.startswith(
        f"hero_router: {live.url} answers 503: the service down cannot be reached"
    )


async def test_a_service_that_is_slow_is_given_up(live: Live, peer: Peer) -> None:
    async def silent(visit: Visit) -> None:
        await visit.head()
        await visit.reader.read()

    async with service(peer.place, silent):
        answer = await call(live, "shop", "m", "--timeout", "0.2")
    assert answer.exit_code == 1
    assert answer.stderr == f"hero_router: {live.url} gives no answer within 0.2 s\n"


@pytest.mark.parametrize("seconds", ["0", "-1", "x"])
async def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    assert run("call", "shop", "m", "--timeout", seconds).exit_code == 2


@pytest.mark.parametrize("name", ["twice", "shared", "nosuch"])
async def test_a_name_of_none_or_several_is_refused_as_by_describe(live: Live, name: str) -> None:
    answer = await call(live, name, "m")
    described = await asyncio.to_thread(run, "describe", name, "--url", live.url)
    assert (answer.exit_code, answer.stderr) == (described.exit_code, described.stderr)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pages", "the service 'pages' has no socket 'rpc'; it has docs"),
        (LOSER, f"no address leads to the service '{LOSER}': its name is taken by twice/"),
    ],
)
async def test_a_service_that_cannot_be_called_is_one_line(
    live: Live, name: str, words: str
) -> None:
    answer = await call(live, name, "m")
    assert (answer.exit_code, answer.stderr) == (1, f"hero_router: {words}\n")


async def test_the_shell_completes_services_and_methods(live: Live) -> None:
    async def words(line: str) -> list[str]:
        return await asyncio.to_thread(completed, line, ROUTER_URL=live.url)

    assert await words("hero_router call sho") == ["shop"]
    assert await words("hero_router call shop ") == ["list", "shop.buy", "shop.sell"]
    assert await words("hero_router call shop shop.b") == ["shop.buy"]
    assert await words("hero_router call nosuch ") == []
    assert await asyncio.to_thread(completed, "hero_router call shop ", ROUTER_URL="x") == []


def test_on_a_terminal_the_result_is_indented_and_can_command_nothing() -> None:
    value = {"a": [TEXT, BIG], "b": "\x9b31m \U000e0001"}
    text = written(value, indented=True)
    assert text.startswith('{\n  "a": [\n    "Zoë ')
    assert all(char == "\n" or char.isprintable() for char in text)
    assert json.loads(text) == value
    assert json.loads(written(value, indented=False)) == value
