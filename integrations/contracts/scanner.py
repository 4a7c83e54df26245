"""Malware check of an upload."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a scan; `signature` names what was found in a file that is not clean."""

    clean: bool
    signature: str = ""


class Scanner(Protocol):
    """Scans one file; raises `VendorUnavailable` when it cannot tell."""

    name: str

    async def scan(self, path: Path) -> Verdict:
        """Return what the scanner says of the file at `path`."""
        ...
