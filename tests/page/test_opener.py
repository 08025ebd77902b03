"""The opener of the command palette: what searches is loaded once, also if asked for twice."""

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPENED = """async (failures) => {
  const { Opener } = await import("/static/js/palette/opener.js");
  document.body.innerHTML = `<button data-open-palette></button>
    <dialog data-palette><input><p data-unloaded hidden></p></dialog>`;
  const seen = { loads: 0, looks: 0 };
  const opener = new Opener(document, async () => {
    seen.loads += 1;
    await new Promise((done) => setTimeout(done));
    if (seen.loads <= failures) throw new Error("the router does not answer");
    return { look: () => (seen.looks += 1) };
  });
  await Promise.all([opener.warm(), opener.open()]);
  const isFailed = !document.querySelector("[data-unloaded]").hidden;
  opener.dialog.close();
  await opener.open();
  opener.dialog.close();
  return [seen.loads, seen.looks, isFailed];
}"""


async def test_what_is_asked_for_while_it_is_loaded_is_not_loaded_again(quiet: Page) -> None:
    """Two palettes would both obey Enter: what it switches on would be off again."""
    assert await quiet.evaluate(OPENED, 0) == [1, 2, False]


async def test_what_did_not_load_is_loaded_at_the_next_opening(quiet: Page) -> None:
    assert await quiet.evaluate(OPENED, 1) == [2, 1, True]
