"""deploy/compose.nodes.yml: a second node beside the first one of docker-compose.yml."""

import re

import pytest

from hero_router.settings.config import SETTINGS, RouterConfig, rejected
from tests.deploy.compose import NODES_FILE, TOP, filled, services

ALL = services()
OURS = ("scanner", "web", "demo")
VARIABLES = {name for item in SETTINGS for name in item.variables}
OTHER = services(file=NODES_FILE)


@pytest.mark.parametrize("name", OURS)
def test_a_second_node_is_like_the_first_but_for_its_sockets_and_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ALL[name], OTHER[f"other-{name}"]
    assert (second.command, second.health) == (first.command, first.health)
    for field in ("image", "cap_drop", "read_only", "security_opt", "init", "restart", "logging"):
        assert second.raw[field] == first.raw[field]
    for field in ("mem_limit", "pids_limit", "stop_grace_period", "network_mode"):
        assert second.raw.get(field) == first.raw.get(field)
    assert set(second.raw.get("networks", ())) == set(first.raw.get("networks", ()))
    assert [each[1:] for each in second.volumes] == [each[1:] for each in first.volumes]
    assert {each[0] for each in second.volumes}.isdisjoint({each[0] for each in first.volumes})
    assert "ports" not in second.raw, "only routers of the other node ask it"
    assert set(second.environment) <= set(first.environment) | set(VARIABLES)
    for variable, value in second.environment.items():
        monkeypatch.setenv(variable, value)
    RouterConfig.from_env()
    assert rejected() == []


def test_each_node_has_a_key_of_its_own_and_both_have_one_list_of_peers() -> None:
    parsed = filled({}, NODES_FILE)
    keys = {"web": "docker_key", "other-web": "other_key"}
    assert set(parsed["secrets"]) == {"peers", *keys.values()}
    for name, key in keys.items():
        raw = parsed["services"][name]
        assert raw["secrets"] == ["peers", {"source": key, "target": "node_key"}]
        assert raw["environment"]["ROUTER_NODE_KEY_FILE"] == "/run/secrets/node_key"
        assert raw["environment"]["ROUTER_PEERS_FILE"] == "/run/secrets/peers"
    head = NODES_FILE.read_text("utf-8").partition("\nx-")[0]
    nodes = {
        "scanner": ALL["scanner"].environment,
        "other-scanner": OTHER["other-scanner"].environment,
    }
    for name, environment in nodes.items():
        url = parsed["services"][name]["environment"]["ROUTER_ADVERTISE_URL"]
        assert re.search(rf"^#   {environment['ROUTER_NODE']} +{url} +ed25519:", head, re.MULTILINE)
        host, _, port = url.removeprefix("http://").partition(":")
        assert {**ALL, **OTHER}[host].environment.get("ROUTER_PORT", "9988") == port
    assert "keys/" in (TOP / ".gitignore").read_text("utf-8").splitlines()
