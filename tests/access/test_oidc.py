"""The authorization code flow as a client: what goes to the provider, and what stays here."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from hero_router.access.oidc import (
    CALLBACK_PATH,
    COOKIE,
    PATH,
    PendingSignIn,
    Registration,
    authorization_address,
    check_response_issuer,
    find_pending,
    nonce_of,
    token_request,
    verifier_of,
)
from hero_router.access.sessions import HeldSession
from hero_router.access.signing import Signer
from hero_router.errors import SignInRefused

SIGNER, OTHER = Signer(b"a" * 32), Signer(b"b" * 32)
WE = Registration("https://login.example", "router&1", "s&c ret", "openid  email")
NOW = 1_000_000


def test_the_provider_is_asked_for_a_code_that_only_the_verifier_redeems() -> None:
    """The example of RFC 7636, appendix B, has a verifier of the same form."""
    address = authorization_address(
        "https://login.example/auth?tenant=1", WE, SIGNER, "s1", "https://door.example/x"
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(verifier_of(SIGNER, "s1").encode()).digest()
    assert asked == {
        "tenant": "1", "response_type": "code", "client_id": "router&1", "scope": "openid email",
        "redirect_uri": "https://door.example/x", "state": "s1", "nonce": nonce_of(SIGNER, "s1"),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }  # fmt: skip
    assert len(verifier_of(SIGNER, "s1")) == 43
    assert verifier_of(SIGNER, "s1") not in address


def test_an_address_without_a_query_gets_one() -> None:
    address = authorization_address("https://login.example/auth", WE, SIGNER, "s1", "x")
    assert address.startswith("https://login.example/auth?response_type=code&")


def test_paths_and_cookies_keep_their_names() -> None:
    """One path is registered with providers, and browsers hold the cookies."""
    assert (PATH, CALLBACK_PATH) == ("/sign-in/oidc", "/sign-in/oidc/callback")
    assert COOKIE.name(secure=False) == "hero_oidc"
    assert COOKIE.name(secure=True) == "__Host-hero_oidc"
    assert COOKIE.names == {"hero_oidc", "__Host-hero_oidc"}


def test_nonce_and_verifier_are_of_one_sign_in_and_of_these_routers() -> None:
    made = [
        of(signer, state)
        for of in (nonce_of, verifier_of)
        for signer in (SIGNER, OTHER)
        for state in ("s1", "s2")
    ]
    assert len({*made}) == 8


def test_a_browser_is_known_by_its_own_state_for_ten_minutes() -> None:
    pending = PendingSignIn.begin("s1", "/x", NOW)
    value = pending.cookie_value(SIGNER)
    last = NOW + 600_000 - 1
    assert find_pending(SIGNER, ["junk", value], "s1", last) == pending
    assert find_pending(SIGNER, [value], "s1", last + 1) is None
    assert find_pending(SIGNER, [value], "s2", NOW) is None
    assert find_pending(OTHER, [value], "s1", NOW) is None
    assert find_pending(SIGNER, [], "s1", NOW) is None
    session = SIGNER.sign("session ", {"state": "s1", "next": "/", "until": last})
    assert find_pending(SIGNER, [session], "s1", NOW) is None


def test_a_sign_in_knows_the_session_that_the_browser_had_as_it_began() -> None:
    pending = PendingSignIn.begin("s1", "/x", NOW, HeldSession("a1", 7))
    assert find_pending(SIGNER, [pending.cookie_value(SIGNER)], "s1", NOW) == pending


def test_a_path_that_no_cookie_can_hold_is_left_out() -> None:
    pending = PendingSignIn.begin("s1", "/" + "x" * 2000, NOW)
    assert pending.next_path == "/"
    longest = PendingSignIn.begin("s1", "/" + "x" * 1999, NOW)
    assert longest.next_path == "/" + "x" * 1999
    assert len(longest.cookie_value(SIGNER)) < 4000


@pytest.mark.parametrize(
    ("methods", "secret", "form", "has_header"),
    [
        ([], "s", {}, True),
        (["client_secret_basic", "client_secret_post"], "s", {}, True),
        (["client_secret_post"], "s", {"client_id": "router&1", "client_secret": "s"}, False),
        (["client_secret_post"], "", {"client_id": "router&1"}, False),
    ],
)
def test_the_router_proves_who_it_is_as_the_provider_wants(
    methods: list[str], secret: str, form: dict[str, str], has_header: bool
) -> None:
    us = Registration(WE.issuer, WE.client_id, secret, WE.scopes)
    sent, fields = token_request(us, methods, {"code": "c"})
    assert sent == {"grant_type": "authorization_code", "code": "c", **form}
    assert bool(fields) is has_header


def test_name_and_secret_are_encoded_before_they_are_joined() -> None:
    _, fields = token_request(WE, [], {})
    assert (
        base64.b64decode(fields["Authorization"].removeprefix("Basic ")) == b"router%261:s%26c+ret"
    )


@pytest.mark.parametrize(
    ("given", "is_promised", "good"),
    [(None, False, True), (None, True, False), ("i", False, True), ("i", True, True),
     ("x", False, False), ("x", True, False)],
)  # fmt: skip
def test_only_the_provider_that_was_asked_sends_a_browser_back(
    given: str | None, is_promised: bool, good: bool
) -> None:
    if good:
        check_response_issuer(given, "i", is_promised=is_promised)
        return
    with pytest.raises(SignInRefused, match="another provider"):
        check_response_issuer(given, "i", is_promised=is_promised)


def test_a_registration_does_not_show_its_secret() -> None:
    assert "s&c ret" not in repr(WE)
