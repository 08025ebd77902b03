"""Settings of the log: its level and its format."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


@pytest.mark.parametrize(
    ("setting", "value", "choices"),
    [
        ("log_level", "loud", "debug, info, warning, error"),
        ("log_level", "INFO", "debug, info, warning, error"),
        ("log_format", "xml", "text, json"),
        ("access_log", "stdout", "off, text, json"),
    ],
)
def test_a_value_is_one_of_the_choices(setting: str, value: str, choices: str) -> None:
    with pytest.raises(ConfigError, match=f"ROUTER_{setting.upper()}='{value}' .* {choices}"):
        RouterConfig.of(**{setting: value})
