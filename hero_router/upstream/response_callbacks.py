"""The callbacks that `upstream.connection` calls as a service's response arrives."""

from typing import Protocol

from hero_router.upstream.answer_head_check import Field
from hero_router.upstream.safe_connect import NoResponse


class ResponseCallbacks(Protocol):
    """Receives one response. After `failed`, `ended` or `upgraded` nothing more comes."""

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """An interim answer (1xx)."""

    def began(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """The head of the answer."""

    def received(self, data: bytes) -> None:
        """Some of the body, without its framing."""

    def flush(self) -> None:
        """All that has arrived by now was passed on."""

    def ended(self, trailers: list[Field]) -> None:
        """The answer is complete."""

    def upgraded(self, data: bytes) -> None:
        """The protocol has changed (101); `data` came after the head."""

    def failed(self, error: NoResponse) -> None:
        """There is no complete answer."""
