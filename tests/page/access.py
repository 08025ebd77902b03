"""The page at the view of access, over a router that answers as a test wants."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests.page.stage import Stage
from tests.page.view import PageView

NOW = 10_000_000
RIGHTS = ("look", "access")
OVERVIEW = {
    "rights": [
        {"name": "look", "what": "look at services",
         "extents": {"viewer": "yes", "viewer of some contexts": "contexts",
                     "administrator of some contexts": "contexts", "administrator": "yes"}},
    ],
    "ways": [
        {"name": "open", "what": "Nobody is asked", "on": False, "settings": ["ROUTER_OPEN"],
         "lines": []},
        {"name": "token", "what": "Tokens", "on": True, "settings": ["ROUTER_TOKEN"],
         "lines": ["admin: administrator"]},
    ],
    "tries": [{"address": "203.0.113.9", "wrong": 3, "seconds_ago": 12, "wait_seconds": 40}],
    "worker": "n1/7",
}  # fmt: skip


def session(key: str, **changes: Any) -> dict[str, Any]:
    """A session as the router tells it."""
    return {
        "id": f"id-{key}", "name": key, "way": "token", "roles": ["admin", "viewer"],
        "contexts": None, "address": "192.0.2.7", "user_agent": "Firefox", "at": NOW - 120_000,
        "until": NOW + 7_200_000, "own": False, **changes,
    }  # fmt: skip


MINE = session("ann", own=True)
CLERK = session("clerk", way="oidc", roles=["viewer"], contexts=["shop", "lab"])
ADDED = {"network": "198.51.100.0/24", "added_at": NOW - 60_000, "note": "the office"}


class AccessView(PageView):
    """The page at this view, with a router that answers as a test wants."""

    calls: list[Mapping[str, Any]]
    answers: dict[str, Any]

    @classmethod
    async def at(cls, page: Page, stage: Stage) -> "AccessView":
        made = await super().at(page, stage)
        assert isinstance(made, AccessView)
        made.calls, made.answers = [], {
            "router.access": OVERVIEW,
            "router.sessions": {"sessions": [MINE, CLERK], "most": 1000, "now": NOW},
            "router.allowed": {
                "in_force": True, "fixed": ["10.0.0.0/8"], "added": [ADDED], "now": NOW,
            },
        }  # fmt: skip
        await page.route("**/rpc", made.answer)
        return made

    async def answer(self, route: Route) -> None:
        """Answer a call; a text is an error, an event is waited for."""
        call = json.loads(route.request.post_data or "")
        self.calls.append(call)
        told = self.answers.get(call["method"], {})
        if isinstance(told, asyncio.Event):
            await told.wait()
            told = self.answers["late"]
        body = {"error": {"message": told}} if isinstance(told, str) else {"result": told}
        await route.fulfill(json={"jsonrpc": "2.0", "id": call["id"], **body})

    async def meet(self, *may: str, **changes: Any) -> None:
        """The router says who the person is, and which of the rights they have."""
        rights = [
            {"name": name, "what": f"may {name}", "extent": "yes" if name in may else "no"}
            for name in RIGHTS
        ]
        caller = {
            "name": "ann", "kind": "token", "roles": ["viewer"], "contexts": None, "open": False,
            "session": "id-ann", "session_ends": NOW, "rights": rights, **changes,
        }  # fmt: skip
        await self.handle.evaluate(
            """({ model, draw }, caller) => {
                 model.redis = { command: "redis-cli -p 1", prefix: "{my}" };
                 model.meet(caller);
                 draw();
               }""",
            caller,
        )

    async def opened(self) -> None:
        """An administrator is at the view, and everything has been answered."""
        await self.go("#/access")
        await self.meet("look", "access", roles=["admin", "viewer"])
        await expect(self.page.locator(".access-view [data-loading]")).to_be_attached()
        await expect(self.page.locator("[data-loading]")).to_be_hidden()

    def asked(self, *methods: str) -> list[tuple[str, Any]]:
        """The calls of these methods, with their parameters."""
        return [
            (each["method"], each["params"]) for each in self.calls if each["method"] in methods
        ]

    def card(self, name: str) -> Locator:
        """The item of a session."""
        return self.page.locator(f'[data-sessions] [data-key="id-{name}"]')

    async def confirm(self, answer: str) -> str:
        """Answer the question that is asked; returns it."""
        dialog = self.page.locator("[data-confirm]")
        question = await dialog.locator("p bdi").inner_text()
        await dialog.get_by_role("button", name=answer, exact=True).click()
        await expect(dialog).to_be_hidden()
        return question

    async def toast(self, words: str) -> None:
        """Wait for a message."""
        await expect(self.page.locator("#toast")).to_contain_text(words)
