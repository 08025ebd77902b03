"""The words of Redis's error replies become errors of the store, without a password."""

import pytest
from redis import exceptions

from hero_router.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from hero_router.settings.config import RouterConfig
from hero_router.store.redis_errors import redis_errors
from tests.contract.refusal import PASSWORD, connected

ANSWERS = {
    "NOREPLICAS Not enough good replicas to write.": StoreFull,
    "-OOM command not allowed when used memory > 'maxmemory'.": StoreFull,
    "ERR Error running script: @user_script:9: -READONLY You can't write": StoreReadOnly,
    "WRONGTYPE Operation against a key holding the wrong kind of value": StoreCorrupt,
    "NOAUTH Authentication required.": StoreRefused,
    "UNBLOCKED force unblock from blocking operation, instance state changed": StoreReadOnly,
    "ERR unknown command": StoreRefused,
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL": StoreUnreachable,
    "ERR SELECT is not allowed in cluster mode": StoreRefused,
    f"ERR {PASSWORD} is not what we expect": StoreError,
}


@pytest.mark.parametrize("words", ANSWERS)
async def test_an_answer_in_redis_s_words_becomes_an_error_in_ours(words: str) -> None:
    with pytest.raises(StoreError) as raised, redis_errors():
        raise exceptions.ResponseError(words)
    assert type(raised.value) is ANSWERS[words]
    assert PASSWORD not in str(raised.value)


async def test_one_client_too_many_is_an_error_of_its_own_wherever_the_answer_arrives() -> None:
    with pytest.raises(StoreFull, match="no more connections"), redis_errors():
        raise exceptions.ConnectionError("max number of clients reached")


async def test_other_errors_are_not_ours_to_translate() -> None:
    with pytest.raises(ZeroDivisionError), redis_errors():
        raise ZeroDivisionError


async def test_neither_settings_nor_client_show_the_password() -> None:
    url = f"redis://user:{PASSWORD}@127.0.0.1:1/0"
    async with connected(url) as found:
        assert PASSWORD not in repr(found)
    config = RouterConfig.of(redis_url=url)
    assert PASSWORD not in repr(config)
    assert PASSWORD not in str(list(config.shown()))
