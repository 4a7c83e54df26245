"""Messages from outside, each worked on once however often it is sent."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from models.bookkeeping import InboxRow


async def keep_once(source: str, external_id: str, *, now: datetime) -> bool:
    """Note a message inside the transaction of its effect; False if it was noted before."""
    if await InboxRow.exists(source=source, external_id=external_id):
        return False
    try:
        await InboxRow.create(source=source, external_id=external_id, received_at=now)
    except IntegrityError:
        return False
    return True
