"""Changes of status that are told to a person: each once, and only what is a change."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLLOW = """async (rounds) => {
  const { ServiceCollection } = await import("/static/js/fleet/service_collection.js");
  const { StatusChanges, isWorse } = await import("/static/js/fleet/status_changes.js");
  const [index, transitions, told] = [new ServiceCollection(), new StatusChanges(), []];
  for (const { put = {}, remove = [], all = false } of rounds) {
    const record = { context: "default", node: "n1", reason: "", methods: [], sockets: [], changed_at: 1 };
    for (const [id, status] of Object.entries(put)) index.put({ ...record, id, name: id, status }, 5);
    for (const id of remove) index.remove(id);
    const found = transitions.take(index, { ids: new Set([...Object.keys(put), ...remove]), all });
    told.push(found.map((one) => [one.shown.name, one.was, one.shown.status, isWorse(one)]));
  }
  return told;
}"""  # noqa: E501 - JavaScript


async def followed(page: Page, *rounds: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """What is told after each round of changes."""
    found: list[list[Any]] = await page.evaluate(FOLLOW, rounds)
    return found


async def test_each_change_is_told_once(quiet: Page) -> None:
    told = await followed(
        quiet,
        {"put": {"a": "healthy", "b": "healthy"}, "all": True},
        {"put": {"a": "unhealthy"}},
        {"put": {"a": "unhealthy"}},
        {"put": {"a": "healthy"}},
    )
    assert told == [
        [],
        [["a", "healthy", "unhealthy", True]],
        [],
        [["a", "unhealthy", "healthy", False]],
    ]


async def test_a_new_service_and_one_that_leaves_and_comes_back_are_no_change(quiet: Page) -> None:
    told = await followed(
        quiet,
        {"put": {"a": "healthy"}},
        {"put": {"new": "unhealthy"}},
        {"remove": ["a"]},
        {"put": {"a": "unhealthy"}},
    )
    assert told == [[], [], [], []]


async def test_a_state_that_is_loaded_anew_is_compared_with_the_last(quiet: Page) -> None:
    told = await followed(
        quiet,
        {"put": {"a": "healthy", "b": "healthy"}, "all": True},
        {"put": {"a": "degraded", "b": "healthy"}, "all": True},
    )
    assert told[1] == [["a", "healthy", "degraded", True]]


async def test_what_nobody_knows_is_not_worse(quiet: Page) -> None:
    told = await followed(quiet, {"put": {"a": "healthy"}}, {"put": {"a": "unknown"}})
    assert told[1] == [["a", "healthy", "unknown", False]]
