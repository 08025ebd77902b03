"""Serves Python functions as the JSON-RPC methods of a sample service's OpenRPC document.

The document gives the names of the parameters. The annotations of the function give the types that
values are checked against.
"""

from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

from hero_router.access.principal import Principal
from hero_router.rpc.dispatcher import DISCOVER, Dispatcher, Method
from hero_router.rpc.json_schema import Components
from hero_router.rpc.params import Param

CALL_SECONDS = 5.0

Function = Callable[..., object]

_TYPES = Components({}, {})


def dispatcher(document: Mapping[str, Any], functions: Mapping[str, Function]) -> Dispatcher:
    """Build the dispatcher that answers JSON-RPC calls by these functions, and `rpc.discover`."""
    return Dispatcher(_methods(document, functions), timeout=CALL_SECONDS)


def _methods(document: Mapping[str, Any], functions: Mapping[str, Function]) -> Iterator[Method]:
    names = {
        method["name"]: [param["name"] for param in method["params"]]
        for method in document["methods"]
    }
    yield _method(DISCOVER, lambda: document, [])
    for name, function in functions.items():
        yield _method(name, function, names[name])


def _method(name: str, function: Function, names: list[str]) -> Method:
    parameters = dict(zip(names, signature(function).parameters.values(), strict=True))

    async def call(_: Principal, **values: object) -> object:
        return function(**{parameters[each].name: value for each, value in values.items()})

    params = tuple(_param(each, parameter) for each, parameter in parameters.items())
    return Method(name, call, "", {}, params)


def _param(name: str, parameter: Parameter) -> Param:
    required = parameter.default is parameter.empty
    return Param(name, _TYPES.of(parameter.annotation), "", required=required)
