"""Many services on Unix sockets in one process, as cheap as asyncio allows; counts questions.

Arguments: `<root> <count>`. It prints {"up": count} once all listen, and then answers each line on
stdin with the number of questions so far: {"<method> <path>": number}.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import cast

DOCUMENT = {
    "openrpc": "1.3.2",
    "info": {"title": "Ledger", "version": "1.0.0"},
    "methods": [{"name": f"method_{number}", "params": []} for number in range(20)],
}


def _answer(value: object, status: str = "200 OK") -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


ANSWERS = {
    b"GET /health": _answer({"status": "ok"}),
    b"POST /rpc": _answer({"jsonrpc": "2.0", "id": 1, "result": DOCUMENT}),
}
NOT_FOUND = _answer({"error": "no such page"}, "404 Not Found")


class _Connection(asyncio.Protocol):
    """Answers each request, which comes in one piece, and keeps the connection."""

    def __init__(self, asked: Counter[str]) -> None:
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._asked["connections"] += 1

    def data_received(self, data: bytes) -> None:
        if not data.startswith((b"GET ", b"POST ")):
            return  # the rest of a request whose head came alone
        question = b" ".join(data.split(b" ", 2)[:2])
        self._asked[question.decode()] += 1
        self._transport.write(ANSWERS.get(question, NOT_FOUND))


async def _serve(root: Path, count: int) -> None:
    asked, loop = Counter[str](), asyncio.get_running_loop()
    for number in range(count):
        place = root / f"s{number}" / "rpc.sock"
        place.parent.mkdir(parents=True)
        await loop.create_unix_server(lambda: _Connection(asked), str(place))
    print(json.dumps({"up": count}), flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while await orders.readline():
        print(json.dumps(asked), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
