"""What is copied runs: each program sends, through a real router, the very request of the form."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hero_router.web.routes.static import static_folder
from tests.cli.reachable import WILD, id_of, reachable
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live
from tests.web.upstream import Visit, service

CONSOLE = static_folder().resolve() / "js" / "console"
WRITE = f"""
const {{ parse, write }} = await import("file://{CONSOLE}/json_value.js").then(async (value) => ({{
  ...value, ...(await import("file://{CONSOLE}/json_text.js")) }}));
const {{ snippets }} = await import("file://{CONSOLE}/snippets.js");
let text = "";
for await (const piece of process.stdin.setEncoding("utf8")) text += piece;
console.log(JSON.stringify(snippets(parse(text))));
"""
SECONDS = PATIENCE_SECONDS
HERO_ROUTER = f'hero_router() {{ "{sys.executable}" -m hero_router "$@"; }}\n'


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with reachable(redis7.url, hand, tmp_path) as worker:
        yield worker


class Recorder:
    """A service that keeps the texts that it got, and answers what every client takes."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.heads: list[str] = []

    async def script(self, visit: Visit) -> None:
        """Answer one request."""
        self.heads.append(head := await visit.head())
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        self.texts.append((await visit.reader.readexactly(int(length[1]))).decode())
        body = '{"jsonrpc": "2.0", "id": 1, "result": "☃"}'.encode()
        fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
        await visit.send(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode(), body)


async def ran(*command: str, text: str = "", **environment: str) -> str:
    """What a program prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_NO_WARNINGS": "1", **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(text.encode()), SECONDS)
    assert process.returncode == 0, (text, err.decode())
    return out.decode()


async def programs(
    url: str, request: str, name: str = "shop", *, signs_in: bool = False
) -> dict[str, str]:
    """The four texts for the request, which is JSON text."""
    around = {"router": url, "service": name, "signsIn": signs_in}
    given = json.dumps({"url": f"{url}/shop/rpc", **around})[:-1] + f', "request": {request}}}'
    node = await ran("node", "--input-type=module", "--eval", WRITE, text=given)
    found: dict[str, str] = json.loads(node)
    return found


async def run(name: str, text: str, folder: Path, **environment: str) -> str:
    """Run a text as a person would."""
    if name == "python":
        return await ran(sys.executable, "-", text=text, **environment)
    if name == "javascript":
        script = folder / "copied.mjs"
        script.write_text(text, "utf-8")
        return await ran("node", str(script), **environment)
    return await ran("bash", "-s", text=HERO_ROUTER + text, **environment)


EVIL = [
    "it's", '"quoted"', "$HOME `id` $(id) !! \\ \\n %s", "line\nline\r\n\ttab", "Zoë ☃ 👨‍👩‍👧",
    "\u202eright\u2066 to left", "\u2028\u2029\x7f\x85\x00\x1b[31m", "</script>", "'''\"\"\"",
    "\\u0041", "${x} {{y}}", "-n", "@file", "", "\ud83d", "\U000e0041", "a'\"'\"'b",
]  # fmt: skip

CASES = {
    "by name": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "a", "params":
                           {**{f"p{n}": text for n, text in enumerate(EVIL)}, "it's \"x\"": EVIL,
                            "yes": True, "no": False, "nil": None, "f": 1.5, "e": {}, "l": []}}),
    "by position": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "it's ☃", "params": EVIL}),
    "without parameters": '{"jsonrpc": "2.0", "id": 1, "method": "-a"}',
    "numbers that JavaScript does not have":
        '{"jsonrpc":"2.0","id":1,"method":"a","params":[9007199254740993,1.0,-0,1e400,"\'☃"]}',
    "a name that JavaScript reads otherwise":
        '{"jsonrpc":"2.0","id":1,"method":"a","params":{"__proto__":{"x":1},"constructor":2}}',
}  # fmt: skip


def exactly(text: str) -> Any:
    """The value, with numbers as they were written."""
    return json.loads(text, parse_float=str, parse_int=str)


async def sent(live: Live, folder: Path, texts: dict[str, str], **environment: str) -> Recorder:
    """What the service gets from the programs, which run at the same time."""
    recorder = Recorder()
    async with service(folder / "all/rpc.sock", recorder.script):
        running = (run(name, text, folder, **environment) for name, text in texts.items())
        for printed in await asyncio.gather(*running):
            assert "☃" in printed
    assert len(recorder.texts) == len(texts)
    return recorder


@pytest.mark.parametrize("request_text", CASES.values(), ids=CASES)
async def test_each_program_sends_the_request_itself_and_prints_the_answer(
    live: Live, tmp_path: Path, request_text: str
) -> None:
    """`hero_router call` refuses what its strict parser refuses, so it is left out there."""
    texts = await programs(live.url, request_text)
    if "\\ud83d" in request_text or "1e400" in request_text:
        del texts["hero_router"]
    recorder = await sent(live, tmp_path, texts)
    for text in recorder.texts:
        assert exactly(text) == exactly(request_text)


async def test_what_does_not_show_or_turns_text_round_becomes_an_escape(live: Live) -> None:
    """A text that is pasted into a terminal is what it looks like."""
    for text in (await programs(live.url, CASES["by name"])).values():
        assert all(char == "\n" or char.isprintable() for char in text)


async def test_a_batch_and_a_notification_are_sent_by_the_programs_that_can(
    live: Live, tmp_path: Path
) -> None:
    notification = '{"jsonrpc": "2.0", "method": "a"}'
    for request_text in (notification, f"[{notification}, {CASES['by position']}]"):
        texts = await programs(live.url, request_text)
        assert texts.pop("hero_router").startswith("# ")
        for text in (await sent(live, tmp_path, texts)).texts:
            assert exactly(text) == exactly(request_text)


async def test_the_service_has_any_name_in_a_shell(live: Live, tmp_path: Path) -> None:
    for name in (WILD, id_of("shop")):
        texts = await programs(live.url, CASES["without parameters"], name)
        await sent(live, tmp_path, {"hero_router": texts["hero_router"]})


async def test_where_the_router_wants_a_token_the_programs_take_it_from_the_environment(
    live: Live, tmp_path: Path
) -> None:
    texts = await programs(live.url, CASES["without parameters"], signs_in=True)
    recorder = await sent(live, tmp_path, texts, ROUTER_TOKEN="a-token-of-this-router")
    # A router without tokens of its own leaves that of a caller to the service.
    told = [re.search(r"authorization: (.*)\r", head, re.IGNORECASE) for head in recorder.heads]
    assert [each and each[1] for each in told] == ["Bearer a-token-of-this-router"] * 4
