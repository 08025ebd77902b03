"""The page's Store, driven from a test; its clock stands still until the test moves it."""

from collections.abc import Mapping, Sequence
from typing import Any

from playwright.async_api import JSHandle, Page

from tests.page.stage import hello

NOW = 1_000_000

NEW = """async (now) => {
  const { Clock } = await import("/static/js/live/clock.js");
  const { Store } = await import("/static/js/live/store.js");
  const { freshness } = await import("/static/js/live/freshness.js");
  const { Model } = await import("/static/js/fleet/page_model.js");
  const { headline } = await import("/static/js/fleet/headline.js");
  const { parse } = await import("/static/js/route.js");
  const { bands, said } = await import("/static/js/fleet/freshness_text.js");
  const { words } = await import("/static/js/fleet/event_text.js");
  const outside = { now, warned: [], changes: 0 };
  const clock = new Clock({ mono: () => outside.now, wall: () => outside.now });
  const store = new Store({ clock, warn: (...words) => outside.warned.push(words) });
  store.changed = () => { outside.changes += 1; };
  const say = (stream, page) => {
    const fresh = freshness(store, stream, page);
    const { link, trust, silent, state } = fresh;
    const number = (node) => [...store.services.values()].filter((one) => one.node === node).length;
    const told = bands(fresh, number).map(({ text }) => text);
    return { link, trust, silent, ...state, ...said(store, fresh), bands: told };
  };
  const current = () => {
    const stream = { connected: true, heardAt: outside.now };
    return freshness(store, stream, { wokeAt: null, polledAt: null, error: null });
  };
  const model = new Model(store, current(), parse(""));
  const work = (fragment) => {
    if (fragment !== undefined) model.go(parse(fragment));
    for (const step of model.work(current()));
    return model;
  };
  return { store, outside, say, work, words, headline };
}"""

STREAM = {
    "connected": True, "lostAt": None, "heardAt": NOW, "silentSince": None, "openAt": None,
    "nextTryAt": None,
}  # fmt: skip
"""A stream that is well."""

PAGE = {"wokeAt": None, "polledAt": None, "error": None, "lives": None}
"""A page that has nothing to add."""


def service(name: str, status: str = "healthy", node: str = "n1", **fields: Any) -> dict[str, Any]:
    """A service's record as the page is sent it."""
    known = {"id": f"id-{name}", "name": name, "context": "default", "node": node}
    more = {"status": status, "reason": "", "title": "", "description": "", "version": ""}
    rest = {"sockets": [], "methods": [], "methods_count": 0, "first_seen": 1, "changed_at": 1}
    return {**known, **more, **rest, "source": "", "source_kind": "none", **fields}


def answer(
    cursor: str, *services: Mapping[str, Any], run_id: str = "r1", now: int = NOW, **fields: Any
) -> dict[str, Any]:
    """What `/api/services` answers."""
    known = {"cursor": cursor, "run_id": run_id, "services": services, "nodes": [], "stale": []}
    return {**known, "now": now, **fields}


def overlaid(name: str, status: str = "healthy", node: str = "n1") -> dict[str, Any]:
    """A record of a lost node as the state API gives it: what was known stands beside."""
    lost = service(name, "unknown", node, reason="node_lost", healthy=False)
    return {**lost, "last_status": status, "last_reason": "as it was"}


def condition(reason: str, node: str | None = None, since: int = 1, detail: str = "") -> Any:
    """Why a worker is not sure of its view."""
    return {"reason": reason, "node": node, "since": since, "detail": detail or f"{reason} away"}


class PageStore:
    """One Store in the browser."""

    def __init__(self, handle: JSHandle) -> None:
        self.handle = handle

    @classmethod
    async def new(cls, page: Page) -> "PageStore":
        """A Store that has heard nothing yet."""
        return cls(await page.evaluate_handle(NEW, NOW))

    async def frame(self, event: str, place: str = "", **data: Any) -> None:
        """A frame of the stream comes."""
        frame = {"event": event, "id": place, "data": data}
        await self.handle.evaluate("({ store }, frame) => store.apply(frame)", frame)

    async def hello(self, place: str, **fields: Any) -> None:
        """The router greets."""
        await self.frame("hello", place, **{**hello(now=NOW), **fields})

    async def put(self, place: str, name: str, status: str = "healthy", **fields: Any) -> None:
        """The event of a service's new state comes; `event_at` is when that was published."""
        when = {"at": fields.pop("event_at")} if "event_at" in fields else {}
        record = service(name, status, **fields)
        await self.frame("service_updated", place, service=record, **when)

    async def aim(self, cursor: str, run_id: str = "r1") -> None:
        """The router answers how far it is."""
        answer = {"cursor": cursor, "run_id": run_id, "events": []}
        await self.handle.evaluate("({ store }, answer) => store.aim(answer)", answer)

    async def fill(self, *places: str, run_id: str = "r1") -> None:
        """The router answers which events were the last ones."""
        events = [
            {"event": "service_removed", "id": place, "data": {"id": "x", "name": "x", "at": NOW}}
            for place in places
        ]
        answer = {"cursor": places[-1], "run_id": run_id, "events": events}
        await self.handle.evaluate("({ store }, answer) => store.fill(answer)", answer)

    async def gone(self, place: str, name: str) -> None:
        """The event of a service that leaves comes."""
        data = {"id": f"id-{name}", "name": name, "context": "default", "node": "n1"}
        data["reason"] = "gone"
        await self.frame("service_removed", place, **data)

    async def resync(self, place: str, dropped: int | None, **fields: Any) -> None:
        """The router says that it left events out."""
        data = {"dropped": dropped, "reason": "lagged", "after_ms": 0, "run_id": "r1"}
        await self.frame("resync", place, **{**data, **fields})

    async def stale(self, reason: str, node: str | None = None, **fields: Any) -> None:
        """A doubt begins."""
        await self.frame("stale", "", **condition(reason, node, **fields))

    async def fresh(self, reason: str, node: str | None = None) -> None:
        """A doubt ends."""
        await self.frame("fresh", "", reason=reason, node=node, since=1)

    async def snapshot(
        self, cursor: str, *services: Mapping[str, Any], streaming: bool = True, **fields: Any
    ) -> bool:
        """An answer of the state API comes; whether it was taken."""
        taken: bool = await self.handle.evaluate(
            "({ store }, [answer, how]) => store.snapshot(answer, how)",
            [answer(cursor, *services, **fields), {"streaming": streaming}],
        )
        return taken

    async def started(self, place: str, *services: Mapping[str, Any]) -> None:
        """As a page that has loaded, listens, and knows that nothing is still to come."""
        await self.snapshot(place, *services, streaming=False)
        await self.hello(place)
        await self.frame("ping", place, now=NOW, as_of=NOW)

    async def pass_time(self, milliseconds: int) -> None:
        """The clock moves on."""
        await self.handle.evaluate("({ outside }, ms) => { outside.now += ms; }", milliseconds)

    async def shown(self) -> Mapping[str, str]:
        """Each service's status, as it is to be shown, by name."""
        found: Mapping[str, str] = await self.handle.evaluate(
            """({ work }) => Object.fromEntries([...work().index.entries.values()].map(
                 ({ shown: { name, status, lost } }) => [name, lost ? `? ${status}` : status]))"""
        )
        return found

    async def get(self, name: str) -> Any:
        """One of its fields."""
        return await self.handle.evaluate("({ store }, name) => store[name]", name)

    async def wants(self) -> bool:
        """Whether a snapshot is due."""
        return await self.get("wanted") is not None

    async def lines(self) -> Sequence[str]:
        """What the list of recent events says, newest first."""
        found: Sequence[str] = await self.handle.evaluate(
            """({ store, words }) => store.lines.all.map((line) => {
                 const { title, text } = words(line);
                 return `${line.event}: ${title}, ${text}`;
               })"""
        )
        return found

    async def warned(self) -> Sequence[str]:
        """What the console was told."""
        found = await self.handle.evaluate("({ outside }) => outside.warned")
        return [" ".join(map(str, words)) for words in found]

    async def changes(self) -> int:
        """How often it said that it changed."""
        number: int = await self.handle.evaluate("({ outside }) => outside.changes")
        return number

    async def freshness(
        self, stream: Mapping[str, Any] | None = None, page: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """How fresh it is and what the page says of that, with a stream that is well."""
        said: Mapping[str, Any] = await self.handle.evaluate(
            "({ say }, [stream, page]) => say(stream, page)",
            [{**STREAM, **(stream or {})}, {**PAGE, **(page or {})}],
        )
        return said
