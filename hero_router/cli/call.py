"""The command `call`: calls a JSON-RPC method of a service, through a running router."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from hero_router.cli.call_params import parse_params
from hero_router.cli.lookup import find_reachable, require_socket
from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import method_names, service_names
from hero_router.cli.service_urls import path_of
from hero_router.client.http import ANSWER_SECONDS, Answer, post, refusal
from hero_router.errors import RouterError
from hero_router.proxy.address import RPC
from hero_router.strict_json import InvalidJson, decode, encode


class CallFailed(RouterError):
    """The service answered with a JSON-RPC error, or its answer is not JSON-RPC."""

    code = "call_failed"


@click.command("call", epilog="\b\nExamples:\n"
    "  hero_router call calc add a:=1 b:=2\n"
    "  hero_router call calc add '[1, 2]'\n"
    "  hero_router call notes create title='One, two' tags:='[\"new\"]'\n"
    "  jq .note file.json | hero_router call notes create -\n")  # fmt: skip
@click.argument("service", shell_complete=service_names)
@click.argument("method", shell_complete=method_names)
@click.argument("params", nargs=-1)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    default=ANSWER_SECONDS,
    show_default=True,
    help="give up if there is no answer within this time",
)
@click.option("--raw", is_flag=True, help="print the service's whole answer, byte for byte")
@address
def command(
    service: str, method: str, params: tuple[str, ...], timeout: float, raw: bool, router: Router
) -> None:
    """Call a JSON-RPC method of a service, and print its result as JSON.

    SERVICE is the name or the id of the service. PARAMS are pairs: key=text is always a string,
    key:=JSON is any JSON value. Instead of pairs, PARAMS may be one JSON object or array, or - for
    one on stdin.

    The result is indented on a terminal, and one line elsewhere. An error of the service goes to
    stderr, and the exit code is 1.
    """
    given = parse_params(params, sys.stdin.buffer.read)
    answer = asyncio.run(_call(router, service, method, given, timeout))
    if raw:
        click.echo(answer.body, nl=sys.stdout.isatty())
    result = _result(router, service, answer)
    if not raw:
        click.echo(written(result, indented=sys.stdout.isatty()).encode())


async def _call(router: Router, name: str, method: str, params: Any, within: float) -> Answer:
    """Ask the service. Raises RouterAway, or NotFound if it has no rpc socket."""
    record = await find_reachable(router, name)
    path = path_of(record, require_socket(record, RPC))
    request = {"jsonrpc": "2.0", "id": 1, "method": method}
    body = encode(request if params is None else {**request, "params": params})
    return await post(router.url, path, body, within=within, token=router.token)


def _result(router: Router, name: str, answer: Answer) -> Any:
    """The result in a JSON-RPC answer, whatever its HTTP status. Raises CallFailed, RouterAway."""
    try:
        reply = decode(answer.body)
    except InvalidJson as fault:
        if answer.status != 200:
            raise refusal(router.url, answer, router.token) from None
        raise CallFailed(
            f"{name} sent an answer that is not JSON ({fault}): --raw shows it"
        ) from None
    if isinstance(reply, dict) and (error := _error(reply)) is not None:
        message = error.get("message") or "no message"
        data = f"; data: {encode(error['data'])}" if "data" in error else ""
        raise CallFailed(f"{name} answers error {error['code']}: {message}{data}")
    if answer.status != 200:
        raise refusal(router.url, answer, router.token)
    if not isinstance(reply, dict) or "result" not in reply:
        raise CallFailed(f"{name} sent an answer that is not JSON-RPC: --raw shows it")
    return reply["result"]


def _error(reply: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error of a JSON-RPC answer. The router's own errors have a word as their code."""
    error = reply.get("error")
    return error if isinstance(error, dict) and isinstance(error.get("code"), int) else None


def written(value: Any, *, indented: bool) -> str:
    """A value as JSON text in Unicode; control characters of terminals stay escaped."""
    if not indented:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(
        char if char == "\n" or char.isprintable() else encode(char)[1:-1] for char in text
    )
