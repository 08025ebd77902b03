"""Settings of the log and of the access log."""

from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, text


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Level and format of the log; form of the access log."""

    level: str = text(
        "info", "ROUTER_LOG_LEVEL", "lowest severity that is logged: debug, info, warning or error"
    )
    format: str = text(
        "text", "ROUTER_LOG_FORMAT", "format of the log lines: text for people, json for programs"
    )
    access: str = text(
        "off",
        "ROUTER_ACCESS_LOG",
        "whether and how each request to the web workers is logged, also those that they pass on "
        "to services: off, text (lines for people) or json",
    )

    def __post_init__(self) -> None:
        check_section(self)
        _choice("ROUTER_LOG_LEVEL", self.level, ("debug", "info", "warning", "error"))
        _choice("ROUTER_LOG_FORMAT", self.format, ("text", "json"))
        _choice("ROUTER_ACCESS_LOG", self.access, ("off", "text", "json"))


def _choice(variable: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ConfigError(f"{variable}={value!r} must be one of {', '.join(accepted)}")
