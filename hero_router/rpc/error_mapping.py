"""Maps errors to HTTP and JSON-RPC codes, and makes the JSON-RPC error object.

    error's code        HTTP   JSON-RPC
    not_json             400     -32700
    invalid_request      400     -32600
    no_method            404     -32601
    bad_request          400     -32602
    ambiguous            409     -32009
    not_found            404     -32004
    unauthorized         401     -32014
    too_many_attempts    429     -32015   with Retry-After
    forbidden            403     -32003
    not_acceptable       406     -32602
    wrong_host           421     -32600
    wrong_origin         403     -32600
    overloaded           503     -32005   with Retry-After
    store and below      503     -32001   with Retry-After
    scan_timeout         504     -32006
    timed_out            504     -32603
    no_listener          503     -32010   with Retry-After
    bad_gateway          502     -32011
    gateway_timeout      504     -32012
    loop_detected        508     -32013
    anything else        500     -32603   general message: the log has the details

An error class that is not in the table has the row of its nearest parent class in the table. A
method may also raise `RpcError`, which has a code of its own. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hero_router.errors import RouterError

RETRY_SECONDS = 2
"""Seconds after which a caller may retry after a temporary error (Retry-After)."""

PARSE, INVALID, NO_METHOD, PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603

CODES: Mapping[str, tuple[int, int]] = {
    "not_json": (400, PARSE),
    "invalid_request": (400, INVALID),
    "no_method": (404, NO_METHOD),
    "bad_request": (400, PARAMS),
    "ambiguous": (409, -32009),
    "not_found": (404, -32004),
    "unauthorized": (401, -32014),
    "too_many_attempts": (429, -32015),
    "forbidden": (403, -32003),
    "not_acceptable": (406, PARAMS),
    "wrong_host": (421, INVALID),
    "wrong_origin": (403, INVALID),
    "overloaded": (503, -32005),
    "store": (503, -32001),
    "scan_timeout": (504, -32006),
    "timed_out": (504, INTERNAL),
    "no_listener": (503, -32010),
    "bad_gateway": (502, -32011),
    "gateway_timeout": (504, -32012),
    "loop_detected": (508, -32013),
}
"""HTTP status and JSON-RPC code of each error's code."""

TITLES: Mapping[int, str] = {
    PARSE: "Parse error",
    INVALID: "Invalid Request",
    NO_METHOD: "Method not found",
    PARAMS: "Invalid params",
    INTERNAL: "Internal error",
}
"""The names that JSON-RPC 2.0 itself gives to its codes; a message begins with its code's name."""

UNFORESEEN = "something went wrong here; see the log for this request id"


class RpcError(RouterError):
    """An error of one method, with a JSON-RPC code of its own."""

    code = "rpc"

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """The codes and the message that a caller gets for an error; `rpc` is the JSON-RPC code."""

    status: int
    rpc: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def temporary(self) -> bool:
        """Whether the caller may retry soon."""
        return self.status in (429, 503)


def error_info(error: BaseException) -> ErrorInfo:
    """The codes and the message for an error; an unexpected error gets a general message."""
    if isinstance(error, RpcError):
        return ErrorInfo(400, error.number, error.code, str(error), error.details)
    for kind in type(error).__mro__:
        row = CODES.get(kind.__dict__.get("code", ""))
        if row is not None and isinstance(error, RouterError):
            return ErrorInfo(*row, error.code, str(error), error.details)
    return ErrorInfo(500, INTERNAL, "internal", UNFORESEEN)


def rpc_error(info: ErrorInfo, request_id: str) -> dict[str, object]:
    """The JSON-RPC error object: `{"code", "message", "data": {"code", "request_id", …}}`."""
    title = TITLES.get(info.rpc)
    message = f"{title}: {info.message}" if title else info.message
    data = {**info.details, "code": info.code, "request_id": request_id}
    if info.temporary:
        data["retry_after"] = RETRY_SECONDS
    return {"code": info.rpc, "message": message, "data": data}
