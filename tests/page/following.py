"""The page's Follower in the browser: its stream and its router answer only as a test says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Error, JSHandle, Page

from tests.page.stage import hello
from tests.page.store import STREAM, answer, service

STARTED = 1_000
"""When the page is opened, by its own clock, which only the test moves."""

AHEAD = 77_000_000
"""How far the router's clock is ahead of the page's."""

NEW = """async (started) => {
  const { Clock } = await import("/static/js/live/clock.js");
  const { Store } = await import("/static/js/live/store.js");
  const { Follower } = await import("/static/js/live/sync.js");
  const it = { now: started, chance: 0.5, hidden: false, changes: 0, asked: [], did: [], waiting: [] };
  const held = (it.held = { services: [], recent: [], lives: [] });
  it.clock = new Clock({ mono: () => it.now, wall: () => it.now });
  it.store = new Store({ clock: it.clock, warn: () => {} });
  it.settle = async () => { for (let left = 20; left > 0; left -= 1) await null; };
  it.pass = async (ms) => {
    const until = it.now + ms;
    for (;;) {
      await it.settle();
      const due = it.waiting.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];
      it.now = due ? due.at : until;
      if (!due) return;
      it.waiting.splice(it.waiting.indexOf(due), 1);
      due.done();
    }
  };
  const asking = (name) => (...words) => {
    it.asked.push([name, ...words].join(" "));
    return new Promise((done, failed) => held[name].push({ done, failed }));
  };
  const did = (name) => (...words) => it.did.push([name, ...words].join(" "));
  const stream = (it.stream = { open: did("open"), close: did("close"), check: did("check"), hurry: did("hurry") });
  const never = { silentSince: null, openAt: null, nextTryAt: null };
  stream.state = { connected: false, lostAt: started, heardAt: started, ...never };
  Object.defineProperty(stream, "connected", { get: () => stream.state.connected });
  it.follower = new Follower(it.store, {
    api: { services: asking("services"), recent: asking("recent"), lives: asking("lives") },
    stream: (told) => Object.assign(stream, { told }),
    hidden: () => it.hidden,
    changed: () => { it.changes += 1; },
    pause: (ms) => new Promise((done) => it.waiting.push({ at: it.now + ms, done })),
    chance: () => it.chance,
  });
  return it;
}"""  # noqa: E501 - JavaScript


class Following:
    """A page that follows a router, and hands on what both do."""

    def __init__(self, handle: JSHandle) -> None:
        self.handle = handle

    async def run(self, script: str, value: Any = None) -> Any:
        """Run a script with all of it."""
        return await self.handle.evaluate(f"async (it, value) => {{ {script} }}", value)

    async def do(self, name: str) -> None:
        """Call a method of the follower."""
        await self.run("it.follower[value]();", name)

    async def start(self) -> None:
        """The page is opened, and asks."""
        await self.do("start")
        await self.wait(0)

    async def now(self) -> int:
        """The router's time."""
        return AHEAD + int(await self.run("return it.now;"))

    async def wait(self, milliseconds: int) -> None:
        """Time passes, and whoever waits for it goes on."""
        await self.run("await it.pass(value);", milliseconds)

    async def ticks(self, seconds: int) -> None:
        """So many seconds pass, each with its tick."""
        await self.run(
            "for (; value > 0; value -= 1) { await it.pass(1_000); it.follower.tick(); }", seconds
        )

    async def chance(self, number: float) -> None:
        """What chance brings from now on, from 0 to 1."""
        await self.run("it.chance = value;", number)

    async def hidden(self, hidden: bool) -> None:
        """A person turns to another tab, or back."""
        await self.run("it.hidden = value;", hidden)

    async def link(self, **fields: Any) -> None:
        """The stream's state changes."""
        await self.run("Object.assign(it.stream.state, value);", fields)

    async def lost(self) -> None:
        """The stream is lost."""
        await self.run("Object.assign(it.stream.state, { connected: false, lostAt: it.now });")

    async def frame(self, event: str, place: str = "", **data: Any) -> None:
        """The stream brings a frame."""
        frame = {"event": event, "id": place, "data": data}
        if event == "hello":
            await self.link(**STREAM)
        await self.run("it.stream.state.heardAt = it.now; it.stream.told.frame(value);", frame)

    async def greeted(self, place: str) -> None:
        """The stream begins, or goes on, at a position."""
        now = await self.now()
        await self.frame("hello", place, **hello(now=now))

    async def pinged(self, place: str, age: int = 0) -> None:
        """A ping comes that was sent some time ago."""
        now = await self.now() - age
        await self.frame("ping", place, now=now, as_of=now)

    async def resync(self, place: str, after_ms: int = 0) -> None:
        """The router left one event out."""
        gap = {"dropped": 1, "reason": "lagged", "run_id": "r1"}
        await self.frame("resync", place, after_ms=after_ms, **gap)
        await self.wait(0)

    async def asked(self, name: str) -> int:
        """How often the router was asked for this."""
        found: list[str] = await self.run("return it.asked;")
        return sum(each == name or each.startswith(f"{name} ") for each in found)

    async def did(self, name: str) -> int:
        """How often the stream was told to do this."""
        found: list[str] = await self.run("return it.did;")
        return found.count(name)

    async def answers(self, name: str, told: Any) -> None:
        """The router answers what it was asked first."""
        await self.run(
            "it.held[value[0]].shift().done(value[1]); await it.settle();",
            [name, told],
        )

    async def fails(self, name: str) -> None:
        """What was asked first fails."""
        await self.run(
            "it.held[value].shift().failed(new Error('the router answers 502'));await it.settle();",
            name,
        )

    async def state(self, place: str, *names: str, **fields: Any) -> None:
        """The router answers with the state at a position: these services, all healthy."""
        told: Mapping[str, Any] = {"now": await self.now(), "as_of": await self.now(), **fields}
        await self.answers("services", answer(place, *map(service, names), **told))

    async def recent(self, place: str, *events: Mapping[str, Any], **fields: Any) -> None:
        """The router answers how far it is, and with its last events."""
        told = {"cursor": place, "run_id": "r1", "events": events, "now": await self.now()}
        await self.answers("recent", {**told, **fields})

    async def live(self) -> None:
        """The page starts, is live and knows one service."""
        await self.start()
        await self.greeted("1-5")
        await self.recent("1-5")
        await self.state("1-5", "a")
        await self.pinged("1-5")
        assert await self.fresh() == ("live", "all")

    async def fresh(self) -> tuple[str, str]:
        """How news comes, and how far the page is trusted."""
        found = await self.run("const { link, trust } = it.follower.fresh; return [link, trust];")
        return found[0], found[1]

    async def page_knows(self, name: str) -> Any:
        """One of the page's own facts."""
        return await self.run("return it.follower.page[value];", name)

    async def shown(self) -> list[str]:
        """The names of the services that the page has."""
        found: list[str] = await self.run(
            "return [...it.store.services.values()].map(({ name }) => name);"
        )
        return found

    async def changes(self) -> int:
        """How often the page was told to draw."""
        number: int = await self.run("return it.changes;")
        return number


@asynccontextmanager
async def followed(page: Page) -> AsyncIterator[Following]:
    """A page that was not started yet; nothing may fail in it unseen."""
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield Following(await page.evaluate_handle(NEW, STARTED))
    page.remove_listener("pageerror", note)
    assert errors == []
