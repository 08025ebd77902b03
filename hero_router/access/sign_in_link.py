"""Links that sign a browser in as administrator; each works once, within a minute.

The code in such a link is signed: only who knows the tokens of the router can make one. That it is
used once is known to Redis. Pure: no I/O, no clock.
"""

from hero_router.access.signing import Signer

PATH = "/sign-in/link/"
"""The path of these links; the code follows."""

LINK_SECONDS = 60.0
"""How long a link can be used."""

_PURPOSE = "sign-in link"


def make_code(signer: Signer, nonce: str, now_ms: int) -> str:
    """The code of a link; `nonce` is a random text, `now_ms` Unix milliseconds by Redis's clock."""
    return signer.sign(_PURPOSE, {"nonce": nonce, "until": now_ms + int(LINK_SECONDS * 1000)})


def nonce_of(signer: Signer, code: str, now_ms: int) -> str | None:
    """The nonce in a link's code; None if the code was not made here, or is too old."""
    content = signer.read(_PURPOSE, code)
    return None if content is None or content["until"] <= now_ms else str(content["nonce"])
