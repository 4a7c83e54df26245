"""What can go wrong at a vendor, in the two kinds that a caller must tell apart."""


class VendorError(Exception):
    """A call to a vendor failed.

    `vendor` is the adapter's name, `code` the vendor's own error code (or a transport word such as
    `timeout`), `trace` whatever the vendor gave to look the call up by. No personal data.
    """

    def __init__(self, vendor: str, *, code: str, reason: str = "", trace: str = "") -> None:
        super().__init__(f"{vendor} {code} {reason}".strip())
        self.vendor = vendor
        self.code = code
        self.reason = reason
        self.trace = trace


class VendorUnavailable(VendorError):
    """Busy, late, cut off or unintelligible: may be tried again, and may have taken effect."""


class VendorRefused(VendorError):
    """A final answer: the same call will be refused again."""


class DuplicateOrder(VendorRefused):
    """The vendor knows this order number already and did not say what became of it."""


class PushRefused(VendorRefused):
    """An inbound message that is not what its sender would have sent."""
