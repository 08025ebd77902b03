"""Prometheus' and Grafana's files: sound by promtool, and in agreement with code and page."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.compose import TOP, filled, services
from tests.deploy.processes import resolved

DEPLOY = TOP / "deploy"
GRAFANA = DEPLOY / "grafana"
RULES = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
BOARD = json.loads((GRAFANA / "dashboards" / "hero_router.json").read_text("utf-8"))
DOCS = (TOP / "docs" / "metrics.md").read_text("utf-8")
METRIC = re.compile(r"\bhero_router_\w+")

DOCUMENTED = set(re.findall(r"^\| `(hero_router_\w+)` \|", DOCS, re.MULTILINE))
"""All metrics; that these are the real ones is held by the test of a real scrape."""


def promtool(*arguments: str) -> str:
    """Run it in the top folder; fails with its words where it finds fault."""
    done = subprocess.run(
        resolved(["promtool", *arguments]),
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def board_queries() -> list[str]:
    """The queries of all panels and annotations, for all instances."""
    targets = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    notes = [note["expr"] for note in BOARD["annotations"]["list"]]
    return [expr.replace("$instance", ".*") for expr in (*targets, *notes)]


def used(expr: str) -> set[str]:
    """The metrics in a query; a histogram's series stand for it."""
    plain = re.sub(r"\{[^}]*\}", "", expr)
    names = METRIC.findall(plain)
    return {re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name) for name in names}


def test_the_configuration_and_the_rules_are_sound() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "config", "deploy/prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", "deploy/alerts.yml")


def test_each_alert_is_raised_when_it_has_to_be_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", "tests/deploy/alerts_test.yml")


def test_each_alert_is_tested_in_both_ways() -> None:
    told = yaml.safe_load((TOP / "tests" / "deploy" / "alerts_test.yml").read_text("utf-8"))
    cases = [case for test in told["tests"] for case in test["alert_rule_test"]]
    names = {rule["alert"] for rule in RULES}
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == names


def test_each_alert_says_what_it_is_and_the_page_says_what_to_do() -> None:
    rows = re.findall(r"^\| `(HeroRouter\w+)` \|", DOCS, re.MULTILINE)
    assert rows == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]


@pytest.mark.parametrize("expr", [rule["expr"] for rule in RULES] + board_queries())
def test_a_query_names_only_metrics_that_exist(expr: str) -> None:
    assert used(expr) <= DOCUMENTED
    assert used(expr) or "up{" in expr or "ALERTS{" in expr


def test_the_dashboard_shows_every_metric() -> None:
    assert set().union(*map(used, board_queries())) == DOCUMENTED


def test_the_dashboards_queries_can_be_read(tmp_path: Path) -> None:
    rules = [
        {"record": f"query_{number}", "expr": expr} for number, expr in enumerate(board_queries())
    ]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    said = promtool("check", "rules", "--lint=none", str(tmp_path / "rules.yml"))
    assert f"{len(rules)} rules found" in said


def provisioned(kind: str) -> Any:
    """The one file that provisions a kind of things."""
    (file,) = (GRAFANA / "provisioning" / kind).iterdir()
    return yaml.safe_load(file.read_text("utf-8"))


def mounted(name: str) -> dict[str, str]:
    """Where a container finds files of the checkout."""
    return {target: source for source, target, _ in services()[name].volumes}


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    (source,) = provisioned("datasources")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    sources = {json.dumps(panel["datasource"], sort_keys=True) for panel in BOARD["panels"]}
    assert sources == {json.dumps({"type": source["type"], "uid": source["uid"]}, sort_keys=True)}
    (provider,) = provisioned("dashboards")["providers"]
    place = mounted("grafana")[provider["options"]["path"]]
    assert (TOP / place / "hero_router.json").is_file()
    home = services()["grafana"].environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/hero_router.json"
    assert "/etc/grafana/provisioning" in mounted("grafana")


def jobs() -> dict[str, Any]:
    """Prometheus' jobs by name."""
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    return {job["job_name"]: job for job in config["scrape_configs"]}


def test_prometheus_finds_its_files() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    assert "--config.file=/etc/prometheus/prometheus.yml" in services()["prometheus"].command
    for name in ("prometheus.yml", *config["rule_files"]):
        assert mounted("prometheus")[f"/etc/prometheus/{name}"] == f"./deploy/{name}"


def test_prometheus_finds_every_web_container() -> None:
    (search,) = jobs()["hero_router"]["dns_sd_configs"]
    (name,) = search["names"]
    assert services()[name].environment["ROUTER_METRICS_PORT"] == str(search["port"])
    assert near("prometheus", name)


@pytest.mark.parametrize(("job", "name"), [("haproxy", "haproxy"), ("redis", "redis-exporter")])
def test_prometheus_finds_what_web_stands_on(job: str, name: str) -> None:
    (target,) = jobs()[job]["static_configs"][0]["targets"]
    assert target.partition(":")[0] == name
    assert near("prometheus", name)


def test_haproxy_and_redis_give_their_metrics_where_prometheus_asks() -> None:
    assert services()["haproxy"].environment["HAPROXY_ADMIN"] == "*:8404"
    assert services()["redis-exporter"].environment["REDIS_ADDR"] == "redis://redis:6379/0"
    assert near("redis-exporter", "redis")


def test_each_job_is_asked_at_the_default_path() -> None:
    assert not any("metrics_path" in job for job in jobs().values())


def near(one: str, other: str) -> bool:
    """Whether two containers share a network."""
    return bool({*services()[one].raw["networks"]} & {*services()[other].raw["networks"]})


def test_the_parts_of_the_profile_run_only_where_it_is_asked_for() -> None:
    profiles = {name: item.get("profiles") for name, item in filled({})["services"].items()}
    found = {name: profile for name, profile in profiles.items() if profile}
    assert set(found) == {"prometheus", "redis-exporter", "grafana"}
    assert all(profile == ["metrics"] for profile in found.values())
