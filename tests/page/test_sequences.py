"""Whatever comes in whatever order: unless a snapshot is due, the page shows exactly the registry.

The oracle is a plain history: the state after each position, as a list. What the page does with
each step is foretold from it, and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.stage import hello
from tests.page.store import answer, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

State = Mapping[str, str]

PLAY = """async (steps) => {
  const { Store } = await import("/static/js/live/store.js");
  const warned = [];
  const store = new Store({ warn: (...words) => warned.push(words) });
  return steps.map(([frame, answer, streaming]) => {
    const taken = answer ? store.snapshot(answer, { streaming }) : null;
    if (frame) store.apply(frame);
    const shown = Object.fromEntries([...store.services.values()].map((one) => [one.name, one.status]));
    return { taken, shown, wants: store.wanted !== null, place: store.place, warned: warned.length };
  });
}"""  # noqa: E501 - it is one line of JavaScript

STATUSES = ["healthy", "degraded", "unhealthy"]

changes = st.tuples(st.just("change"), st.sampled_from("abc"), st.sampled_from([*STATUSES, "gone"]))
deliveries = st.tuples(st.just("deliver"), st.integers(1, 4))
drops = st.tuples(st.just("drop"), st.integers(1, 4))
losses = st.tuples(st.just("lose"), st.integers(1, 3))
fetches = st.tuples(st.just("fetch"), st.integers(0, 6), st.booleans())
restores = st.tuples(st.just("restore"), st.integers(0, 6))
reconnects = st.tuples(st.just("reconnect"))
often = [changes, changes, deliveries, deliveries]
steps = st.lists(st.one_of(*often, drops, losses, fetches, restores, reconnects), max_size=40)


@dataclass
class World:
    """Redis, its workers, and one page's stream at `sent`; what the page must know is foretold."""

    epoch: int = 1
    store: str = "r1"
    history: list[State] = field(default_factory=lambda: [{}])
    frames: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    script: list[Any] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)
    snapshot: int = 0
    base: int | None = 0
    warned: int = 0

    def place(self, seq: int) -> str:
        """A seq of this epoch as a position."""
        return f"{self.epoch}-{seq}"

    def change(self, name: str, status: str) -> None:
        """The registry changes; the stream has one more event."""
        state, seq = dict(self.history[-1]), len(self.history)
        event = "service_updated"
        data: dict[str, Any] = {"service": service(name, status)}
        if status == "gone":
            state.pop(name, None)
            gone = {"id": f"id-{name}", "name": name, "context": "default", "reason": "gone"}
            event, data = "service_removed", gone
        else:
            state[name] = status
        self.history.append(state)
        self.frames.append({"event": event, "id": self.place(seq), "data": data})

    def deliver(self, number: int) -> None:
        """The page gets the next events."""
        for frame in self.frames[self.sent : self.sent + number]:
            self.sent += 1
            self.tell(frame)

    def drop(self, number: int) -> None:
        """The page was too slow: events are left out, and it is told."""
        number = min(number, len(self.frames) - self.sent)
        if number:
            self.sent += number
            self.resync(number)

    def lose(self, number: int) -> None:
        """Events are lost on the way, nobody knows; the next one shows it."""
        if self.sent + number < len(self.frames):
            self.sent += number + 1
            self.warned += 1
            self.base = self.sent
            self.tell(self.frames[self.sent - 1])

    def restore(self, back: int) -> None:
        """Another Redis process with an older dump, and a new epoch after it."""
        state = self.history[max(0, len(self.history) - 1 - back)]
        self.epoch, self.store = self.epoch + 1, self.store + "'"
        self.history, self.frames, self.sent, self.snapshot = [state], [], 0, 0
        self.resync(None)

    def reconnect(self) -> None:
        """The stream ends, and another worker goes on with it."""
        self.tell({"event": "hello", "id": self.place(self.sent), "data": hello(self.store)})

    def fetch(self, lag: int, elsewhere: bool) -> None:
        """The page asks a worker that lags so much, or one that still reads another Redis."""
        if self.base is None:
            return
        seq = max(0, len(self.history) - 1 - lag)
        records = [service(*pair) for pair in self.history[seq].items()]
        found = answer(self.place(seq), *records, run_id="other" if elsewhere else self.store)
        taken = not elsewhere and seq >= self.base
        if taken:
            self.snapshot, self.base = seq, None
        self.expect([None, found, True], taken=taken)

    def resync(self, dropped: int | None) -> None:
        """The page is told that it missed events."""
        self.warned, self.base = self.warned + 1, self.sent
        data = {"dropped": dropped, "reason": "lagged", "after_ms": 0, "run_id": self.store}
        self.tell({"event": "resync", "id": self.place(self.sent), "data": data})

    def tell(self, frame: Mapping[str, Any]) -> None:
        """The page gets a frame."""
        self.expect([frame, None, True], taken=None)

    def expect(self, step: Sequence[Any], taken: bool | None) -> None:
        """Note a step and what must hold after it."""
        known = self.history[max(self.sent, self.snapshot)] if self.base is None else None
        self.script.append(step)
        self.expected.append(
            {
                "taken": taken,
                "shown": known,
                "wants": self.base is not None,
                "place": self.place(self.sent),
                "warned": self.warned,
            }
        )


@settings(max_examples=150)
@given(steps=steps)
async def test_unless_a_snapshot_is_due_the_page_shows_exactly_the_registry(
    quiet: Page, steps: Sequence[Sequence[Any]]
) -> None:
    world = World()
    world.reconnect()
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
    world.deliver(len(world.frames))
    world.fetch(0, False)
    found = await quiet.evaluate(PLAY, world.script)
    for step, seen, due in zip(world.script, found, world.expected, strict=True):
        if due["shown"] is None:
            seen["shown"] = None
        assert seen == due, step
