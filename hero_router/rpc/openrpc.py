"""The router's own OpenRPC document (spec.open-rpc.org), made from the methods that it serves."""

from collections.abc import Iterable, Mapping
from typing import Any

from hero_router import __version__
from hero_router.model import Status
from hero_router.rpc.dispatcher import Method
from hero_router.rpc.errors import CODES, TITLES
from hero_router.rpc.params import Param

Schema = Mapping[str, Any]

TITLE = "hero_router"
ABOUT = (
    "One door to the services that listen on Unix sockets: which there are, what they are, and "
    "whether they really work."
)

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
BOOL: Schema = {"type": "boolean"}
TIME: Schema = {"type": "integer", "description": "Unix time in milliseconds"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
POSITION: Schema = {"type": "string", "pattern": "^[0-9]+-[0-9]+$"}
STATUS: Schema = {"type": "string", "enum": [status.value for status in Status]}


def listed(item: Schema) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": item}


def maybe(schema: Schema) -> Schema:
    """Such a value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def shape(**fields: Schema) -> Schema:
    """An object that has all these fields; a newer version may add others."""
    return {"type": "object", "required": list(fields), "properties": fields}


def named(name: str) -> Schema:
    """A schema below `components`."""
    return {"$ref": f"#/components/schemas/{name}"}


_SERVICE = {
    **dict.fromkeys(("id", "service_id", "name", "context", "node", "reason"), TEXT),
    **dict.fromkeys(("title", "description", "version", "protocol"), TEXT),
    **dict.fromkeys(("socket_path", "source", "source_kind", "document"), TEXT),
    **dict.fromkeys(("first_seen", "changed_at"), TIME),
    **dict.fromkeys(("spec_error", "conflict"), maybe(TEXT)),
    **dict.fromkeys(("healthy", "flapping"), BOOL),
    "status": STATUS,
    "methods": listed(TEXT),
    "methods_count": NUMBER,
    "sockets": listed(named("Socket")),
}

_COUNTS = dict.fromkeys(("discovered", "added", "removed", "changed", "duration_ms"), NUMBER)

SCHEMAS: Mapping[str, Schema] = {
    "Service": shape(**_SERVICE),
    "Socket": shape(
        name=TEXT,
        role=TEXT,
        path=TEXT,
        raw_path=TEXT,
        status=STATUS,
        latency_ms=maybe({"type": "number"}),
        error=maybe(TEXT),
        failures=NUMBER,
    ),
    "Probe": shape(checked_at=TIME, sockets={"type": "object"}),
    "Node": shape(
        node=TEXT,
        scanner=TEXT,
        last_scan=TIME,
        version=TEXT,
        lost=BOOL,
        doubts=TEXTS,
        ignored=TEXTS,
        ignored_count=NUMBER,
    ),
    "Condition": shape(reason=TEXT, node=maybe(TEXT), since=TIME, detail=TEXT),
    "State": shape(
        cursor=POSITION,
        store=TEXT,
        services=listed(named("Service")),
        nodes=listed(named("Node")),
        stale=listed(named("Condition")),
        now=TIME,
        as_of=TIME,
    ),
    "Page": shape(
        cursor=POSITION,
        services=listed(named("Service")),
        total=NUMBER,
        offset=NUMBER,
        limit=NUMBER,
        stale=listed(named("Condition")),
    ),
    "Detail": shape(**_SERVICE, probe=maybe(named("Probe")), stale=listed(named("Condition"))),
    "Scan": shape(
        **_COUNTS,
        nodes={"type": "object", "additionalProperties": shape(**_COUNTS)},
        missing=listed(TEXT),
        doubts=listed(shape(node=TEXT, reason=TEXT, detail=TEXT)),
    ),
    "Health": shape(
        ready=BOOL,
        reason=TEXT,
        cursor=POSITION,
        window=NUMBER,
        clients=NUMBER,
        stale=listed(named("Condition")),
        worker=TEXT,
        version=TEXT,
    ),
}
"""What the methods give."""


def document(methods: Iterable[Method]) -> dict[str, Any]:
    """The OpenRPC document of these methods."""
    return {
        "openrpc": "1.3.2",
        "info": {"title": TITLE, "version": __version__, "description": ABOUT},
        "servers": [{"name": "this router", "url": "/rpc"}],
        "methods": [_method(method) for method in methods],
        "components": {"schemas": SCHEMAS, "errors": _errors()},
    }


def _method(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        "summary": method.summary,
        **({"description": method.description} if method.description else {}),
        "paramStructure": "either",
        "params": [_param(param) for param in method.params],
        "result": {"name": "result", "schema": method.result},
        "errors": [{"$ref": f"#/components/errors/{name}"} for name in CODES],
    }


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "summary": param.summary,
        "required": param.required,
        "schema": param.kind.schema,
    }


def _errors() -> dict[str, Any]:
    return {
        name: {"code": code, "message": TITLES.get(code, name.replace("_", " "))}
        for name, (_, code) in CODES.items()
    }
