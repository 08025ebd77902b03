"""Selects and sorts the services that a command shows; completes service names in a shell."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

from hero_router.cli.router_options import Router
from hero_router.client.http import fetch
from hero_router.errors import RouterError
from hero_router.model import Status
from hero_router.proxy.table import segments

Record = Mapping[str, Any]

COMPLETE_SECONDS = 1.0
"""Longest wait for service names after the Tab key."""

WORST_FIRST = (
    Status.UNHEALTHY, Status.DEGRADED, Status.INACTIVE, Status.NON_RPC, Status.UNKNOWN,
    Status.HEALTHY,
)  # fmt: skip

ORDERS: Mapping[str, Callable[[Record], Any]] = {
    "context": lambda item: (str(item["context"]), str(item["name"])),
    "name": lambda item: str(item["name"]),
    "node": lambda item: str(item["node"]),
    "status": lambda item: [*WORST_FIRST, item["status"]].index(item["status"]),
    "since": lambda item: -_number(item.get("changed_at")),
}
"""The sort keys of services; `status` begins with the worst, `since` with the last change."""


class Words(click.ParamType[frozenset[str]]):
    """Parses a comma-separated list of words: any words, or only those in `known`."""

    name = "words"

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = [str(word) for word in known]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[str]:
        """Parse the list. Raises click.BadParameter."""
        words = frozenset(filter(None, (word.strip() for word in str(value).split(","))))
        for word in sorted(words):
            if self._known and word not in self._known:
                self.fail(f"{word!r} is not one of {', '.join(self._known)}", param, ctx)
        return words

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Complete the last word of the list with the known words."""
        before, comma, last = incomplete.rpartition(",")
        items = (f"{before}{comma}{word}" for word in self._known if word.startswith(last))
        return [CompletionItem(item) for item in items]


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection and order of services; an empty set selects all. `names` are names or ids."""

    names: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    contexts: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    order: str = "context"

    def of(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state with only the selected services, sorted."""
        found = sorted(filter(self._wants, state["services"]), key=ORDERS[self.order])
        return {**state, "services": found}

    def missing(self, state: Mapping[str, Any]) -> list[str]:
        """The selected names and ids that no service in the state has."""
        known = {item[key] for item in state["services"] for key in ("name", "id")}
        return sorted(self.names - known)

    def _wants(self, item: Record) -> bool:
        return (
            (not self.names or item["name"] in self.names or item["id"] in self.names)
            and (not self.statuses or item["status"] in self.statuses)
            and (not self.contexts or item["context"] in self.contexts)
            and (not self.nodes or item["node"] in self.nodes)
        )


def service_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The names of services that begin with `incomplete`; empty if the router does not answer."""
    with suppress(RouterError):
        names = {str(item["name"]) for item in _records(ctx)}
        return sorted(name for name in names if name.startswith(incomplete))
    return []


def service_sockets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of services, and after a slash `name/socket` for each of its sockets."""
    name, slash, _ = incomplete.partition("/")
    if not slash:
        return service_names(ctx, parameter, incomplete)
    with suppress(RouterError):
        named = [item for item in _records(ctx) if item["name"] == name]
        found = {f"{name}/{segment}" for item in named for segment in segments(item)}
        return sorted(each for each in found if each.startswith(incomplete))
    return []


def method_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The methods of the service on the command line that begin with `incomplete`."""
    with suppress(RouterError):
        key = ctx.params.get("service")
        named = [item for item in _records(ctx) if key in (item["name"], item["id"])]
        found = {str(method) for item in named for method in item.get("methods") or ()}
        return sorted(method for method in found if method.startswith(incomplete))
    return []


def _records(ctx: click.Context) -> list[Record]:
    """The records of all services, while a command line is being completed. Raises RouterError."""
    router = Router.of(ctx.params.get("url"), ctx.params.get("token_file"))
    asked = fetch(
        router.url, "/api/services", "services", within=COMPLETE_SECONDS, token=router.token
    )
    found: list[Record] = asyncio.run(asked)["services"]
    return found


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0
