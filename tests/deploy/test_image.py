"""The image: what the Dockerfile takes, and the scripts in it."""

import re
import subprocess
from contextlib import closing
from fnmatch import fnmatch

import pytest

from hero_router.server.gunicorn import gunicorn_settings
from hero_router.settings.config import RouterConfig
from tests.deploy.compose import TOP, services
from tests.deploy.processes import clean_environment, resolved
from tests.support.ports import free_port
from tests.support.redis import RedisServer, client
from tests.support.wait import PATIENCE_SECONDS

DEPLOY = TOP / "deploy"
LINES = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()


def instruction(name: str) -> list[str]:
    """The arguments of every instruction of a kind."""
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def test_all_that_is_copied_exists_and_is_let_through() -> None:
    """A file that .dockerignore holds back is not there for COPY."""
    rules = (TOP / ".dockerignore").read_text("utf-8").splitlines()
    shown = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    for words in (line.split() for line in instruction("COPY") if "--from" not in line):
        for source in words[:-1]:
            assert (TOP / source).exists()
            assert source.split("/")[0] in shown


def test_secrets_and_leftovers_stay_out() -> None:
    """Only what is named gets into the image."""
    rules = (TOP / ".dockerignore").read_text("utf-8").splitlines()
    assert next(rule for rule in rules if not rule.startswith("#")) == "*"
    assert not any(fnmatch(name, rule) for name in (".git", ".venv") for rule in rules[2:])


def test_the_base_is_pinned_and_the_user_is_nobody_special() -> None:
    (base,) = instruction("ARG")
    assert re.fullmatch(r"PYTHON=python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)
    assert [line.split()[0] for line in instruction("FROM")] == ["${PYTHON}", "${PYTHON}"]
    (user,) = instruction("USER")
    assert user == services()["scanner"].raw["user"]
    assert not user.startswith("0")
    assert instruction("HEALTHCHECK") == [], "the compose file has one for each service"


def test_the_image_has_what_the_containers_run() -> None:
    """The scripts of their commands and checks, at the same path as in the checkout."""
    (folder,) = instruction("WORKDIR")[1:]
    assert folder == "/app"
    copied = {word for line in instruction("COPY")[-1:] for word in line.split()[:-1]}
    used = {
        word
        for service in services().values()
        for word in (*service.command, *service.health)
        if word.startswith("deploy/")
    }
    assert used == copied


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of the image, in an environment that has nothing else of ours."""
    return subprocess.run(
        resolved(command),
        cwd=TOP,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


GUNICORN = ("gunicorn", "-c", "deploy/gunicorn.conf.py", "--print-config", "--check-config")
APPLICATION = "hero_router.web.app:application"


def test_gunicorn_runs_with_our_settings() -> None:
    """The same as with `hero_router web`, from the same variables."""
    variables = {"ROUTER_REDIS_URL": "redis://127.0.0.1:1/0", "ROUTER_WORKERS": "3"}
    done = run(*GUNICORN, APPLICATION, **variables)
    assert done.returncode == 0, done.stderr
    shown = dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))
    settings = gunicorn_settings(RouterConfig.of(redis_url="redis://127.0.0.1:1/0", workers=3))
    for name in ("bind", "workers", "graceful_timeout", "control_socket_disable"):
        assert shown[name] == str(settings[name])


@pytest.mark.parametrize("url", ["", "http://redis"])
def test_gunicorn_says_in_one_line_why_it_cannot_run(url: str) -> None:
    done = run(*GUNICORN, APPLICATION, ROUTER_REDIS_URL=url)
    assert done.returncode == 2
    assert re.fullmatch(r"hero_router: .*ROUTER_REDIS_URL.*\n", done.stderr)


def test_a_web_container_that_does_not_answer_is_not_healthy() -> None:
    assert run("hero_router", "healthcheck", "web", ROUTER_PORT=str(free_port())).returncode == 1


def test_the_check_of_a_scanner_passes_while_redis_is_away() -> None:
    """Another start of the scanner would not bring Redis back."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert run("hero_router", "healthcheck", "scanner", ROUTER_REDIS_URL=url).returncode == 0


def test_a_check_logs_in_to_redis_and_knows_its_deployment(redis7: RedisServer) -> None:
    """A user whose password is in a file, under a prefix of its own: nobody scans there."""
    password = redis7.folder / "password"
    password.write_text("secret\n")
    with closing(client(redis7.url)) as admin:
        admin.acl_setuser(
            "check", enabled=True, passwords=["+secret"], keys=["*"], categories=["+@all"]
        )
    try:
        done = run(
            *("hero_router", "healthcheck", "scanner"),
            ROUTER_REDIS_URL=redis7.url.replace("://", "://check@"),
            ROUTER_REDIS_PASSWORD_FILE=str(password),
        )
        assert (done.returncode, done.stderr) == (1, ""), "it was let in, and saw no scanner"
    finally:
        with closing(client(redis7.url)) as admin:
            admin.acl_deluser("check")


def test_a_check_does_not_warn_each_time_of_what_the_process_itself_has_warned_of() -> None:
    done = run("hero_router", "healthcheck", "demo", ROUTER_SSE_BUFFER="0")
    assert done.stderr == ""


def test_a_demo_without_sockets_is_not_healthy(tmp_path: object) -> None:
    done = run("hero_router", "healthcheck", "demo", ROUTER_SOCKET_DIR=str(tmp_path))
    assert done.returncode == 1
