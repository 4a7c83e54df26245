"""The one way out to vendors over HTTP; nothing else imports httpx."""

from integrations.http.breaker import CircuitBreaker
from integrations.http.calls import Repeat, VendorCall, VendorReply, parse_object
from integrations.http.client import CallLimits, VendorClient

__all__ = [
    "CallLimits",
    "CircuitBreaker",
    "Repeat",
    "VendorCall",
    "VendorClient",
    "VendorReply",
    "parse_object",
]
