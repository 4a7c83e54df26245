"""Who may reach a file: its owner, and staff whose work it is evidence for."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from models.attachments import Attachment
from server.kit.access import Actor, found
from server.kit.errors import NotFound

StaffCheck = Callable[[Attachment, Actor, datetime], Awaitable[str | None]]
"""Tells for which purpose a member of staff may see a file now; None if for none."""

_checks: list[StaffCheck] = []


def register_staff_check(check: StaffCheck) -> None:
    """Let a higher capability open files for the work it gives; called by the composition root."""
    if check not in _checks:
        _checks.append(check)


async def access_own_attachment(attachment_id: str, *, person_id: str) -> Attachment:
    """Return a person's own file; raises `NotFound`."""
    return found(await Attachment.get_or_none(id=attachment_id, owner_id=person_id))


async def access_attachment_at_desk(
    attachment_id: str, *, actor: Actor, now: datetime
) -> tuple[Attachment, str]:
    """Return a file and the purpose for which the actor may see it; raises `NotFound`."""
    attachment = found(await Attachment.get_or_none(id=attachment_id))
    for check in _checks:
        purpose = await check(attachment, actor, now)
        if purpose is not None:
            return attachment, purpose
    raise NotFound
