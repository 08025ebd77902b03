"""deploy/kubernetes: manifests that follow Kubernetes' schemas and agree with the code."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_validate
import pytest
import yaml

import hero_router
from hero_router.access.static_tokens import make_token
from hero_router.cli import COMMANDS
from hero_router.server.gunicorn import GRACEFUL_SECONDS
from hero_router.settings.config import SETTINGS
from tests.deploy.compose import TOP, services

FOLDER = TOP / "deploy" / "kubernetes"
FILES = ("namespace.yaml", "settings.yaml", "scanner.yaml", "web.yaml")
README = (FOLDER / "README.md").read_text("utf-8")
VERSIONS = ("1.25", "1.31", "1.37")
"""Kubernetes' versions: the oldest and the newest that the validator knows, and one between."""

VARIABLES = {name: item for item in SETTINGS for name in item.variables}


def documents() -> Iterator[Any]:
    """All objects of all files."""
    for file in FILES:
        yield from yaml.safe_load_all((FOLDER / file).read_text("utf-8"))


OBJECTS = {f"{item['kind']}/{item['metadata']['name']}": item for item in documents()}
PODS = {
    name: item["spec"]["template"]
    for name, item in OBJECTS.items()
    if "template" in item.get("spec", {})
}
SETTINGS_MAP = OBJECTS["ConfigMap/hero-router"]["data"]


def container(name: str) -> Any:
    """The one container of a workload."""
    (found,) = PODS[name]["spec"]["containers"]
    return found


def probes(name: str) -> Mapping[str, Any]:
    return {key: value for key, value in container(name).items() if key.endswith("Probe")}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OBJECTS)
def test_the_object_follows_the_schema(name: str, version: str) -> None:
    """Strictly: a field that Kubernetes does not know is refused too."""
    kubernetes_validate.validate(OBJECTS[name], version, strict=True)


def test_all_that_is_promised_is_there_and_is_applied() -> None:
    kinds = [name.partition("/")[0] for name in OBJECTS]
    assert kinds == [
        *("Namespace", "ConfigMap", "Secret", "Secret", "DaemonSet"),
        *("Deployment", "Service", "PodDisruptionBudget"),
    ]
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    assert tuple(kustomization["resources"]) == FILES
    assert kustomization["namespace"] == OBJECTS["Namespace/hero-router"]["metadata"]["name"]
    (image,) = kustomization["images"]
    assert image["newTag"] == hero_router.__version__
    assert {container(name)["image"] for name in PODS} == {f"{image['name']}:{image['newTag']}"}


@pytest.mark.parametrize("name", PODS)
def test_each_command_is_that_of_the_compose_file(name: str) -> None:
    item = services()[name.rpartition("-")[2]]
    assert container(name)["command"] == item.command


@pytest.mark.parametrize("name", PODS)
def test_each_variable_is_a_setting_of_the_command(name: str) -> None:
    given = {item["name"] for item in container(name)["env"]}
    assert given | set(SETTINGS_MAP) <= set(VARIABLES)
    assert not given & set(SETTINGS_MAP), "one place for each"
    assert set(COMMANDS) >= {"scanner", "web"}
    assert SETTINGS_MAP["ROUTER_SSE_BUFFER"] == str(VARIABLES["ROUTER_SSE_BUFFER"].default)


def test_a_node_keeps_its_name_when_its_scanner_is_replaced() -> None:
    names = {
        item["name"]: item["valueFrom"]["fieldRef"]["fieldPath"]
        for item in container("DaemonSet/hero-router-scanner")["env"]
        if "fieldRef" in item.get("valueFrom", {})
    }
    assert names == {"ROUTER_NODE": "spec.nodeName"}


@pytest.mark.parametrize("name", PODS)
def test_all_that_a_pod_refers_to_exists(name: str) -> None:
    spec = PODS[name]["spec"]
    assert container(name)["envFrom"] == [{"configMapRef": {"name": "hero-router"}}]
    secrets = [item["secret"]["secretName"] for item in spec["volumes"] if "secret" in item]
    assert secrets
    assert {f"Secret/{item}" for item in secrets} <= OBJECTS.keys()
    mounts = {item["name"]: item["mountPath"] for item in container(name)["volumeMounts"]}
    assert set(mounts) == {item["name"] for item in spec["volumes"]}
    environment = {item["name"]: item.get("value", "") for item in container(name)["env"]}
    folder, _, key = environment["ROUTER_REDIS_PASSWORD_FILE"].rpartition("/")
    assert folder == mounts["redis"]
    assert key in OBJECTS["Secret/hero-router-redis"]["stringData"]


def test_webhooks_are_sent_once_there_is_their_secret() -> None:
    """README.md makes it with these keys; without it the scanners start all the same."""
    asked = {
        item["name"]: item["valueFrom"]["secretKeyRef"]
        for item in container("DaemonSet/hero-router-scanner")["env"]
        if "secretKeyRef" in item.get("valueFrom", {})
    }
    assert set(asked) == {"ROUTER_WEBHOOK_URL", "ROUTER_WEBHOOK_SECRET"}
    for secret in asked.values():
        assert secret["optional"] is True
        assert secret["name"] == "hero-router-webhook"
        assert f"--from-literal={secret['key']}=" in README


def test_the_readme_names_settings_that_exist() -> None:
    assert set(re.findall(r"\bROUTER_\w+", README)) <= set(VARIABLES)


def test_the_scanner_only_reads_the_root() -> None:
    (mount,) = [
        item
        for item in container("DaemonSet/hero-router-scanner")["volumeMounts"]
        if item["name"] == "hero"
    ]
    environment = container("DaemonSet/hero-router-scanner")["env"]
    (root,) = [item["value"] for item in environment if item["name"] == "ROUTER_SOCKET_DIR"]
    assert mount["readOnly"] is True
    assert root.startswith(f"{mount['mountPath']}/")


@pytest.mark.parametrize("name", PODS)
def test_each_pod_can_do_little(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(name)["resources"]["limits"]["memory"]


def test_labels_lead_from_service_and_budget_to_the_pods() -> None:
    for name, pod in PODS.items():
        selector = OBJECTS[name]["spec"]["selector"]["matchLabels"]
        assert selector == pod["metadata"]["labels"]
    labels = PODS["Deployment/hero-router-web"]["metadata"]["labels"]
    assert OBJECTS["Service/hero-router"]["spec"]["selector"] == labels
    budget = OBJECTS["PodDisruptionBudget/hero-router-web"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["maxUnavailable"] < OBJECTS["Deployment/hero-router-web"]["spec"]["replicas"]


def test_web_is_asked_at_its_own_port_by_names_that_it_answers_to() -> None:
    web = container("Deployment/hero-router-web")
    environment = {item["name"]: item.get("value") for item in web["env"]}
    assert web["ports"] == [
        {"name": "http", "containerPort": int(environment["ROUTER_PORT"])},
        {"name": "metrics", "containerPort": int(environment["ROUTER_METRICS_PORT"])},
    ]
    template = OBJECTS["Deployment/hero-router-web"]["spec"]["template"]["metadata"]
    assert template["annotations"]["prometheus.io/port"] == environment["ROUTER_METRICS_PORT"]
    (port,) = OBJECTS["Service/hero-router"]["spec"]["ports"]
    assert port["targetPort"] == "http"
    assert "hero-router" in SETTINGS_MAP["ROUTER_ALLOWED_HOSTS"].split(",")


def test_probes_ask_what_they_are_for() -> None:
    """Alive: a restart helps. Ready: send clients here."""
    paths = {
        kind: item["httpGet"]["path"] for kind, item in probes("Deployment/hero-router-web").items()
    }
    assert paths == {
        "startupProbe": "/health", "readinessProbe": "/ready", "livenessProbe": "/health",
    }  # fmt: skip
    (scanner,) = probes("DaemonSet/hero-router-scanner").values()
    assert scanner["exec"]["command"] == services()["scanner"].health


def test_web_may_drain_before_it_is_killed() -> None:
    spec = PODS["Deployment/hero-router-web"]["spec"]
    wait = float(
        container("Deployment/hero-router-web")["lifecycle"]["preStop"]["exec"]["command"][-1]
    )
    longest = VARIABLES["ROUTER_DRAIN_SECONDS"].high
    assert spec["terminationGracePeriodSeconds"] > wait + longest + GRACEFUL_SECONDS


def test_web_asks_for_a_token_as_other_machines_can_connect() -> None:
    web = container("Deployment/hero-router-web")
    environment = {item["name"]: item.get("value") for item in web["env"]}
    mounts = {item["name"]: item["mountPath"] for item in web["volumeMounts"]}
    assert environment["ROUTER_TOKEN_FILE"] == f"{mounts['access']}/token"
    token = OBJECTS["Secret/hero-router-access"]["stringData"]["token"]
    make_token(token, "admin", "admin", None, "the example")
