"""Writes the tables of settings.md, api.md and security.md from the declarations in the code.

`python docs/reference.py` rewrites the text between `<!-- table: NAME -->` and `<!-- end -->`. A
test fails if a page differs from the text that this program writes.
"""

import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hero_router.access.policy import CALLERS, LOOK, RIGHTS, Extent
from hero_router.errors import RouterError
from hero_router.rpc.access_methods import AccessMethods
from hero_router.rpc.error_mapping import CODES
from hero_router.rpc.methods import RpcApi, RpcMethods, rpc_api
from hero_router.rpc.mute_methods import MuteMethods
from hero_router.settings.config import SETTINGS
from hero_router.settings.setting import Setting, plain
from hero_router.strict_json import decode, encode

DOCS = Path(__file__).resolve().parent
PAGES = ("settings.md", "api.md", "security.md")

BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

EXTENTS = {Extent.NO: "no", Extent.CONTEXTS: "in these contexts", Extent.YES: "yes"}

OF_THIS_MACHINE: Mapping[str, str] = {"workers": "cores", "node": "host name"}
"""Descriptions of the defaults that differ from machine to machine."""


def written(page: str) -> str:
    """The text of a page with newly written tables."""
    return BLOCK.sub(lambda block: block[1] + TABLES[block[2]]() + block[3], page)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in lines
    )


def settings() -> str:
    """The tables of all settings, one table for each section."""
    parts = []
    for section in dict.fromkeys(item.section for item in SETTINGS):
        rows = [_setting(item) for item in SETTINGS if item.section == section]
        head = ("variable", "flag", "default", "range", "meaning")
        parts.append(f"### {section}\n\n{table(head, rows)}\n")
    return "".join(parts)


def _setting(item: Setting) -> Sequence[str]:
    default = OF_THIS_MACHINE.get(item.name) or plain(item.default)
    known = item.default not in ("", socket.gethostname()) and item.name not in OF_THIS_MACHINE
    span = f"{item.low:g} to {item.high:.0f}" if item.kind in ("int", "float") else ""
    return (
        ", ".join(f"`{name}`" for name in item.variables),
        "none" if item.private else f"`{item.flag}`",
        f"`{default}`" if known else default or "none",
        f"0, or {span}" if item.off else "0 or 1" if item.kind == "bool" else span,
        item.help,
    )


def _api() -> RpcApi:
    nothing: Any = None
    return rpc_api(
        RpcMethods(nothing, nothing, nothing, nothing, nothing, ""),
        MuteMethods(nothing, nothing),
        AccessMethods(nothing, nothing),
    )


def _document() -> Mapping[str, Any]:
    """The router's OpenRPC document, as `rpc.discover` returns it."""
    document: Mapping[str, Any] = decode(_api().document)
    return document


def rights() -> str:
    """The table of who may do what, with the methods that need a right of their own."""
    methods = _api().methods
    rows = []
    for right in RIGHTS:
        own = [f"`{each.name}`" for each in methods if each.right is right and right is not LOOK]
        what = f"{right.what} ({', '.join(own)})" if own else right.what
        rows.append((what, *(EXTENTS[right.extent(caller)] for caller in CALLERS.values())))
    return table(("", *CALLERS), rows)


def rpc_methods() -> str:
    """All RPC methods with parameters and an example."""
    return "".join("\n".join([*_method(item), "", ""]) for item in _document()["methods"])


def _method(item: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{item['name']}`\n"
    yield f"{item['summary']} {item.get('description', '')}".strip()
    if item["params"]:
        head = ("parameter", "required", "what", "type")
        yield "\n" + table(head, (_param(param) for param in item["params"])).rstrip()
    yield f"\nResult: {_kind(item['result']['schema'])}"
    for example in item["examples"][:1]:
        params = {one["name"]: one["value"] for one in example["params"]}
        call = {"jsonrpc": "2.0", "id": 1, "method": item["name"], "params": params}
        yield f"\n```json\n{encode(call)}\n```"


def _param(param: Mapping[str, Any]) -> Sequence[str]:
    what = f"{param['summary']}. {param.get('description', '')}".strip()
    return (f"`{param['name']}`", "yes" if param["required"] else "", what, _kind(param["schema"]))


def _kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        return f"array of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object with values: {_kind(schema['additionalProperties'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    span = f", {low} to {high}" if low is not None and high is not None else ""
    return f"{kind}{span}"


def types() -> str:
    """The tables of all result types with their fields."""
    parts = []
    for name, schema in _document()["components"]["schemas"].items():
        rows = [(f"`{field}`", _kind(kind)) for field, kind in schema["properties"].items()]
        parts.append(f"### {name}\n\n{table(('field', 'type'), rows)}\n")
    return "".join(parts)


def errors() -> str:
    """The table of all error codes with HTTP status and JSON-RPC code."""
    rows = [(f"`{code}`", str(http), str(rpc)) for code, (http, rpc) in CODES.items()]
    rows.append((f"`{RouterError.code}`", "500", "-32603"))
    return table(("code", "HTTP", "JSON-RPC"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "rights": rights,
    "settings": settings,
    "methods": rpc_methods,
    "types": types,
    "errors": errors,
}


def main() -> None:
    """Rewrite the tables in all pages."""
    for name in PAGES:
        page = DOCS / name
        page.write_text(written(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
