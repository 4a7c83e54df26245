"""What happens to visits by the clock."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import structlog

from models.appointments import Appointment, Hold
from models.closures import Closure
from models.kinds import OfferCause
from models.states import (
    AppointmentState,
    ClosureState,
    HoldState,
    OfferState,
    ReleaseState,
    WaitlistState,
)
from models.waitlist import Offer, Release, WaitlistEntry
from server.appointments.closing import list_late
from server.appointments.closures import closures_to_follow
from server.appointments.desk import confirm
from server.appointments.draws import announce_draws, hold_draws
from server.appointments.events import VisitBooked
from server.appointments.generation import generate_slots, last_day_on_sale
from server.appointments.holds import expire_hold
from server.appointments.impact import find_unlisted
from server.appointments.notices import tell_booked
from server.appointments.offering import offer_freed
from server.appointments.reconciling import LONGEST_VISIT, find_differences
from server.appointments.releases import free_rest, put_on_sale, rest_of
from server.appointments.reminding import find_due, remind
from server.appointments.reseating import find_moving, follow, tell_offers
from server.appointments.rules import Step
from server.appointments.service import get_appointment, mark_no_show
from server.appointments.visits import day_span
from server.appointments.waitlist import give_up, lapse
from server.catalog.rules import local_day
from server.kit.access import ENGINE
from server.kit.errors import Refusal
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

MOST_AT_ONCE = 500
TOLD_AT_ONCE = 50
MOST_STEPS = 200
"""Of one closure in one run: done well within the lease, which is short so that others go on."""
ENDED = (AppointmentState.SERVED, AppointmentState.ABANDONED)
"""Visits that are over; of one that was missed all of the time has passed."""
HALF_A_DAY_S = 12 * 3600.0
HOUR_S = 3600.0

log = structlog.get_logger(__name__)


async def make_slots(ports: Ports) -> None:
    """Keep the days ahead on sale, but those that are to be drawn."""
    await announce_draws(now=ports.now(), settings=ports.settings)
    await generate_slots(ports, last_day_on_sale(ports.now(), ports.settings))


async def expire_holds(ports: Ports) -> None:
    """Give back the places of holds whose minutes are over."""
    over = Hold.filter(state=HoldState.HELD, expires_at__lte=ports.now())

    async def expire(hold_id: str) -> None:
        hold = await Hold.get(id=hold_id)
        await expire_hold(hold, actor=ENGINE, now=ports.now(), settings=ports.settings)

    await _each(await over.limit(MOST_AT_ONCE).values_list("id", flat=True), expire)


async def release_places(ports: Ports) -> None:
    """Offer freed places to those who wait; put the others back on sale when their time comes."""
    await offer_freed(ports)
    due = Release.filter(state=ReleaseState.PENDING, release_at__lte=ports.now())

    async def release(release_id: str) -> None:
        freed = await Release.get(id=release_id)
        await put_on_sale(freed, actor=ENGINE, now=ports.now(), settings=ports.settings)

    await _each(await due.limit(MOST_AT_ONCE).values_list("id", flat=True), release)


async def end_waiting(ports: Ports) -> None:
    """End offers that were not answered in time, and wishes whose days have passed."""
    now = ports.now()
    unanswered = Offer.filter(cause=OfferCause.WAITLIST, state=OfferState.HELD, held_until__lte=now)
    passed = WaitlistEntry.filter(state=WaitlistState.WAITING, last_on__lt=local_day(now))

    async def lapse_one(offer_id: str) -> None:
        await lapse(await Offer.get(id=offer_id), now=now, settings=ports.settings)

    async def give_up_one(entry_id: str) -> None:
        await give_up(await WaitlistEntry.get(id=entry_id), now=now)

    await _each(await unanswered.limit(MOST_AT_ONCE).values_list("id", flat=True), lapse_one)
    await _each(await passed.limit(MOST_AT_ONCE).values_list("id", flat=True), give_up_one)


async def confirm_unanswered(ports: Ports) -> None:
    """Confirm the visits that their point did not answer in time."""
    due = Appointment.filter(state=AppointmentState.PENDING, confirm_by__lte=ports.now())

    async def confirm_one(appointment_id: str) -> None:
        appointment = await get_appointment(appointment_id)
        await confirm(appointment, actor=ENGINE, now=ports.now())

    await _each(await due.limit(MOST_AT_ONCE).values_list("id", flat=True), confirm_one)


async def mark_missed_visits(ports: Ports) -> None:
    """Record yesterday's confirmed visits to which nobody came."""
    today_at = day_span(local_day(ports.now()))[0]
    missed = Appointment.filter(state=AppointmentState.CONFIRMED, starts_at__lt=today_at)

    async def mark(appointment_id: str) -> None:
        appointment = await get_appointment(appointment_id)
        await mark_no_show(appointment, actor=ENGINE, now=ports.now())

    await _each(await missed.limit(MOST_AT_ONCE).values_list("id", flat=True), mark)


async def free_early_ends(ports: Ports) -> None:
    """Let go what visits that ended early leave of their places, while somebody can use it."""
    now, settings = ports.now(), ports.settings
    ended = Appointment.filter(state__in=ENDED, starts_at__gt=now - LONGEST_VISIT)
    early = [visit for visit in await ended if rest_of(visit, now, settings)]
    freed = Release.filter(visit_id__in=[visit.id for visit in early])
    known = {str(one) for one in await freed.values_list("visit_id", flat=True)}

    async def free_one(visit_id: str) -> None:
        visit = await get_appointment(visit_id)
        await free_rest(visit, actor=ENGINE, now=now, settings=settings)

    await _each([visit.id for visit in early if visit.id not in known], free_one)


async def send_reminders(ports: Ports) -> None:
    """Remind people of their visits; who was not reminded of the day hears of the hour only."""
    for hours in sorted(ports.settings.reminder_hours):

        async def remind_one(appointment_id: str, hours: int = hours) -> None:
            await remind(appointment_id, hours, now=ports.now())

        await _each(await find_due(hours, now=ports.now(), limit=MOST_AT_ONCE), remind_one)


async def follow_closures(ports: Ports) -> None:
    """Go on with everybody whose place is closed, and with who came in between."""
    for closure in await closures_to_follow(ports.now()):
        await _list_late(closure, ports)

        moving = await find_moving(closure, now=ports.now())
        await _tell_offers(closure, [line for line, step in moving if step is Step.TELL], ports)

        async def take_step(reseating_id: str) -> None:
            await follow(reseating_id, now=ports.now(), settings=ports.settings)

        others = [line for line, step in moving if step is not Step.TELL]
        await _each(others[:MOST_STEPS], take_step)


async def _tell_offers(closure: Closure, lines: list[str], ports: Ports) -> None:
    for first in range(0, len(lines), TOLD_AT_ONCE):
        some = lines[first : first + TOLD_AT_ONCE]
        await _alone(closure.id, partial(tell_offers, some, closure, now=ports.now()))


async def _list_late(closure: Closure, ports: Ports) -> None:
    if closure.state is ClosureState.LIFTED:
        return
    now, settings = ports.now(), ports.settings
    late = {visit.id: visit for visit in await find_unlisted(closure, now=now, settings=settings)}

    async def list_one(visit_id: str) -> None:
        await list_late(closure, late[visit_id], now=now, settings=settings)

    await _each(late, list_one)


async def check_counters(ports: Ports) -> None:
    """Report slots whose counter is not what the moves add up to."""
    await find_differences(ports)


async def _each(ids: Iterable[object], work: Callable[[str], Awaitable[None]]) -> None:
    for one in ids:
        await _alone(one, partial(work, str(one)))


async def _alone(subject: object, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await in_transaction(work)
    except Refusal as refusal:
        log.info("left_as_it_is", subject=subject, reason=refusal.code)


CONSUMERS = (Consumer("appointments.tell_booked", VisitBooked, tell_booked),)
JOBS: tuple[Job, ...] = (
    Job("appointments.make_slots", HALF_A_DAY_S, make_slots),
    Job("appointments.expire_holds", 10.0, expire_holds),
    Job("appointments.release_places", 2.0, release_places),
    Job("appointments.hold_draws", 10.0, hold_draws),
    Job("appointments.end_waiting", 10.0, end_waiting),
    Job("appointments.confirm_unanswered", 30.0, confirm_unanswered),
    Job("appointments.mark_missed_visits", HOUR_S, mark_missed_visits),
    Job("appointments.free_early_ends", 20.0, free_early_ends),
    Job("appointments.send_reminders", 30.0, send_reminders),
    Job("appointments.follow_closures", 2.0, follow_closures, lease_s=15.0),
    Job("appointments.check_counters", HOUR_S, check_counters),
)
