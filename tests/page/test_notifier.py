"""Notifications in a browser that has the permission but shows none for a page."""

import pytest

from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANDROID = """async ({ model }) => {
  const { Notifier } = await import("/static/js/views/notifier.js");
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor() { throw new TypeError("Illegal constructor"); }
  };
  const kept = { notify: "" };
  const prefs = { get: (name) => kept[name], set: (changes) => Object.assign(kept, changes) };
  const notifier = new Notifier({ page: { hidden: true }, model, address: {}, changed: () => {} }, prefs);
  const told = await notifier.toggle();
  const off = kept.notify;
  kept.notify = "on";
  const shown = { id: "a", name: "a", context: "default", node: "n1", status: "unhealthy", lost: null };
  notifier.tell([{ shown, was: "healthy" }]);
  return [told, off];
}"""  # noqa: E501


async def test_it_says_that_it_cannot_and_a_change_breaks_nothing(view: PageView) -> None:
    told, chosen = await view.handle.evaluate(ANDROID)
    assert told == "This browser cannot show notifications of a page."
    assert chosen == ""
