"""`OneTimeCodes`: a code works once, for one caller, and only until it expires."""

import asyncio

import pytest

from hero_router.store.one_time import OneTimeCodes
from tests.contract.world import KEYS, Store
from tests.support.wait import eventually

DIGEST, PAYLOAD = "0123abcd", {"name": "Zoë", "contexts": None, "big": 2**53 + 1}


@pytest.fixture
def codes(store: Store) -> OneTimeCodes:
    return OneTimeCodes(store.raw, KEYS)


async def test_a_code_gives_what_it_stands_for_once(codes: OneTimeCodes) -> None:
    assert await codes.put(DIGEST, PAYLOAD, 60) is True
    assert await codes.take(DIGEST) == PAYLOAD
    assert await codes.take(DIGEST) is None


async def test_an_unknown_code_gives_nothing(codes: OneTimeCodes) -> None:
    await codes.put(DIGEST, PAYLOAD, 60)
    assert await codes.take("other") is None
    assert await codes.take(DIGEST) == PAYLOAD


async def test_of_many_callers_at_once_one_gets_it(store: Store, codes: OneTimeCodes) -> None:
    await codes.put(DIGEST, PAYLOAD, 60)
    callers = [OneTimeCodes(store.client(), KEYS) for _ in range(10)]
    found = await asyncio.gather(*(caller.take(DIGEST) for caller in callers))
    assert [each for each in found if each is not None] == [PAYLOAD]


async def test_a_code_in_use_is_not_replaced(codes: OneTimeCodes) -> None:
    await codes.put(DIGEST, PAYLOAD, 60)
    assert await codes.put(DIGEST, {}, 60) is False
    assert await codes.take(DIGEST) == PAYLOAD


async def test_a_code_expires(store: Store, codes: OneTimeCodes) -> None:
    await codes.put(DIGEST, PAYLOAD, 60)
    assert 30_000 < await store.raw.pttl(KEYS.once(DIGEST)) <= 60_000
    await codes.put("short", PAYLOAD, 0.05)

    async def gone() -> bool:
        return bool(await store.raw.exists(KEYS.once("short")) == 0)

    await eventually(gone, message="the code expires")
    assert await codes.take("short") is None


@pytest.mark.parametrize("junk", [b"", b"5", b"[]", b"\xff", b"null"])
async def test_what_another_program_wrote_is_no_code(
    store: Store, codes: OneTimeCodes, junk: bytes
) -> None:
    await store.raw.set(KEYS.once(DIGEST), junk)
    assert await codes.take(DIGEST) is None
    assert await store.raw.exists(KEYS.once(DIGEST)) == 0
