"""The page as a person sees it: what the strip says, what the list shows, what the console said."""

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.async_api import Browser, ConsoleMessage, Page

from hero_router.position import Position
from tests.support.wait import PATIENCE_SECONDS, eventually

WITNESS = """
window.frames = [];
const names = ["service_added", "service_updated", "status_change", "service_removed", "resync"];
const note = (event, place, data) => {
  if (!names.includes(event)) return;
  window.frames.push({ event, place, dropped: event === "resync" ? data.dropped : 0 });
};
window.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    for (const event of names) {
      this.addEventListener(event, ({ lastEventId, data }) => {
        note(event, lastEventId, JSON.parse(data));
      });
    }
  }
};
window.SharedWorker = class extends SharedWorker {
  constructor(...words) {
    super(...words);
    this.port.addEventListener("message", ({ data: { frame } }) => {
      if (frame) note(frame.event, frame.id, frame.data);
    });
  }
};
"""
"""Notes each frame that the page is given, by its own stream or by the one that tabs share."""

LATE_PRELOAD = "was preloaded using link preload but not used"
"""The browser's own warning where a page that was stopped for seconds uses a file late."""

ALONE = "delete window.SharedWorker;"
"""As in a browser that has no shared workers: the page has a stream of its own."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page was given: an event at its place, or a resync with the number it names."""

    event: str
    place: str
    dropped: int | None


class Dashboard:
    """One open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        self.warnings: list[str] = []
        self.errors: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def open(cls, browser: Browser, url: str, width: int = 1200) -> "Dashboard":
        """Open the page and wait until it is live."""
        dashboard = cls(await browser.new_page(viewport={"width": width, "height": 800}))
        await dashboard.page.add_init_script(WITNESS)
        await dashboard.page.goto(url)
        await dashboard.fresh("live")
        return dashboard

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "warning" and LATE_PRELOAD not in message.text:
            self.warnings.append(message.text)
        elif message.type == "error":
            self.errors.append(message.text)

    async def freshness(self) -> str:
        """One word for how fresh the page says it is: "live" where all of it can be trusted."""
        if (link := await self._link()) != "live":
            return link
        trust = await self.page.locator("body").get_attribute("data-trust")
        worth = {"all": "live", "nodes": "doubtful"}.get(trust or "", "stale")
        # Between the two looks the stream may have been lost, which takes the trust too.
        return worth if worth == "live" or await self._link() == "live" else await self.freshness()

    async def _link(self) -> str:
        return await self.page.locator("[data-strip]").get_attribute("data-link") or ""

    async def fresh(self, *kinds: str) -> str:
        """Wait until the page says one of these; returns the whole strip's text."""

        async def said() -> bool:
            return await self.freshness() in kinds

        await eventually(said, message=f"the page says {' or '.join(kinds)}")
        return await self.strip()

    async def not_live(self) -> None:
        """Wait until the page says that not all of it can be trusted."""

        async def said() -> bool:
            return await self.freshness() != "live"

        await eventually(said, message="the page says that it is not live")

    async def strip(self) -> str:
        """All that the strip says."""
        return await self.page.locator("[data-strip]").inner_text()

    async def says(self, words: str) -> None:
        """Wait until the strip says this among others."""

        async def said() -> bool:
            return words in await self.strip()

        await eventually(said, message=f"the strip says {words!r}")

    async def statuses(self) -> Mapping[str, str]:
        """Each listed service's status by id."""
        found: Mapping[str, str] = await self.page.locator("[data-service]").evaluate_all(
            "rows => Object.fromEntries(rows.map(row => [row.dataset.service, row.dataset.status]))"
        )
        return found

    async def shows(self, truth: Mapping[str, str]) -> None:
        """Wait until the list is exactly this."""

        async def same() -> bool:
            return await self.statuses() == truth

        await eventually(same, message="the page shows the registry")

    async def events(self, kind: str) -> list[str]:
        """The recent events of one kind, newest first."""
        return await self.page.locator(f'[data-events] [data-event="{kind}"]').all_inner_texts()

    async def frames(self) -> list[Frame]:
        """Every frame of the stream that the page was given, in order."""
        found = await self.page.evaluate("window.frames")
        return [Frame(**each) for each in found]

    async def reaches(self, place: Position) -> list[Frame]:
        """Wait until the last frame is at this place; returns all.

        The page may show the registry before: it also asks for the state itself.
        """

        async def there() -> list[Frame]:
            found = await self.frames()
            return found if found and found[-1].place == str(place) else []

        return await eventually(there, message=f"the page was given the frame at {place}")
