"""Answers plain or gzip by `Accept-Encoding`, and 304 if `If-None-Match` has the ETag."""

import asyncio
import gzip
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Self

from aiohttp import ETag, web

from hero_router.errors import NotAcceptable

WORTH_BYTES = 1024
"""A smaller body is sent plain, unless the client accepts gzip only: it fits into one packet."""

LEVEL = 9
"""gzip level of documents that are compressed once, when the worker starts."""

QUICK_LEVEL = 6
"""gzip level of answers that are compressed while a client waits."""

JSON = "application/json; charset=utf-8"

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""The head of a gzip stream: deflate, no name, no time, unknown system."""

_LAST_STORED = 1
"""The bits of a last block that is stored, not compressed (RFC 1951, section 3.2.4)."""

_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """A response body that never changes: plain, in gzip, and the strong ETag of each form."""

    plain: bytes
    packed: bytes
    media_type: str
    tag: str

    @classmethod
    def of(cls, plain: bytes, media_type: str) -> Self:
        """Make a document of the plain bytes; `media_type` is their Content-Type."""
        tag = hashlib.blake2b(plain, digest_size=12).hexdigest()
        return cls(plain, gzip.compress(plain, LEVEL, mtime=0), media_type, tag)

    def answer(self, request: web.Request, cache: str) -> web.Response:
        """200 with the body, or 304 if the client has it; `cache` is the Cache-Control.

        Raises:
            NotAcceptable: the client accepts neither plain nor gzip.
        """
        packed = takes_gzip(request, len(self.plain))
        tag = f"{self.tag}-gzip" if packed else self.tag
        headers = {"Cache-Control": cache, **encoding_headers(packed=packed)}
        if has(request, tag):
            headers.pop("Content-Encoding", None)
            response = web.Response(status=304, headers=headers)
        else:
            headers["Content-Type"] = self.media_type
            response = web.Response(body=self.packed if packed else self.plain, headers=headers)
        response.etag = ETag(tag)
        return response


def encoding_headers(*, packed: bool) -> dict[str, str]:
    """The headers of an answer that can be sent both plain and in gzip."""
    return {"Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if packed else {})}


def has(request: web.Request, tag: str) -> bool:
    """Whether `If-None-Match` has the ETag `tag`; `*` matches any."""
    return any(item.value in (tag, "*") for item in request.if_none_match or ())


def takes_gzip(request: web.Request, size: int) -> bool:
    """Whether a body of `size` bytes must be sent in gzip.

    Raises:
        NotAcceptable: the client accepts neither plain nor gzip.
    """
    weights = _weights(",".join(request.headers.getall("Accept-Encoding", [])))
    rest = weights.get("*", 0.0)
    packed = max(weights.get("gzip", rest), weights.get("x-gzip", 0.0))
    plain = weights.get("identity")
    if plain is None:  # taken unless `*;q=0` says otherwise, and preferred no more than gzip
        plain = 0.0 if "*" in weights and not rest else min(packed, 1.0) or 1.0
    if packed and (not plain or (packed >= plain and size >= WORTH_BYTES)):
        return True
    if not plain:
        raise NotAcceptable("this is sent plain or in gzip, but Accept-Encoding allows neither")
    return False


def _weights(field: str) -> dict[str, float]:
    """The weight (`q`) of each content coding, 0 to 1; 0 if the weight is malformed."""
    weights = dict[str, float]()
    for each in field.split(","):
        coding, *parameters = (part.strip() for part in each.lower().split(";"))
        if coding:
            weights[coding] = _weight(parameters)
    return weights


def _weight(parameters: list[str]) -> float:
    if not parameters:
        return 1.0
    found = _WEIGHT.fullmatch(parameters[0]) if len(parameters) == 1 else None
    return float(found[1]) if found else 0.0


async def packed(request: web.Request, body: bytes, kind: str, cache: str) -> web.Response:
    """An answer to one request, in gzip if the client accepts it; compressed in a thread.

    Raises:
        NotAcceptable: the client accepts neither plain nor gzip.
    """
    wanted = takes_gzip(request, len(body))
    if wanted:
        body = await asyncio.to_thread(gzip.compress, body, QUICK_LEVEL, mtime=0)
    headers = {"Content-Type": kind, "Cache-Control": cache, **encoding_headers(packed=wanted)}
    return web.Response(body=body, headers=headers)


class GzipPrefix:
    """The compressed beginning of a gzip stream (RFC 1952), to which different ends can be added.

    The whole stream is one gzip member: not every client reads two members in a row.
    """

    def __init__(self, beginning: bytes) -> None:
        packer = zlib.compressobj(QUICK_LEVEL, wbits=-zlib.MAX_WBITS)
        # A full flush ends at a whole byte: another block may follow.
        text = packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
        self._beginning = _HEADER + text
        self._crc, self._size = zlib.crc32(beginning), len(beginning)

    def ended(self, end: bytes) -> bytes:
        """The whole gzip stream; `end`, at most 65,535 bytes, is stored without compression."""
        block = struct.pack("<BHH", _LAST_STORED, len(end), len(end) ^ 0xFFFF) + end
        size = (self._size + len(end)) & 0xFFFF_FFFF
        return self._beginning + block + struct.pack("<II", zlib.crc32(end, self._crc), size)
