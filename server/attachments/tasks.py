"""What happens to files by itself: late checks, and the deletion of what serves for nothing."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from models.attachments import Attachment
from models.states import AttachmentState
from server.attachments import repository
from server.attachments.checks import (
    FILE_LOST,
    NEVER_USED,
    check_attachment,
    discard,
    quarantine_path,
    refuse,
)
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction

LEFT_TO_REQUEST = timedelta(seconds=60)
"""Longer than a request tries by itself."""
CHECKED_AT_ONCE = 20
CHECKED_WITHIN_S = 25.0
UNUSED_FOR = timedelta(days=7)
LEFT_OVER_FOR = timedelta(hours=1)
"""Longer than any upload lasts: a younger file may just be arriving."""
SWEPT_AT_ONCE = 200

log = structlog.get_logger(__name__)


async def check_quarantined(ports: Ports) -> None:
    """Check files whose check did not come about while their owners waited."""
    before = ports.now() - LEFT_TO_REQUEST
    for waiting in await repository.find_quarantined(before=before, limit=CHECKED_AT_ONCE):
        try:
            await _check(waiting, ports)
        except (ChangedMeanwhile, WrongState):
            log.info("upload_judged_meanwhile", attachment=waiting.id)


async def sweep_uploads(ports: Ports) -> None:
    """Delete files that nothing refers to: unused for a week, deleted on record, left over."""
    before = ports.now() - UNUSED_FOR
    for unused in await repository.find_never_bound(before=before, limit=SWEPT_AT_ONCE):
        try:
            await _give_up(unused, ports)
        except (ChangedMeanwhile, WrongState):
            log.info("upload_used_meanwhile", attachment=unused.id)
    for deleted in await repository.find_undeleted_blobs(limit=SWEPT_AT_ONCE):
        await _delete_blob(deleted, ports)
    await _discard_left_over(ports)


async def _check(waiting: Attachment, ports: Ports) -> None:
    path = quarantine_path(waiting, ports)
    if await asyncio.to_thread(path.exists):
        await check_attachment(waiting, ports=ports, within_s=CHECKED_WITHIN_S, tells_owner=True)
        return
    log.error("quarantined_file_lost", attachment=waiting.id)
    await refuse(waiting.id, FILE_LOST, ports=ports, tells_owner=True)


async def _give_up(unused: Attachment, ports: Ports) -> None:
    if unused.state is AttachmentState.QUARANTINED:
        path = quarantine_path(unused, ports)
        await refuse(unused.id, NEVER_USED, ports=ports)
        await discard(path)
        return

    async def write() -> None:
        await advance(
            unused, AttachmentState.DELETED, actor=ENGINE, now=ports.now(), reason=NEVER_USED
        )

    await in_transaction(write)


async def _delete_blob(deleted: Attachment, ports: Ports) -> None:
    await ports.blobs.delete(deleted.blob_key)

    async def write() -> None:
        await Attachment.filter(id=deleted.id, blob_key=deleted.blob_key).update(blob_key="")

    await in_transaction(write)


async def _discard_left_over(ports: Ports) -> None:
    before = ports.now() - LEFT_OVER_FOR
    files = await asyncio.to_thread(_older_files, ports.blobs.quarantine(), before)
    if not files:
        return
    wanted = await repository.quarantined_names()
    for file in _unwanted(files, wanted):
        log.warning("left_over_upload_deleted", name=file.name)
        await asyncio.to_thread(file.unlink, missing_ok=True)


def _older_files(folder: Path, before: datetime) -> list[Path]:
    oldest = before.timestamp()
    return [file for file in folder.iterdir() if file.stat().st_mtime < oldest]


def _unwanted(files: Iterable[Path], wanted: Collection[str]) -> list[Path]:
    return [file for file in files if file.name.partition(".")[0] not in wanted]


JOBS = (
    Job(name="check_quarantined_uploads", every_s=30, run=check_quarantined),
    Job(name="sweep_uploads", every_s=3600, run=sweep_uploads),
)
CONSUMERS: tuple[Consumer, ...] = ()
