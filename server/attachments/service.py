"""Files of persons: taken in, tied to what they are evidence of, handed out on record."""

from collections.abc import Collection
from datetime import datetime

import structlog

from models.attachments import Attachment, FileView
from models.fields import new_id
from models.states import AttachmentState
from server.attachments import repository
from server.attachments.checks import MEDIA_TYPES, check_attachment, discard, explain
from server.attachments.errors import (
    FileLost,
    FileNotAccepted,
    NotViewable,
    UploadQuotaReached,
    UploadUnreadable,
)
from server.attachments.multipart import Received, UploadFault, UploadRefused, receive
from server.audit.service import record
from server.catalog.rules import SHANGHAI
from server.catalog.service import get_department, get_point
from server.kit.access import Actor
from server.kit.errors import NotFound, TooLarge
from server.kit.http.call import Content, Upload
from server.kit.messages import text
from server.kit.ports import Ports
from server.kit.states import record_move
from server.kit.transaction import guard_database, in_transaction

CHECKED_WITHIN_S = 10.0
"""While the person waits; what takes longer is checked by the job."""

EXTENSIONS = {media_type: str(kind) for kind, media_type in MEDIA_TYPES.items()}

log = structlog.get_logger(__name__)


async def receive_upload(
    upload: Upload, owner_id: str, *, actor: Actor, ports: Ports
) -> Attachment:
    """Take in one file of a person: clean on return, or quarantined until the checks can run.

    Opens its own transactions, none while bytes arrive. Raises `UploadQuotaReached`, `TooLarge`,
    `UploadUnreadable`, and `FileNotAccepted` for a file that was judged and refused.
    """
    await guard_database(lambda: _check_quota(owner_id, ports))
    name = new_id()
    received = await _stream(upload, name, ports)
    try:
        attachment = await in_transaction(lambda: _keep(received, name, owner_id, actor, ports))
    except UploadQuotaReached:
        await discard(ports.blobs.quarantine() / name)
        raise
    judged = await check_attachment(attachment, ports=ports, within_s=CHECKED_WITHIN_S)
    if judged.state is AttachmentState.REFUSED:
        raise FileNotAccepted(reason=judged.refusal, explanation=explain(judged.refusal))
    return judged


async def bind(attachment_id: str, *, owner_id: str, bound_to: str) -> None:
    """Tie a person's own file to what it is evidence of, such as `pre_review:<id>`.

    Raises `NotFound` unless it is theirs, usable, and serves nothing else yet.
    """
    if not await repository.bind_row(attachment_id, owner_id=owner_id, bound_to=bound_to):
        raise NotFound


async def unbind(bound_to: str, *, ids: Collection[str] | None = None) -> None:
    """Let go of the files bound to something, of all or of `ids`; they are deleted in time."""
    await repository.unbind_rows(bound_to, ids=ids)


async def get_attachments(ids: Collection[str]) -> dict[str, Attachment]:
    """Return files by id; ids that are not known are left out."""
    return await Attachment.in_bulk(ids, "id")


async def open_attachment(
    attachment: Attachment, viewer: Actor, *, purpose: str, request_id: str, ports: Ports
) -> Content:
    """Return a clean file under a name of ours, after its viewing is on record.

    The owner's own looks are audited, not listed. Raises `NotViewable`, `FileLost`.
    """
    if attachment.state is not AttachmentState.CLEAN:
        raise NotViewable(state=str(attachment.state))

    async def write() -> None:
        await _record_view(attachment, viewer, purpose=purpose, now=ports.now())
        await record(
            actor=viewer,
            action="attachment.view",
            subject="attachment",
            subject_id=attachment.id,
            now=ports.now(),
            request_id=request_id,
            detail={"purpose": purpose},
        )

    await in_transaction(write)
    return await _load(attachment, ports)


async def _stream(upload: Upload, name: str, ports: Ports) -> Received:
    try:
        return await receive(
            upload.chunks,
            content_type=upload.content_type,
            into=ports.blobs.quarantine() / name,
            limit_bytes=ports.settings.upload_limit_bytes,
        )
    except UploadRefused as refused:
        if refused.code is UploadFault.TOO_LARGE:
            raise TooLarge from None
        explanation = text(f"upload_fault_{refused.code}")
        raise UploadUnreadable(reason=str(refused.code), explanation=explanation) from None


async def _keep(
    received: Received, name: str, owner_id: str, actor: Actor, ports: Ports
) -> Attachment:
    now = ports.now()
    await repository.lock_uploads(owner_id, since=_day_start(now))
    await _check_quota(owner_id, ports)
    attachment = await Attachment.create(
        owner_id=owner_id,
        state=AttachmentState.QUARANTINED,
        size_bytes=received.size_bytes,
        sha256=received.sha256,
        quarantine_name=name,
        uploaded_at=now,
    )
    await record_move(attachment, from_state=None, to_state=attachment.state, actor=actor, now=now)
    return attachment


async def _check_quota(owner_id: str, ports: Ports) -> None:
    limit = ports.settings.uploads_per_day
    if await repository.count_uploads(owner_id, since=_day_start(ports.now())) >= limit:
        raise UploadQuotaReached(limit=limit)


def _day_start(now: datetime) -> datetime:
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


async def _record_view(
    attachment: Attachment, viewer: Actor, *, purpose: str, now: datetime
) -> None:
    if viewer.person_id == attachment.owner_id:
        return
    await FileView.create(
        attachment_id=attachment.id,
        owner_id=attachment.owner_id,
        viewer=viewer.name,
        viewer_name=await _viewer_name(viewer),
        purpose=purpose,
        viewed_at=now,
    )


async def _viewer_name(viewer: Actor) -> str:
    role = text(f"viewer_{viewer.role}")
    if viewer.point_code is not None:
        return f"{(await get_point(viewer.point_code)).name} {role}"[:64]
    if viewer.department_code is not None:
        return f"{(await get_department(viewer.department_code)).name} {role}"[:64]
    return role


async def _load(attachment: Attachment, ports: Ports) -> Content:
    try:
        content = await ports.blobs.load(attachment.blob_key)
    except FileNotFoundError:
        raise FileLost from None
    name = text("attachment_name", number=attachment.id[-8:])
    extension = EXTENSIONS[attachment.media_type]
    return Content(content, attachment.media_type, name=f"{name}.{extension}")
