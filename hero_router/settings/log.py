"""Settings of the log: level and format."""

from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, text


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Level and format of the log."""

    level: str = text(
        "info", "ROUTER_LOG_LEVEL", "lowest severity that is logged: debug, info, warning or error"
    )
    format: str = text(
        "text", "ROUTER_LOG_FORMAT", "format of the log lines: text for people, json for programs"
    )

    def __post_init__(self) -> None:
        check_section(self)
        _choice("ROUTER_LOG_LEVEL", self.level, ("debug", "info", "warning", "error"))
        _choice("ROUTER_LOG_FORMAT", self.format, ("text", "json"))


def _choice(variable: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ConfigError(f"{variable}={value!r} must be one of {', '.join(accepted)}")
