"""The text of the state, read in pieces: the same as read at once, however long it is."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

READ = """async ([text, cost]) => {
  const { read } = await import("/static/js/live/state_parser.js");
  let now = 0, begun = 0, pauses = 0, longest = 0;
  const pause = async () => {
    pauses += 1;
    longest = Math.max(longest, now - begun);
    begun = now += 100;
  };
  const state = await read(text, { now: () => (now += cost), pause }).catch(() => null);
  return { state, pauses, longest };
}"""

HOSTILE = {"name": 'a",\n{"services":[\n],', "methods": ["\\n", "\r\u2028"], "reason": "},\\"}
STATE = {"cursor": "1-7", "nodes": [{"root": "\n],"}], "stale": [], "now": 5}


def lines(records: Sequence[Any], **fields: Any) -> str:
    """As the router writes it."""
    inner = ",\n".join(json.dumps(one) for one in records)
    return f'{{"run_id":"r","services":[\n{inner}\n],{json.dumps(fields)[1:]}'


@pytest.mark.parametrize("records", [[], [{"name": "a"}], [HOSTILE, {"name": "b"}, HOSTILE]])
async def test_the_state_is_the_same_as_if_it_was_read_at_once(
    quiet: Page, records: Sequence[Any]
) -> None:
    text = lines(records, **STATE)
    found = await quiet.evaluate(READ, [text, 0])
    assert found["state"] == json.loads(text)


async def test_a_state_on_one_line_is_read_too(quiet: Page) -> None:
    """That is how a router of an older version sends it."""
    state = {**STATE, "services": [HOSTILE]}
    assert (await quiet.evaluate(READ, [json.dumps(state), 0]))["state"] == state


async def test_a_long_state_is_read_in_short_pieces(quiet: Page) -> None:
    found = await quiet.evaluate(READ, [lines([{"id": n} for n in range(500)], **STATE), 1])
    assert [one["id"] for one in found["state"]["services"]] == list(range(500))
    assert found["pauses"] > 40
    assert found["longest"] <= 10


@pytest.mark.parametrize("text", ["", "<html>\n\n</html>", lines([{}], **STATE)[:-9]])
async def test_what_is_no_state_is_refused(quiet: Page, text: str) -> None:
    assert (await quiet.evaluate(READ, [text, 0]))["state"] is None
