"""A visit that ends early lets the rest of its place go, counted right to the last move."""

import asyncio
from dataclasses import replace

from models.states import OfferState, ReleaseState
from models.waitlist import Offer, Release
from server.appointments.reconciling import find_differences
from server.appointments.releases import free_rest
from server.appointments.repository import count_occupied
from server.appointments.service import (
    mark_abandoned,
    mark_checked_in,
    mark_served,
    mark_serving,
)
from server.appointments.tasks import free_early_ends, release_places
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile
from server.kit.transaction import in_transaction
from tests.server.appointments.test_waitlist import wait_now
from tests.support.booking import (
    CLERK,
    QUANTUM,
    SHORT_ITEM,
    TEN,
    book_now,
    make_booker,
    make_slots,
    release_all,
    taken,
    wish,
)
from tests.support.replaying import replay_all

SERVED = (mark_checked_in, mark_serving, mark_served)
ABANDONED = (mark_checked_in, mark_abandoned)


async def end(visit, marks, ports):
    """Take a visit to its end now."""
    for mark in marks:
        await in_transaction(lambda mark=mark: mark(visit, actor=CLERK, now=ports.now()))


async def visit_until(minutes, marks, ports, clock):
    """A visit of five slots at ten that ends so many minutes later; what that frees."""
    await make_slots(5)
    visit = await book_now(wish(), await make_booker(), ports, is_confirmed=True)
    clock.advance(seconds=(TEN - ports.now()).total_seconds() + 60 * minutes)
    await end(visit, marks, ports)
    await free_early_ends(ports)
    return visit, [(one.starts_at, one.quanta) for one in await Release.all()]


async def test_the_rest_is_back_on_sale_after_its_delay(ports, clock):
    visit, freed = await visit_until(6, SERVED, ports, clock)
    assert freed == [(TEN + 2 * QUANTUM, 3)]
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []
    await free_early_ends(ports)
    assert await Release.all().values_list("visit_id", flat=True) == [visit.id]
    await release_all(ports, clock)
    assert await taken() == [1, 1, 0, 0, 0]
    assert await find_differences(ports) == []
    assert (await replay_all(QUANTUM)).moves == 6
    assert sum((await count_occupied(TEN, QUANTUM)).values()) == 2
    await free_early_ends(ports)
    assert await taken() == [1, 1, 0, 0, 0]


async def test_somebody_books_the_rest(ports, clock):
    await visit_until(6, SERVED, ports, clock)
    release = await Release.get()
    assert release.release_at < TEN + 2 * QUANTUM
    clock.advance(seconds=(release.release_at - ports.now()).total_seconds())
    await release_places(ports)
    after = wish(SHORT_ITEM, starts_at=TEN + 2 * QUANTUM)
    await book_now(after, await make_booker(2), ports)
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []
    assert (await replay_all(QUANTUM)).least_left == 0


async def test_who_waits_is_offered_the_rest_first(ports, clock):
    await wait_now(await make_booker(2), ports, codes=(SHORT_ITEM,))
    soon = replace(ports, settings=ports.settings.model_copy(update={"offer_minutes": 1}))
    await visit_until(6, SERVED, soon, clock)
    await release_places(soon)
    offer = await Offer.get(state=OfferState.HELD)
    assert (offer.starts_at, offer.quanta) == (TEN + 2 * QUANTUM, 3)
    assert (await Release.get()).state is ReleaseState.OFFERED
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []
    assert (await replay_all(QUANTUM)).least_left == 0


async def test_who_leaves_before_the_time_frees_all_of_the_place(ports, clock):
    _, freed = await visit_until(-20, ABANDONED, ports, clock)
    assert freed == [(TEN, 5)]
    await release_all(ports, clock)
    assert await taken() == [0] * 5
    assert await find_differences(ports) == []
    await replay_all(QUANTUM)


async def test_what_nobody_could_use_any_more_stays(ports, clock):
    _, freed = await visit_until(19.5, SERVED, ports, clock)
    assert freed == []
    assert await taken() == [1] * 5


async def test_the_rest_is_let_go_once(ports, clock):
    await make_slots(5)
    visit = await book_now(wish(), await make_booker(), ports, is_confirmed=True)
    clock.advance(seconds=(TEN - ports.now()).total_seconds() + 60)
    await end(visit, SERVED, ports)

    def let_go():
        return free_rest(visit, actor=ENGINE, now=ports.now(), settings=ports.settings)

    answers = await asyncio.gather(
        *(in_transaction(let_go) for _ in range(4)), return_exceptions=True
    )
    assert [type(one) for one in answers].count(ChangedMeanwhile) == 3
    assert await Release.all().count() == 1
    await release_all(ports, clock)
    await replay_all(QUANTUM)
