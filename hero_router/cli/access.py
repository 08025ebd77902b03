"""The commands `access …`: change the allowed addresses, show and end browser sessions.

They write to Redis themselves; the web workers read it every few seconds.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TypeVar

import click
from rich.text import Text

from hero_router.access.principal import ADMIN
from hero_router.cli.redis_connection import FLAGS, backplane
from hero_router.cli.selection import COMPLETE_SECONDS
from hero_router.cli.setting_flags import configure, flags
from hero_router.cli.sign_in import sign_in_link
from hero_router.cli.terminal import Column, age, console, count, literal, moment, table, warn
from hero_router.errors import ConfigError, NotFound, RouterError
from hero_router.sanitize import clean
from hero_router.settings.networks import Network, parse_network
from hero_router.store.client import Redis
from hero_router.store.clock import RedisClock
from hero_router.store.ip_allowlist import AllowList, Entry
from hero_router.store.keys import Keys
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.session_list import BrowserSession

T = TypeVar("T")

COLUMNS = (Column("network"), Column("added", 1), Column("note", 2, wraps=True))

SESSION_COLUMNS = (
    Column("session"),
    Column("who"),
    Column("role"),
    Column("began", 4),
    Column("ends", 3),
    Column("address", 5),
    Column("by", 2),
    Column("browser", 1, wraps=True),
)

redis_flags = flags(*FLAGS)


class Address(click.ParamType[Network]):
    """Parses an IP address or a network."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Network:
        """Parse the address. Raises click.BadParameter."""
        try:
            return parse_network(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group("access")
def command() -> None:
    """Show and change which addresses may connect; show and end sessions.

    The list of addresses adds to ROUTER_ALLOW_IPS, and has no effect if that is not set: then
    clients may connect from anywhere. A change takes effect on all web workers within 5 seconds:
    the open streams and tunnels of clients that may no longer connect are ended.

    The commands write to Redis. Without ROUTER_REDIS_URL that is the Redis of the `hero_router
    serve` that runs with this ROUTER_STATE_DIR.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@redis_flags
def show(as_json: bool, **overrides: Any) -> None:
    """Show the addresses and networks on the list."""
    entries = _on_list(overrides, lambda allow: allow.entries())
    if as_json:
        click.echo(json.dumps([*map(_to_json, entries)], indent=2))
    elif entries:
        rows = [
            [literal(str(item.network)), literal(age(item.added_at)), literal(item.note)]
            for item in entries
        ]
        out = console()
        out.print(table(COLUMNS, rows, out.width))
    else:
        click.echo("no address is on the list")


@command.command("add")
@click.argument("networks", metavar="ADDRESS...", nargs=-1, required=True, type=Address())
@click.option("--note", default="", help="a note that `access list` shows with the entry")
@redis_flags
def add(networks: Sequence[Network], note: str, **overrides: Any) -> None:
    """Add addresses or networks from which clients may connect.

    An ADDRESS is an IP address or a network such as 10.0.0.0/8. Adding it again replaces its note.
    """

    async def apply(allow: AllowList) -> list[bool]:
        return [await allow.add(network, note) for network in networks]

    for network, is_new in zip(networks, _on_list(overrides, apply), strict=True):
        click.echo(f"{network} is {'added' if is_new else 'on the list already'}")
        if not network.prefixlen:
            text = f"WARNING: {network} is every IPv{network.version} address, so the list "
            click.secho(f"{text}no longer excludes anyone", fg="red", err=True)


def _listed(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The networks on the list that begin with `incomplete`; empty if Redis does not answer."""

    async def ask(allow: AllowList) -> list[Entry]:
        return await asyncio.wait_for(allow.entries(), COMPLETE_SECONDS)

    with suppress(RouterError, TimeoutError):
        overrides = {name: ctx.params.get(name) for name in FLAGS}
        names = (str(entry.network) for entry in _on_list(overrides, ask))
        return [name for name in names if name.startswith(incomplete)]
    return []


@command.command("remove")
@click.argument("network", metavar="ADDRESS", type=Address(), shell_complete=_listed)
@redis_flags
def remove(network: Network, **overrides: Any) -> None:
    """Remove an address or network from the list; exits with 1 if it is not on it."""

    async def apply(allow: AllowList) -> tuple[bool, list[Entry]]:
        return await allow.remove(network), await allow.entries()

    removed, left = _on_list(overrides, apply)
    wider = ", ".join(str(each.network) for each in left if _holds(each.network, network))
    if not removed:
        raise NotFound(f"{network} is not on the list" + (f"; {wider} is" if wider else ""))
    click.echo(f"{network} is removed")
    if wider:
        warn(f"{network} may still connect, as {wider} is on the list")


@command.command("clear")
@redis_flags
def clear(**overrides: Any) -> None:
    """Remove all addresses and networks from the list."""
    number = _on_list(overrides, lambda allow: allow.clear())
    click.echo(f"{count(number, 'network')} removed, and none is left")


@command.command("link")
@flags("host", "port", "token_file", "tokens_file", "viewer_token_file", *FLAGS)
def link(**overrides: Any) -> None:
    """Print a link that signs a browser in as administrator, once, within a minute.

    The settings must have the same tokens, or the same ROUTER_SESSION_KEY, as those of the web
    workers.
    """
    config = configure(overrides)
    if not config.access.has_session_key:
        raise ConfigError(
            "a sign-in link cannot be made, because it is signed with ROUTER_TOKEN or "
            "ROUTER_SESSION_KEY, and neither is set"
        )

    async def now_ms(client: Redis, _: Keys) -> int:
        clock = RedisClock(client)
        await clock.ask()
        return clock.now_ms()

    click.echo(sign_in_link(config, _on_redis(overrides, now_ms)))


@command.command("sessions")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@redis_flags
def sessions(as_json: bool, **overrides: Any) -> None:
    """Show the browser sessions (who is signed in), the newest first.

    Sessions that began while Redis did not answer may be missing here, though they are valid.
    `access revoke` ends one session, `access revoke --all` ends all, also those that are missing.
    """
    found = _on_redis(overrides, lambda client, keys: RevokedSessions(client, keys).recorded())
    if as_json:
        click.echo(json.dumps([*map(asdict, found)], indent=2))
    elif found:
        out = console()
        out.print(table(SESSION_COLUMNS, [*map(_session_row, found)], out.width))
    else:
        click.echo("no browser session is known")


def _session_row(session: BrowserSession) -> list[Text]:
    where = "" if session.contexts is None else f" of {', '.join(session.contexts)}"
    texts = (
        session.id,
        session.name,
        ("administrator" if ADMIN in session.roles else "viewer") + where,
        f"{age(session.at)} ago",
        moment(session.until),
        session.address,
        session.way,
        session.user_agent,
    )
    return [*map(literal, texts)]


def _recorded(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The ids of sessions that begin with `incomplete`; empty if Redis does not answer."""

    async def ask(client: Redis, keys: Keys) -> list[BrowserSession]:
        return await asyncio.wait_for(RevokedSessions(client, keys).recorded(), COMPLETE_SECONDS)

    with suppress(RouterError, TimeoutError):
        found = _on_redis({name: ctx.params.get(name) for name in FLAGS}, ask)
        return [each.id for each in found if each.id.startswith(incomplete)]
    return []


@command.command("revoke")
@click.argument("session", required=False, shell_complete=_recorded)
@click.option("--all", "everyone", is_flag=True, help="end all browser sessions that exist now")
@redis_flags
def revoke(session: str | None, everyone: bool, **overrides: Any) -> None:
    """End a browser session, or all: its user must sign in again.

    SESSION is the id of the session, which `access sessions` and the web workers' log show.
    """
    if bool(session) == everyone:
        raise click.UsageError("name one SESSION, or give --all")

    async def apply(client: Redis, keys: Keys) -> None:
        sessions = RevokedSessions(client, keys)
        if session:
            await sessions.revoke(session)
        else:
            await sessions.revoke_all()

    _on_redis(overrides, apply)
    one = f"the session {clean(session)} is ended, if there is one"
    click.echo(one if session else "all sessions are ended")


def _on_list(overrides: Mapping[str, Any], use: Callable[[AllowList], Awaitable[T]]) -> T:
    return _on_redis(overrides, lambda client, keys: use(AllowList(client, keys)))


def _on_redis(overrides: Mapping[str, Any], use: Callable[[Redis, Keys], Awaitable[T]]) -> T:
    config = configure(overrides)

    async def run() -> T:
        async with backplane(config, "access") as client:
            return await use(client, Keys(config.redis.prefix))

    return asyncio.run(run())


def _holds(network: Network, other: Network) -> bool:
    return network.version == other.version and other.subnet_of(network)  # type: ignore[arg-type]


def _to_json(entry: Entry) -> dict[str, Any]:
    return {"network": str(entry.network), "added_at": entry.added_at, "note": entry.note}
