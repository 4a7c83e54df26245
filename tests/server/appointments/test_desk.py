"""What a point does with its visits, and what the clock does."""

from datetime import timedelta

import pytest

from models.appointments import Appointment
from models.kinds import Assurance
from models.notifications import Notice
from models.people import Person
from models.states import AppointmentState
from server.appointments.desk import book_for_visitor, confirm, decline, record_no_show
from server.appointments.errors import TooEarly
from server.appointments.schemas import DeskBookingIn
from server.appointments.service import get_appointment
from server.appointments.tasks import confirm_unanswered, mark_missed_visits
from server.identity.rules import complete_id_number
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.support.booking import (
    CLERK,
    ITEM,
    QUANTUM,
    STREET,
    TEN,
    book_now,
    everything,
    in_use,
    live_of,
    make_booker,
    make_slots,
    wish,
)


async def test_a_declined_person_is_told_why_and_offered_three_other_times(ports):
    await make_slots(60)
    booker = await make_booker()
    made = await book_now(wish(starts_at=TEN + 24 * QUANTUM), booker, ports)
    offered = await in_transaction(
        lambda: decline(made, "窗口检修", actor=CLERK, now=ports.now(), settings=ports.settings)
    )
    # Own places are still taken while others are looked for.
    assert [(start.starts_at - made.starts_at) / QUANTUM for start in offered] == [-17, -5, 7]
    assert made.state is AppointmentState.DECLINED
    assert sum(await in_use()) == 0
    assert await live_of(booker) == 0
    assert (await moves_of(Appointment, made.id))[-1].reason == "窗口检修"
    notice = await Notice.get(kind="appointment_declined")
    assert "窗口检修" in notice.text
    assert "2026-11-24 12:35" in notice.text


async def test_nobody_is_missing_before_the_visit_would_have_ended(ports, clock):
    await make_slots(5)
    made = await book_now(wish(), await make_booker(), ports, is_confirmed=True)
    clock.advance(days=1, hours=1, minutes=24)
    before = await everything()
    with pytest.raises(TooEarly):
        await in_transaction(
            lambda: record_no_show(made, actor=CLERK, now=ports.now(), settings=ports.settings)
        )
    assert await everything() == before
    clock.advance(minutes=1)
    await in_transaction(
        lambda: record_no_show(made, actor=CLERK, now=ports.now(), settings=ports.settings)
    )
    assert made.state is AppointmentState.NO_SHOW


async def test_somebody_without_a_phone_is_booked_and_confirmed_at_the_window(ports):
    await make_slots(5)
    wanted = DeskBookingIn(
        name="林秀英",
        id_number=complete_id_number("35010219400101002"),
        starts_at=TEN,
        item_codes=[ITEM],
    )
    made = await in_transaction(
        lambda: book_for_visitor(
            wanted, STREET, actor=CLERK, now=ports.now(), settings=ports.settings
        )
    )
    person = await Person.get(id=made.person_id)
    assert (person.name, person.assurance) == ("林秀英", Assurance.SEEN_AT_WINDOW)
    assert (made.state, made.account_id) == (AppointmentState.CONFIRMED, None)
    assert made.booked_by == "clerk:clerk"
    assert await Notice.all().count() == 0


async def test_a_visit_that_nobody_answered_is_confirmed_after_its_time_limit(ports, clock):
    await make_slots(5)
    made = await book_now(wish(), await make_booker(), ports)
    clock.advance(minutes=29)
    await confirm_unanswered(ports)
    assert (await get_appointment(made.id)).state is AppointmentState.PENDING
    clock.advance(minutes=1)
    await confirm_unanswered(ports)
    assert (await get_appointment(made.id)).state is AppointmentState.CONFIRMED
    assert (await moves_of(Appointment, made.id))[-1].actor == "nobody:engine"
    assert await Notice.filter(kind="appointment_confirmed").count() == 1


async def test_a_confirmed_visit_of_yesterday_was_missed(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    await in_transaction(lambda: confirm(made, actor=CLERK, now=ports.now()))
    clock.advance(days=1, hours=14, minutes=59)
    await mark_missed_visits(ports)
    assert (await get_appointment(made.id)).state is AppointmentState.CONFIRMED
    clock.advance(minutes=1)
    await mark_missed_visits(ports)
    assert (await get_appointment(made.id)).state is AppointmentState.NO_SHOW
    assert await live_of(booker) == 0
    assert made.starts_at < ports.now() - timedelta(hours=13)
