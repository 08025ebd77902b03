"""`list`, `scan` and `events` against a running router, as a person and as a program use them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hero_router.model import CONTROL_EVENTS, Status
from tests.support.serving import Serving
from tests.support.wait import eventually

SAMPLES = {"flapper", "leftover", "links", "metrics", "mycelium", "simple_math", "sleeper"}


def run(*arguments: str, within: float = 20) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hero_router", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=within, check=False)


def listed_state(serving: Serving) -> dict[str, Any]:
    answer = run("list", "--json", "--url", serving.url)
    assert answer.returncode == 0, answer.stderr
    state: dict[str, Any] = json.loads(answer.stdout)
    return state


def listed(serving: Serving) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = listed_state(serving)["services"]
    return services


async def test_list_shows_every_sample_service_with_its_true_status(serving: Serving) -> None:
    def settled() -> dict[str, str] | None:
        found = {each["name"]: each["status"] for each in listed(serving)}
        return found if found.get("sleeper") == Status.UNHEALTHY else None

    found = await eventually(settled, within=30, message="the hanging service is unhealthy")
    assert found is not None
    assert found.keys() >= SAMPLES | {"petstore", "telegraph"}
    assert found["mycelium"] == found["petstore"] == Status.HEALTHY
    assert found["metrics"] == Status.DEGRADED
    assert found["leftover"] == Status.INACTIVE
    assert found["telegraph"] == Status.NON_RPC


def test_the_table_names_services_and_statuses(serving: Serving) -> None:
    answer = run("list", "--url", serving.url)
    assert answer.returncode == 0, answer.stderr
    rows = {line.split()[3]: line for line in answer.stdout.splitlines()[1:]}
    assert "● healthy" in rows["mycelium"]
    assert "rpc:healthy" in rows["mycelium"]


def test_list_says_which_of_the_names_there_is_none_of(serving: Serving) -> None:
    answer = run("list", "links", "nosuch", "--url", serving.url)
    assert answer.returncode == 1
    assert [line.split()[3] for line in answer.stdout.splitlines()[1:]] == ["links"]
    assert answer.stderr == "no service has the name or id 'nosuch'\n"


def test_list_fails_if_it_is_asked_to_and_one_is_not_healthy(serving: Serving) -> None:
    assert run("list", "--fail", "links", "mycelium", "--url", serving.url).returncode == 0
    assert run("list", "--fail", "links", "metrics", "--url", serving.url).returncode == 1
    assert run("list", "links", "metrics", "--url", serving.url).returncode == 0


def test_list_watches_and_prints_each_state_that_differs(serving: Serving) -> None:
    """The flapping service comes and goes every 20 s."""
    command = [sys.executable, "-m", "hero_router", "list", "--watch", "--json", "flapper"]
    environment = {**os.environ, "ROUTER_URL": serving.url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        try:
            assert watching.stdout is not None
            states = [json.loads(watching.stdout.readline())["services"] for _ in range(2)]
        finally:
            watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    assert [len(services) for services in states] == [1, 1]
    assert states[0] != states[1]


def test_describe_says_all_of_one_service(serving: Serving) -> None:
    answer = run("describe", "mycelium", "--url", serving.url)
    assert (answer.returncode, answer.stderr) == (0, "")
    facts = {line[:14].strip(): line[15:] for line in answer.stdout.splitlines()}
    assert (facts["name"], facts["node"], facts["status"]) == ("mycelium", "testnode", "● healthy")
    assert facts["methods"].startswith("29: getInfo, getPeers")
    rows = [line.split()[:4] for line in answer.stdout.splitlines()[-2:]]
    assert rows == [["rpc", "rpc", "●", "healthy"], ["admin", "admin", "●", "healthy"]]
    by_id = json.loads(run("describe", "--json", facts["id"], "--url", serving.url).stdout)
    assert by_id["name"] == "mycelium"


def test_describe_of_an_unknown_name_is_one_line(serving: Serving) -> None:
    answer = run("describe", "no/such ?", "--url", serving.url)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "hero_router: no service has the name or id 'no/such ?'\n"


def test_events_shows_past_ones_by_number_and_by_time(serving: Serving) -> None:
    def ids(*arguments: str) -> list[str]:
        answer = run("events", "--json", "--no-follow", *arguments, "--url", serving.url)
        assert (answer.returncode, answer.stderr) == (0, "")
        return [json.loads(line)["id"] for line in answer.stdout.splitlines()]

    everything = ids()
    assert everything[0].endswith("-1")
    assert ids("--tail", "3")[0] in everything[-4:]
    assert len(ids("--tail", "3")) == 3
    assert ids("--tail", "0") == []
    assert ids("--since", "1d")[: len(everything)] == everything
    assert ids("--since", "2199-01-01") == []
    wish = ("--types", "service_added", "--service", "links")
    (one,) = ids("--since", "1d", *wish)
    assert one in everything


def test_events_goes_on_after_the_past_ones(serving: Serving) -> None:
    """Nothing is missed or shown twice where the past ends and the stream begins."""
    answer = run("events", "--json", "--tail", "2", "--count", "3", "--url", serving.url, within=60)
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    counted = [each["id"] for each in events if each["event"] not in CONTROL_EVENTS]
    numbers = [int(position.partition("-")[2]) for position in counted]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_events_of_a_service_that_there_is_none_of_now_says_so(serving: Serving) -> None:
    wish = ("--service", "nosuch,links", "--context", "nowhere", "--no-follow")
    answer = run("events", *wish, "--url", serving.url)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr.splitlines() == [
        f"there is no {what} now; its events are shown as soon as there is one"
        for what in ("service 'nosuch'", "context 'nowhere'")
    ]


@pytest.mark.parametrize("wrong", [("--since", "soon"), ("--tail", "1", "--cursor", "0-0")])
def test_events_refuses_what_makes_no_sense(wrong: tuple[str, ...]) -> None:
    assert run("events", *wrong, "--url", "http://127.0.0.1:1").returncode == 2


def test_a_shell_completes_commands_and_names_of_services(serving: Serving) -> None:
    def words(line: str) -> list[str]:
        return _completed(line, COMP_WORDS=line, ROUTER_URL=serving.url)

    assert words("hero_router des") == ["describe"]
    assert words("hero_router describe li") == ["links"]
    assert words("hero_router list --status healthy,un") == ["healthy,unhealthy", "healthy,unknown"]


def _completed(line: str, **environment: str) -> list[str]:
    number = str(len(line.split()) - 1)
    ours = {"COMP_CWORD": number, "_HERO_ROUTER_COMPLETE": "bash_complete", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "hero_router"],
        env={**os.environ, **ours},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stderr == ""
    return [word.partition(",")[2] for word in done.stdout.split()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    answer = run("completion", shell)
    assert answer.returncode == 0
    assert f"_HERO_ROUTER_COMPLETE={shell}_complete" in answer.stdout


def test_completion_works_in_a_zsh_whose_user_has_not_switched_it_on() -> None:
    """Its `compdef` is not there before `compinit`."""
    script = run("completion", "zsh").stdout
    assert "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }" in script
    assert script.index("compinit }") < script.index("compdef _hero_router_completion")


def test_completion_in_fish_keeps_what_follows_a_comma() -> None:
    assert 'string split -m 1 "," $completion' in run("completion", "fish").stdout


def test_scan_waits_for_the_scanners_and_shows_what_they_found(serving: Serving) -> None:
    answer = run("scan", "--json", "--url", serving.url)
    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout)
    assert result["discovered"] == len(listed(serving))
    assert result["missing"] == []
    assert "testnode" in result["nodes"]
    words = run("scan", "--url", serving.url).stdout
    assert words.startswith(f"{result['discovered']} services:")


def test_events_prints_one_json_object_a_line(serving: Serving) -> None:
    """Only events count: what the router says beside them does not."""
    answer = run("events", "--json", "--count", "1", "--cursor", "nonsense", "--url", serving.url)
    assert answer.returncode == 0, answer.stderr
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
    assert refused.returncode == 1
    assert "answers 400: types: there is no event 'nonsense'" in refused.stderr
    refused = run("events", *wish, "--conflate", "--url", serving.url)
    assert (refused.returncode, "conflate: not together with types" in refused.stderr) == (1, True)


@contextmanager
def following(serving: Serving) -> Iterator[None]:
    """`events` in the background, meanwhile."""
    command = [sys.executable, "-m", "hero_router", "events", "--url", serving.url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as listener:
        try:
            yield
        finally:
            listener.kill()


async def test_clients_shows_each_client_and_its_worker(serving: Serving) -> None:
    def told() -> dict[str, Any] | None:
        answer = run("clients", "--json", "--url", serving.url)
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found if found["clients"] else None

    with following(serving):
        found = await eventually(told, within=15, message="the client is told of")
        lines = run("clients", "--url", serving.url).stdout.splitlines()
    assert found is not None
    (worker,) = found["workers"]
    assert lines[0] == "1 client on 1 worker: 1 live; deliveries due: 0"
    assert lines[1].split()[:4] == ["behind", "state", "blocked", "address"]
    assert lines[2].split()[:4] == ["0", "live", "127.0.0.1", worker["worker"]]


@pytest.mark.parametrize("name", ["list", "scan", "events", "clients"])
def test_without_a_router_one_line_says_so(name: str) -> None:
    answer = run(name, "--url", "http://127.0.0.1:1")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "no router answers at http://127.0.0.1:1: Connection refused" in answer.stderr


@pytest.mark.parametrize("url", ["foo", "ftp://x", "http://[", "127.0.0.1:9988"])
def test_a_text_that_is_no_address_is_refused(url: str) -> None:
    answer = run("list", "--url", url)
    assert answer.returncode == 1
    assert answer.stderr == f"hero_router: {url} is no address like http://127.0.0.1:9988\n"
