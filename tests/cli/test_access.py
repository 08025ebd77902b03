"""`access`: the list of addresses and the browser sessions, as an operator changes them."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest
from click.testing import Result

from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.session_list import BrowserSession, SessionListStore
from tests.support.command import completed, run
from tests.support.redis import RedisServer
from tests.support.replication import ask

KEYS = Keys()
CLOSE_MS = 1_000
"""A test compares times of two processes; meanwhile the machine's clock may be set."""


class Access:
    """The command, with the Redis that it writes to."""

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis

    def __call__(self, *arguments: str, **environment: str) -> Result:
        return run("access", *arguments, ROUTER_REDIS_URL=self.redis.url, **environment)

    def networks(self) -> list[str]:
        """The networks on the list, as a program reads them."""
        return [item["network"] for item in json.loads(self("list", "--json").stdout)]


@pytest.fixture
def access(redis7: RedisServer) -> Access:
    return Access(redis7)


def test_an_empty_list_says_so(access: Access) -> None:
    assert access("list").stdout == "no address is on the list\n"
    assert access.networks() == []


def test_what_was_added_is_listed(access: Access) -> None:
    before = int(time.time() * 1000)
    answer = access("add", "fd00::/8", "10.0.0.7", "--note", "the office")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == "fd00::/8 is added\n10.0.0.7/32 is added\n"
    (first, second) = json.loads(access("list", "--json").stdout)
    assert (first["network"], second["network"]) == ("10.0.0.7/32", "fd00::/8")
    assert first["note"] == "the office"
    assert before - CLOSE_MS <= first["added_at"] <= time.time() * 1000 + CLOSE_MS
    lines = access("list").stdout.splitlines()
    assert lines[0].split() == ["network", "added", "note"]
    assert lines[1].split()[::2] == ["10.0.0.7/32", "the"]


def test_adding_again_replaces_the_note(access: Access) -> None:
    access("add", "10.0.0.7", "--note", "old")
    assert access("add", "10.0.0.7/32").stdout == "10.0.0.7/32 is on the list already\n"
    assert access.networks() == ["10.0.0.7/32"]
    assert "old" not in access("list").stdout


def test_a_note_cannot_command_the_terminal(access: Access) -> None:
    access("add", "10.0.0.7", "--note", "\x1b[31m[bold]red")
    shown = access("list").stdout
    assert "\x1b" not in shown
    assert "[bold]red" in shown


@pytest.mark.parametrize(
    ("network", "words"), [("0.0.0.0/0", "every IPv4 address"), ("::/0", "every IPv6 address")]
)
def test_the_whole_internet_is_told_loudly(access: Access, network: str, words: str) -> None:
    answer = access("add", network)
    assert answer.exit_code == 0
    assert answer.stderr.startswith("WARNING: ")
    assert words in answer.stderr


def test_what_is_no_network_changes_nothing(access: Access) -> None:
    for typed, words in (("10.0.0.7/8", "write 10.0.0.0/8"), ("example.org", "is not an address")):
        answer = access("add", "10.1.1.1", typed)
        assert answer.exit_code == 2
        assert words in answer.stderr
    assert access("add").exit_code == 2
    assert access.networks() == []


def test_what_was_removed_is_gone(access: Access) -> None:
    access("add", "10.0.0.7", "10.0.0.8")
    answer = access("remove", "10.0.0.7")
    assert (answer.exit_code, answer.stdout) == (0, "10.0.0.7/32 is removed\n")
    assert answer.stderr == ""
    assert access.networks() == ["10.0.0.8/32"]


def test_removing_what_is_not_on_the_list_is_an_error(access: Access) -> None:
    access("add", "10.0.0.0/8", "fd00::/8")
    answer = access("remove", "192.168.0.1")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr == "hero_router: 192.168.0.1/32 is not on the list\n"
    answer = access("remove", "10.0.0.7")
    assert answer.stderr == "hero_router: 10.0.0.7/32 is not on the list; 10.0.0.0/8 is\n"


def test_who_still_gets_in_after_a_removal_is_told(access: Access) -> None:
    access("add", "10.0.0.0/8", "10.0.0.7")
    answer = access("remove", "10.0.0.7")
    assert answer.exit_code == 0
    assert answer.stderr == "10.0.0.7/32 may still connect, as 10.0.0.0/8 is on the list\n"


def test_all_are_removed_by_clear(access: Access) -> None:
    access("add", "10.0.0.0/8", "10.0.0.7")
    assert access("clear").stdout == "2 networks removed, and none is left\n"
    assert access.networks() == []


def test_a_session_is_ended(access: Access) -> None:
    answer = access("revoke", "s1")
    assert (answer.exit_code, answer.stdout) == (0, "the session s1 is ended, if there is one\n")
    (name,) = ask(access.redis, "ZRANGE", KEYS.revoked, 0, -1)
    assert name == b"s1"
    assert float(ask(access.redis, "ZSCORE", KEYS.revoked, "s1")) > time.time() * 1000
    assert ask(access.redis, "EXISTS", KEYS.revoked_before) == 0


def test_all_sessions_are_ended(access: Access) -> None:
    before = int(time.time() * 1000)
    assert access("revoke", "--all").stdout == "all sessions are ended\n"
    ended_ms = int(ask(access.redis, "GET", KEYS.revoked_before))
    assert before - CLOSE_MS <= ended_ms <= time.time() * 1000 + CLOSE_MS


def test_the_sessions_are_shown_until_they_are_ended(access: Access) -> None:
    assert access("sessions").stdout == "no browser session is known\n"
    now_ms = int(time.time() * 1000)
    record(access, session("s1", now_ms), session("s2", now_ms + 1, contexts=["shop"]))
    lines = access("sessions").stdout.splitlines()
    assert lines[0].split() == [
        "session", "who", "role", "began", "ends", "address", "by", "browser",
    ]  # fmt: skip
    assert lines[1].split()[:5] == ["s2", "ann", "viewer", "of", "shop"]
    assert lines[2].split()[:3] == ["s1", "ann", "administrator"]
    assert "\x1b" not in "".join(lines)
    found = json.loads(access("sessions", "--json").stdout)
    assert [each["id"] for each in found] == ["s2", "s1"]
    line, url = "hero_router access revoke s", access.redis.url
    assert completed(line, ROUTER_REDIS_URL=url) == ["s2", "s1"]
    access("revoke", "s2")
    assert [each["id"] for each in json.loads(access("sessions", "--json").stdout)] == ["s1"]
    access("revoke", "--all")
    assert access("sessions", "--json").stdout == "[]\n"


def session(name: str, at: int, contexts: list[str] | None = None) -> BrowserSession:
    """A session of ann, whose browser has a strange name."""
    roles = ["viewer"] if contexts else ["admin", "viewer"]
    browser = "Firefox \x1b[31m[bold]"
    return BrowserSession(
        name, "ann", "token", roles, contexts, "192.0.2.7", browser, at, at + 3_600_000
    )


def record(access: Access, *sessions: BrowserSession) -> None:
    """Record sessions as a web worker does."""

    async def put() -> None:
        client = connect(access.redis.url, name="test")
        for each in sessions:
            await SessionListStore(client, KEYS).put(each, each.at)
        await client.aclose()

    asyncio.run(put())


@pytest.mark.parametrize("arguments", [[], ["s1", "--all"], [""]])
def test_which_sessions_are_ended_must_be_said(access: Access, arguments: list[str]) -> None:
    answer = access("revoke", *arguments)
    assert answer.exit_code == 2
    assert "name one SESSION, or give --all" in answer.stderr
    assert ask(access.redis, "EXISTS", KEYS.revoked, KEYS.revoked_before) == 0


def test_without_any_redis_one_line_says_what_to_set(tmp_path: Path) -> None:
    answer = run("access", "list", ROUTER_REDIS_URL="", ROUTER_STATE_DIR=str(tmp_path))
    assert answer.exit_code == 2
    assert "set ROUTER_REDIS_URL" in answer.stderr


def test_the_shell_completes_the_networks_that_can_be_removed(access: Access) -> None:
    access("add", "10.0.0.0/8", "10.0.0.7", "fd00::/8")
    url = access.redis.url
    line = "hero_router access remove 10"
    assert completed(line, ROUTER_REDIS_URL=url) == ["10.0.0.0/8", "10.0.0.7/32"]
    assert completed("hero_router access re") == ["remove", "revoke"]


def test_without_redis_nothing_is_completed(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/none"
    assert completed("hero_router access remove 10", ROUTER_REDIS_URL=url) == []


def test_a_link_signs_in_and_needs_the_tokens_of_the_web_workers(access: Access) -> None:
    answer = access("link", ROUTER_TOKEN="admin-0123456789abc", ROUTER_PORT="9911")
    assert re.fullmatch(r"http://localhost:9911/sign-in/link/[\w.-]+\n", answer.stdout)
    answer = access("link", ROUTER_SESSION_KEY="session-0123456789")  # for OpenID Connect alone
    assert answer.exit_code == 0
    answer = access("link")
    assert answer.exit_code == 2
    assert "a sign-in link cannot be made" in answer.stderr
