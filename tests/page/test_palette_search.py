"""What the palette finds and in which order, and that a search never holds the page up."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

RANK = """async ([query, texts]) => {
  const { Best, score, wordsOf } = await import("/static/js/palette/match.js");
  const best = new Best(10);
  for (const text of texts) best.add(text, score(wordsOf(query), text));
  return best.items;
}"""

SEARCH = """async ([queries, number]) => {
  const { Search } = await import("/static/js/palette/search.js");
  let now = 0, looked = 0;
  const later = [], told = [], pieces = [];
  const search = new Search({ now: () => now, later: (run) => later.push(run) });
  function* all() {
    for (let at = 0; at < number; at += 1) {
      looked += 1;
      now += 0.1;
      yield { kind: "service", text: `service ${at}` };
    }
  }
  const tell = (query) => (found) => told.push([query, found.map(({ text }) => text)]);
  for (const query of queries) search.begin(query, all, tell(query));
  for (let run = later.shift(); run; run = later.shift()) {
    const before = now;
    run();
    pieces.push(now - before);
  }
  return { told, longest: Math.max(0, ...pieces), pieces: pieces.length, looked };
}"""


async def ranked(page: Page, query: str, *texts: str) -> list[str]:
    found: list[str] = await page.evaluate(RANK, [query, texts])
    return found


async def searched(page: Page, queries: Sequence[str], number: int) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(SEARCH, [queries, number])
    return found


async def test_the_beginning_of_a_word_comes_before_its_inside_and_letters_in_order(
    quiet: Page,
) -> None:
    texts = ("carpet", "p-e-t", "petstore", "shop pet", "dog")
    assert await ranked(quiet, "pet", *texts) == ["petstore", "shop pet", "carpet", "p-e-t"]


async def test_a_whole_text_comes_first(quiet: Page) -> None:
    assert (await ranked(quiet, "Shop", "shops", "shop b", "shop"))[0] == "shop"


@pytest.mark.parametrize("query", ["get pet", "pet get", "PETS g"])
async def test_words_are_found_in_any_order_and_any_case(quiet: Page, query: str) -> None:
    assert await ranked(quiet, query, "petstore get_pets", "petstore create") == [
        "petstore get_pets"
    ]


async def test_every_word_must_be_found(quiet: Page) -> None:
    assert await ranked(quiet, "pet xyz", "petstore", "xyz") == []


async def test_an_empty_query_finds_all_as_they_come(quiet: Page) -> None:
    assert await ranked(quiet, "  ", "one", "two", "six") == ["one", "two", "six"]


async def test_no_word_is_a_pattern(quiet: Page) -> None:
    assert await ranked(quiet, ".*", "anything", "a.*b") == ["a.*b"]
    assert await ranked(quiet, "\\", "a\\b", "ab") == ["a\\b"]


async def test_other_alphabets_are_found_too(quiet: Page) -> None:
    assert await ranked(quiet, "магазин", "мой магазин", "shop") == ["мой магазин"]


async def test_a_long_search_is_done_in_short_pieces_and_finds_the_last(quiet: Page) -> None:
    found = await searched(quiet, ["service 4999"], 5_000)
    assert found["told"] == [["service 4999", ["service 4999"]]]
    assert found["pieces"] > 10
    assert found["longest"] < 16


async def test_a_newer_search_ends_the_older_one(quiet: Page) -> None:
    found = await searched(quiet, ["service 1", "service 2"], 1_000)
    assert [query for query, _ in found["told"]] == ["service 2"]
    assert found["looked"] < 1_500
