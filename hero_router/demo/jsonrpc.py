"""A small, honest JSON-RPC 2.0 responder for the sample services. Pure: bytes in, values out.

Parameters have the names that the OpenRPC document gives them and the types that the function's
annotations give them; `rpc.discover` answers with the document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from hero_router.codec import InvalidJson, decode
from hero_router.errors import RouterError

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602

Function = Callable[..., object]


class RpcError(RouterError):
    """A method's refusal; `number` is the code of the error object."""

    code = "rpc"

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True)
class Procedure:
    """A function and its parameters, by the names that callers use."""

    function: Function
    parameters: Mapping[str, Parameter]

    def call(self, params: list[Any] | dict[str, Any]) -> object:
        """Call with parameters by position or by name. Raises RpcError."""
        given = self._by_name(params)
        for name, parameter in self.parameters.items():
            if name not in given and parameter.default is parameter.empty:
                raise RpcError(INVALID_PARAMS, f"{name} is missing")
            if name in given and not _fits(given[name], parameter.annotation):
                raise RpcError(INVALID_PARAMS, f"{name} has the wrong type")
        return self.function(**{self.parameters[name].name: given[name] for name in given})

    def _by_name(self, params: list[Any] | dict[str, Any]) -> dict[str, Any]:
        if len(params) > len(self.parameters):
            raise RpcError(INVALID_PARAMS, "more parameters than the method has")
        if isinstance(params, list):
            return dict(zip(self.parameters, params, strict=False))
        if unknown := params.keys() - self.parameters.keys():
            raise RpcError(INVALID_PARAMS, f"there is no parameter {min(unknown)}")
        return params


class Responder:
    """Answers requests by the functions, each of which is a method of the OpenRPC document."""

    def __init__(self, document: Mapping[str, Any], functions: Mapping[str, Function]) -> None:
        names = {method["name"]: _names(method) for method in document["methods"]}
        self._procedures = {"rpc.discover": Procedure(lambda: document, {})}
        for name, function in functions.items():
            parameters = signature(function).parameters.values()
            pairs = dict(zip(names[name], parameters, strict=True))
            self._procedures[name] = Procedure(function, pairs)

    def answer(self, body: bytes) -> object | None:
        """The answer to a request or a batch; None where only notifications came."""
        try:
            message = decode(body)
        except InvalidJson as error:
            return _failed(None, RpcError(PARSE_ERROR, f"not JSON: {error}"))
        if isinstance(message, list) and message:
            return [reply for one in message if (reply := self._one(one)) is not None] or None
        return self._one(message)

    def _one(self, message: Any) -> object | None:
        if not _is_request(message):
            return _failed(None, RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 request"))
        id_ = message.get("id")
        try:
            result = self._call(message["method"], message.get("params", []))
            reply: object = {"jsonrpc": "2.0", "id": id_, "result": result}
        except RpcError as error:
            reply = _failed(id_, error)
        return reply if "id" in message else None

    def _call(self, name: str, params: list[Any] | dict[str, Any]) -> object:
        if name not in self._procedures:
            raise RpcError(NO_METHOD, "this sample service does not serve that method")
        return self._procedures[name].call(params)


def _names(method: Mapping[str, Any]) -> list[str]:
    return [param["name"] for param in method["params"]]


def _is_request(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("jsonrpc") == "2.0"
        and isinstance(message.get("method"), str)
        and isinstance(message.get("params", []), list | dict)
        and _fits(message.get("id"), str | int | float | None)
    )


def _fits(value: object, kind: Any) -> bool:
    """Whether the value is of that type; unlike in Python, true is no number."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _failed(id_: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": id_, "error": {"code": error.number, "message": str(error)}}
