"""The command `events`: the stream in a terminal; it resumes, and shows what it missed."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import aiohttp
import click
from rich.text import Text

from hero_router.cli.screen import console, literal, warn
from hero_router.cli.services import mark
from hero_router.client.http import RouterAway, address, asking, refusal, resolve
from hero_router.model import CONTROL_EVENTS
from hero_router.sse import Message, Parser

T = TypeVar("T")

SILENCE_SECONDS = 45.0
PINGS_MISSED = 3
"""After so many keepalives without a byte, and at first this time, a connection counts as dead."""

RETRY_MS = 1_000


@click.command("events")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a line")
@click.option("--cursor", default=None, help="go on after this position")
@click.option("--count", type=click.IntRange(1), default=None, help="end after so many events")
@click.option("--types", help="only events of these types, with commas between")
@click.option("--context", help="only of services in these contexts")
@click.option("--service", help="only of these services, by id or name")
@click.option(
    "--conflate", is_flag=True, help="after a stall only the newest event of each service"
)
@address
def command(
    as_json: bool, cursor: str | None, count: int | None, url: str | None, **wish: str | bool | None
) -> None:
    """Follow the stream of events; reconnects and resumes by itself. Ctrl-C ends it."""
    query = {name: "1" if value is True else value for name, value in wish.items() if value}
    follower = Follower(resolve(url), cursor, query)
    with suppress(KeyboardInterrupt):
        asyncio.run(_show(follower, as_json=as_json, count=count))


async def _show(follower: "Follower", *, as_json: bool, count: int | None) -> None:
    left = count
    async with aclosing(follower.messages()) as messages:
        async for message in messages:
            if message.event == "ping" and not as_json:
                continue
            (_print_json if as_json else _print)(message)
            if left is not None and message.event not in CONTROL_EVENTS:
                left -= 1
            if left == 0:
                return


class Follower:
    """One client of the stream. Keeps its position over every connection."""

    def __init__(
        self, url: str, cursor: str | None, query: Mapping[str, str] | None = None
    ) -> None:
        self._url, self._cursor, self._retry_ms = url, cursor, RETRY_MS
        self._query = query
        self._silence = SILENCE_SECONDS

    async def messages(self) -> AsyncGenerator[Message, None]:
        """All messages, over as many connections as it takes. Raises RouterAway at first only."""
        connected = False
        while True:
            try:
                async with aclosing(self._connection()) as connection:
                    async for message in connection:
                        connected = True
                        yield message
            except RouterAway as error:
                if not connected:
                    raise
                warn(str(error))
            warn(f"reconnecting after {self._cursor}")
            await asyncio.sleep(self._retry_ms / 1000)

    async def _connection(self) -> AsyncGenerator[Message, None]:
        parser = Parser()
        headers = {"Last-Event-ID": self._cursor} if self._cursor else {}
        timeout, url = aiohttp.ClientTimeout(total=None), f"{self._url}/api/events"
        async with asking(self._url) as session:
            asked = session.get(url, params=self._query, headers=headers, timeout=timeout)
            async with await self._heard(asked) as answer:
                if answer.status != 200:
                    raise await refusal(self._url, answer)
                while data := await self._heard(answer.content.readany()):
                    for message in parser.feed(data):
                        self._cursor = message.last_id or self._cursor
                        self._note_pings(message)
                        yield message
                    # Also without a message: so a worker that ends says when to come back.
                    self._retry_ms = parser.retry_ms or self._retry_ms

    async def _heard(self, reading: Awaitable[T]) -> T:
        """What was waited for. Raises TimeoutError when the other side is silent for too long."""
        async with asyncio.timeout(self._silence):
            return await reading

    def _note_pings(self, message: Message) -> None:
        """A worker may be set to other keepalives than ours: its hello says so."""
        told = json.loads(message.data).get("ping_seconds") if message.event == "hello" else None
        if isinstance(told, int | float):
            self._silence = PINGS_MISSED * told


def _print_json(message: Message) -> None:
    """What came before any position has none."""
    place = message.last_id or None
    value = {"event": message.event, "id": place, "data": json.loads(message.data)}
    click.echo(json.dumps(value))


def _print(message: Message) -> None:
    data = json.loads(message.data)
    line = Text(time.strftime("%H:%M:%S "), style="bright_black")
    line += literal(f"{message.event:<16}", "bold red" if message.event == "resync" else "bold")
    console().print(line + summary(message.event, data), soft_wrap=True)


def summary(event: str, data: dict[str, Any]) -> Text:
    """What an event says, in a few words; service texts are shown literally."""
    record = data.get("service")
    if event == "resync":
        number = "an unknown number of" if data["dropped"] is None else data["dropped"]
        return Text(f"missed {number} events ({data['reason']}); `hero_router list` has the state")
    if event == "hello":
        place = f"after {data['cursor']}" if data.get("cursor") else "from the oldest that is kept"
        return literal(f"{place}, from worker {data.get('worker')}")
    if not isinstance(record, dict):
        told = (f"{key}={value}" for key, value in data.items() if value not in ([], None))
        return literal(" ".join(told))
    line = literal(f"{record.get('context')}/{record.get('name')} ")
    if event == "status_change":
        line += mark(data.get("from")) + Text(" → ") + mark(data.get("to"))
        return line + literal(f"  {data.get('reason') or ''}".rstrip())
    return line + mark(record.get("status"))
