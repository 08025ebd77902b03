"""Answers as they are or in gzip, as the client wants (RFC 9110, sections 12.5.3 and 13.1.2)."""

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
"""A smaller body goes as it is, unless the client takes nothing but gzip: a packet holds it."""

LEVEL = 9
"""For what is packed once, when the worker starts."""

QUICK_LEVEL = 6
"""For what is packed while somebody waits."""

JSON = "application/json; charset=utf-8"

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip, deflate, no fields, no time, nothing special, made on some system."""

_LAST_STORED = 1
"""The bits of a last block that is not packed (RFC 1951, section 3.2.4)."""

_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """A body that stays the same: its bytes, the same in gzip, and the strong tag of each."""

    plain: bytes
    packed: bytes
    kind: str
    tag: str

    @classmethod
    def of(cls, plain: bytes, kind: str) -> Self:
        """Pack the bytes; `kind` is their content type."""
        tag = hashlib.blake2b(plain, digest_size=12).hexdigest()
        return cls(plain, gzip.compress(plain, LEVEL, mtime=0), kind, tag)

    def answer(self, request: web.Request, cache: str) -> web.Response:
        """200 with the body, or 304 to who has it; `cache` is the Cache-Control. Raises
        NotAcceptable."""
        packed = takes_gzip(request, len(self.plain))
        tag = f"{self.tag}-gzip" if packed else self.tag
        headers = {"Cache-Control": cache, **told(packed=packed)}
        if has(request, tag):
            headers.pop("Content-Encoding", None)
            response = web.Response(status=304, headers=headers)
        else:
            headers["Content-Type"] = self.kind
            response = web.Response(body=self.packed if packed else self.plain, headers=headers)
        response.etag = ETag(tag)
        return response


def told(*, packed: bool) -> dict[str, str]:
    """The header fields of an answer that has both forms."""
    return {"Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if packed else {})}


def has(request: web.Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; `*` is any."""
    return any(item.value in (tag, "*") for item in request.if_none_match or ())


def takes_gzip(request: web.Request, size: int) -> bool:
    """Whether a body of so many bytes is to be sent in gzip.

    Raises:
        NotAcceptable: the client takes it neither so nor as it is.
    """
    weights = _weights(",".join(request.headers.getall("Accept-Encoding", [])))
    rest = weights.get("*", 0.0)
    packed = max(weights.get("gzip", rest), weights.get("x-gzip", 0.0))
    plain = weights.get("identity")
    if plain is None:  # always taken, unless `*;q=0` says otherwise, and liked no better than gzip
        plain = 0.0 if "*" in weights and not rest else min(packed, 1.0) or 1.0
    if packed and (not plain or (packed >= plain and size >= WORTH_BYTES)):
        return True
    if not plain:
        raise NotAcceptable("this is sent as it is or in gzip: Accept-Encoding takes neither")
    return False


def _weights(field: str) -> dict[str, float]:
    """How much each coding is wanted, 0 to 1; one whose weight cannot be read is not."""
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
    """An answer that is made for one request; packed in a thread, as it may be large. Raises
    NotAcceptable."""
    wanted = takes_gzip(request, len(body))
    if wanted:
        body = await asyncio.to_thread(gzip.compress, body, QUICK_LEVEL, mtime=0)
    headers = {"Content-Type": kind, "Cache-Control": cache, **told(packed=wanted)}
    return web.Response(body=body, headers=headers)


class Begun:
    """A gzip stream (RFC 1952) whose long beginning is packed once, and whose end is added each
    time: one member, which every client unpacks, unlike two in a row."""

    def __init__(self, beginning: bytes) -> None:
        packer = zlib.compressobj(QUICK_LEVEL, wbits=-zlib.MAX_WBITS)
        # A full flush ends at a whole byte, with nothing open: another block may follow.
        text = packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
        self._beginning = _HEADER + text
        self._crc, self._size = zlib.crc32(beginning), len(beginning)

    def ended(self, end: bytes) -> bytes:
        """The whole, with an end of at most 65,535 bytes, which are stored as they are."""
        block = struct.pack("<BHH", _LAST_STORED, len(end), len(end) ^ 0xFFFF) + end
        size = (self._size + len(end)) & 0xFFFF_FFFF
        return self._beginning + block + struct.pack("<II", zlib.crc32(end, self._crc), size)
