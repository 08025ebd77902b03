"""Wrong tokens are counted by address, in bounded memory."""

from hero_router.access.attempts import MAX_ADDRESSES, MAX_WRONG, SECONDS, FailedAttempts


def tried(attempts: FailedAttempts, address: str, number: int = MAX_WRONG) -> None:
    for count in range(number):
        attempts.note(address, b"%d" % count, 10.0)


def test_an_address_waits_for_the_rest_of_a_minute() -> None:
    attempts = FailedAttempts()
    tried(attempts, "192.0.2.1", MAX_WRONG - 1)
    assert attempts.wait("192.0.2.1", 10.0) == 0
    tried(attempts, "192.0.2.1")
    assert attempts.wait("192.0.2.1", 30.0) == SECONDS - 20
    assert attempts.wait("192.0.2.1", 10.0 + SECONDS) == 0
    assert attempts.wait("192.0.2.2", 10.0) == 0


def test_one_customers_network_of_ipv6_counts_as_one_address() -> None:
    attempts = FailedAttempts()
    tried(attempts, "2001:db8::1")
    assert attempts.wait("2001:db8::ffff", 10.0) > 0
    assert attempts.wait("2001:db8:0:1::1", 10.0) == 0


def test_so_many_addresses_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    attempts = FailedAttempts()
    tried(attempts, "192.0.2.1")
    for number in range(MAX_ADDRESSES - 1):
        attempts.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", b"x", 10.0)
    assert attempts.wait("192.0.2.1", 10.0) > 0
    attempts.note("192.0.2.2", b"x", 10.0)
    assert attempts.wait("192.0.2.1", 10.0) == 0


def test_the_wrong_tokens_of_the_last_minute_are_told_the_latest_address_first() -> None:
    attempts = FailedAttempts()
    tried(attempts, "192.0.2.1")
    attempts.note("192.0.2.2", b"x", 40.0)
    assert [tuple(each.values()) for each in attempts.recent(40.5)] == [
        ("192.0.2.2", 1, 0, 0), ("192.0.2.1", MAX_WRONG, 30, 30),
    ]  # fmt: skip
    assert [each["address"] for each in attempts.recent(10.0 + SECONDS)] == ["192.0.2.2"]
