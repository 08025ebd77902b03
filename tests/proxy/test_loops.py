"""A request that comes to one node's routers again and again is a loop."""

from hero_router.proxy.headers import Field
from hero_router.proxy.loops import MAX_PASSES, has_loop

OFTEN = ", ".join(["1.1 me"] * MAX_PASSES)


def via(*values: str) -> list[Field]:
    return [(b"via", value.encode()) for value in values]


def test_a_service_may_call_another_one_through_the_router() -> None:
    assert not has_loop(via("1.1 me, 1.1 other"), "me")
    assert not has_loop([], "me")


def test_the_fifth_time_is_a_loop_in_one_field_or_in_many() -> None:
    assert has_loop(via(OFTEN), "me")
    assert has_loop(via(*[f"1.{number} me" for number in range(MAX_PASSES)]), "me")
    assert not has_loop(via(OFTEN.partition(", ")[2]), "me")


def test_only_this_routers_own_name_counts() -> None:
    assert not has_loop(via(OFTEN.replace("me", "men")), "me")
    assert not has_loop(via(OFTEN.replace("me", "(me)")), "me")
    assert not has_loop(via("1.1, ,", ""), "me")
