"""扫码寄递: a code at the window, a form on the phone, a parcel.

The code is kept as a digest and lives a quarter of an hour. Whoever holds it stands at the window,
where the clerk has seen who he is; what is known of the case's own person is shown to nobody else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from integrations.contracts.carrier import Party
from models.delivery import DeliveryAddress, MailCode, Parcel
from models.fields import digest_of
from models.kinds import ParcelPurpose
from models.states import MailCodeState
from server.delivery.addresses import give_address, party_of
from server.delivery.codes import draw_long, draw_qr
from server.delivery.errors import MailCodeEnded
from server.delivery.reach import Settled, note_reach
from server.delivery.rules import MAIL_CODE_LIFE
from server.delivery.service import pack_parcel, receiver_of
from server.identity.people import find_account_of
from server.kit.access import ENGINE, Actor, found
from server.kit.errors import ChangedMeanwhile
from server.kit.ports import Ports
from server.kit.states import advance, record_move
from server.kit.transaction import in_transaction
from server.notifications.events import notify

BATCH = 500


@dataclass(frozen=True, slots=True)
class FreshMailCode:
    """A code as it is shown once."""

    long: str = field(repr=False)
    expires_at: datetime

    @property
    def qr_svg(self) -> str:
        """The picture of `tb:m=<code>`."""
        return draw_qr(f"tb:m={self.long}")


async def issue_mail_code(
    *,
    point_code: str,
    contents: str,
    case_id: str | None = None,
    person_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> FreshMailCode:
    """Make a code for the result of a case, or for whatever a visitor has sent to him."""
    fresh = FreshMailCode(draw_long(), now + MAIL_CODE_LIFE)
    code = await MailCode.create(
        digest=_digest(fresh.long),
        point_code=point_code,
        contents=contents,
        case_id=case_id,
        person_id=person_id,
        state=MailCodeState.ISSUED,
        issued_at=now,
        expires_at=fresh.expires_at,
    )
    await record_move(code, from_state=None, to_state=code.state, actor=actor, now=now)
    return fresh


async def find_mail_code(long: str, *, actor: Actor, now: datetime) -> MailCode:
    """Return the code if it can be filled in by this account, or was.

    Raises `NotFound` for none, `MailCodeEnded` after its time or another's use.
    """
    code = found(await MailCode.get_or_none(digest=_digest(long)))
    is_over = code.state is MailCodeState.EXPIRED or now >= code.expires_at
    if is_over or (code.state is MailCodeState.USED and code.used_by != actor.id):
        raise MailCodeEnded
    return code


async def known_receiver(code: MailCode, actor: Actor) -> Party | None:
    """Return where this citizen's mail went last; None for whoever is not the code's own person."""
    if actor.person_id is None or code.person_id not in {None, actor.person_id}:
        return None
    given = DeliveryAddress.filter(person_id=actor.person_id)
    latest = await given.order_by("-given_at").first()
    return party_of(latest) if latest else None


async def fill_in(code: MailCode, settled: Settled, *, actor: Actor, now: datetime) -> None:
    """Take the form: give the case its address, or pack the visitor's parcel; once.

    The same account may send the same form again. Raises `MailCodeEnded`, `AlreadyCollected`.
    """
    if code.state is MailCodeState.USED:
        await _fill_in_again(code, settled, actor=actor, now=now)
        return
    await advance(code, MailCodeState.USED, actor=actor, now=now, used_by=actor.id)
    if code.case_id is not None:
        await _give(code, settled, actor=actor, now=now)
    else:
        await _pack(code, settled, actor=actor, now=now)


async def expire_mail_codes(ports: Ports) -> None:
    """End codes whose time is over."""
    now = ports.now()
    over = MailCode.filter(state=MailCodeState.ISSUED, expires_at__lte=now)
    for code in await over.order_by("id").limit(BATCH):
        try:
            await in_transaction(_expiring(code, now))
        except ChangedMeanwhile:
            continue


async def _fill_in_again(code: MailCode, settled: Settled, *, actor: Actor, now: datetime) -> None:
    if code.case_id is not None:
        await _give(code, settled, actor=actor, now=now)
        return
    parcel = await Parcel.get(id=code.parcel_id)
    if receiver_of(parcel) != settled.receiver:
        raise MailCodeEnded


async def _give(code: MailCode, settled: Settled, *, actor: Actor, now: datetime) -> None:
    person_id = str(code.person_id)
    address = await give_address(
        str(code.case_id), person_id, settled.receiver, actor=actor, now=now
    )
    await note_reach(address.id, is_checked=settled.is_checked, point_code=code.point_code, now=now)
    # Somebody else may have stood at the window for him.
    await notify(
        kind="parcel_address_given",
        account_id=await find_account_of(person_id),
        subject_id=address.id,
        key=code.id,
        now=now,
        data={"city": address.city, "contents": code.contents},
    )


async def _pack(code: MailCode, settled: Settled, *, actor: Actor, now: datetime) -> None:
    parcel = await pack_parcel(
        purpose=ParcelPurpose.RESULT,
        point_code=code.point_code,
        contents=code.contents,
        receiver=settled.receiver,
        person_id=actor.person_id or code.person_id,
        actor=actor,
        now=now,
    )
    code.parcel_id = parcel.id
    await MailCode.filter(id=code.id).update(parcel_id=parcel.id)
    await note_reach(parcel.id, is_checked=settled.is_checked, point_code=code.point_code, now=now)


def _expiring(code: MailCode, now: datetime) -> Callable[[], Awaitable[None]]:
    return lambda: advance(code, MailCodeState.EXPIRED, actor=ENGINE, now=now)


def _digest(long: str) -> str:
    return digest_of(f"mail.code:{long}")
