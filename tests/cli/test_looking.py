"""`list`, `scan` and `events` against a running router, as a person and as a program use them."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest_asyncio

from hero_router.model import CONTROL_EVENTS, Status
from tests.support.command import completed, run
from tests.support.serving import Serving
from tests.support.wait import PATIENCE_SECONDS, eventually

STATUSES = {
    "leftover": Status.INACTIVE,
    "links": Status.HEALTHY,
    "metrics": Status.DEGRADED,
    "mycelium": Status.HEALTHY,
    "petstore": Status.HEALTHY,
    "simple_math": Status.HEALTHY,
    "sleeper": Status.UNHEALTHY,
    "telegraph": Status.NON_RPC,
}
"""Those of all samples but the flapper, which comes and goes."""


def told(serving: Serving, path: str) -> dict[str, Any]:
    """What the router itself answers, to wait for what a command is to show."""
    with urllib.request.urlopen(serving.url + path, timeout=PATIENCE_SECONDS) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def statuses(serving: Serving) -> dict[str, str]:
    """The status of each service by name."""
    return {each["name"]: each["status"] for each in told(serving, "/api/services")["services"]}


@contextmanager
def background(serving: Serving, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a process of its own, which goes on meanwhile."""
    command = [sys.executable, "-m", "hero_router", *arguments]
    environment = {**os.environ, "ROUTER_URL": serving.url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        try:
            yield running
        finally:
            running.kill()


def line(running: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that it prints."""
    assert running.stdout is not None
    found: dict[str, Any] = json.loads(running.stdout.readline())
    return found


@pytest_asyncio.fixture
async def guest(serving: Serving) -> AsyncIterator[socket.socket]:
    """A socket that is known as inactive, until the test listens on it."""
    place = serving.root / "guest.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(place))
        await eventually(
            lambda: statuses(serving).get("guest") == Status.INACTIVE,
            message="the guest is inactive",
        )
        yield bound
    place.unlink()
    await eventually(lambda: "guest" not in statuses(serving), message="the guest has left")


def listed_state(serving: Serving) -> dict[str, Any]:
    answer = run("list", "--json", "--url", serving.url)
    assert answer.exit_code == 0, answer.stderr
    state: dict[str, Any] = json.loads(answer.stdout)
    return state


def listed(serving: Serving) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = listed_state(serving)["services"]
    return services


@pytest_asyncio.fixture
async def settled(serving: Serving) -> Serving:
    """The router, as soon as it knows all: a busy machine may be slow to answer a probe."""
    await eventually(
        lambda: statuses(serving).items() >= STATUSES.items(), message="all statuses are known"
    )
    return serving


def test_list_shows_every_sample_service_with_its_true_status(settled: Serving) -> None:
    found = {each["name"]: each["status"] for each in listed(settled)}
    assert found.keys() == STATUSES.keys() | {"flapper"}
    assert found.items() >= STATUSES.items()


def test_the_table_names_services_and_statuses(settled: Serving) -> None:
    answer = run("list", "--url", settled.url)
    assert answer.exit_code == 0, answer.stderr
    rows = {line.split()[3]: line for line in answer.stdout.splitlines()[1:]}
    assert "● healthy" in rows["mycelium"]
    assert "rpc:healthy" in rows["mycelium"]


def test_list_says_which_of_the_names_there_is_none_of(serving: Serving) -> None:
    answer = run("list", "links", "nosuch", "--url", serving.url)
    assert answer.exit_code == 1
    assert [line.split()[3] for line in answer.stdout.splitlines()[1:]] == ["links"]
    assert answer.stderr == "no service has the name or id 'nosuch'\n"


def test_list_fails_if_it_is_asked_to_and_one_is_not_healthy(settled: Serving) -> None:
    assert run("list", "--fail", "links", "mycelium", "--url", settled.url).exit_code == 0
    assert run("list", "--fail", "links", "metrics", "--url", settled.url).exit_code == 1
    assert run("list", "links", "metrics", "--url", settled.url).exit_code == 0


def test_list_watches_and_prints_each_state_that_differs(
    serving: Serving, guest: socket.socket
) -> None:
    with background(serving, "list", "--watch", "--json", "guest") as watching:
        (first,) = line(watching)["services"]
        assert first["status"] == Status.INACTIVE
        guest.listen()
        # Another difference, as one of the node, is a line of its own.
        while (second := line(watching)["services"][0])["status"] == first["status"]:
            pass
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE_SECONDS) == 0
    assert second["name"] == "guest"


def test_describe_says_all_of_one_service(settled: Serving) -> None:
    answer = run("describe", "mycelium", "--url", settled.url)
    assert (answer.exit_code, answer.stderr) == (0, "")
    facts = {line[:14].strip(): line[15:] for line in answer.stdout.splitlines()}
    assert (facts["name"], facts["node"], facts["status"]) == ("mycelium", "testnode", "● healthy")
    assert facts["methods"].startswith("29: getInfo, getPeers")
    assert facts["url of rpc"] == f"{settled.url}/mycelium/rpc/"
    assert facts["url of admin"] == f"{settled.url}/mycelium/admin/"
    rows = [line.split()[:4] for line in answer.stdout.splitlines()[-2:]]
    assert rows == [["rpc", "rpc", "●", "healthy"], ["admin", "admin", "●", "healthy"]]
    by_id = json.loads(run("describe", "--json", facts["id"], "--url", settled.url).stdout)
    assert by_id["name"] == "mycelium"


def test_describe_of_an_unknown_name_is_one_line(serving: Serving) -> None:
    answer = run("describe", "no/such ?", "--url", serving.url)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr == "hero_router: no service has the name or id 'no/such ?'\n"


def test_events_shows_past_ones_by_number_and_by_time(serving: Serving) -> None:
    def ids(*arguments: str) -> list[str]:
        answer = run("events", "--json", "--no-follow", *arguments, "--url", serving.url)
        assert (answer.exit_code, answer.stderr) == (0, "")
        return [json.loads(line)["id"] for line in answer.stdout.splitlines()]

    everything = ids()
    assert everything[0].endswith("-1")
    last = ids("--tail", "3")
    assert len(last) == 3
    later = ids()  # more may have come before the last ones were asked for, and since then
    begin = later.index(last[0])
    assert begin >= len(everything) - 3
    assert later[begin : begin + 3] == last
    assert ids("--tail", "0") == []
    assert ids("--since", "1d")[: len(everything)] == everything
    assert ids("--since", "2199-01-01") == []
    wish = ("--types", "service_added", "--service", "links")
    (one,) = ids("--since", "1d", *wish)
    assert one in everything


def test_events_goes_on_after_the_past_ones(serving: Serving, guest: socket.socket) -> None:
    """Nothing is missed or shown twice where the past ends and the stream begins."""
    with background(serving, "events", "--json", "--tail", "2", "--count", "3") as following:
        numbers = [number_of_next(following) for _ in range(2)]
        guest.listen()
        numbers.append(number_of_next(following))
        assert following.wait(PATIENCE_SECONDS) == 0
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def number_of_next(following: subprocess.Popen[str]) -> int:
    """That of the next event which has one."""
    while (event := line(following))["event"] in CONTROL_EVENTS:
        pass
    return int(event["id"].partition("-")[2])


def test_events_of_a_service_that_there_is_none_of_now_says_so(serving: Serving) -> None:
    wish = ("--service", "nosuch,links", "--context", "nowhere", "--no-follow")
    answer = run("events", *wish, "--url", serving.url)
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.stderr.splitlines() == [
        f"there is no {what} now; its events are shown as soon as there is one"
        for what in ("service 'nosuch'", "context 'nowhere'")
    ]


def test_scan_waits_for_the_scanners_and_shows_what_they_found(serving: Serving) -> None:
    answer = run("scan", "--json", "--url", serving.url)
    assert answer.exit_code == 0, answer.stderr
    result = json.loads(answer.stdout)
    assert result["discovered"] == len(listed(serving))
    assert result["missing"] == []
    assert "testnode" in result["nodes"]
    words = run("scan", "--url", serving.url).stdout
    assert words.startswith(f"{result['discovered']} services:")


def test_events_prints_one_json_object_a_line(serving: Serving) -> None:
    """Only events count: what the router says beside them does not."""
    answer = run("events", "--json", "--count", "1", "--cursor", "nonsense", "--url", serving.url)
    assert answer.exit_code == 0, answer.stderr
    hello, resync, event = map(json.loads, answer.stdout.splitlines())
    assert (hello["event"], hello["id"], hello["data"]["cursor"]) == ("hello", None, None)
    assert resync["event"] == "resync"
    assert event["event"] == "service_added"
    assert event["id"].endswith("-1")


def test_events_resumes_after_a_cursor_and_shows_a_resync(serving: Serving) -> None:
    lost = run("events", "--count", "1", "--cursor", "nonsense", "--url", serving.url)
    assert "missed an unknown number of events" in lost.stdout
    epoch = listed_state(serving)["cursor"].partition("-")[0]
    first = f"{epoch}-1"
    resumed = run("events", "--json", "--count", "1", "--cursor", first, "--url", serving.url)
    ids = [json.loads(line)["id"] for line in resumed.stdout.splitlines()]
    assert ids == [first, f"{epoch}-2"]


def test_events_shows_only_the_wanted_ones(serving: Serving) -> None:
    wish = ("--types", "service_added", "--service", "mycelium,links")
    answer = run("events", "--json", "--count", "2", "--cursor", "0-0", *wish, "--url", serving.url)
    *_, one, two = map(json.loads, answer.stdout.splitlines())
    assert {each["data"]["service"]["name"] for each in (one, two)} == {"mycelium", "links"}
    refused = run("events", "--types", "nonsense", "--url", serving.url)
    assert refused.exit_code == 1
    assert "answers 400: types: there is no event 'nonsense'" in refused.stderr
    refused = run("events", *wish, "--conflate", "--url", serving.url)
    assert (refused.exit_code, "conflate=1 excludes types" in refused.stderr) == (1, True)


ONE_CLIENT = "1 client on 1 worker: 1 live; deliveries due: 0"


@pytest_asyncio.fixture
async def followed(serving: Serving) -> AsyncIterator[Serving]:
    """The router, whose stream has one client that it tells of."""
    with background(serving, "events"):
        await eventually(lambda: told(serving, "/api/clients")["clients"], message="the client")
        yield serving


async def test_clients_shows_each_client_and_its_worker(followed: Serving) -> None:
    async def answer(*arguments: str) -> str:
        found = await asyncio.to_thread(run, "clients", *arguments, "--url", followed.url)
        assert found.exit_code == 0, found.stderr
        return found.stdout

    async def shown() -> list[str]:
        """An event may be on its way just now, and a client of an earlier test may be known."""
        lines = (await answer()).splitlines()
        return lines if lines[:1] == [ONE_CLIENT] else []

    lines = await eventually(shown, message="one client, and nothing due")
    assert lines[1].split()[:4] == ["behind", "state", "blocked", "address"]
    (worker,) = json.loads(await answer("--json"))["workers"]
    assert lines[2].split()[:4] == ["0", "live", "127.0.0.1", worker["worker"]]


def test_a_shell_completes_commands_and_names_of_services(serving: Serving) -> None:
    def words(line: str) -> list[str]:
        return completed(line, ROUTER_URL=serving.url)

    assert words("hero_router des") == ["describe"]
    assert words("hero_router describe li") == ["links"]
    assert words("hero_router list --status healthy,un") == ["healthy,unhealthy", "healthy,unknown"]
