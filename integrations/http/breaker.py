"""A breaker that stops calling a vendor who does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from purgatory.domain.messages.events import ContextChanged
from purgatory.domain.model import HALF_OPENED, Context, OpenedState

from integrations.contracts.errors import VendorUnavailable

logger = structlog.get_logger(__name__)


class CircuitBreaker:
    """Opens after `threshold` failures in a row and lets one call try again after `recovery_s`.

    purgatory's own context manager would count a cancelled caller as a failure of the vendor and
    admit everybody at once to a half-open circuit, so its state machine is driven by hand.
    """

    def __init__(self, vendor: str, *, threshold: int = 5, recovery_s: float = 30.0) -> None:
        self._vendor = vendor
        self._circuit = Context(vendor, threshold, recovery_s)
        self._is_probing = False

    @property
    def state(self) -> str:
        """`closed`, `opened` or `half-opened`."""
        return self._circuit.state

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Judge the vendor by the block: only `VendorUnavailable` speaks against it.

        Raises `VendorUnavailable` with code `circuit_open` instead of entering.
        """
        is_probe = self._enter()
        try:
            yield
        except VendorUnavailable as failure:
            self.count_failure(failure)
            raise
        else:
            self._circuit.handle_end_request()
        finally:
            self._is_probing = self._is_probing and not is_probe
            self._report()

    def count_failure(self, failure: VendorUnavailable) -> None:
        """Take one failure of the vendor into account."""
        self._circuit.handle_exception(failure)
        self._report()

    def _enter(self) -> bool:
        if self._is_probing or not self._admits():
            raise VendorUnavailable(self._vendor, code="circuit_open")
        self._is_probing = self._circuit.state == HALF_OPENED
        return self._is_probing

    def _admits(self) -> bool:
        try:
            self._circuit.handle_new_request()
        except OpenedState as state:
            # The state object is raised again and again; its traceback would grow each time.
            state.with_traceback(None)
            return False
        return True

    def _report(self) -> None:
        for message in self._circuit.messages:
            if isinstance(message, ContextChanged):
                logger.warning("circuit_changed", vendor=self._vendor, state=message.state)
        self._circuit.messages.clear()
