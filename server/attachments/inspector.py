"""The confined worker: `python -m server.attachments.inspector <path> <out>`.

Prints one JSON object: `kind`, `size_bytes` of what was written to `out`, and `width` and `height`
or `pages`; or a `refusal`. Ends with a status other than 0 if it could not tell.
"""

import json
import os
import resource
import sys
from pathlib import Path

from server.attachments.rules import FileKind, FileRefused, Refusal, judge_kind

MEMORY_BYTES = 512 * 1024 * 1024
PROCESSOR_S = 5
OUTPUT_BYTES = 128 * 1024 * 1024
"""Noise of the largest picture takes 100 MB as PNG."""

LIMITS = {
    resource.RLIMIT_AS: (MEMORY_BYTES, MEMORY_BYTES),
    # The soft limit comes first and is told from a kill.
    resource.RLIMIT_CPU: (PROCESSOR_S, PROCESSOR_S + 1),
    resource.RLIMIT_FSIZE: (OUTPUT_BYTES, OUTPUT_BYTES),
    resource.RLIMIT_NOFILE: (64, 64),
    resource.RLIMIT_CORE: (0, 0),
}


def confine() -> None:
    """Take away from this process what no honest file needs."""
    os.umask(0o077)
    for limit, values in LIMITS.items():
        resource.setrlimit(limit, values)


def inspect_file(path: Path, out: Path) -> dict[str, str | int]:
    """Write the harmless copy of `path` to `out` and return the facts, or only a refusal."""
    try:
        kind = judge_kind(path.read_bytes())
        content, facts = _disarm(path, kind)
    except FileRefused as refused:
        return {"refusal": refused.refusal}
    except MemoryError:
        return {"refusal": Refusal.TOO_COSTLY}
    out.write_bytes(content)
    return {"kind": kind, "size_bytes": len(content), **facts}


def _disarm(path: Path, kind: FileKind) -> tuple[bytes, dict[str, int]]:
    # Each library takes a tenth of a second to load: a worker pays for one only.
    if kind is FileKind.PDF:
        from server.attachments.documents import rewrite  # noqa: PLC0415 - see above

        return rewrite(path)
    from server.attachments.pictures import redraw  # noqa: PLC0415 - see above

    return redraw(path, kind)


if __name__ == "__main__":
    confine()
    sys.stdout.write(json.dumps(inspect_file(Path(sys.argv[1]), Path(sys.argv[2]))))
