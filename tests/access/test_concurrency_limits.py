"""What may be open at once, in total and by client address."""

import pytest

from hero_router.access.concurrency_limits import ConcurrencyLimit, Limits, Slot


def taken(quota: ConcurrencyLimit, address: str, number: int) -> list[Slot]:
    slots = [quota.take(address) for _ in range(number)]
    return [slot for slot in slots if slot is not None]


def test_an_address_has_so_many_and_others_are_not_hurt() -> None:
    quota = ConcurrencyLimit(Limits(0, 2))
    first, _ = taken(quota, "192.0.2.1", 5)
    assert len(taken(quota, "192.0.2.2", 2)) == 2
    first.give_back()
    first.give_back()
    assert len(taken(quota, "192.0.2.1", 5)) == 1
    assert quota.open == 4


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "local", "::ffff:127.0.0.1"])
def test_this_machine_has_no_limit_of_its_own(address: str) -> None:
    assert len(taken(ConcurrencyLimit(Limits(0, 2)), address, 9)) == 9


def test_a_network_of_ipv6_counts_as_one_client() -> None:
    quota = ConcurrencyLimit(Limits(0, 2))
    assert len(taken(quota, "2001:db8::1", 1) + taken(quota, "2001:db8::2", 5)) == 2
    assert quota.take("2001:db8:0:1::1") is not None


def test_all_together_have_a_limit_also_those_of_this_machine() -> None:
    quota = ConcurrencyLimit(Limits(3, 2))
    slots = taken(quota, "127.0.0.1", 2) + taken(quota, "192.0.2.1", 2)
    assert len(slots) == 3
    slots[0].give_back()
    assert quota.take("192.0.2.2") is not None


def test_without_limits_all_are_taken() -> None:
    assert len(taken(ConcurrencyLimit(Limits(0, 0)), "192.0.2.1", 999)) == 999


def test_what_is_closed_leaves_nothing_behind() -> None:
    quota = ConcurrencyLimit(Limits(0, 2))
    first, second = taken(quota, "192.0.2.1", 2)
    assert (first.is_kept, second.is_kept) == (False, False)
    first.give_back()
    assert (quota.open, dict(quota._by_network)) == (1, {"192.0.2.1": 1})
    second.give_back()
    assert (quota.open, dict(quota._by_network)) == (0, {})
