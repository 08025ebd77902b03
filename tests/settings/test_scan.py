"""Settings of the scanner: the switch for stale files, and the names that are ignored."""

from typing import Any

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


@pytest.mark.parametrize("value", [1, "1", None])
def test_a_switch_in_code_is_true_or_false(value: Any) -> None:
    with pytest.raises(ConfigError, match="stale_unlink"):
        RouterConfig.of(stale_unlink=value)


@pytest.mark.parametrize(
    ("setting", "names"),
    [("a, b*,,c/", ("a", "b*", "c/")), ("none", ()), ("nonesuch", ("nonesuch",))],
)
def test_ignored_names_are_a_list_with_commas_and_none_is_empty(
    setting: str, names: tuple[str, ...]
) -> None:
    assert RouterConfig.of(ignore=setting).scan.ignored == names
