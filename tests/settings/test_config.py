"""All settings: defaults, ways to set them, and what happens to values that cannot be used."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.errors import ConfigError
from hero_router.settings.config import SETTINGS, RouterConfig, rejected, sources
from hero_router.settings.setting import Setting, plain
from tests.settings.conftest import Warnings

BY_NAME = {item.name: item for item in SETTINGS}
NUMBERS = [item for item in BY_NAME.values() if item.kind in ("int", "float")]


def by_name(item: Setting) -> str:
    return item.name


def number(item: Setting, value: float) -> Any:
    return int(value) if item.kind == "int" else float(value)


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = RouterConfig.from_env()
    assert (config.web.host, config.web.port, config.redis.url) == ("127.0.0.1", 9988, "")
    assert (config.stream.ping_seconds, config.stream.stall_seconds) == (15, 60)
    assert (config.scan.seconds, config.scan.probe_timeout) == (5, 2)
    assert (config.scan.failures, config.scan.stale_seconds, config.scan.stale_unlink) == (
        3,
        60,
        False,
    )
    assert config.web.workers == len(os.sched_getaffinity(0))
    assert config.node.root == Path.home() / "hero/var/sockets"
    assert config.web.address == "http://127.0.0.1:9988/"
    assert config == RouterConfig()


@pytest.mark.parametrize("item", NUMBERS, ids=by_name)
def test_a_number_at_either_end_of_its_range_is_taken(
    item: Setting, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    for end in (item.low, item.high):
        monkeypatch.setenv(item.variables[0], plain(end))
        assert item.value_in(RouterConfig.from_env()) == end
        made = RouterConfig.of(**{item.name: number(item, end)})
        assert item.value_in(made) == end
    assert sources()[item.name] == item.variables[0]
    assert warnings() == rejected() == []


ZEROS = ["0", "-0", "0.0"]
BAD = ["-1", "-0.5", "many", "0x10", "1e999", "-1e999", "nan", "NaN", "inf", "-inf",
       "Infinity", "1,5", "5 s", "--", "9" * 30, "9" * 5000]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "text"),
    [(item, text) for item in NUMBERS for text in BAD + ZEROS * (item.low > 0 and not item.off)],
    ids=lambda value: value[:12] if isinstance(value, str) else value.name,
)
def test_a_number_that_cannot_be_used_gives_way_to_the_default_with_one_warning(
    item: Setting, text: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    variable = item.variables[0]
    monkeypatch.setenv(variable, text)
    config = RouterConfig.from_env()
    assert config == RouterConfig()
    (told,) = warnings()
    assert told == (
        f"{variable}={text!r} is rejected: it must be {item.accepted}; "
        f"using the default {plain(item.default)}"
    )
    assert rejected() == [told]
    assert sources()[item.name] == "default"


@pytest.mark.parametrize("item", NUMBERS, ids=by_name)
def test_a_number_just_outside_and_a_fraction_for_a_whole_number_give_way_too(
    item: Setting, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    step, fractions = (1.0, ["1.5", "1.0", "1e0"]) if item.kind == "int" else (0.001, [])
    for count, text in enumerate([plain(item.low - step), plain(item.high + step), *fractions], 1):
        monkeypatch.setenv(item.variables[0], text)
        assert item.value_in(RouterConfig.from_env()) == item.default
        assert len(warnings()) == count


def test_each_rejected_variable_has_its_own_warning(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    for item in NUMBERS:
        monkeypatch.setenv(item.variables[0], "-1")
    monkeypatch.setenv("ROUTER_STALE_UNLINK", "perhaps")
    RouterConfig.from_env()
    assert len(warnings()) == len(NUMBERS) + 1
    assert warnings() == rejected()
    (switch,) = [text for text in warnings() if "ROUTER_STALE_UNLINK" in text]
    assert "'perhaps'" in switch
    assert "0 or 1" in switch


def test_a_bad_variable_that_a_flag_replaces_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """The sentence would say that the default is used, which is not so."""
    monkeypatch.setenv("ROUTER_SSE_BUFFER", "0")
    assert RouterConfig.from_env(sse_buffer=2048).stream.window == 2048
    assert warnings() == rejected(["sse_buffer"]) == []


def test_read_gives_the_same_settings_without_warnings(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    monkeypatch.setenv("ROUTER_SSE_BUFFER", "0")
    monkeypatch.setenv("ROUTER_PORT", "80")
    assert RouterConfig.read() == RouterConfig.of(port=80)
    assert warnings() == []


def test_a_blank_variable_is_as_if_it_were_not_set(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    for item in BY_NAME.values():
        monkeypatch.setenv(item.variables[0], " ")
    assert RouterConfig.from_env() == RouterConfig()
    assert warnings() == []


@pytest.mark.parametrize("item", NUMBERS, ids=by_name)
def test_a_number_out_of_range_in_code_is_refused_and_not_replaced(item: Setting) -> None:
    step = 1 if item.kind == "int" else 0.001
    wrong: list[Any] = [-1, item.low - step, item.high + step, 10**400, float("nan")]
    wrong += [float("inf"), True, None, plain(item.default)]
    wrong += [float(item.default)] if item.kind == "int" else []
    for value in wrong:
        for make in (RouterConfig.of, RouterConfig.from_env):
            with pytest.raises(ConfigError, match=item.name) as refused:
                make(**{item.name: value})
            assert item.accepted in str(refused.value)


def test_settings_never_change() -> None:
    config = RouterConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.web.port = 80  # type: ignore[misc]
    other = config.changed(port=80)
    assert (config.web.port, other.web.port) == (9988, 80)
    with pytest.raises(ConfigError):
        config.changed(port=0)


def value_of(item: Setting) -> st.SearchStrategy[Any]:
    """Any value that a setting takes."""
    special = {
        "redis_url": st.sampled_from(["", "redis://me:pw@host/1", "unix:///run/redis.sock"]),
        "redis_prefix": st.sampled_from(["{hero_router}", "a{b}", "{ü}:x"]),
        "log_level": st.sampled_from(["debug", "error"]),
        "trusted_proxies": st.sampled_from(["", "10.0.0.7, 192.168.1.0/24, fd00::/8"]),
        "allowed_hosts": st.sampled_from(["", "router.example", "a.example, *.b.example"]),
        "domain": st.sampled_from(["localhost", "router.example"]),
        "metrics_port": st.sampled_from([0, 9464]),
        "log_format": st.sampled_from(["text", "json"]),
        "allow_ips": st.sampled_from(["", "10.0.0.7, fd00::/8"]),
        "token_file": st.just(""),  # not together with the tokens themselves
        "viewer_token_file": st.just(""),
        "oidc_issuer": st.just("https://login.example/a"),
        "oidc_client_secret_file": st.just(""),
        "oidc_scopes": st.sampled_from(["openid", "openid groups"]),
        **dict.fromkeys(
            ("oidc_admin_values", "oidc_viewer_values"), st.sampled_from(["ops", "ops,Ops B"])
        ),
        "webhook_url": st.sampled_from(["", "https://hooks.example/a?b=c"]),
        "webhook_secret": st.sampled_from(["", "whsec_" + "A" * 32]),
        "webhook_secret_file": st.just(""),
        "webhook_events": st.sampled_from(["", "service.down, node.lost"]),
        **dict.fromkeys(
            ("auth_header", "auth_roles_header", "auth_contexts_header"), st.just("X-User")
        ),
        "access_log": st.sampled_from(["off", "text", "json"]),
        "advertise_url": st.sampled_from(["", "https://a.example", "http://[fd00::1]:9988"]),
        "peers": st.just(""),  # not together with the file
    }
    if item.name in special:
        return special[item.name]
    if item.kind == "str":
        names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
        return names.map("/nowhere/".__add__ if item.name.endswith("_dir") else str)
    if item.kind == "bool":
        return st.booleans()
    if item.kind == "int":
        return st.integers(int(item.low), int(item.high))
    return st.floats(item.low, item.high)


@given(st.fixed_dictionaries({name: value_of(item) for name, item in BY_NAME.items()}))
def test_a_child_that_gets_the_environment_has_the_same_settings(values: dict[str, Any]) -> None:
    config = RouterConfig.of(**values)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in config.environment().items():
            patch.setenv(name, value)
        assert RouterConfig.from_env() == config
        assert rejected() == []
