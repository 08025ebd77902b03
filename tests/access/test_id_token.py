"""An ID token counts only for this router, this sign-in, and with a key of its provider."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwk, jws

from hero_router.access.id_token import (
    ALGORITHMS,
    MAX_KEYS,
    UnknownKey,
    check_claims,
    read_keys,
    signed_claims,
)
from hero_router.access.oidc import Registration
from hero_router.errors import SignInRefused
from tests.support.oidc_provider import RSA, ec_key, signed, unsigned

WE = Registration("https://login.example", "router", "", "openid")
NOW = 1_700_000_000.0
GOOD = {
    "iss": WE.issuer, "aud": "router", "exp": NOW + 60, "iat": NOW, "nonce": "n", "sub": "u",
}  # fmt: skip
EC = ec_key("ec-1")
KEYS = read_keys({"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]})


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"aud": ["router"]}, {"azp": "router"}, {"aud": ["x", "router"], "azp": "router"},
        {"exp": NOW - 59}, {"iat": NOW + 60}, {"iat": NOW - 660}, {"exp": 2_000_000_000},
    ],
)  # fmt: skip
def test_a_token_for_this_sign_in_is_taken(changed: dict[str, Any]) -> None:
    check_claims({**GOOD, **changed}, WE, "n", NOW)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"iss": "https://login.example/"}, "of another issuer"),
        ({"iss": None}, "of another issuer"),
        ({"aud": "other"}, "for another client"),
        ({"aud": []}, "for another client"),
        ({"aud": None}, "for another client"),
        ({"aud": {"router": 1}, "azp": "router"}, "for another client"),
        ({"aud": ["router", "x"]}, "for another client"),
        ({"aud": ["x"], "azp": "router"}, "for another client"),
        ({"azp": "x"}, "given to another client"),
        ({"azp": None}, "given to another client"),
        ({"exp": NOW - 60}, "has expired"),
        ({"exp": "9999999999"}, "has expired"),
        ({"exp": True}, "has expired"),
        ({"iat": NOW + 61}, "not issued now"),
        ({"iat": NOW - 661}, "not issued now"),
        ({"iat": None}, "not issued now"),
        ({"nonce": "x"}, "for another sign-in"),
        ({"nonce": None}, "for another sign-in"),
        ({"sub": ""}, "names no user"),
        ({"sub": 7}, "names no user"),
        ({"sub": 7, "nonce": "x", "iss": "x"}, "of another issuer"),
    ],
)
def test_any_other_token_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(SignInRefused, match=words):
        check_claims({**GOOD, **changed}, WE, "n", NOW)


def test_a_missing_claim_is_a_wrong_one() -> None:
    for name in GOOD:
        with pytest.raises(SignInRefused):
            check_claims({key: GOOD[key] for key in GOOD if key != name}, WE, "n", NOW)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "RS256", "kid": "rsa-1"}, RSA), ({"alg": "PS256", "kid": "rsa-1"}, RSA),
        ({"alg": "ES256", "kid": "ec-1"}, EC), ({"alg": "RS256"}, RSA), ({"alg": "ES256"}, EC),
        ({"alg": "RS256", "kid": "rsa-1", "x": 1}, RSA),
    ],
)  # fmt: skip
def test_a_key_of_the_provider_signs(header: dict[str, Any], key: jwk.Key) -> None:
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    token = jws.serialize_compact(header, json.dumps(GOOD), key, registry=registry)
    assert signed_claims(token, KEYS) == GOOD


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_an_rsa_key_signs_with_each_of_these(algorithm: str) -> None:
    assert signed_claims(signed({"alg": algorithm, "kid": "rsa-1"}, GOOD, RSA), KEYS) == GOOD


@pytest.mark.parametrize(
    ("algorithm", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")]
)
def test_a_key_of_each_of_these_curves_signs(algorithm: str, curve: str) -> None:
    key = jwk.ECKey.generate_key(curve, {"kid": "ec-2"})
    token = signed({"alg": algorithm, "kid": "ec-2"}, GOOD, key)
    assert signed_claims(token, read_keys({"keys": [key.as_dict(private=False)]})) == GOOD
    with pytest.raises(UnknownKey):
        signed_claims(token, KEYS)


SHARED = jwk.OctKey.import_key(json.dumps(RSA.as_dict(private=False)), {"kid": "rsa-1"})
STRANGER = ec_key("ec-1")


@pytest.mark.parametrize(
    "token",
    [
        unsigned(GOOD), signed({"alg": "HS256", "kid": "rsa-1"}, GOOD, SHARED),
        signed({"alg": "ES256", "kid": "ec-1"}, GOOD, STRANGER), "", "a.b", "a.b.c", "é.é.é",
        signed({"alg": "RS256"}, [GOOD], RSA), signed({"alg": "RS256"}, "x", RSA),
        signed({"alg": "RS256"}, GOOD, RSA)[:-4] + "AAAA",
        "....", "\udce9.a.b",
    ],
)  # fmt: skip
def test_nothing_else_does(token: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        signed_claims(token, KEYS)
    assert not isinstance(refused.value, UnknownKey)


def headed(header: dict[str, Any]) -> str:
    """A token with this header, that nobody has signed."""
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{head}.e30.AAAA"


@pytest.mark.parametrize(
    "odd", [{"crit": 7}, {"crit": [7]}, {"crit": [[1]]}, {"crit": ["exp"]}, {"b64": False},
            {"typ": 7}, {"jwk": 7}],
)  # fmt: skip
def test_a_header_that_is_malformed_is_said_to_be(odd: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused, match="is malformed"):
        signed_claims(headed({"alg": "RS256", "kid": "rsa-1", **odd}), KEYS)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff"])
def test_what_the_provider_signs_has_to_be_a_json_object(payload: bytes) -> None:
    token = jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, payload, RSA)
    with pytest.raises(SignInRefused, match="is malformed"):
        signed_claims(token, KEYS)


def test_only_the_beginning_of_an_unknown_algorithm_is_told() -> None:
    with pytest.raises(SignInRefused, match=r"is signed by 'x{20}'$"):
        signed_claims(headed({"alg": "x" * 21}), KEYS)


def test_a_key_that_is_not_known_has_a_code_of_its_own() -> None:
    assert (UnknownKey.code, SignInRefused.code) == ("unknown_key", "sign_in_refused")


@pytest.mark.parametrize(
    ("header", "key"),
    [({"alg": "RS256", "kid": "rsa-2"}, RSA), ({"alg": "ES256", "kid": "rsa-1"}, EC)],
)
def test_a_key_that_the_provider_does_not_list_may_be_a_new_one(
    header: dict[str, Any], key: jwk.Key
) -> None:
    with pytest.raises(UnknownKey):
        signed_claims(signed(header, GOOD, key), KEYS)


def test_keys_that_are_of_no_use_are_left_out() -> None:
    weak = {"kty": "RSA", "n": "A" * 171, "e": "AQAB"}
    public = EC.as_dict(private=False)
    useless: list[Any] = [
        weak, {"kty": "oct", "k": "c2VjcmV0c2VjcmV0"}, {"kty": "EC", "crv": "P-999"}, {}, 7, None,
        {**public, "crv": "P-999"}, {**public, "kid": 7, "alg": 7}, {**public, "key_ops": 7},
        {**public, "use": "enc"}, {**public, "x": "!"}, {"kty": "RSA"}, {"kty": ["RSA"]},
    ]  # fmt: skip
    assert [key.kid for key in read_keys({"keys": [*useless, public]})] == ["ec-1"]
    assert read_keys({"keys": [weak] * MAX_KEYS + [public]}) == ()
    assert len(read_keys({"keys": [weak] * (MAX_KEYS - 1) + [public]})) == 1
    for document in ({}, {"keys": None}, {"keys": {"a": public}}):
        assert read_keys(document) == ()


@pytest.mark.parametrize(("bits", "taken"), [(1024, 0), (1792, 0), (2048, 1)])
def test_an_rsa_key_has_at_least_2048_bits(bits: int, taken: int) -> None:
    modulus = base64.urlsafe_b64encode((2**bits - 1).to_bytes(bits // 8)).decode().rstrip("=")
    assert len(read_keys({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB"}]})) == taken


def test_a_key_for_one_algorithm_signs_with_no_other() -> None:
    only = read_keys({"keys": [{**RSA.as_dict(private=False), "alg": "RS512"}]})
    with pytest.raises(UnknownKey):
        signed_claims(signed({"alg": "RS256", "kid": "rsa-1"}, GOOD, RSA), only)
