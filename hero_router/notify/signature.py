"""Signs the messages of the webhook, as Standard Webhooks says. Pure: no I/O, no clock.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
from collections.abc import Mapping


def signed_headers(key: bytes, message_id: str, seconds: int, body: str) -> Mapping[str, str]:
    """The headers of one attempt, at this time (Unix seconds); no signature without a key."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(seconds)}
    if key:
        signed = f"{message_id}.{seconds}.{body}".encode()
        digest = hmac.digest(key, signed, "sha256")
        headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode("ascii")
    return headers
