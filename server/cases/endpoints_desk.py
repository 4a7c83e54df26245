"""Cases at the desks: points receive, accept, transfer and follow up; departments decide."""

from models.cases import Case
from models.kinds import Assurance
from models.people import Person
from server.cases import errors
from server.cases.accept import accept_case
from server.cases.access import (
    access_accepted_case,
    access_case,
    access_held_case,
    access_sent_case,
    cases_of_staff,
)
from server.cases.close import close_case
from server.cases.decide import decide_case
from server.cases.hand_back import hand_back_case
from server.cases.issue import issue_case
from server.cases.lockers import reserve_for_result
from server.cases.mailing import code_for_case, code_for_visit
from server.cases.notify_missing import notify_missing, supplement_case
from server.cases.recall import recall_transfer
from server.cases.receive import Papers, receive_case
from server.cases.refuse import refuse_case
from server.cases.schemas import (
    CaseDetailOut,
    CaseOut,
    DecideIn,
    DeskQuery,
    NotifyMissingIn,
    ReasonIn,
    ReceiveIn,
    SuspendIn,
    TransferIn,
)
from server.cases.suspend import resume_case, suspend_case
from server.cases.take_over import take_over_case
from server.cases.transfer import transfer_case
from server.cases.views import show_case, show_case_whole
from server.cases.withdraw import withdraw_case
from server.catalog.errors import UnknownItem
from server.delivery.errors import NoFreeCell
from server.delivery.of_case import has_result_parcel
from server.delivery.schemas_lockers import ResultStayIn, StayCodeOut
from server.delivery.schemas_mailing import MailCodeIn, MailCodeOut
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.people import get_person, register_person
from server.kit.access import CASE_STAFF, HANDLERS, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Nothing, Page
from server.kit.states import touch
from server.queueing.service import get_ticket

desk = Surface("/desk", tag="cases_desk")

MOVING = (WrongState, ChangedMeanwhile)


@desk.post(
    "/cases",
    allows=POINT_STAFF,
    status=201,
    refuses=(
        NotFound,
        UnknownItem,
        errors.NotTakenHere,
        errors.TicketNotServed,
        errors.PreReviewUnfit,
        IdNumberInvalid,
        IdentityTaken,
        NotFound,
    ),
)
async def receive(call: Call[ReceiveIn, None]) -> CaseOut:
    """Take papers in: of the person being served, or of somebody shown by identity card."""
    papers = Papers(
        person=await _person_at_the_window(call),
        item_code=call.body.item_code,
        ticket_id=call.body.ticket_id,
        pre_review_id=call.body.pre_review_id,
    )
    case = await receive_case(papers, point_code=call.point_code, actor=call.actor, now=call.now)
    return show_case(case)


@desk.get("/cases", allows=CASE_STAFF)
async def cases(call: Call[None, DeskQuery]) -> Page[CaseOut]:
    """List what the desk has to do with: accepted here, held here, or on its way here."""
    found = cases_of_staff(call.actor)
    if call.query.state is not None:
        found = found.filter(state=call.query.state)
    return await page_of(found, call.query, show_case)


@desk.get("/cases/<case_no>", allows=CASE_STAFF)
async def case(call: Call) -> CaseDetailOut:
    """Show one case whole."""
    found = await access_case(call.actor, call.path["case_no"])
    return await show_case_whole(found, now=call.now)


@desk.post("/cases/<case_no>/accept", allows=POINT_STAFF, refuses=MOVING)
async def accept(call: Call[Nothing, None]) -> CaseOut:
    """Accept: the clock starts."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await accept_case(found, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/refuse", allows=POINT_STAFF, refuses=MOVING)
async def refuse(call: Call[ReasonIn, None]) -> CaseOut:
    """Do not accept, and say why."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await refuse_case(found, reason=call.body.reason, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post(
    "/cases/<case_no>/notify-missing",
    allows=POINT_STAFF,
    refuses=(*MOVING, errors.NothingMissing, errors.AlreadyNotified),
)
async def tell_what_is_missing(call: Call[NotifyMissingIn, None]) -> CaseOut:
    """Tell everything that is missing, once (一次性告知)."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await notify_missing(
        found,
        call.body.missing(),
        repeat_reason=call.body.repeat_reason or "",
        actor=call.actor,
        now=call.now,
    )
    return show_case(found)


@desk.post("/cases/<case_no>/supplement", allows=POINT_STAFF, refuses=MOVING)
async def supplement(call: Call[Nothing, None]) -> CaseOut:
    """Take what was missing."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await supplement_case(found, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post(
    "/cases/<case_no>/mail-code", allows=POINT_STAFF, refuses=(errors.NotMailable,), status=201
)
async def show_mail_code(call: Call[Nothing, None]) -> MailCodeOut:
    """Show a code, this once, by which the result is mailed to where the phone says."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    return MailCodeOut.of(await code_for_case(found, actor=call.actor, now=call.now))


@desk.post(
    "/cases/<case_no>/locker-stays",
    allows=CASE_STAFF,
    refuses=(*MOVING, NotFound, NoFreeCell, errors.ParcelUnderWay),
    status=201,
)
async def put_into_locker(call: Call[ResultStayIn, None]) -> StayCodeOut:
    """Reserve a cell for the result, which its owner then fetches by a code of his own."""
    found = await access_held_case(call.actor, call.path["case_no"])
    stay, fresh = await reserve_for_result(
        found, call.body.locker_code, actor=call.actor, now=call.now
    )
    return StayCodeOut.of(stay, fresh)


@desk.post("/tickets/<ticket_id>/mail-code", allows=POINT_STAFF, refuses=(NotFound,), status=201)
async def show_visit_code(call: Call[MailCodeIn, None]) -> MailCodeOut:
    """Show a visitor a code, this once, by which something is mailed to him without a case."""
    code = await code_for_visit(
        call.path["ticket_id"],
        call.body.contents,
        point_code=call.point_code,
        actor=call.actor,
        now=call.now,
    )
    return MailCodeOut.of(code)


@desk.post(
    "/cases/<case_no>/transfer",
    allows=POINT_STAFF,
    refuses=(*MOVING, errors.DecidedHere, errors.DigitalOnly, errors.TransferOpen),
)
async def transfer(call: Call[TransferIn, None]) -> CaseDetailOut:
    """Send the case to whoever decides it: digitally, by mail, or carried."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await transfer_case(found, way=call.body.way, actor=call.actor, now=call.now)
    return await show_case_whole(found, now=call.now)


@desk.post("/cases/<case_no>/recall", allows=POINT_STAFF, refuses=(*MOVING, errors.NoOpenTransfer))
async def recall(call: Call[ReasonIn, None]) -> CaseDetailOut:
    """Call a transfer back that was not taken over."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await recall_transfer(found, reason=call.body.reason, actor=call.actor, now=call.now)
    return await show_case_whole(found, now=call.now)


@desk.post("/cases/<case_no>/take-over", allows=HANDLERS, refuses=MOVING)
async def take_over(call: Call[Nothing, None]) -> CaseOut:
    """Take over a case that was sent here."""
    found, sent = await access_sent_case(call.actor, call.path["case_no"])
    await take_over_case(found, sent, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/return", allows=HANDLERS, refuses=MOVING)
async def hand_back(call: Call[ReasonIn, None]) -> CaseOut:
    """Send a transfer back, and say why."""
    found, sent = await access_sent_case(call.actor, call.path["case_no"])
    await hand_back_case(found, sent, reason=call.body.reason, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/suspend", allows=CASE_STAFF, refuses=MOVING)
async def suspend(call: Call[SuspendIn, None]) -> CaseOut:
    """Stop the clock for a reason that the law knows."""
    found = await access_held_case(call.actor, call.path["case_no"])
    await suspend_case(
        found, reason=call.body.reason, note=call.body.note, actor=call.actor, now=call.now
    )
    return show_case(found)


@desk.post("/cases/<case_no>/resume", allows=CASE_STAFF, refuses=MOVING)
async def resume(call: Call[Nothing, None]) -> CaseOut:
    """Let the clock run again."""
    found = await access_held_case(call.actor, call.path["case_no"])
    await resume_case(found, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/decide", allows=CASE_STAFF, refuses=(*MOVING, errors.DecidedElsewhere))
async def decide(call: Call[DecideIn, None]) -> CaseOut:
    """Approve or reject."""
    found = await access_held_case(call.actor, call.path["case_no"])
    await decide_case(found, call.body.outcome, note=call.body.note, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/issue", allows=CASE_STAFF, refuses=MOVING)
async def issue(call: Call[Nothing, None]) -> CaseDetailOut:
    """Issue the result; it is packed where the citizen gave an address."""
    found = await access_held_case(call.actor, call.path["case_no"])
    await issue_case(found, actor=call.actor, now=call.now)
    return await show_case_whole(found, now=call.now)


@desk.post("/cases/<case_no>/close", allows=POINT_STAFF, refuses=(*MOVING, errors.ParcelUnderWay))
async def close(call: Call[ReasonIn, None]) -> CaseOut:
    """Close a case whose result was collected at the window."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await touch(found)
    await _refuse_while_mailed(found)
    await close_case(found, reason=call.body.reason, actor=call.actor, now=call.now)
    return show_case(found)


@desk.post("/cases/<case_no>/withdraw", allows=POINT_STAFF, refuses=MOVING)
async def withdraw(call: Call[ReasonIn, None]) -> CaseOut:
    """End a case at the applicant's wish, before it is decided."""
    found = await access_accepted_case(call.actor, call.path["case_no"])
    await withdraw_case(found, reason=call.body.reason, actor=call.actor, now=call.now)
    return show_case(found)


async def _refuse_while_mailed(case: Case) -> None:
    if await has_result_parcel(case.id):
        raise errors.ParcelUnderWay


async def _person_at_the_window(call: Call[ReceiveIn, None]) -> Person:
    if call.body.person is not None:
        return await register_person(
            name=call.body.person.name,
            id_number=call.body.person.id_number,
            assurance=Assurance.SEEN_AT_WINDOW,
            now=call.now,
        )
    ticket = await get_ticket(call.body.ticket_id or "")
    if ticket.point_code != call.point_code:
        raise NotFound
    return await get_person(ticket.person_id)
