"""The page's View over a Store, in the real page: a test gives it a state and looks at the page."""

from collections.abc import Mapping
from typing import Any

from playwright.async_api import Locator, Page

from tests.page.stage import Stage
from tests.page.store import NOW, PAGE, STREAM, PageStore

NEW = """async ([now, stream, page]) => {
  const { Clock } = await import("/static/js/live/clock.js");
  const { Store } = await import("/static/js/live/store.js");
  const { freshness } = await import("/static/js/live/freshness.js");
  const { View } = await import("/static/js/views/root.js");
  const outside = { now, warned: [], changes: 0, chosen: [], hurries: 0 };
  const clock = new Clock({ mono: () => outside.now, wall: () => outside.now });
  const store = new Store({ clock, warn: (...words) => outside.warned.push(words) });
  const draw = () => view.render(store, freshness(store, stream, page));
  const view = new View(document, {
    chosen: (id) => outside.chosen.push(id), changed: () => draw(),
    hurry: () => { outside.hurries += 1; },
  });
  store.changed = draw;
  draw();
  return { store, view, outside, freshness, stream, page, draw };
}"""


class PageView(PageStore):
    """A Store whose every change is drawn at once."""

    page: Page

    @classmethod
    async def at(cls, page: Page, stage: Stage) -> "PageView":
        """The real page, before it has heard anything."""
        await page.goto(f"{stage.url}/page")
        view = cls(await page.evaluate_handle(NEW, [NOW, STREAM, PAGE]))
        view.page = page
        return view

    async def stream(self, **fields: Any) -> None:
        """The stream is like this now."""
        await self.handle.evaluate(
            "({ stream, draw }, fields) => { Object.assign(stream, fields); draw(); }", fields
        )

    async def select(self, named: str | None) -> None:
        """A person comes to an address that names this."""
        await self.handle.evaluate("({ view }, named) => view.select(named)", named)

    async def answered(self, identity: str, answer: Mapping[str, Any] | None) -> None:
        """What the router says of one service alone comes."""
        await self.handle.evaluate(
            "({ view, draw }, [id, answer]) => { view.answered(id, answer); draw(); }",
            [identity, answer],
        )

    async def chosen(self) -> list[str | None]:
        """What was chosen, in order."""
        found: list[str | None] = await self.handle.evaluate("({ outside }) => outside.chosen")
        return found

    def row(self, name: str) -> Locator:
        """A service's row in the list."""
        return self.page.locator(f'[data-service="id-{name}"]')

    async def listed(self) -> list[str]:
        """The names in the list, from top to bottom."""
        return await self.page.locator("[data-service] .name").all_text_contents()

    async def text(self, selector: str) -> str:
        """What a part of the page says to whoever sees it."""
        return await self.page.locator(selector).inner_text()

    async def focused(self) -> str:
        """Which element has the focus: a service's id, or its first data attribute's name."""
        found: str = await self.page.evaluate(
            """() => document.activeElement.dataset.service
                 ?? Object.keys(document.activeElement.dataset)[0]
                 ?? document.activeElement.localName"""
        )
        return found
