"""Sends requests to an OpenID provider: for its endpoints, its keys, and the token of a code.

Each answer is limited in size and time. No redirect is followed, and no proxy of the environment is
used: a secret is sent to the provider's own address only.
"""

import asyncio
import logging
import re
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from joserfc.jwk import Key

from hero_router.access.authenticator import OidcRules
from hero_router.access.discovery_document import ProviderMetadata, discovery_address, read_metadata
from hero_router.access.id_token import UnknownKey, check_claims, read_keys, signed_claims
from hero_router.access.oidc import token_request
from hero_router.access.oidc_user import joined
from hero_router.errors import ProviderFailed, SignInRefused
from hero_router.sanitize import clean
from hero_router.singleflight import SharedReads
from hero_router.strict_json import InvalidJson, decode

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""How long the provider may take for one answer."""

MAX_BYTES = 512 * 1024
"""Largest answer of the provider that is read."""

METADATA_SECONDS = 600.0
"""How long the description of the provider is kept."""

KEYS_SECONDS = 60.0
"""How long the provider's keys are kept: a key that it withdraws is good for no longer."""

RENEWAL_SECONDS = 10.0
"""How often the keys are asked for again at most, where a token names an unknown one."""


_ACCESS_TOKEN = re.compile(r"[!-~]+")


class Redemption(NamedTuple):
    """A code with which a browser came back, and what belongs to its sign-in."""

    code: str
    verifier: str
    nonce: str
    redirect_uri: str


class OidcClient:
    """The provider of `rules`, over connections that `tls` makes safe."""

    def __init__(self, rules: OidcRules, tls: ssl.SSLContext) -> None:
        self.rules, self._tls, clock = rules, tls, time.monotonic
        self._metadata = SharedReads(self._read_metadata, METADATA_SECONDS, clock)
        self._keys = SharedReads(self._read_keys, KEYS_SECONDS, clock)
        self._renewed_keys = SharedReads(self._read_keys, RENEWAL_SECONDS, clock)

    async def metadata(self) -> ProviderMetadata:
        """What the provider says of itself. Raises ProviderFailed."""
        return await self._metadata.get()

    async def claims(self, redemption: Redemption, now: float) -> Mapping[str, Any]:
        """The claims of the user whom a code stands for; `now` is in Unix seconds.

        Claims that the ID token lacks are requested from the provider's UserInfo endpoint.

        Raises:
            ProviderFailed: the provider gives no usable answer.
            SignInRefused: the provider refuses the code, or its ID token is not for this sign-in.
        """
        metadata = await self.metadata()
        tokens = await self._redeem(metadata, redemption)
        claims = await self._verified(metadata, str(tokens.get("id_token", "")))
        check_claims(claims, self.rules.registration, redemption.nonce, now)
        access_token = str(tokens.get("access_token", ""))
        is_useful = metadata.userinfo_endpoint and _ACCESS_TOKEN.fullmatch(access_token)
        if not is_useful or not self.rules.claims.lacks(claims):
            return claims
        return joined(claims, await self._user_info(metadata, access_token, claims["sub"]))

    async def _redeem(
        self, metadata: ProviderMetadata, redemption: Redemption
    ) -> Mapping[str, Any]:
        form, fields = token_request(
            self.rules.registration,
            metadata.auth_methods,
            {
                "code": redemption.code,
                "redirect_uri": redemption.redirect_uri,
                "code_verifier": redemption.verifier,
            },
        )
        status, answer = await self._ask("POST", metadata.token_endpoint, form, fields)
        if status == 200:
            return answer
        error = clean(answer.get("error"), 100)
        log.warning(
            "a sign-in failed: the OpenID provider refused its code (status %d, %s, %s)",
            status, error, clean(answer.get("error_description"), 300),
        )  # fmt: skip
        if error == "invalid_grant":
            raise SignInRefused("the provider says that this sign-in was used before or is too old")
        raise ProviderFailed(
            f"the OpenID provider does not accept this router's request: {error or status}"
        )

    async def _verified(self, metadata: ProviderMetadata, token: str) -> Mapping[str, Any]:
        """The signed claims of an ID token; an unknown key may be one that was added just now."""
        try:
            return signed_claims(token, await self._keys.get(metadata.keys_address))
        except UnknownKey:
            return signed_claims(token, await self._renewed_keys.get(metadata.keys_address))

    async def _user_info(
        self, metadata: ProviderMetadata, access_token: str, subject: str
    ) -> Mapping[str, Any]:
        """More claims of the same user (OpenID Connect Core, section 5.3)."""
        fields = {"Authorization": f"Bearer {access_token}"}
        found = await self._document(metadata.userinfo_endpoint, fields)
        if found.get("sub") != subject:
            raise SignInRefused("the provider tells the claims of another user")
        return found

    async def _read_metadata(self) -> ProviderMetadata:
        issuer = self.rules.registration.issuer
        return read_metadata(await self._document(discovery_address(issuer)), issuer)

    async def _read_keys(self, address: str) -> tuple[Key, ...]:
        return read_keys(await self._document(address))

    async def _document(
        self, address: str, fields: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        status, found = await self._ask("GET", address, None, fields or {})
        if status != 200:
            log.warning("the OpenID provider answered status %d at %s", status, address)
            raise ProviderFailed(f"the OpenID provider answers with status {status}")
        return found

    async def _ask(
        self, method: str, address: str, form: Mapping[str, str] | None, fields: Mapping[str, str]
    ) -> tuple[int, Mapping[str, Any]]:
        """The status and the JSON object of an answer; an empty object for an error without one."""
        given = {"Accept": "application/json", "Accept-Encoding": "identity", **fields}
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                aiohttp.ClientSession(
                    cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
                ) as http,
                http.request(
                    method, address, data=form, headers=given, allow_redirects=False, ssl=self._tls
                ) as answer,
            ):
                return answer.status, _object(await _body(answer), answer.status)
        except TimeoutError:
            log.warning("the OpenID provider did not answer a request for %s in time", address)
            raise ProviderFailed("the OpenID provider does not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            reason = getattr(error, "os_error", error)  # without aiohttp's words around it
            log.warning("the OpenID provider cannot be reached at %s: %s", address, reason)
            raise ProviderFailed("the OpenID provider cannot be reached") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderFailed("the OpenID provider's answer is too large")
    return bytes(body)


def _object(body: bytes, status: int) -> Mapping[str, Any]:
    try:
        found = decode(body)
    except InvalidJson:
        found = None
    if isinstance(found, dict):
        return found
    if status == 200:
        raise ProviderFailed("the OpenID provider's answer is no JSON object")
    return {}
