"""The page orders positions as the router does, whatever their size, and takes nothing else."""

from itertools import product

import pytest
from playwright.async_api import Page

from hero_router.position import Position

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIZES = [0, 1, 2, 9, 10, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
NO_POSITIONS = [
    "", "-", "0", "0-", "-0", "$", "*", "1-2-3", "+1-2", " 1-2", "1-2 ", "1-2\n", "01-2", "1-02",
    "1.0-2", "1-\u0662", "9223372036854775808-1", "1-9223372036854775808", "9" * 10_000, None,
]  # fmt: skip


async def test_positions_compare_as_the_router_compares_them_also_beyond_2_to_the_53(
    quiet: Page,
) -> None:
    places = [Position(*pair) for pair in product(SIZES, SIZES)]
    pairs = [(one, other) for one in places for other in places]
    found = await quiet.evaluate(
        """async (pairs) => {
          const { compare } = await import("/static/js/live/position.js");
          return pairs.map(([one, other]) => compare(one, other));
        }""",
        [[str(one), str(other)] for one, other in pairs],
    )
    assert found == [(one > other) - (one < other) for one, other in pairs]


async def test_what_is_no_position_has_no_order(quiet: Page) -> None:
    found = await quiet.evaluate(
        """async (texts) => {
          const { compare, parse } = await import("/static/js/live/position.js");
          return texts.map((text) => [parse(text), String(compare(text, "1-1")),
                                      String(compare("1-1", text))]);
        }""",
        NO_POSITIONS,
    )
    assert found == [[None, "NaN", "NaN"]] * len(NO_POSITIONS)


@pytest.mark.parametrize(
    ("before", "after", "skips"),
    [
        ("5-7", "5-8", False),
        ("5-7", "5-9", True),
        ("5-7", "5-7", False),
        ("5-7", "5-2", False),
        ("5-7", "6-1", False),
        ("5-7", "6-2", True),
        ("5-7", "4-9", False),
        ("5-9007199254740992", "5-9007199254740993", False),
        ("5-9007199254740992", "5-9007199254740994", True),
        (None, "5-9", False),
        ("5-7", "", False),
    ],
)
async def test_events_are_missing_where_the_numbers_are_not_dense(
    quiet: Page, before: str | None, after: str, skips: bool
) -> None:
    found = await quiet.evaluate(
        """async ([before, after]) =>
             (await import("/static/js/live/position.js")).skips(before, after)""",
        [before, after],
    )
    assert found is skips


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ("5-7", "5-9", 2),
        ("5-7", "5-7", 0),
        ("5-7", "5-6", None),
        ("5-7", "6-9", None),
        ("5-9007199254740993", "5-9007199254740995", 2),
        (None, "5-9", None),
        ("5-7", None, None),
        ("5-7", "x", None),
    ],
)
async def test_the_number_of_events_between_two_positions_is_never_made_up(
    quiet: Page, before: str | None, after: str | None, number: int | None
) -> None:
    found = await quiet.evaluate(
        """async ([before, after]) =>
             (await import("/static/js/live/position.js")).distance(before, after)""",
        [before, after],
    )
    assert found == number
