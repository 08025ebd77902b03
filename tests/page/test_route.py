"""The address of the page, both ways, and what a browser keeps of a person's preferences."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOME: dict[str, Any] = {
    "view": "fleet",
    "key": None,
    "old": None,
    "tab": "",
    "method": None,
    "query": {},
}

PARSE = """async (fragment) => (await import("/static/js/route.js")).parse(fragment)"""
BOTH = """async (text) => {
  const { parse, format } = await import("/static/js/route.js");
  const place = JSON.parse(text);
  const there = new URL("http://x/");
  there.hash = format(place);
  return [format(place), JSON.stringify(parse(there.hash))];
}"""
"""Places go both ways as JSON text: the way to the browser loses the name `__proto__`."""


async def both(page: Page, place: Mapping[str, Any]) -> tuple[str, Any]:
    """The address of a place, and the place that a browser reads from it."""
    fragment, back = await page.evaluate(BOTH, json.dumps(place))
    return fragment, json.loads(back)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = texts.filter(bool)
keys = st.fixed_dictionaries({"context": texts, "name": texts, "node": st.none() | texts})
queries = st.dictionaries(words, texts, max_size=4)


@st.composite
def places(draw: st.DrawFn) -> Mapping[str, Any]:
    """Any place of the page."""
    kind = draw(st.sampled_from(["view", "old", "service", "method"]))
    if kind == "old":
        return {**HOME, "view": "service", "old": draw(words)}
    query = draw(queries)
    if kind == "view":
        return {**HOME, "view": draw(words), "query": query}
    tab, method = draw(texts), None
    if kind == "method":
        tab, method = "methods", draw(texts)
    return {
        **HOME, "view": "service", "key": draw(keys), "tab": tab, "method": method, "query": query,
    }  # fmt: skip


@settings(max_examples=300)
@example(place={**HOME, "query": {"__proto__": "x"}})
@given(place=places())
async def test_every_place_comes_back_from_its_address(
    quiet: Page, place: Mapping[str, Any]
) -> None:
    """Also through a browser's own reading of the address."""
    fragment, back = await both(quiet, place)
    assert back == place, fragment


@settings(max_examples=200)
@given(fragment=st.text(max_size=40))
async def test_every_text_is_some_place(quiet: Page, fragment: str) -> None:
    place = await quiet.evaluate(PARSE, fragment)
    assert set(place) == set(HOME)


@pytest.mark.parametrize(
    ("fragment", "place"),
    [
        ("", {}),
        ("#", {}),
        ("#/", {}),
        ("#/timeline", {"view": "timeline"}),
        ("#petstore", {"view": "service", "old": "petstore"}),
        ("#a+b%20c", {"view": "service", "old": "a+b c"}),
        (
            "#/s/shop/petstore@host1/raw?q=status:degraded+pet&sort=name",
            {
                "view": "service",
                "key": {"context": "shop", "name": "petstore", "node": "host1"},
                "tab": "raw",
                "query": {"q": "status:degraded pet", "sort": "name"},
            },
        ),
        (
            "#/s/default/a%2Fb%40c/methods/get%20it?p=eyJ9",
            {
                "view": "service",
                "key": {"context": "default", "name": "a/b@c", "node": None},
                "tab": "methods",
                "method": "get it",
                "query": {"p": "eyJ9"},
            },
        ),
        ("#/%E0%A4%A", {"view": "%E0%A4%A"}),
    ],
)
async def test_addresses_are_read_as_documented(
    quiet: Page, fragment: str, place: Mapping[str, Any]
) -> None:
    assert await quiet.evaluate(PARSE, fragment) == {**HOME, **place}


async def test_a_readable_address_stays_readable(quiet: Page) -> None:
    query = {"q": "status:degraded,unhealthy changed:<5m", "sort": "name"}
    key = {"context": "shop", "name": "petstore", "node": "host1"}
    fragment, _ = await both(quiet, {**HOME, "view": "service", "key": key, "query": query})
    assert fragment == ("#/s/shop/petstore@host1?q=status:degraded,unhealthy+changed:<5m&sort=name")


async def test_half_a_surrogate_pair_does_not_break_the_page(quiet: Page) -> None:
    place = {**HOME, "view": "service", "key": {"context": "c", "name": "NAME", "node": None}}
    found = await quiet.evaluate(
        """async (place) => {
          const { format } = await import("/static/js/route.js");
          place.key.name = "a\\ud800";
          return format(place);
        }""",
        place,
    )
    assert found == "#/s/c/a%EF%BF%BD"


@given(lists=st.lists(words, max_size=4))
async def test_a_list_in_a_query_comes_back(quiet: Page, lists: list[str]) -> None:
    back = await quiet.evaluate(
        """async (texts) => {
          const { joined, split } = await import("/static/js/route.js");
          return split(joined(texts));
        }""",
        lists,
    )
    assert back == lists


PREFS = """async ([kept, changes]) => {
  const { Prefs } = await import("/static/js/prefs.js");
  const storage = {
    getItem: () => { if (kept === "forbidden") throw new Error(kept); return kept; },
    setItem: (_, text) => { if (kept === "forbidden") throw new Error(kept); kept = text; },
  };
  const prefs = new Prefs(storage);
  const before = prefs.get("sort");
  prefs.set(changes);
  return [before, prefs.get("sort"), kept];
}"""


@pytest.mark.parametrize("kept", [None, "{", "[1]", '{"sort": 7, "x": "y"}', "null"])
async def test_preferences_survive_whatever_is_in_the_storage(
    quiet: Page, kept: str | None
) -> None:
    before, after, stored = await quiet.evaluate(PREFS, [kept, {"sort": "name", "other": "x"}])
    assert (before, after) == ("", "name")
    assert stored == '{"sort":"name"}'


async def test_without_a_storage_a_preference_lasts_as_long_as_the_page(quiet: Page) -> None:
    _, after, _ = await quiet.evaluate(PREFS, ["forbidden", {"sort": "name"}])
    assert after == "name"


async def test_what_another_tab_has_chosen_meanwhile_stays(quiet: Page) -> None:
    found = await quiet.evaluate(
        """async () => {
          const { Prefs } = await import("/static/js/prefs.js");
          let kept = null;
          const storage = { getItem: () => kept, setItem: (_, text) => { kept = text; } };
          const [one, other] = [new Prefs(storage), new Prefs(storage)];
          other.set({ notify: "on", theme: "dark" });
          one.set({ theme: "light" });
          other.set({ sort: "name" });
          return ["notify", "theme", "sort"].map((name) => [one.get(name), other.get(name)]);
        }"""
    )
    assert found == [["on", "on"], ["light", "light"], ["name", "name"]]
