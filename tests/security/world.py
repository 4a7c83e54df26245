"""Two points, two departments, and everybody who has, or has not, to do with what lies there."""

from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from models.closures import Reseating
from models.delivery import CourierOrder
from models.draws import DrawWish
from models.kinds import (
    ParcelPurpose,
    ParcelTaskKind,
    SessionKind,
    StaffRole,
    StayPurpose,
    TransferWay,
    WindowKind,
)
from models.people import Relative, WechatAccount
from models.rosters import Absence
from models.staff import CourierAccount, StaffAccount
from models.states import AbsenceState, ClosureState, DrawWishState, RelativeState, ReseatingState
from server.appointments.booking import Booker, book
from server.appointments.holds import hold_place
from server.appointments.waitlist import Wanted, join_waitlist
from server.appointments.wishes import Times
from server.cases.accept import accept_case
from server.cases.receive import Papers, receive_case
from server.cases.take_over import take_over_case
from server.cases.transfer import transfer_case
from server.catalog.service import get_item, materials_of
from server.delivery.locker_setup import set_up_locker
from server.delivery.lockers import Announced, reserve_cell
from server.delivery.mail_codes import issue_mail_code
from server.delivery.orders import drive_order
from server.delivery.parcel_tasks import open_task
from server.delivery.schemas_lockers import LockerIn
from server.delivery.service import pack_parcel, seal_parcel
from server.identity.people import get_person
from server.identity.sessions import open_session
from server.kit.access import Actor, Role
from server.prereview import drafts, reviewing
from server.queueing.tickets import WalkIn, take_ticket
from tests.server.delivery.parcels import RECEIVER
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    make_slots,
    offer_now,
    wish,
)
from tests.support.closing import closing
from tests.support.papers import make_citizen, take_in, together
from tests.support.relaying import relay_all

CASE_ITEM = "GL0002"
"""Accepted at streets, decided by a department of the district, mailed."""
ELSEWHERE = "350100-FG"

ACTORS = (
    "nobody",
    "owner",
    "other",
    "nameless",
    "clerk",
    "clerk2",
    "manager",
    "handler",
    "handler2",
    "courier",
    "courier2",
    "supervisor",
    "admin",
)
"""`other` is another citizen, `nameless` one without a real name; a 2 works elsewhere."""


@dataclass
class World:
    """The ids of what there is, and who asks for it."""

    ports: object
    ids: dict[str, str] = field(default_factory=dict)
    people: dict[str, tuple[SessionKind, str]] = field(default_factory=dict)

    async def headers(self, who):
        """Headers of a new session, so that one that logs out ends no other."""
        key = {"idempotency-key": uuid4().hex}
        if who == "nobody":
            return key
        kind, subject_id = self.people[who]
        session = await open_session(kind, subject_id, ports=self.ports, now=self.ports.now())
        return key | {"authorization": f"Bearer {session.token}"}


async def build_world(ports):
    """Make everybody, and one of each thing that can be reached."""
    world = World(ports)
    owner = await _make_citizens(world)
    await _make_staff(world)
    await _make_visit(world, owner)
    await _make_relative(world, owner)
    await _make_papers(world, owner)
    await _make_cases(world, owner)
    await _make_parcels(world, owner)
    await relay_all(ports)
    return world


def staff_actor(world, who):
    """A member of staff as service functions know him."""
    role = Role(who.rstrip("2"))
    point, department = _PLACES[who]
    return Actor(role, id=world.people[who][1], point_code=point, department_code=department)


_PLACES = {
    "clerk": (STREET, None),
    "clerk2": (OTHER_STREET, None),
    "manager": (STREET, None),
    "handler": (None, None),
    "handler2": (None, ELSEWHERE),
    "supervisor": (None, None),
    "admin": (None, None),
}


async def _make_citizens(world):
    owner, other = await make_citizen(1), await make_citizen(2)
    nameless = await WechatAccount.create(
        openid="nameless", openid_digest="n", created_at=world.ports.now()
    )
    for who, account_id in (("owner", owner.id), ("other", other.id), ("nameless", nameless.id)):
        world.people[who] = (SessionKind.CITIZEN, account_id)
    return owner


async def _make_staff(world):
    item = await get_item(CASE_ITEM)
    for who, (point, department) in _PLACES.items():
        account = await StaffAccount.create(
            login=who,
            display_name=who,
            role=StaffRole(who.rstrip("2")),
            point_code=point,
            department_code=item.department_code if who == "handler" else department,
            password_hash="",
            totp_secret="",
            created_at=world.ports.now(),
        )
        world.people[who] = (SessionKind.STAFF, account.id)
    for who, point in (("courier", STREET), ("courier2", OTHER_STREET)):
        account = await CourierAccount.create(
            login=who,
            display_name=who,
            carrier="ems",
            point_codes=[point],
            password_hash="",
            created_at=world.ports.now(),
        )
        world.people[who] = (SessionKind.COURIER, account.id)


async def _make_visit(world, owner):
    now, settings = world.ports.now(), world.ports.settings
    await make_slots(12, capacity=3)
    await make_slots(3, begin=now)
    person = await get_person(owner.person_id)
    booker = Booker(person.id, person.id_digest, owner.id, owner)
    visit = await together(lambda: book(wish(ITEM), booker, now=now, settings=settings))
    later = TEN + 3 * QUANTUM
    hold = await together(
        lambda: hold_place(STREET, later, (SHORT_ITEM,), booker=booker, now=now, settings=settings)
    )
    times = Times(date(2026, 11, 24), date(2026, 11, 25))
    wanted = Wanted((SHORT_ITEM,), (), times)
    waiting = await together(lambda: join_waitlist(wanted, booker, now=now, settings=settings))
    walk_in = WalkIn(STREET, WindowKind.CONSULT, owner.person_id)
    ticket = await together(lambda: take_ticket(walk_in, actor=owner, now=now, settings=settings))
    world.ids |= {"visit": visit.id, "hold": hold.id, "ticket": ticket.id}
    drawn = await DrawWish.create(
        draw_id="draw",
        person_id=booker.person_id,
        person_digest=booker.person_digest,
        item_codes=[SHORT_ITEM],
        minutes=12,
        quanta=3,
        point_codes=[],
        hours=[],
        state=DrawWishState.ENTERED,
        created_at=now,
    )
    offer = await offer_now(booker, world.ports, starts_at=later, codes=(SHORT_ITEM,))
    manager = staff_actor(world, "manager")
    closure, line = await _make_closure(visit, now)
    away, line_away = await _make_closure(visit, now, is_open=None, point_code=OTHER_STREET)
    own, _ = await _make_closure(visit, now, is_open=None, created_by=manager.name)
    world.ids |= {
        "absence": (await _make_absence(manager.id, now)).id,
        "absence_away": (await _make_absence(uuid4().hex, now, point_code=OTHER_STREET)).id,
        "waiting": waiting.id,
        "offer": offer.id,
        "drawn": drawn.id,
        "closure": closure.id,
        "closure_away": away.id,
        "point_closure": own.id,
        "reseating": line.id,
        "reseating_away": line_away.id,
    }


async def _make_absence(staff_id, now, *, point_code=STREET):
    """Somebody who is missed at no window."""
    return await Absence.create(
        point_code=point_code,
        staff_id=staff_id,
        day=TEN.date(),
        state=AbsenceState.RECORDED,
        recorded_by="manager",
        created_at=now,
    )


async def _make_closure(visit, now, *, is_open=True, **changes):
    """A closure with one person to be called, for that visit; no visit is open on two lists."""
    closure = closing(state=ClosureState.IN_FORCE, **changes)
    await closure.save(force_create=True)
    line = await Reseating.create(
        closure_id=closure.id,
        appointment_id=visit.id,
        open=is_open,
        state=ReseatingState.TO_CALL,
        created_at=now,
    )
    return closure, line


async def _make_relative(world, owner):
    """The owner has asked the other citizen."""
    account = await WechatAccount.get(id=world.people["other"][1])
    person = await get_person(account.person_id)
    asked = await Relative.create(
        account_id=owner.id,
        name=person.name,
        id_number=person.id_number,
        id_digest=person.id_digest,
        state=RelativeState.ASKED,
        created_at=world.ports.now(),
    )
    world.ids["relative"] = asked.id


async def _make_papers(world, owner):
    passed, clerk = await _submit(world, owner), staff_actor(world, "clerk")
    claim = await _claim(world, clerk)
    await passed.refresh_from_db()
    await together(
        lambda: reviewing.pass_papers(passed, claim, now=world.ports.now(), redis=world.ports.redis)
    )
    claimed = await _submit(world, owner)
    await _claim(world, clerk)
    draft, file_id = await _draft(world, owner)
    world.ids |= {"draft": draft.id, "own_file": file_id, "claimed": claimed.id}
    world.ids |= {"passed": passed.id, "claimed_file": await _file_of(claimed)}
    world.ids |= {"case_file": await _file_of(passed)}


async def _draft(world, owner):
    now = world.ports.now()
    draft = await together(
        lambda: drafts.start_pre_review(
            CASE_ITEM, wished_point_code=STREET, person_id=owner.person_id, actor=owner, now=now
        )
    )
    materials = await materials_of(await get_item(CASE_ITEM))
    for material in (one for one in materials if one.is_required):
        file = await take_in(world.ports, owner)
        await together(
            lambda seq=material.seq, file=file: drafts.hand_in(draft, seq, attachment=file, now=now)
        )
    await draft.refresh_from_db()
    return draft, file.id


async def _submit(world, owner):
    draft, _ = await _draft(world, owner)
    ports = world.ports
    await together(lambda: drafts.submit(draft, actor=owner, now=ports.now(), ports=ports))
    return draft


async def _claim(world, clerk):
    _, task = await together(
        lambda: reviewing.claim_next(STREET, clerk, now=world.ports.now(), ports=world.ports)
    )
    return reviewing.Claim(task.fence, clerk, STREET)


async def _file_of(pre_review):
    material = await pre_review.materials.all().order_by("seq").first()
    return material.attachment_id


async def _make_cases(world, owner):
    for name in ("case_here", "case_sent", "case_sent_too", "case_there"):
        pre_review = world.ids["passed"] if name == "case_there" else None
        case = await _receive(world, owner, pre_review)
        world.ids[name] = case.case_no
        if name != "case_here":
            await _send(world, case, is_taken=name == "case_there")


async def _receive(world, owner, pre_review_id):
    papers = Papers(await get_person(owner.person_id), CASE_ITEM, pre_review_id=pre_review_id)
    clerk, now = staff_actor(world, "clerk"), world.ports.now()
    return await together(lambda: receive_case(papers, point_code=STREET, actor=clerk, now=now))


async def _send(world, case, *, is_taken):
    clerk, handler = staff_actor(world, "clerk"), staff_actor(world, "handler")
    now = world.ports.now()
    await together(lambda: accept_case(case, actor=clerk, now=now))
    way = TransferWay.MAILED if not is_taken else TransferWay.CARRIED
    sent = await together(lambda: transfer_case(case, way=way, actor=clerk, now=now))
    if is_taken:
        await together(lambda: take_over_case(case, sent, actor=handler, now=now))


async def _make_parcels(world, owner):
    clerk, now = staff_actor(world, "clerk"), world.ports.now()
    parcel = await together(
        lambda: pack_parcel(
            purpose=ParcelPurpose.RESULT,
            point_code=STREET,
            contents="审批结果文书",
            receiver=RECEIVER,
            person_id=owner.person_id,
            actor=clerk,
            now=now,
        )
    )
    await drive_order(parcel.id, world.ports)
    await parcel.refresh_from_db()
    await together(lambda: seal_parcel(parcel, seal_no="S-1", actor=clerk, now=now))
    await parcel.refresh_from_db()
    order = await CourierOrder.get(parcel_id=parcel.id)
    task = await together(
        lambda: open_task(ParcelTaskKind.LOST, parcel.id, point_code=STREET, now=now)
    )
    code = await together(
        lambda: issue_mail_code(point_code=STREET, contents="审批结果文书", actor=clerk, now=now)
    )
    world.ids |= {
        "waybill": parcel.waybill_no,
        "mail_code": code.long,
        "stay": await _make_stay(world, owner),
    }
    world.ids |= {"parcel": parcel.id, "round": parcel.round_id, "order": order.id, "task": task.id}


async def _make_stay(world, owner):
    """Materials on their way into a locker of the street, for the department of the cases."""
    clerk, now = staff_actor(world, "clerk"), world.ports.now()
    item = await get_item(CASE_ITEM)
    given = LockerIn(point_code=STREET, place="大厅", cells=50)
    locker = await together(lambda: set_up_locker("L1", given, actor=clerk, now=now))
    announced = Announced(StayPurpose.DEPOSIT, owner.person_id, item.department_code, "原件")
    stay, _ = await together(lambda: reserve_cell(locker, announced, actor=clerk, now=now))
    return stay.id
