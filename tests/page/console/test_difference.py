"""The difference between two answers: never less than there is, without a word about it."""

from functools import partial
from typing import Any

import pytest
from playwright.async_api import expect

from tests.page.console.shop import SHOP
from tests.page.console.view import ConsoleView

pytestmark = pytest.mark.asyncio(loop_scope="session")

LARGE = "x" * 1_100_000
"""As JSON it is shown as text only."""


def given(answer: Any, _: Any) -> Any:
    """The same answer to any request."""
    return answer


async def shown(console: ConsoleView, *answers: Any) -> list[str]:
    """What the difference of two answers says: its lines, then its notes."""
    await console.open("get", SHOP)
    await console.control("id").fill("1")
    for number, answer in enumerate(answers):
        console.answer = partial(given, answer)
        await console.press("Send")
        await expect(console.page.locator(".past summary")).to_have_text(f"History ({number + 1})")
    await console.press("difference")
    lines = await console.page.locator(".changes li").all_inner_texts()
    return [*lines, *await console.page.locator(".answer .note").all_inner_texts()]


def result(value: Any) -> Any:
    """An answer that any request accepts, if it is the only one."""
    return {"jsonrpc": "2.0", "id": None, "result": value}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (b"down", b"down", ["The two answers are the same."]),
        (b"down", b"gone", ['changed text "down" → "gone"']),
        (b"caf\xe9", b"caf\xe9", ["The two answers are the same as far as they could be read."]),
        (b"", b"", ["The two answers are the same."]),
        (b"", b"down", ['added ["HTTP status"] 200', 'added text "down"']),
        ({"result": LARGE + "1"}, {"result": LARGE + "2"},
         [f'changed text …{"x" * 75}1\\"}}" → …{"x" * 75}2\\"}}"']),
        ({"id": None, "result": 1}, {"id": None, "error": {}},
         ["removed strange 1", "added error {}"]),
    ],
)  # fmt: skip
async def test_answers_that_are_text_only_or_of_another_kind_are_compared_too(
    console: ConsoleView, before: Any, after: Any, lines: list[str]
) -> None:
    assert await shown(console, before, after) == lines


async def test_no_more_differences_are_listed_than_a_page_can_show(console: ConsoleView) -> None:
    many = [list(range(number, number + 300)) for number in (0, 1_000)]
    *lines, note = await shown(console, *map(result, many))
    assert len(lines) == 200
    assert note == "No more than 200 differences are listed."
