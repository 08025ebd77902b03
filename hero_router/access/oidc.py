"""The authorization code flow of OpenID Connect with PKCE, as a client. Pure: no I/O, no clock.

A browser that begins to sign in keeps a signed cookie with a random state. The nonce and the PKCE
verifier are made from the state and the router's key, so any web worker can end the sign-in that
another began, and neither is ever with the browser.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote_plus, urlencode

from hero_router.access.own_cookie import OwnCookie
from hero_router.access.sessions import HeldSession
from hero_router.access.signing import Signer
from hero_router.errors import SignInRefused

PATH = "/sign-in/oidc"
"""Where a browser begins to sign in."""

CALLBACK_PATH = "/sign-in/oidc/callback"
"""The redirect URI that is registered with the provider, below the router's own address."""

COOKIE = OwnCookie("hero_oidc")

SIGN_IN_SECONDS = 600
"""How long a person may take at the provider."""

MAX_NEXT = 2000
"""Longest path to go to afterwards: browsers keep no cookie of more than 4096 characters."""

_PURPOSE, _NONCE, _VERIFIER = "OpenID sign-in", "OpenID nonce", "PKCE verifier"


@dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """The registration of this router at the provider. `secret` is "" for a public client."""

    issuer: str
    client_id: str
    secret: str
    scopes: str


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that a browser has begun.

    `state` is a random text that only this browser has. `next_path` is where it goes afterwards.
    `until_ms` is the end of its time, in Unix milliseconds. `session` is the session that the
    browser had as it began: its cookie does not come with the redirect from another site.
    """

    state: str
    next_path: str
    until_ms: int
    session: HeldSession | None = None

    @classmethod
    def begin(
        cls, state: str, next_path: str, now_ms: int, session: HeldSession | None = None
    ) -> Self:
        """A sign-in that begins now; from a path that is too long it leads to the start page."""
        to = next_path if len(next_path) <= MAX_NEXT else "/"
        return cls(state, to, now_ms + SIGN_IN_SECONDS * 1000, session)

    def cookie_value(self, signer: Signer) -> str:
        """The cookie by which the browser is known when it comes back."""
        content = {"state": self.state, "next": self.next_path, "until": self.until_ms}
        return signer.sign(_PURPOSE, {**content, "session": self.session})


def find_pending(
    signer: Signer, cookies: Iterable[str], state: str, now_ms: int
) -> PendingSignIn | None:
    """The sign-in with this state among a browser's cookies.

    None if this browser has not begun it, or too long ago.
    """
    for value in cookies:
        content = signer.read(_PURPOSE, value)
        if content is not None and content["state"] == state and now_ms < content["until"]:
            session = HeldSession(*held) if (held := content.get("session")) else None
            return PendingSignIn(content["state"], content["next"], content["until"], session)
    return None


def nonce_of(signer: Signer, state: str) -> str:
    """The nonce that the ID token must repeat (OpenID Connect Core, section 3.1.2.1)."""
    return signer.derive(_NONCE, state)


def verifier_of(signer: Signer, state: str) -> str:
    """The code verifier of PKCE (RFC 7636, section 4.1), which only the provider gets."""
    return signer.derive(_VERIFIER, state)


def authorization_address(
    endpoint: str, registration: Registration, signer: Signer, state: str, redirect_uri: str
) -> str:
    """Where the browser is sent to sign in (OpenID Connect Core, section 3.1.2.1)."""
    digest = hashlib.sha256(verifier_of(signer, state).encode("ascii")).digest()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(registration.scopes.split()),
            "state": state,
            "nonce": nonce_of(signer, state),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def token_request(
    registration: Registration, methods: Collection[str], form: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The form and the header fields with which a code is redeemed (RFC 6749, section 4.1.3).

    `methods` are the ways in which the provider lets clients prove who they are. The first choice
    is `client_secret_basic`; a client without a secret sends its name only.
    """
    client_id, secret = registration.client_id, registration.secret
    whole = {"grant_type": "authorization_code", **form}
    if not secret:
        return {**whole, "client_id": client_id}, {}
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        return {**whole, "client_id": client_id, "client_secret": secret}, {}
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"  # RFC 6749, section 2.3.1
    return whole, {"Authorization": f"Basic {base64.b64encode(pair.encode('ascii')).decode()}"}


def check_response_issuer(given: str | None, issuer: str, *, is_promised: bool) -> None:
    """Check the `iss` with which the browser comes back (RFC 9207, section 2.4).

    Raises:
        SignInRefused: another provider has sent the browser back, or this one does not say so
            although it promises to.
    """
    if given != issuer and (given is not None or is_promised):
        raise SignInRefused("another provider than the one that was asked has sent you back")
