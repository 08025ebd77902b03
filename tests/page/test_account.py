"""Who the person at the page is: when the router is asked, and who is told."""

from typing import Any

import pytest

from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = """async (moments) => {
  const { Account } = await import("/static/js/views/account.js");
  let now = 0, me = { name: "ann", session_ends: 1, open: false };
  const asked = [], met = [], greetings = {};
  const api = { me: async () => (asked.push(now), me), signOut: async () => {} };
  const account = new Account(document, api, { now: () => now, met: (caller) => met.push(caller?.name ?? null) });
  for (const { at, stream, ended } of moments) {
    now = at;
    if (ended) me = null;
    greetings[stream] ??= { stream };
    account.tick(stream === null ? null : greetings[stream]);
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
  account.tick(null);
  now = 1_000;
  account.tick({});
  answers[1]({ name: "ann", session_ends: 1, open: false });
  await new Promise((done) => setTimeout(done));
  answers[0](null);
  await new Promise((done) => setTimeout(done));
  return met;
}"""  # noqa: E501


ANOTHER = """async (people) => {
  const { Account } = await import("/static/js/views/account.js");
  let now = 0;
  const met = [];
  const api = { me: async () => people.shift(), signOut: async () => {} };
  const account = new Account(document, api, { now: () => now, met: (caller) => met.push(caller?.name ?? null) });
  while (people.length > 0) {
    account.tick({});
    await new Promise((done) => setTimeout(done));
  }
  return met;
}"""  # noqa: E501


RELOADS = """async (moments) => {
  const { Account } = await import("/static/js/views/account.js");
  let now = 0, name = "ann";
  const api = { me: async () => ({ name, session_ends: 1, open: false }), signOut: async () => {} };
  const account = new Account(document, api, { now: () => now, met: () => {} });
  account.tick({});
  await new Promise((done) => setTimeout(done));
  name = "bob";
  const stopped = [];
  addEventListener("beforeunload", () => stopped.push(now));
  for (now of moments) {
    account.tick({});
    await new Promise((done) => setTimeout(done));
    window.stop();
  }
  return stopped;
}"""
"""When it is loaded anew, each time for nothing: the router does not answer."""


def moment(at: int, *, stream: int | None = 1, ended: bool = False) -> dict[str, Any]:
    """A moment at which the page is live by this stream, or is not."""
    return {"at": at, "stream": stream, "ended": ended}


def person(name: str, **fields: Any) -> dict[str, Any]:
    known = {"roles": ["viewer"], "contexts": None, "session": "1", "session_ends": 1}
    return {"name": name, "open": False, **known, **fields}


async def test_a_page_that_is_no_longer_live_asks_at_once_whether_its_session_has_ended(
    view: PageView,
) -> None:
    """It may have asked a moment before."""
    found = await view.page.evaluate(
        RUN,
        [
            moment(0),
            moment(1_000),
            moment(2_000, stream=None, ended=True),
            moment(3_000, stream=None),
            moment(6_999, stream=None),
            moment(7_000, stream=None),
        ],
    )
    assert found == {"asked": [0, 2_000, 7_000], "met": ["ann", None, None], "led": True}


async def test_a_page_that_is_live_again_asks_at_once_whether_a_session_has_begun(
    view: PageView,
) -> None:
    """Else the band "You are not signed in" would stay on a live page for a minute."""
    found = await view.page.evaluate(
        RUN, [moment(0, stream=None), moment(1_000), moment(2_000), moment(60_999), moment(61_000)]
    )
    assert found["asked"] == [0, 1_000, 61_000]


async def test_a_page_whose_stream_began_anew_meanwhile_asks_at_once(view: PageView) -> None:
    """The session may be another one, and the page may have been without a stream only shortly."""
    found = await view.page.evaluate(
        RUN, [moment(0), moment(1_000, stream=2), moment(2_000, stream=2)]
    )
    assert found["asked"] == [0, 1_000]


async def test_a_page_that_is_live_asks_once_a_minute(view: PageView) -> None:
    found = await view.page.evaluate(RUN, [moment(0), moment(59_999), moment(60_000)])
    assert found == {"asked": [0, 60_000], "met": ["ann", "ann"], "led": False}


async def test_an_answer_that_comes_after_that_to_a_later_question_is_left_out(
    view: PageView,
) -> None:
    """Else a person who has just signed in would be told for a minute that they are not."""
    assert await view.page.evaluate(RACE) == ["ann"]


@pytest.mark.parametrize(
    "other",
    [person("bob"), person("ann", roles=["admin"]), person("ann", contexts=["shop"])],
    ids=["name", "role", "contexts"],
)
async def test_a_page_whose_user_is_another_one_is_loaded_anew(
    view: PageView, other: dict[str, Any]
) -> None:
    """What it shows is not for them, even if nobody was signed in meanwhile."""
    async with view.page.expect_event("load"):
        await view.page.evaluate(
            f"people => void ({ANOTHER})(people)", [person("ann"), None, other]
        )


async def test_a_page_whose_user_signs_in_again_stays(view: PageView) -> None:
    again = person("ann", session="2", session_ends=9)
    assert await view.page.evaluate(ANOTHER, [None, person("ann"), None, again]) == [
        None, "ann", None, "ann",
    ]  # fmt: skip


async def test_a_page_that_waits_to_be_loaded_anew_does_not_begin_that_again(
    view: PageView,
) -> None:
    """Where the router takes longer than the next question, it would never end."""
    assert await view.page.evaluate(RELOADS, [1_000, 6_000, 11_000, 60_999, 61_000]) == [
        1_000, 61_000,
    ]  # fmt: skip
