"""A Fanout in the browser, played from a script: what the stream brings and what each tab does."""

from collections.abc import Mapping, Sequence
from typing import Any

from playwright.async_api import Page

from tests.page.stage import hello
from tests.page.store import STREAM

PLAY = """async ([steps, kept, unread]) => {
  const { Fanout } = await import("/static/js/live/fanout.js");
  let now = 1_000;
  const limits = { mostKept: kept ?? undefined, mostUnread: unread ?? undefined };
  const fanout = new Fanout({ now: () => now, ...limits });
  const [tabs, logs] = [[], []];
  const play = {
    take: (frame) => fanout.take(frame, now),
    tell: (state) => fanout.tell(state),
    beat: () => fanout.beat(),
    later: (ms) => { now += ms; },
    leave: (at) => fanout.leave(tabs[at]),
    read: (at, number) => fanout.read(tabs[at], number ?? tabs[at].sent),
    join: (cursor) => {
      const log = [];
      logs.push(log);
      tabs.push(fanout.join((message) => log.push(message), cursor));
    },
  };
  for (const [name, ...words] of steps) play[name](...words);
  return logs;
}"""


class Script:
    """What happens to a Fanout, written down and then played; None stands for its own limits."""

    def __init__(self, page: Page, kept: int | None = 1024, unread: int | None = 256) -> None:
        self._page, self._limits = page, [kept, unread]
        self.steps: list[Sequence[Any]] = []

    def frame(self, event: str, place: str = "", **data: Any) -> "Script":
        """The stream brings a frame."""
        self.steps.append(["take", {"event": event, "id": place, "data": data}])
        return self

    def hello(self, place: str, **fields: Any) -> "Script":
        """The stream is open."""
        return self.frame("hello", place, **{**hello(), **fields})

    def lost(self) -> "Script":
        """The stream is lost."""
        state = {**STREAM, "connected": False, "lostAt": 1_000, "heardAt": 1_000}
        return self.do("tell", state)

    def events(self, first: int, last: int) -> "Script":
        """Events come, each at its place in epoch 1."""
        for seq in range(first, last + 1):
            self.frame("scan", f"1-{seq}")
        return self

    def do(self, name: str, *words: Any) -> "Script":
        """Anything else."""
        self.steps.append([name, *words])
        return self

    async def logs(self) -> list[list[Mapping[str, Any]]]:
        """All messages that each tab was sent."""
        found: list[list[Mapping[str, Any]]] = await self._page.evaluate(
            PLAY, [self.steps, *self._limits]
        )
        return found

    async def told(self, tab: int = 0) -> list[str]:
        """A tab's frames in short."""
        frames = [message["frame"] for message in (await self.logs())[tab] if "frame" in message]
        return [f"{one['event']} {one['id'] or '-'}" for one in frames]

    async def last(self, event: str, tab: int = 0) -> Mapping[str, Any]:
        """The data of a tab's last frame of a kind."""
        log = (await self.logs())[tab]
        found: Mapping[str, Any] = next(
            message["frame"]["data"]
            for message in reversed(log)
            if message.get("frame", {}).get("event") == event
        )
        return found
