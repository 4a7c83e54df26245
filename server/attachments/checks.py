"""The verdict on a quarantined file: inspected, scanned, settled.

The raw file is deleted after its verdict is committed, so that whatever dies in between leaves a
file that waits for the next try.
"""

import asyncio
from pathlib import Path

import structlog

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Scanner
from models.attachments import Attachment
from models.states import AttachmentState
from server.attachments.inspection import Inspection, InspectionFailed, clean_path, inspect
from server.attachments.rules import FileKind, Refusal
from server.identity.people import find_account_of
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.messages import text
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction
from server.notifications.events import notify

MEDIA_TYPES = {
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.PDF: "application/pdf",
}
FILE_LOST = "file_lost"
NEVER_USED = "never_used"

log = structlog.get_logger(__name__)


def explain(refusal: str) -> str:
    """Return why a file was refused, for people."""
    return text(f"file_refusal_{refusal}")


async def check_attachment(
    attachment: Attachment, *, ports: Ports, within_s: float, tells_owner: bool = False
) -> Attachment:
    """Judge a quarantined file and return its row: clean, refused, or as it was if none can tell.

    `tells_owner` sends word of a refusal, for an owner who is not waiting for the answer.
    """
    path = quarantine_path(attachment, ports)
    try:
        async with asyncio.timeout(within_s):
            inspection = await _judge(path, ports.scanner)
    except (InspectionFailed, VendorUnavailable, TimeoutError) as error:
        reason = type(error).__name__
        log.warning("upload_stays_quarantined", attachment=attachment.id, reason=reason)
        await asyncio.to_thread(clean_path(path).unlink, missing_ok=True)
        return attachment
    if inspection.kind is None:
        refusal = str(inspection.refusal)
        judged = await refuse(attachment.id, refusal, ports=ports, tells_owner=tells_owner)
    else:
        judged = await _accept(attachment.id, inspection.kind, path, ports)
    await discard(path)
    return judged


async def refuse(
    attachment_id: str, refusal: str, *, ports: Ports, tells_owner: bool = False
) -> Attachment:
    """Refuse a quarantined file on record, in a transaction of its own; its bytes stay."""

    async def write() -> Attachment:
        row = await Attachment.get(id=attachment_id)
        await advance(
            row,
            AttachmentState.REFUSED,
            actor=ENGINE,
            now=ports.now(),
            reason=refusal,
            refusal=refusal,
            quarantine_name="",
        )
        if tells_owner:
            await _tell_owner(row, ports)
        return row

    return await in_transaction(write)


def quarantine_path(attachment: Attachment, ports: Ports) -> Path:
    """Return where the raw file lies."""
    return ports.blobs.quarantine() / attachment.quarantine_name


async def discard(path: Path) -> None:
    """Delete a raw file and the copy beside it."""
    await asyncio.to_thread(_unlink, path)


def _unlink(path: Path) -> None:
    clean_path(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


async def _judge(path: Path, scanner: Scanner) -> Inspection:
    inspection = await inspect(path)
    if inspection.refusal is None and not (await scanner.scan(path)).clean:
        return Inspection(refusal=Refusal.MALWARE)
    return inspection


async def _accept(attachment_id: str, kind: FileKind, path: Path, ports: Ports) -> Attachment:
    content = await asyncio.to_thread(clean_path(path).read_bytes)
    blob_key = await ports.blobs.store(content)

    async def write() -> Attachment:
        row = await Attachment.get(id=attachment_id)
        await advance(
            row,
            AttachmentState.CLEAN,
            actor=ENGINE,
            now=ports.now(),
            blob_key=blob_key,
            media_type=MEDIA_TYPES[kind],
            size_bytes=len(content),
            quarantine_name="",
        )
        return row

    try:
        return await in_transaction(write)
    except (ChangedMeanwhile, WrongState):
        await ports.blobs.delete(blob_key)
        raise


async def _tell_owner(row: Attachment, ports: Ports) -> None:
    await notify(
        kind="upload_refused",
        account_id=await find_account_of(row.owner_id),
        subject_id=row.id,
        key="refused",
        now=ports.now(),
        data={"reason": explain(row.refusal)},
    )
