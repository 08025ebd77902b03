"""docker-compose.yml against the compose schema, and against the code and files it speaks of."""

import importlib.resources
import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import jsonschema
import pytest

import hero_router
from hero_router.cli import COMMANDS
from hero_router.server.gunicorn import GRACEFUL_SECONDS
from hero_router.settings.config import SETTINGS, RouterConfig, rejected
from hero_router.settings.trusted_proxies import TrustedProxies
from tests.deploy.compose import (
    FILE,
    NODES_FILE,
    PASSWORD_FILE,
    TOP,
    Service,
    filled,
    services,
)
from tests.deploy.haproxy import directive, variables

ALL = services()
OURS = ("scanner", "web", "demo")
VARIABLES = {name: item for item in SETTINGS for name in item.variables}


@pytest.mark.parametrize("file", [FILE, PASSWORD_FILE, NODES_FILE], ids=lambda file: file.name)
def test_it_follows_the_compose_schema(file: Path) -> None:
    """The schema that the compose specification publishes."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(filled({}, file))] == []


def test_it_starts_what_it_promises() -> None:
    """Prometheus, with what it asks, and Grafana only run with the profile `metrics`."""
    plain = {name for name, item in ALL.items() if "profiles" not in item.raw}
    assert plain == {"redis", "scanner", "web", "haproxy", "demo"}
    assert set(ALL) - plain == {"prometheus", "redis-exporter", "grafana"}
    assert ALL["web"].raw["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", OURS)
def test_each_command_exists(name: str) -> None:
    program, *rest = ALL[name].command
    if program == "hero_router":
        assert rest[0] in COMMANDS
    else:
        assert program == "gunicorn"
        assert (TOP / rest[rest.index("-c") + 1]).is_file()
        module, _, factory = rest[-1].partition(":")
        assert callable(getattr(import_module(module), factory))


@pytest.mark.parametrize("name", OURS)
def test_each_variable_is_a_setting_and_its_value_is_good(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = ALL[name].environment
    assert set(environment) <= set(VARIABLES)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    RouterConfig.from_env()
    assert rejected() == []


def test_each_variable_for_users_is_a_setting_or_explained_at_the_top() -> None:
    """A variable that is passed on has the meaning, and the default, that it has in the code."""
    text = FILE.read_text("utf-8")
    head = text.partition("\nx-")[0]
    for name in re.findall(r"\$\{(\w+):-", text):
        assert name in VARIABLES or f"{name}=" in head
    assert f"${{ROUTER_SSE_BUFFER:-{VARIABLES['ROUTER_SSE_BUFFER'].default}}}" in text


FIXED = {"redis_url", "redis_password_file", "host", "port", "metrics_port", "socket_dir"}
"""Settings that follow from the containers themselves, and from where Prometheus asks."""

NEVER = {"web": set[str](), "scanner": {"stale_unlink"}}
"""The scanner may not write to the socket folder."""


@pytest.mark.parametrize("name", ["web", "scanner"])
def test_each_other_setting_reaches_the_containers_that_it_concerns(name: str) -> None:
    """A setting that is ignored in silence would be worse than none."""
    options = import_module(COMMANDS[name]).command.params
    concerns = {option.name for option in options} - FIXED - NEVER[name]
    chosen = {item.variables[0]: "7" for item in SETTINGS if item.name in concerns}
    assert len(chosen) == len(concerns)
    given = services(chosen)[name].environment
    # HAProxy stands before the trusted proxies of the operator.
    reached = {variable: given.get(variable, "").rpartition(",")[2] for variable in chosen}
    assert reached == chosen


def test_web_trusts_the_fixed_address_of_haproxy() -> None:
    for network in ("10.213.98", "192.168.7"):
        made = services({"HERO_EDGE": network})
        trusted = TrustedProxies.of(made["web"].environment["ROUTER_TRUSTED_PROXIES"])
        assert trusted.peer(f"{network}.10").is_believed
        assert not trusted.peer(f"{network}.1").is_believed
        assert made["haproxy"].raw["networks"]["edge"]["ipv4_address"] == f"{network}.10"
    assert services({}) == services({"HERO_EDGE": "10.213.98"})


def test_scanner_and_web_keep_the_same_window() -> None:
    """One trims the stream, the other keeps a copy of it."""
    some = services({"ROUTER_SSE_BUFFER": "77"})
    assert some["scanner"].environment["ROUTER_SSE_BUFFER"] == "77"
    assert some["web"].environment["ROUTER_SSE_BUFFER"] == "77"


def test_only_what_people_look_at_is_published_and_only_on_this_machine() -> None:
    published = {name: item.raw["ports"] for name, item in ALL.items() if "ports" in item.raw}
    assert published.pop("prometheus") == ["127.0.0.1:9090:9090"]
    assert published.pop("grafana") == ["127.0.0.1:3000:3000"]
    default = RouterConfig()
    port = variables()["HAPROXY_BIND"].rpartition(":")[2]
    assert published == {"haproxy": [f"{default.web.host}:{default.web.port}:{port}"]}
    assert default.web.host == "127.0.0.1"


def test_port_and_redis_can_be_chosen() -> None:
    """The page stays on this machine, whatever its port is."""
    url = "redis://redis.example:6379/0"
    some = services({"HERO_PORT": "80", "ROUTER_REDIS_URL": url})
    assert some["haproxy"].raw["ports"] == ["127.0.0.1:80:9988"]
    for name in ("scanner", "web"):
        assert some[name].environment["ROUTER_REDIS_URL"] == url
    assert some["redis-exporter"].environment["REDIS_ADDR"] == url
    outside = filled({"HERO_REDIS_INSIDE": "false"})["networks"]["backplane"]
    assert outside == {"internal": False}, "else no container reaches a Redis elsewhere"


def test_one_image_has_a_name_that_can_be_chosen() -> None:
    """Without a choice it is this version's; upgrade and rollback are a change of the name."""
    assert {ALL[name].raw["image"] for name in OURS} == {f"hero_router:{hero_router.__version__}"}
    some = services({"HERO_IMAGE": "registry.example/hero_router:9"})
    assert {some[name].raw["image"] for name in OURS} == {"registry.example/hero_router:9"}


@pytest.mark.parametrize("name", ALL)
def test_no_container_can_fill_the_machine(name: str) -> None:
    """Memory, processes and logs have limits."""
    raw = ALL[name].raw
    assert re.fullmatch(r"\d+[mg]", raw["mem_limit"])
    assert raw["pids_limit"] > 0
    assert raw["logging"] == {
        "driver": "json-file",
        "options": {"max-size": "10m", "max-file": "3"},
    }


def test_a_password_comes_from_a_secret() -> None:
    """Redis, scanner and web have the same one, and no list of processes shows it."""
    parsed = filled({}, PASSWORD_FILE)
    place = "/run/secrets/redis_password"
    assert set(parsed["secrets"]) == {"redis_password"}
    for name in ("redis", "scanner", "web"):
        assert parsed["services"][name]["secrets"] == ["redis_password"]
    for name in ("scanner", "web"):
        assert parsed["services"][name]["environment"] == {"ROUTER_REDIS_PASSWORD_FILE": place}
        assert "ROUTER_REDIS_PASSWORD_FILE" in VARIABLES
    *shell, script = parsed["services"]["redis"]["command"]
    assert shell == ["sh", "-c"]
    command, *rest = script.splitlines()
    plain = shlex.join(ALL["redis"].command).replace("redis-server", "redis-server -")
    assert shlex.split(command)[1:-1] == shlex.split(plain), "the other options stay"
    assert rest[0] == f"requirepass $$(cat {place})"


def test_haproxy_finds_web_where_it_listens() -> None:
    name, _, port = variables()["HAPROXY_WEB"].rpartition(":")
    environment = ALL[name].environment
    assert environment["ROUTER_PORT"] == port
    assert environment["ROUTER_HOST"] == "0.0.0.0"
    assert set(ALL["haproxy"].raw["networks"]) & set(ALL[name].raw["networks"])


def test_web_can_be_scaled() -> None:
    """Nothing of it may exist only once, and HAProxy has room for more."""
    assert not {"container_name", "ports", "hostname"} & set(ALL["web"].raw)
    slots = int(directive("server-template")[0].split()[1].partition("-")[2])
    assert slots >= 10


def test_web_reaches_the_sockets_that_the_scanner_finds() -> None:
    """The same folder, node and user: it passes requests on to the sockets of its own node only."""
    scanner, web = ALL["scanner"], ALL["web"]
    assert web.volumes == scanner.volumes
    assert web.raw["user"] == scanner.raw["user"]
    for name in ("ROUTER_NODE", "ROUTER_SOCKET_DIR"):
        assert web.environment[name] == scanner.environment[name]


def test_redis_is_reached_only_by_the_containers_that_need_it() -> None:
    """It has no password: a network of its own, without a way out."""
    parsed = filled({})
    near = {name for name, item in ALL.items() if "backplane" in item.raw.get("networks", [])}
    assert near == {"redis", "scanner", "web", "redis-exporter"}
    assert parsed["networks"]["backplane"] == {"internal": True}
    assert ALL["redis"].raw["networks"] == ["backplane"]
    assert ALL["demo"].raw["network_mode"] == "none"


def test_redis_keeps_its_data() -> None:
    command = ALL["redis"].command
    assert command[command.index("--appendonly") + 1] == "yes"
    assert ALL["redis"].volumes == [("redis", "/data", "rw")]
    assert "redis" in filled({})["volumes"]


def test_scanner_and_demo_share_the_sockets() -> None:
    """The scanner only reads the folder; the volume is the one that the image prepares."""
    scanner, demo = ALL["scanner"], ALL["demo"]
    assert scanner.volumes == [("sockets", "/sockets", "ro")]
    assert demo.volumes == [("sockets", "/sockets", "rw")]
    for item in (scanner, demo):
        assert item.environment["ROUTER_SOCKET_DIR"] == "/sockets"


def test_a_real_root_is_given_to_the_scanner_and_never_to_the_demo() -> None:
    """`HERO_SOCKETS=/path HERO_USER=uid:gid`: sample sockets in there would do harm."""
    some = services({"HERO_SOCKETS": "/srv/sockets", "HERO_USER": "1000:1000"})
    assert some["scanner"].volumes == [("/srv/sockets", "/sockets", "ro")]
    assert some["scanner"].raw["user"] == "1000:1000"
    assert some["demo"].volumes == ALL["demo"].volumes


@pytest.mark.parametrize("name", ALL)
def test_each_service_is_checked_and_waited_for(name: str) -> None:
    """A health check without a shell, and no service starts before what it needs is healthy."""
    assert bool(ALL[name].health) != (name == "redis-exporter"), "its image has one program alone"
    needed = ALL[name].raw.get("depends_on", {})
    assert all(item == {"condition": "service_healthy"} for item in needed.values())
    assert ALL[name].raw["restart"] == "unless-stopped"


def test_the_check_of_haproxy_asks_haproxy() -> None:
    """Not the web containers behind it: a restart of HAProxy would not help those."""
    uri = directive("monitor-uri")[0]
    assert ALL["haproxy"].health[-1] == f"http://{variables()['HAPROXY_ADMIN']}{uri}"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str) -> None:
    raw = ALL[name].raw
    assert raw["cap_drop"] == ["ALL"]
    assert raw["read_only"] is True
    assert raw["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize(
    ("service", "needs"),
    [
        (ALL["web"], GRACEFUL_SECONDS + VARIABLES["ROUTER_DRAIN_SECONDS"].high),
        (ALL["haproxy"], float(directive("hard-stop-after")[0].removesuffix("s"))),
    ],
    ids=["web", "haproxy"],
)
def test_each_may_end_in_peace(service: Service, needs: float) -> None:
    """Docker kills only after the time that the process itself takes at most."""
    assert service.stop_seconds > needs


@pytest.mark.parametrize("name", ALL)
def test_what_is_built_mounted_or_pulled_exists_or_is_pinned(name: str) -> None:
    raw = ALL[name].raw
    if "build" in raw:
        assert (TOP / raw["build"]["context"] / raw["build"]["dockerfile"]).is_file()
    else:
        tag = r"[a-z0-9_/]+:v?\d+\.\d+\.\d+(-alpine)?"
        assert re.fullmatch(tag + r"@sha256:[0-9a-f]{64}", raw["image"])
    for source, _, _ in ALL[name].volumes:
        assert source in filled({})["volumes"] or (TOP / source).exists()
