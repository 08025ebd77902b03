"""A body that the parser itself gives up, which only one of aiohttp's two parsers does."""

import asyncio

import pytest
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request

from hero_router.errors import BadRequest
from hero_router.web.body import BodyReader


async def test_a_body_that_is_not_framed_as_http_wants_it_is_a_bad_request() -> None:
    request = make_mocked_request("POST", "/rpc")
    content = StreamReader(request.protocol, 1024, loop=asyncio.get_running_loop())
    content.set_exception(web.RequestPayloadError("SECRET"))
    asked = request.clone()
    asked._payload = content
    with pytest.raises(BadRequest) as refused:
        async with BodyReader(1024, seconds=5, silence=5).read(asked):
            pass
    assert "SECRET" not in str(refused.value)
