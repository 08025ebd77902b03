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
  const { Model } = await import("/static/js/fleet/page_model.js");
  const { Prefs } = await import("/static/js/prefs.js");
  const { parse } = await import("/static/js/route.js");
  const { BrowserLocation } = await import("/static/js/ui/browser_location.js");
  const { VIEWS } = await import("/static/js/views/registry.js");
  const { Shell } = await import("/static/js/views/shell.js");
  await Promise.all(Object.values(VIEWS).map((view) => view.warm?.()));
  const outside = { now, warned: [], changes: 0, hurries: 0, kept: {} };
  const clock = new Clock({ mono: () => outside.now, wall: () => outside.now });
  const store = new Store({ clock, warn: (...words) => outside.warned.push(words) });
  const fresh = () => freshness(store, stream, page);
  let drawing = false;
  const draw = () => {
    if (drawing) return requestAnimationFrame(draw);
    drawing = true;
    shell.warn(fresh());
    for (const step of model.work(fresh()));
    for (const step of shell.draw());
    drawing = false;
  };
  const storage = {
    getItem: (key) => outside.kept[key] ?? null,
    setItem: (key, text) => { outside.kept[key] = text; },
  };
  const address = new BrowserLocation(window, (place) => { model.go(place); draw(); });
  const model = new Model(store, fresh(), address.place);
  const shell = new Shell({ page: document, model, address, changed: draw }, {
    prefs: new Prefs(storage), hurry: () => { outside.hurries += 1; },
  });
  const { AwayStrip } = await import("/static/js/views/away_strip.js");
  shell.away = new AwayStrip({ page: document, model, address, changed: draw });
  store.changed = draw;
  draw();
  return { store, model, shell, address, parse, outside, freshness, stream, page, draw };
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

    async def go(self, fragment: str) -> None:
        """A person comes to an address."""
        await self.handle.evaluate(
            "({ address, parse }, fragment) => address.push(parse(fragment))", fragment
        )

    async def place(self) -> str:
        """The fragment of the page's address, once nobody types any more."""
        await self.page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        fragment: str = await self.page.evaluate("() => decodeURIComponent(location.hash)")
        return fragment

    async def answered(self, identity: str, answer: Mapping[str, Any] | None) -> None:
        """What the router says of one service alone comes."""
        await self.handle.evaluate(
            "({ model, draw }, [id, answer]) => { model.details = { id, answer }; draw(); }",
            [identity, answer],
        )

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
