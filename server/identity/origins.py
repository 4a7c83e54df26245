"""Where citizens log in from, as keyed digests: what many accounts have in common stands out."""

from datetime import datetime, timedelta

from models.fields import digest_of
from models.kinds import OriginKind
from models.people import LoginOrigin
from server.kit.access import Origin
from server.kit.bulk import insert, run_all

KEPT_FOR = timedelta(days=30)
_COLUMNS = ("kind", "digest", "account_id", "last_seen_at")


async def note_login(account_id: str, origin: Origin, *, now: datetime) -> None:
    """Keep the digests of what an account logged in from; inside the transaction."""
    known = ((OriginKind.DEVICE, origin.device), (OriginKind.ADDRESS, origin.address))
    for kind, plain in known:
        if plain:
            await _note(kind, digest_of(f"login.{kind}:{plain}"), account_id, now)


async def _note(kind: OriginKind, digest: str, account_id: str, now: datetime) -> None:
    row = (kind.value, digest, account_id, now)
    await run_all([insert(LoginOrigin, _COLUMNS, [row], keeps_known=True)])
    known = LoginOrigin.filter(kind=kind, digest=digest, account_id=account_id)
    await known.filter(last_seen_at__lt=now).update(last_seen_at=now)


async def forget_old_origins(*, now: datetime) -> int:
    """Delete what was last seen longer ago than it is kept and return how many."""
    return await LoginOrigin.filter(last_seen_at__lt=now - KEPT_FOR).delete()
