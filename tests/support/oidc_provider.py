"""An OpenID provider on 127.0.0.1, in this process, which does what a test wants.

It signs with RSA or EC keys, checks PKCE, the redirect URI and the client's secret, and takes each
code once, as a real one does.
"""

import base64
import contextlib
import hashlib
import json
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwk, jws

CLIENT_ID, SECRET = "router", "s3cret&value of the router"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
REGISTRY = jws.JWSRegistry(
    algorithms=[
        "HS256",
        *(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)),
    ]
)


def rsa_key(kid: str) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def ec_key(kid: str) -> jwk.ECKey:
    return jwk.ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


RSA = rsa_key("rsa-1")


def signed(header: Mapping[str, Any], claims: object, key: jwk.Key) -> str:
    """A token, also one that is no JSON object."""
    return jws.serialize_compact(dict(header), json.dumps(claims), key, registry=REGISTRY)


def unsigned(claims: object) -> str:
    """A token with the algorithm `none`."""
    parts = (json.dumps(each).encode() for each in ({"alg": "none"}, claims))
    return ".".join([base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts]) + "."


class Provider:
    """What the provider knows and does; a test changes it.

    `user` are the claims of whoever signs in. `change` may replace the claims of an ID token, and
    `token` the whole token. `answers` replaces what is answered at a path. `asked` are the paths
    that were asked, `forms` what was sent to the token endpoint.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.reset()

    def reset(self) -> None:
        """Do again what a good provider does."""
        self.signing: jwk.Key = RSA
        self.listed: list[jwk.Key] = [self.signing]
        self.user: dict[str, Any] = {"sub": "u-1", "preferred_username": "anna"}
        self.info: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.returned: dict[str, str] = {}
        self.answers: dict[str, Handler] = {}
        self.asked: list[str] = []
        self.forms: list[Mapping[str, str]] = []
        self.secret: str | None = SECRET
        self.asks_person = False
        self.change: Callable[[dict[str, Any]], object] = lambda claims: claims
        self.token: Callable[[object], str] = self.token_of
        self._grants: dict[str, Mapping[str, str]] = {}

    def token_of(self, claims: object) -> str:
        """A token with these claims, signed as it should be."""
        algorithm = "RS256" if self.signing.key_type == "RSA" else "ES256"
        return signed({"alg": algorithm, "kid": self.signing.kid}, claims, self.signing)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any request."""
        self.asked.append(request.path)
        own = {
            "/.well-known/openid-configuration": self._describe,
            "/authorize": self._authorize,
            "/token": self._redeem,
            "/keys": self._keys,
            "/userinfo": self._tell,
        }
        handler = self.answers.get(request.path) or own.get(request.path)
        return await handler(request) if handler else web.Response(status=404)

    async def _describe(self, _: web.Request) -> web.Response:
        endpoints = {
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return web.json_response({"issuer": self.issuer, **endpoints, **self.metadata})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Send the browser back at once, or after a click."""
        asked = dict(request.query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(9)
        self._grants[code] = asked
        back = {"code": code, "state": asked["state"], **self.returned}
        address = f"{asked['redirect_uri']}?{urlencode(back)}"
        if self.asks_person:
            text = f"<h1>provider</h1><a href='{address.replace('&', '&amp;')}'>Allow</a>"
            return web.Response(text=text, content_type="text/html")
        return web.Response(status=302, headers={"Location": address})

    async def _redeem(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        grant = self._grants.pop(form.get("code", ""), None)
        if not self._is_known(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        if grant is None or form["redirect_uri"] != grant["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != grant["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = time.time()
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "exp": now + 300, "iat": now,
            "nonce": grant["nonce"], **self.user,
        }  # fmt: skip
        token = self.token(self.change(claims))
        return web.json_response(
            {"access_token": "at-1", "token_type": "Bearer", "id_token": token}
        )

    def _is_known(self, request: web.Request, form: Mapping[str, str]) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT_ID and "Authorization" not in request.headers
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        pair = urlencode({CLIENT_ID: self.secret}).replace("=", ":", 1)
        sent = (form.get("client_id"), form.get("client_secret"))
        return base64.b64decode(given).decode() == pair or sent == (CLIENT_ID, self.secret)

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.listed]})

    async def _tell(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer at-1"
        return web.json_response({"sub": self.user["sub"], **self.info})


@contextlib.asynccontextmanager
async def providing(tls: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    """A provider, meanwhile."""
    provider = Provider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    provider.issuer = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()
