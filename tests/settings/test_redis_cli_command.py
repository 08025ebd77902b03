"""The redis-cli command for the Redis of the settings: it works as it is, and holds no password."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_cli_command import command
from tests.support.redis import RedisServer, client, redis7_binary
from tests.support.wait import PATIENCE_SECONDS


@pytest.fixture
def locked() -> Iterator[RedisServer]:
    """A server on a port, whose users have passwords."""
    server = RedisServer(redis7_binary(), "--requirepass", "pa ss'w", tcp=True).start()
    yield server
    server.close()


def run(line: str, typed: str = "") -> str:
    """What a shell prints for a command line; `typed` is what a person types."""
    done = subprocess.run(
        line,
        shell=True,
        input=typed,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return done.stdout


def test_a_unix_socket_is_read_as_it_is_written(redis7: RedisServer) -> None:
    held = client(redis7.url)
    held.hset("{hero_router}:nodes", "n1", "täxt")
    line = command(RedisSettings(redis7.url))
    assert run(f"{line} HGET '{{hero_router}}:nodes' n1") == "täxt\n"


def test_a_database_and_a_login_are_named_and_the_password_is_asked_for(
    locked: RedisServer, tmp_path: Path
) -> None:
    url = f"redis://default:pa%20ss'w@127.0.0.1:{locked.port}/3"
    client(url).set("key", "here")
    told = command(RedisSettings(url))
    assert told == f"redis-cli -h 127.0.0.1 -p {locked.port} -n 3 --user default --askpass --raw"
    assert run(f"{told} GET key", "pa ss'w\n").endswith("here\n")
    secret = tmp_path / "password"
    secret.write_text("pa ss'w")
    of_file = RedisSettings(f"redis://127.0.0.1:{locked.port}?db=3", password_file=str(secret))
    assert run(f"{command(of_file)} GET key", "pa ss'w\n").endswith("here\n")


SENTINEL = (
    "redis-cli $(redis-cli -h s -p 1 --askpass SENTINEL GET-MASTER-ADDR-BY-NAME main | "
    "xargs printf -- '-h %s -p %s') -n 4 --user u --askpass --raw"
)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://r", "redis-cli -h r -p 6379 --raw"),
        ("unix:///a%20b/r.sock?db=2", "redis-cli -s '/a b/r.sock' -n 2 --raw"),
        (
            "rediss://r:7/0?ssl_ca_certs=/ca.pem&ssl_certfile=/c&ssl_keyfile=/k&ssl_cert_reqs=none",
            "redis-cli -h r -p 7 --tls --cacert /ca.pem --cert /c --key /k --insecure --raw",
        ),
        ("redis+cluster://a:1,b:2", "redis-cli -c -h a -p 1 --raw"),
        ("redis+sentinel://u:p@s:1,t:2/main/4?sentinel_password=q", SENTINEL),
    ],
)
def test_each_kind_of_address_is_a_command_without_secrets(url: str, told: str) -> None:
    assert command(RedisSettings(url)) == told
