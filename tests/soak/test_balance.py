"""The soak's look at the workers' books: one that is off is seen, and so is one that is missing."""

import pytest

from tests.soak.balance import imbalances, unrest
from tests.support.scrape import Scrape

NOW = 1_000.0


def scrape(*books: int, pending: int = 0, written: float = NOW - 1) -> Scrape:
    lines = [f'hero_router_unaccounted{{pid="{n}"}} {value}' for n, value in enumerate(books)]
    name = "hero_router_worker_tick_timestamp_seconds"
    ticks = [f'{name}{{pid="{n}"}} {NOW - 1 if n else written}' for n, _ in enumerate(books)]
    head = ["# TYPE hero_router_unaccounted gauge", *lines, f"# TYPE {name} gauge", *ticks]
    tail = [
        "# TYPE hero_router_deliveries_pending gauge",
        f"hero_router_deliveries_pending {pending}",
    ]
    return Scrape("\n".join([*head, *tail]) + "\n")


def test_books_that_balance_are_no_fault() -> None:
    assert imbalances(scrape(0, 0, pending=7)) == []
    assert unrest(scrape(0, 0), NOW) == ""


def test_books_that_are_off_are_seen_in_either_direction() -> None:
    assert imbalances(scrape(3, 0, -1)) == [3, -1]


@pytest.mark.parametrize(
    "found",
    [
        None,
        scrape(0),
        scrape(0, 0, 0),
        scrape(),
        scrape(0, 1),
        scrape(0, 0, pending=1),
        scrape(0, 0, written=NOW - 20),
    ],
)
def test_an_instance_at_rest_has_all_workers_and_nothing_pending(found: Scrape | None) -> None:
    assert unrest(found, NOW)
