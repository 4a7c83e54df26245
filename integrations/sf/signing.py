"""How the platform knows who asks: a digest over document, time and a shared word."""

import hashlib
from base64 import b64encode
from urllib.parse import quote_plus


def sign(document: str, *, timestamp: str, check_word: str) -> str:
    """Return `msgDigest`: base64 of MD5 over the text as Java's URLEncoder writes it."""
    text = quote_plus(document + timestamp + check_word, safe="*").replace("~", "%7E")
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return b64encode(digest).decode()
