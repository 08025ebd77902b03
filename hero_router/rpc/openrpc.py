"""Makes the router's own OpenRPC 1.4 document (spec.open-rpc.org) from its methods.

Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hero_router import __version__
from hero_router.rpc.dispatcher import Method
from hero_router.rpc.error_mapping import CODES, TITLES
from hero_router.rpc.examples import Example
from hero_router.rpc.json_schema import Components
from hero_router.rpc.params import Param
from hero_router.rpc.result_types import EXTENDS, NAMES

TITLE = "hero_router"
ABOUT = (
    "Lists the services that listen on the Unix sockets of one or more machines, and shows whether "
    "they work."
)

COMPONENTS = Components(NAMES, EXTENDS)
"""The schemas of the methods' results."""


def document(methods: Iterable[Method]) -> dict[str, Any]:
    """The OpenRPC document of these methods."""
    return {
        "openrpc": "1.4.1",
        "info": {"title": TITLE, "version": __version__, "description": ABOUT},
        "servers": [{"name": "this router", "url": "/rpc"}],
        "methods": [_method(method) for method in methods],
        "components": {"schemas": COMPONENTS.schemas(), "errors": ERRORS},
    }


def _method(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        "summary": method.summary,
        **({"description": method.description} if method.description else {}),
        "paramStructure": "either",
        "params": [_param(param) for param in method.params],
        "result": {"name": "result", "schema": method.result},
        "errors": [{"$ref": f"#/components/errors/{name}"} for name in ERRORS],
        "examples": [_example(example) for example in method.examples],
    }


def _param(param: Param) -> dict[str, Any]:
    old = {"description": f"Also accepted by its old name, `{param.old_name}`."}
    return {
        "name": param.name,
        "summary": param.summary,
        **(old if param.old_name else {}),
        "required": param.required,
        "schema": param.schema,
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "name": example.name,
        "params": [{"name": name, "value": value} for name, value in example.params.items()],
        "result": {"name": "result", "value": example.result},
    }


def _errors() -> dict[str, dict[str, Any]]:
    """One error for each JSON-RPC code: a method's errors must have different codes."""
    names: dict[int, str] = {}
    for name, (_, code) in CODES.items():
        names.setdefault(code, name)
    return {
        name: {"code": code, "message": TITLES.get(code, name.replace("_", " "))}
        for code, name in names.items()
    }


ERRORS: Mapping[str, Mapping[str, Any]] = _errors()
"""The errors that any method may return, by name."""
