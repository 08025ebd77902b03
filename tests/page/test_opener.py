"""The opener of the command palette: what searches is loaded once, also if asked for twice."""

from typing import Any

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

RENEWED = """async ({ words, press, before, after }) => {
  const { Opener } = await import("/static/js/palette/opener.js");
  const { Palette } = await import("/static/js/palette/palette.js");
  document.body.innerHTML = `<button data-open-palette></button>
    <dialog data-palette><input><ul role="listbox"></ul><p data-nothing></p><p data-unloaded hidden></p></dialog>
    <template data-template="offer"><li role="option"><svg class="mark"><use/></svg><span class="text"></span><span class="hint"></span>
    <span class="kind"></span></li></template>`;
  let can = before;
  const model = { place: { view: "fleet", query: {} }, caller: null, index: { entries: new Map() } };
  const actions = () => can.map((text) => ({ text, hint: "", run: () => {} }));
  const opener = new Opener(document, async () => new Palette({ page: document, model }, { views: {}, actions }));
  const told = () => ({
    texts: [...document.querySelectorAll("[role=option] .text")].map(({ textContent }) => textContent),
    chosen: document.querySelector("[aria-selected=true] .text")?.textContent ?? null,
  });
  await opener.open();
  opener.dialog.querySelector("input").value = words;
  opener.palette.look();
  for (const key of press) opener.palette.input.dispatchEvent(new KeyboardEvent("keydown", { key }));
  const first = told();
  can = after;
  opener.renew();
  return [first, told()];
}"""  # noqa: E501


async def renewed(
    page: Page, words: str, *, press: list[str], before: list[str], after: list[str]
) -> list[dict[str, Any]]:
    given = {"words": words, "press": press, "before": before, "after": after}
    found: list[dict[str, Any]] = await page.evaluate(RENEWED, given)
    return found


async def test_what_is_asked_for_while_it_is_loaded_is_not_loaded_again(quiet: Page) -> None:
    """Two palettes would both obey Enter: what it switches on would be off again."""
    assert await quiet.evaluate(OPENED, 0) == [1, 2, False]


async def test_what_did_not_load_is_loaded_at_the_next_opening(quiet: Page) -> None:
    assert await quiet.evaluate(OPENED, 1) == [2, 1, True]


async def test_an_open_palette_shows_what_can_be_done_since_a_moment_ago(quiet: Page) -> None:
    """The router says who a person is, while they have typed already what they want."""
    first, then = await renewed(quiet, "sign out", press=[], before=[], after=["Sign out"])
    assert first == {"texts": [], "chosen": None}
    assert then == {"texts": ["Sign out"], "chosen": "Sign out"}


async def test_what_is_chosen_stays_chosen_when_other_things_can_be_done(quiet: Page) -> None:
    first, then = await renewed(
        quiet,
        "colour",
        press=["ArrowDown"],
        before=["Colour a", "Colour b"],
        after=["Colour", "Colour b"],
    )
    assert first["chosen"] == "Colour b"
    assert then["chosen"] == "Colour b"
