"""Who the person at the page is: when the router is asked, and who is told."""

from typing import Any

import pytest

from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = """async (moments) => {
  const { Account } = await import("/static/js/views/account.js");
  let now = 0, me = { name: "ann", session_ends: 1, open: false };
  const asked = [], met = [];
  const api = { me: async () => (asked.push(now), me), signOut: async () => {} };
  const account = new Account(document, api, { now: () => now, met: (caller) => met.push(caller?.name ?? null) });
  for (const { at, live, ended } of moments) {
    now = at;
    if (ended) me = null;
    account.tick(live);
    await new Promise((done) => setTimeout(done));
  }
  const band = document.querySelector("[data-signed-out]");
  return { asked, met, led: !band.hidden };
}"""  # noqa: E501


RACE = """async () => {
  const { Account } = await import("/static/js/views/account.js");
  let now = 0;
  const answers = [], met = [];
  const api = { me: () => new Promise((done) => answers.push(done)), signOut: async () => {} };
  const account = new Account(document, api, { now: () => now, met: (caller) => met.push(caller?.name ?? null) });
  account.tick(false);
  now = 1_000;
  account.tick(true);
  answers[1]({ name: "ann", session_ends: 1, open: false });
  await new Promise((done) => setTimeout(done));
  answers[0](null);
  await new Promise((done) => setTimeout(done));
  return met;
}"""  # noqa: E501


def moment(at: int, *, live: bool = True, ended: bool = False) -> dict[str, Any]:
    return {"at": at, "live": live, "ended": ended}


async def test_a_page_that_is_no_longer_live_asks_at_once_whether_its_session_has_ended(
    view: PageView,
) -> None:
    """It may have asked a moment before."""
    found = await view.page.evaluate(
        RUN,
        [
            moment(0),
            moment(1_000),
            moment(2_000, live=False, ended=True),
            moment(3_000, live=False),
            moment(6_999, live=False),
            moment(7_000, live=False),
        ],
    )
    assert found == {"asked": [0, 2_000, 7_000], "met": ["ann", None, None], "led": True}


async def test_a_page_that_is_live_again_asks_at_once_whether_a_session_has_begun(
    view: PageView,
) -> None:
    """Else the band "You are not signed in" would stay on a live page for a minute."""
    found = await view.page.evaluate(
        RUN, [moment(0, live=False), moment(1_000), moment(2_000), moment(60_999), moment(61_000)]
    )
    assert found["asked"] == [0, 1_000, 61_000]


async def test_a_page_that_is_live_asks_once_a_minute(view: PageView) -> None:
    found = await view.page.evaluate(RUN, [moment(0), moment(59_999), moment(60_000)])
    assert found == {"asked": [0, 60_000], "met": ["ann", "ann"], "led": False}


async def test_an_answer_that_comes_after_that_to_a_later_question_is_left_out(
    view: PageView,
) -> None:
    """Else a person who has just signed in would be told for a minute that they are not."""
    assert await view.page.evaluate(RACE) == ["ann"]
