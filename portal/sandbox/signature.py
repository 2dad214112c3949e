"""Signs webhooks as Twilio does: HMAC-SHA1 over the URL and the sorted parameters."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign(token: str, url: str, params: Mapping[str, str]) -> str:
    """Return X-Twilio-Signature for a request; url is without its fragment."""
    text = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
