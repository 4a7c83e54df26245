"""Somebody is not there: whoever stands in takes over, else a closure takes the window away."""

from dataclasses import dataclass
from datetime import date, datetime

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.closures import Closure
from models.rosters import Absence
from models.states import AbsenceState, ClosureState
from server.appointments.closing import close, lift
from server.appointments.errors import SituationChanged
from server.appointments.impact import Impact, judge_impact
from server.appointments.visits import day_span
from server.catalog.rules import local_day
from server.catalog.service import lock_points, windows_of
from server.identity.staff import staff_of_point
from server.kit.access import Actor
from server.kit.errors import ChangedMeanwhile
from server.kit.messages import text
from server.kit.states import advance, record_move
from server.rosters.duties import posts_on
from server.rosters.errors import AbsenceOver, AlreadyAbsent, RosterWrong
from server.rosters.rules import Gap, Post, can_stand_in, find_gap


@dataclass(frozen=True, slots=True)
class Missing:
    """Who is not there on which day, and until when whoever is hit may answer."""

    point_code: str
    staff_id: str
    day: date
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an absence leaves, and what the closure of a window that nobody staffs would do."""

    gap: Gap | None
    impact: Impact | None


async def absences_on(point_code: str, day: date) -> list[Absence]:
    """Return who is away on a day, in the order in which it was recorded."""
    return await Absence.filter(point_code=point_code, day=day, open=True).order_by("id")


async def judge_absence(
    missing: Missing, *, actor: Actor, now: datetime, settings: Settings
) -> Outcome:
    """Work out what an absence would leave, and whom that hits.

    Raises `RosterWrong`, `AbsenceOver`, `AlreadyAbsent`, and what `judge_impact` raises.
    """
    gap = await _judge_gap(missing, now)
    if gap is None or gap.backup_id is not None:
        return Outcome(gap, None)
    closure = await _closure_of(missing, gap, actor, now)
    return Outcome(gap, await judge_impact(closure, now=now, settings=settings))


async def record_absence(
    missing: Missing, version: str | None, *, actor: Actor, now: datetime, settings: Settings
) -> tuple[Absence, Outcome]:
    """Record that somebody is not there, with the closure that was shown as `version`, if any.

    Raises as `judge_absence`, `SituationChanged` if that is no longer what it would do, and
    `ChangedMeanwhile`.
    """
    await lock_points([missing.point_code])
    gap = await _judge_gap(missing, now)
    impact = None
    if gap is not None and gap.backup_id is None:
        closure = await _closure_of(missing, gap, actor, now)
        impact = await close(closure, version or "", actor=actor, now=now, settings=settings)
    elif version is not None:
        raise SituationChanged
    absence = Absence(
        point_code=missing.point_code,
        staff_id=missing.staff_id,
        day=missing.day,
        state=AbsenceState.RECORDED,
        recorded_by=actor.name,
        created_at=now,
    )
    await _note(absence, gap, impact)
    await _write(absence, actor=actor, now=now)
    return absence, Outcome(gap, impact)


async def withdraw_absence(
    absence: Absence, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    """Record that somebody is there after all: windows that can be staffed again are opened.

    Raises `WrongState`, `VisitsInTheWay` or `ChangedMeanwhile`.
    """
    await lock_points([absence.point_code])
    await advance(absence, AbsenceState.WITHDRAWN, actor=actor, now=now, open=None)
    await _open_again(absence, actor=actor, now=now, settings=settings)
    posts = {post.staff_id: post for post in await posts_on(absence.point_code, absence.day)}
    others = await absences_on(absence.point_code, absence.day)
    for other in others:
        post = posts.get(other.staff_id)
        if other.closure_id and post and _is_free(post, list(posts.values()), others):
            await _open_again(other, actor=actor, now=now, settings=settings)
            staffed = {"backup_id": post.backup_id, "closure_id": None}
            await other.update_from_dict(staffed).save(update_fields=list(staffed))


def _is_free(post: Post, posts: list[Post], others: list[Absence]) -> bool:
    away = {one.staff_id for one in others}
    return can_stand_in(post.backup_id, posts, away=away, standing_in=_standing_in(others))


def _standing_in(absences: list[Absence]) -> dict[str, str]:
    return {one.backup_id: one.staff_id for one in absences if one.backup_id}


async def _judge_gap(missing: Missing, now: datetime) -> Gap | None:
    if missing.staff_id not in await staff_of_point(missing.point_code):
        raise RosterWrong
    if missing.day < local_day(now):
        raise AbsenceOver
    others = await absences_on(missing.point_code, missing.day)
    away = {one.staff_id for one in others}
    if missing.staff_id in away:
        raise AlreadyAbsent
    posts = await posts_on(missing.point_code, missing.day)
    return find_gap(missing.staff_id, posts, away=away, standing_in=_standing_in(others))


async def _closure_of(missing: Missing, gap: Gap, actor: Actor, now: datetime) -> Closure:
    starts_at, ends_at = day_span(missing.day)
    windows = await windows_of(missing.point_code)
    return Closure(
        point_code=missing.point_code,
        kind=windows[gap.window_number],
        windows=1,
        starts_at=starts_at,
        ends_at=ends_at,
        deadline_at=missing.deadline_at,
        reason=text("window_unstaffed"),
        created_by=actor.name,
        created_at=now,
    )


async def _note(absence: Absence, gap: Gap | None, impact: Impact | None) -> None:
    """Note what is left at whose absence it is."""
    if gap is None:
        return
    closure_id = impact.closure.id if impact else None
    found = {"backup_id": gap.backup_id, "closure_id": closure_id}
    if gap.of == absence.staff_id:
        absence.update_from_dict({"window_number": gap.window_number, **found})
        return
    left = Absence.filter(
        point_code=absence.point_code, day=absence.day, staff_id=gap.of, open=True
    )
    if await left.update(**found) != 1:
        raise ChangedMeanwhile


async def _write(absence: Absence, *, actor: Actor, now: datetime) -> None:
    try:
        await absence.save(force_create=True)
    except IntegrityError:
        raise AlreadyAbsent from None
    await record_move(absence, from_state=None, to_state=absence.state, actor=actor, now=now)


async def _open_again(absence: Absence, *, actor: Actor, now: datetime, settings: Settings) -> None:
    closure = await Closure.get_or_none(id=absence.closure_id, state=ClosureState.IN_FORCE)
    if closure is not None:
        await lift(closure, actor=actor, now=now, settings=settings)
