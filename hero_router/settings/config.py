"""`RouterConfig`: all settings of a process, read once from environment variables and flags.

An environment variable that should be a number and is not, or is out of range, does not stop the
process: the default is used, and one WARNING names the variable. A text that is not usable, such as
a malformed Redis URL, raises `ConfigError`.
"""

import dataclasses
import difflib
import logging
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from hero_router.errors import ConfigError
from hero_router.settings.access import AccessSettings
from hero_router.settings.log import LogSettings
from hero_router.settings.node import NodeSettings
from hero_router.settings.oidc import OidcSettings
from hero_router.settings.peers import PeerSettings
from hero_router.settings.proxy import ProxySettings
from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_url import masked
from hero_router.settings.scan import ScanSettings
from hero_router.settings.setting import PREFIX, Setting, plain
from hero_router.settings.stream import StreamSettings
from hero_router.settings.web import WebSettings
from hero_router.settings.webhook import WebhookSettings

log = logging.getLogger(__name__)

ADDRESS_VARIABLE = "ROUTER_URL"
"""Variable with the URL at which commands such as `list` find a running router.

This variable is not a setting of the router itself."""


@dataclass(frozen=True, slots=True, repr=False)
class RouterConfig:
    """All settings of a process, in sections. An empty text means "not set".

    A setting also has a flat name, which is that of its flag: `redis_url` is the field `url` of the
    section `redis`, the variable `ROUTER_REDIS_URL` and the flag `--redis-url`.
    """

    node: NodeSettings = field(default_factory=NodeSettings)
    web: WebSettings = field(default_factory=WebSettings)
    stream: StreamSettings = field(default_factory=StreamSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)
    peers: PeerSettings = field(default_factory=PeerSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    redis: RedisSettings = field(default_factory=RedisSettings)
    log: LogSettings = field(default_factory=LogSettings)

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Read the settings from the environment, and log a WARNING for each rejected variable.

        `overrides` (by flat name) replace variables.

        Raises:
            ConfigError: a text is not usable, or an override is out of range.
        """
        config = cls.read(**overrides)
        warn_rejected(overrides)
        return config

    @classmethod
    def read(cls, **overrides: Any) -> Self:
        """Read the settings from the environment without warnings, as before the log is set up."""
        items = [item for item in SETTINGS if item.name not in overrides]
        return cls.of(**{item.name: item.read().value for item in items}, **overrides)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Settings with these values (by flat name) and defaults for all others.

        Raises:
            ConfigError: a value is out of range or not usable.
        """
        return cls().changed(**values)

    def changed(self, **values: Any) -> Self:
        """A copy of these settings with other values (by flat name). Raises ConfigError."""
        sections: Mapping[str, dict[str, Any]] = defaultdict(dict)
        for name, value in values.items():
            item = _BY_NAME.get(name)
            if item is None:
                raise ConfigError(f"{name} is no setting")
            sections[item.section][item.field] = value
        return dataclasses.replace(
            self,
            **{
                name: dataclasses.replace(getattr(self, name), **fields)
                for name, fields in sections.items()
            },
        )

    @property
    def is_open(self) -> bool:
        """Whether everyone who can connect may do everything."""
        return not (self.access.has_login or self.oidc.is_set or self.access.allow_ips)

    def require_access(self) -> None:
        """Check before the web workers listen that a setting says who may use the router.

        Raises:
            ConfigError: other machines can connect, and none says so.
        """
        if self.web.is_open and self.is_open and not self.access.open:
            raise ConfigError(
                f"ROUTER_HOST={self.web.host} lets other machines connect, and nothing restricts "
                "access: set ROUTER_TOKEN (a secret text of at least 16 characters), "
                "ROUTER_ALLOW_IPS, or a login by ROUTER_OIDC_ISSUER or ROUTER_AUTH_HEADER; or "
                "ROUTER_OPEN=1 if everyone may do everything"
            )

    def environment(self) -> dict[str, str]:
        """The environment variables that give a child process the same settings."""
        return {item.variables[0]: plain(item.value_in(self)) for item in SETTINGS}

    def shown(self) -> Iterator[tuple[Setting, str]]:
        """Each setting with its value as text; passwords are masked."""
        for item in SETTINGS:
            value = plain(item.value_in(self))
            yield item, _shown(item, value)

    def __repr__(self) -> str:
        fields = (f"{item.name}={value!r}" for item, value in self.shown())
        return f"RouterConfig({', '.join(fields)})"


def _shown(item: Setting, value: str) -> str:
    if item.private:
        return "***" if value else ""
    return masked(value) if item.secret else value


def _declared() -> Iterator[Setting]:
    for section in dataclasses.fields(RouterConfig):
        for item in dataclasses.fields(section.type):  # type: ignore[arg-type] # a section is a class
            yield Setting(section.name, item.name, default=item.default, **item.metadata)


SETTINGS: Sequence[Setting] = tuple(_declared())
"""All settings, section by section, in the order of their fields."""

_BY_NAME = {item.name: item for item in SETTINGS}


def sources() -> dict[str, str]:
    """The source of each setting's value, by flat name: a variable, or "default"."""
    return {item.name: item.read().source for item in SETTINGS}


def rejected(overridden: Collection[str] = ()) -> list[str]:
    """One sentence for each `ROUTER_` variable that has a rejected value or is no setting.

    Variables of `overridden` settings (by flat name) are skipped: a flag replaces the variable.
    """
    items = [item for item in SETTINGS if item.name not in overridden]
    return [reading.rejected for item in items if (reading := item.read()).rejected] + _misspelled()


def _misspelled() -> list[str]:
    """One sentence for each variable that begins with `ROUTER_` and is not a setting."""
    known = [ADDRESS_VARIABLE, *(name for item in SETTINGS for name in item.variables)]
    strange = sorted({name for name in os.environ if name.startswith(PREFIX)}.difference(known))
    return [f"{name} is no setting{_meant(name, known)}" for name in strange]


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f": is {near[0]} meant?" if near else ""


def warn_rejected(overridden: Collection[str] = ()) -> None:
    """Log one WARNING for each variable with a rejected value and each unknown variable."""
    for sentence in rejected(overridden):
        log.warning("%s", sentence)
