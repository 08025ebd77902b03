"""Random digits for ids."""

from hero_router.random_hex import BLOCK_BYTES, RandomHex


def test_no_digits_are_given_twice() -> None:
    source = iter(bytes([number]) * BLOCK_BYTES for number in range(256))
    random_hex = RandomHex(lambda count: next(source)[:count])
    assert random_hex(8) == "00" * 8
    found = [random_hex(24) for _ in range(BLOCK_BYTES // 24 + 1)]
    assert all(len(each) == 48 for each in found)
    assert found[-1] == "01" * 24, "what is left of a block is too short"
    assert random_hex(BLOCK_BYTES) == "02" * BLOCK_BYTES


def test_ids_differ() -> None:
    first, second = RandomHex(), RandomHex()
    assert len({each(8) for each in (first, second) for _ in range(5_000)}) == 10_000
