"""Checks an ID token of an OpenID provider, by OpenID Connect Core 1.0, section 3.1.3.7.

Pure: no I/O, no clock.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import BadSignatureError, JoseError

from hero_router.access.oidc import SIGN_IN_SECONDS, Registration
from hero_router.errors import SignInRefused
from hero_router.strict_json import InvalidJson, decode

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
)  # fmt: skip
"""The signatures that are accepted: with a key pair. Neither `none`, nor HMAC: a public key, taken
for its secret, would sign anything."""

LEEWAY_SECONDS = 60
"""How far the provider's clock may differ from Redis's."""

MAX_KEYS = 64
"""Most keys of a provider that are looked at."""

MIN_RSA_BITS = 2048

_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class UnknownKey(SignInRefused):
    """An ID token is signed with a key that its provider does not list."""

    code = "unknown_key"


def read_keys(document: Mapping[str, Any]) -> tuple[jwk.Key, ...]:
    """The keys in a JWK set (RFC 7517, section 5) with which a token may be signed.

    Keys of other kinds, and those that are malformed, are left out.
    """
    found = document.get("keys")
    listed = found[:MAX_KEYS] if isinstance(found, list) else []
    return tuple(key for each in listed if (key := _key(each)) is not None)


def _key(data: Any) -> jwk.Key | None:
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or _is_weak(data):
        return None
    if data.get("kty") not in ("RSA", "EC"):
        return None
    try:
        return jwk.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_weak(data: Mapping[str, Any]) -> bool:
    """Whether an RSA key is too short; each character of its modulus holds six bits."""
    return data.get("kty") == "RSA" and len(str(data.get("n"))) * 6 < MIN_RSA_BITS


def signed_claims(token: str, keys: Sequence[jwk.Key]) -> Mapping[str, Any]:
    """The claims of a token that one of these keys has signed.

    Raises:
        UnknownKey: none of them is the key that the token names.
        SignInRefused: it is not signed with it, by an accepted algorithm, or no JSON object.
    """
    try:
        header = jws.extract_compact(token.encode("utf-8"), registry=_REGISTRY).headers()
    except (JoseError, ValueError) as error:
        raise SignInRefused("the ID token is malformed") from error
    if header.get("alg") not in ALGORITHMS:
        raise SignInRefused(f"the ID token is signed by {str(header.get('alg'))[:20]!r}")
    candidates = [key for key in keys if _fits(key, header)]
    if not candidates:
        raise UnknownKey("the ID token is signed with a key that the provider does not list")
    for key in candidates:
        try:
            payload = jws.deserialize_compact(token, key, registry=_REGISTRY).payload
        except BadSignatureError:
            continue
        except (JoseError, ValueError, TypeError) as error:
            raise SignInRefused("the ID token is malformed") from error
        return _claims(payload)
    raise SignInRefused("the signature of the ID token is wrong")


def _fits(key: jwk.Key, header: Mapping[str, Any]) -> bool:
    """Whether a token with this header may be signed with a key."""
    try:
        _REGISTRY.get_alg(header["alg"]).check_key(key)
    except JoseError:  # of another type or curve, or for another algorithm
        return False
    return header.get("kid") in (None, key.kid)


def _claims(payload: bytes | None) -> Mapping[str, Any]:
    try:
        claims = decode(payload or b"")
    except InvalidJson:
        claims = None
    if not isinstance(claims, dict):
        raise SignInRefused("the ID token is malformed")
    return claims


def check_claims(
    claims: Mapping[str, Any], registration: Registration, nonce: str, now: float
) -> None:
    """Check that a token is for this router and this sign-in; `now` is in Unix seconds.

    Raises:
        SignInRefused: it is not; says which claim is wrong.
    """
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    expires, issued, subject = _time(claims, "exp"), _time(claims, "iat"), claims.get("sub")
    oldest = now - SIGN_IN_SECONDS - LEEWAY_SECONDS
    faults = {
        "is of another issuer": claims.get("iss") != registration.issuer,
        "is for another client": audiences != [registration.client_id]
        and not _is_shared(audiences, claims, registration.client_id),
        "was given to another client": claims.get("azp", registration.client_id)
        != registration.client_id,
        "has expired": not now < expires + LEEWAY_SECONDS,
        "was not issued now": not oldest <= issued <= now + LEEWAY_SECONDS,
        "is for another sign-in": claims.get("nonce") != nonce,
        "names no user": not isinstance(subject, str) or not subject,
    }
    wrong = [fault for fault, is_wrong in faults.items() if is_wrong]
    if wrong:
        raise SignInRefused(f"the ID token of the provider {wrong[0]}")


def _is_shared(audiences: Any, claims: Mapping[str, Any], client_id: str) -> bool:
    """Whether a token for several clients was given to this one, as it says in `azp`."""
    is_ours = isinstance(audiences, list) and client_id in audiences
    return is_ours and claims.get("azp") == client_id


def _time(claims: Mapping[str, Any], name: str) -> float:
    """A time in Unix seconds; without one NaN, which is neither before nor after any time."""
    value = claims.get(name)
    return value if isinstance(value, int | float) else math.nan
