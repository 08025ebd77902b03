"""The console over a service that a test makes up, in the real page; it keeps what it is sent."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from playwright.async_api import Locator, Page, Route

from tests.page.stage import Stage

LONG_MS = 60_000
"""How long a check may take that is to end: the product's own limit is so short that a busy machine
may hold the validator up for longer."""

NEW = """async ({ chosen, details, limit }) => {
  const { Console } = await import("/static/js/console/console.js");
  const { BrowserLocation } = await import("/static/js/ui/browser_location.js");
  const { sheet } = await import("/static/js/ui/deferred_assets.js");
  await Promise.all(["later", "console"].map((name) => sheet(document, name)));
  const model = { chosen, details, place: null, index: { entries: new Map() } };
  const address = new BrowserLocation(window, (place) => {
    model.place = place;
    made.draw();
  });
  model.place = address.place;
  const made = new Console({ page: document, model, address });
  made.validator.limit = limit ?? made.validator.limit;
  document.querySelector("[data-detail]").replaceChildren(made.root);
  made.draw();
  return { console: made, model };
}"""

Answer = Callable[[Any], Any]


def echo(request: Any) -> Any:
    """An answer with the parameters as its result."""
    if isinstance(request, list):
        return [echo(each) for each in request if "id" in each]
    if "id" not in request:
        return None
    return {"jsonrpc": "2.0", "id": request["id"], "result": request.get("params", {})}


class ConsoleView:
    """One service with one document, and the console of it."""

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page, self._url = page, f"{stage.url}/page"
        self.document: Any = {"openrpc": "1.3.2", "methods": []}
        self.answer: Answer = echo
        self.status, self.away = 200, False
        self.headers: dict[str, str] = {}
        self.held: asyncio.Event | None = None
        self.sent: list[Any] = []

    async def open(
        self,
        method: str,
        document: Any,
        *,
        address: str = "",
        limit: int | None = LONG_MS,
        **details: Any,
    ) -> "ConsoleView":
        """Open the console at a method; `address` is a whole fragment, as of a link.

        A check of a value may take `limit` ms; None: as long as the product lets it.
        """
        self.document = document
        await self._serve("**/api/services/*/document", self._document)
        await self._serve("**/api/me", self._me)
        await self._serve("**/shop/rpc", self._call)
        await self.page.goto(self._url)
        fragment = address or f"#/s/default/shop/methods/{method}"
        await self.page.evaluate("(hash) => { location.hash = hash; }", fragment)
        rpc = {"path": "/shop/rpc/", "host": None, "host_path": "", "note": ""}
        answer = {"addresses": {"rpc": rpc}, **details}
        chosen = record("d1")
        about = {"id": chosen["id"], "answer": answer}
        given = {"chosen": chosen, "details": about, "limit": limit}
        self.handle = await self.page.evaluate_handle(NEW, given)
        await self.page.locator(".console .method").wait_for()
        return self

    async def _serve(self, pattern: str, answer: Callable[[Route], Awaitable[None]]) -> None:
        await self.page.unroute(pattern)
        await self.page.route(pattern, answer)

    async def _document(self, route: Route) -> None:
        if self.away:
            await route.abort()
            return
        text = self.document if isinstance(self.document, str) else json.dumps(self.document)
        await route.fulfill(body=text, content_type="application/json")

    async def _me(self, route: Route) -> None:
        await route.fulfill(body='{"open": true}', content_type="application/json")

    async def _call(self, route: Route) -> None:
        request = json.loads(route.request.post_data or "")
        self.sent.append(request)
        if self.held:
            await self.held.wait()
        if self.away:
            await route.abort()
            return
        answer = self.answer(request)
        body = "" if answer is None else answer if isinstance(answer, bytes) else json.dumps(answer)
        headers = {"Content-Type": "application/json", **self.headers}
        await route.fulfill(status=self.status, body=body, headers=headers)

    async def draw(self, **chosen: Any) -> None:
        """The page is drawn again; the service's record has these changes."""
        await self.handle.evaluate(
            "({ console, model }, changes) => { Object.assign(model.chosen, changes); console.draw(); }",  # noqa: E501
            chosen,
        )

    def field(self, *path: str) -> Locator:
        """A part of the form."""
        found = self.page.locator(".form")
        for step in path:
            found = found.locator(f'[data-step="{step}"]')
        return found

    def control(self, *path: str) -> Locator:
        """The control of a value."""
        return self.field(*path).locator("textarea, select, input:not([type=checkbox])").first

    @property
    def json(self) -> Locator:
        """The JSON text beside the form."""
        return self.page.locator(".json-side textarea")

    async def params(self) -> Any:
        """What the JSON text says."""
        return json.loads(await self.json.input_value())

    async def press(self, label: str) -> None:
        """Click a button by its words."""
        button = self.page.locator(".console").get_by_role("button", name=label, exact=True)
        await button.click()

    async def outcome(self) -> str:
        """The first line of the answer, once there is one."""
        head = self.page.locator(".result .outcome:has(b)")
        await head.wait_for()
        return await head.inner_text()


def record(document: str) -> Mapping[str, Any]:
    """The service's record."""
    return {
        "id": "id-shop", "name": "shop", "context": "default", "node": "n1", "document": document,
        "methods": ["bare"], "sockets": [{"name": "rpc", "role": "rpc"}],
    }  # fmt: skip


def method(name: str, *params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A method of a document."""
    return {"name": name, "params": params, **more}


def documented(*methods: Mapping[str, Any], **components: Any) -> dict[str, Any]:
    """A document with these methods."""
    return {"openrpc": "1.3.2", "methods": methods, "components": {"schemas": components}}
