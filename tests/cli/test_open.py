"""`open`: which URL is opened for which service, by which browser, and what is said instead."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from hero_router.cli.open import no_browser
from tests.cli.reachable import LOSER, WILD, WINNER, id_of, reachable
from tests.support.command import completed, run
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.web.live import Live
from tests.web.raw import ask, get
from tests.web.upstream import OK, answers, service


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with reachable(redis7.url, hand, tmp_path) as worker:
        yield worker


async def opened(live: Live, *arguments: str, **environment: str) -> Result:
    """What `open --print` says."""
    return await asyncio.to_thread(
        run, "open", "--print", "--url", live.url, *arguments, **environment
    )


@pytest.mark.parametrize(
    ("name", "host", "path"),
    [
        ("shop", "shop.localhost", "/"),
        ("shop/docs", "shop.localhost", "/"),
        ("shop/web_docs", "shop.localhost", "/"),
        ("shop/rpc", "shop.localhost", "/rpc/"),
        ("shop/app", "127.0.0.1", "/default/shop/app/"),
        ("shop/admin", "127.0.0.1", "/default/shop/admin/"),
        ("shop/ui", "127.0.0.1", "/default/shop/admin/"),
        ("api", "api.localhost", "/"),
        (WILD, "127.0.0.1", "/default/Zo%C3%AB%27s%20100%25%20a%3Fb%23c/docs/"),
        (id_of("shop"), "shop.localhost", "/"),
        (WINNER, "twice.localhost", "/"),
    ],
)
async def test_the_url_leads_to_the_socket(
    live: Live, tmp_path: Path, name: str, host: str, path: str
) -> None:
    answer = await opened(live, name)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == f"http://{host}:{live.port}{path}\n"
    names = ("rpc", "admin", "web_docs", "web_app")
    role = {"/": "web_docs", "/rpc/": "rpc"}.get(path) or next(
        each for each in names if path.split("/")[-2] in each
    )
    async with service(tmp_path / f"all/{role}.sock", answers(OK)):
        assert (await ask(live.port, get(path, host))).body == b"ok"


async def test_the_domain_of_the_settings_is_used(live: Live) -> None:
    answer = await opened(live, "shop", ROUTER_DOMAIN="apps.example.org")
    assert answer.stdout == f"http://shop.apps.example.org:{live.port}/\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nosuch", "no service has the name or id 'nosuch'"),
        ("", "no service has the name or id ''"),
        ("shop/nosuch", "the service 'shop' has no socket 'nosuch'; it has rpc, admin, docs, app"),
        ("nothing", "the service 'nothing' has no socket that can be reached"),
        (LOSER, f"no address leads to the service '{LOSER}': its name is taken by twice/"),
    ],
)
async def test_what_cannot_be_reached_is_one_line(live: Live, name: str, words: str) -> None:
    answer = await opened(live, name)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr == f"hero_router: {words}\n"


@pytest.mark.parametrize("name", ["twice", "shared", "nosuch"])
async def test_a_name_of_none_or_several_is_refused_as_by_describe(live: Live, name: str) -> None:
    answer = await opened(live, name)
    described = await asyncio.to_thread(run, "describe", name, "--url", live.url)
    assert (answer.exit_code, answer.stderr) == (described.exit_code, described.stderr)
    assert answer.exit_code == 1


async def test_a_service_that_is_down_is_opened_with_a_warning(live: Live) -> None:
    answer = await opened(live, "down")
    assert answer.exit_code == 0
    assert answer.stderr == "the service down is inactive: nothing listens\n"
    assert answer.stdout.startswith("http://down.localhost:")


async def test_a_namesake_on_another_node_is_told(live: Live) -> None:
    answer = await opened(live, "shared-9")
    assert answer.stdout == f"http://shared.localhost:{live.port}/\n"
    assert "a service of this name is also on n2: the router chooses" in answer.stderr
    answer = await opened(live, "shared-eu")
    assert answer.stdout == f"http://shared.eu.localhost:{live.port}/\n"
    assert "also on" not in answer.stderr


def in_a_process(live: Live, **environment: str) -> subprocess.CompletedProcess[str]:
    """`open shop` as a program of its own: the browser is found once in each process."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", "hero_router", "open", "shop", "--url", live.url]
    return subprocess.run(
        command,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_browser_gets_the_url(live: Live, tmp_path: Path) -> None:
    """Also over SSH, if the user has named one in BROWSER."""
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    browser.chmod(0o755)
    given = {"BROWSER": f"{browser} %s", "SSH_CONNECTION": "1"}
    answer = await asyncio.to_thread(in_a_process, live, **given)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert seen.read_text() == f"http://shop.localhost:{live.port}/\n"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "there is no display"),
        ({"SSH_CONNECTION": "1", "DISPLAY": ":0"}, "this is an SSH session"),
        ({"BROWSER": "/no/such/browser %s"}, "none was found"),
    ],
)
async def test_where_no_browser_can_be_opened_the_url_is_printed_and_it_says_so(
    live: Live, environment: dict[str, str], words: str
) -> None:
    answer = await asyncio.to_thread(in_a_process, live, **environment)
    assert answer.returncode == 0
    assert answer.stdout == f"http://shop.localhost:{live.port}/\n"
    assert answer.stderr == f"no browser is opened: {words}\n"


@pytest.mark.parametrize(
    ("environment", "platform", "words"),
    [
        ({"DISPLAY": ":0"}, "linux", ""),
        ({"WAYLAND_DISPLAY": "w"}, "linux", ""),
        ({"DISPLAY": ""}, "linux", "there is no display"),
        ({}, "darwin", ""),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", "this is an SSH session"),
        ({"SSH_CLIENT": "1"}, "linux", "this is an SSH session"),
    ],
)
def test_where_a_browser_can_be_opened(
    environment: dict[str, str], platform: str, words: str
) -> None:
    assert no_browser(environment, platform) == words


async def test_the_shell_completes_services_and_their_sockets(live: Live) -> None:
    async def words(line: str) -> list[str]:
        return await asyncio.to_thread(completed, line, ROUTER_URL=live.url)

    assert await words("hero_router open sho") == ["shop"]
    assert await words("hero_router open shop/") == [
        "shop/admin", "shop/app", "shop/docs", "shop/rpc",
    ]  # fmt: skip
    assert await words("hero_router open shop/a") == ["shop/admin", "shop/app"]
    assert await words("hero_router open nosuch/") == []
    assert await asyncio.to_thread(completed, "hero_router open shop/", ROUTER_URL="x") == []
