"""What is kept of requests: little, in this browser only, and no secrets; and what has changed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from playwright.async_api import Page

from tests.page.console.modules import run
from tests.page.console.schemas import values

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORE = """(most = Infinity) => ({
  kept: new Map(),
  getItem(name) { return this.kept.get(name) ?? null; },
  setItem(name, text) { if (text.length > most) throw new Error("full"); this.kept.set(name, text); },
  removeItem(name) { this.kept.delete(name); },
})"""  # noqa: E501


async def test_the_newest_requests_of_each_method_are_kept(quiet: Page) -> None:
    code = f"""() => {{
      const storage = ({STORE})();
      const past = new m.Past(storage, "past");
      for (let at = 1; at <= 25; at += 1)
        for (const name of ["a", "b"])
          past.add(name, {{ at, params: {{ at }}, leftOut: ["x"], outcome: "result" }});
      const again = new m.Past(storage, "past");
      const found = [again.of("a").map((one) => one.at), again.of("a")[0]];
      again.forget("a");
      return [...found, past.of("a"), past.of("b").length];
    }}"""
    ats, newest, forgotten, others = await run(quiet, code)
    assert ats == list(range(25, 5, -1))
    assert newest == {"at": 25, "params": {"at": 25}, "leftOut": ["x"], "outcome": "result"}
    assert (forgotten, others) == ([], 20)


async def test_all_together_stay_small_and_one_that_is_large_is_not_kept(quiet: Page) -> None:
    code = f"""() => {{
      const storage = ({STORE})();
      const past = new m.Past(storage, "past");
      const one = (size) => ({{ at: 1, params: "x".repeat(size), leftOut: [], outcome: "" }});
      const large = past.add("large", one(17_000));
      for (let n = 0; n < 60; n += 1) past.add(`method ${{n}}`, one(10_000));
      return [large, past.of("large").length, storage.kept.get("past").length];
    }}"""
    kept, count, size = await run(quiet, code)
    assert (kept, count) == (False, 0)
    assert 200_000 < size <= 256 * 1024


@pytest.mark.parametrize(
    "text", ["", "{", "1", "[1]", '[{"method": 1}]', '[{"method":"a","at":"x","outcome":""}]']
)
async def test_a_storage_that_another_program_wrote_or_that_is_forbidden_does_no_harm(
    quiet: Page, text: str
) -> None:
    code = f"""(text) => {{
      const storage = ({STORE})();
      storage.kept.set("past", text);
      const past = new m.Past(storage, "past");
      const found = [past.of("a")];
      const sent = {{ at: 1, params: {{}}, leftOut: [], outcome: "" }};
      found.push(past.add("a", sent), past.of("a").length);
      const full = new m.Past(({STORE})(10), "past"), none = new m.Past(null, "past");
      return [...found, full.add("a", sent), none.add("a", sent), none.of("a")];
    }}"""
    assert await run(quiet, code, text) == [[], True, 1, False, False, []]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, ["a removed", "b changed", "c added"]),
        ([1, 2, 3], [1, 9, 2, 3], ["[1] added"]),
        ([1, 2, 3], [2, 3], ["[0] removed"]),
        ([{"id": 1, "x": 1}, {"id": 2}], [{"id": 1, "x": 2}, {"id": 2}], ["[0].x changed"]),
        (1, "1", [" changed"]),
        ({"a": {"b": [1]}}, {"a": {"b": {}}}, ["a.b changed"]),
    ],
)
async def test_a_difference_has_its_place(
    quiet: Page, before: Any, after: Any, changes: list[str]
) -> None:
    code = """(before, after) => m.differences(before, after)
      .map(({ path, kind }) => `${m.spoken(path)} ${kind}`)"""
    assert await run(quiet, code, before, after) == changes


@settings(max_examples=80)
@given(before=values, after=values)
async def test_two_values_differ_exactly_where_they_are_not_the_same(
    quiet: Page, before: Any, after: Any
) -> None:
    code = "(one, other) => [m.differences(one, other).length, m.differences(one, one).length]"
    count, none = await run(quiet, code, before, after)
    assert none == 0
    texts = [json.dumps(value, sort_keys=True) for value in (before, after)]
    assert (count == 0) == (texts[0] == texts[1])


async def test_long_lists_are_compared_item_by_item(quiet: Page) -> None:
    """Aligned, which takes the product of their lengths, these would differ in two items only."""
    code = """() => {
      const rows = (from) => Array.from({ length: 3_000 }, (_, n) => ({ id: from + n, name: "x" }));
      return m.differences(rows(0), rows(1)).length;
    }"""
    assert await run(quiet, code) == 200


async def test_lists_are_aligned_without_reading_each_item_for_each_other(quiet: Page) -> None:
    code = """() => {
      let reads = 0;
      const item = (id) => ({ get id() { reads += 1; return id; } });
      const items = (from) => Array.from({ length: 200 }, (_, n) => item(from + n));
      return [m.differences(items(0), items(100)).length, reads];
    }"""
    count, reads = await run(quiet, code)
    assert count == 200
    assert reads < 10 * 400, "a few times each; for each pair it would be 40,000"
