"""Keeping the catalogue; every change is written into the audit trail."""

from datetime import date

from models.kinds import DayKind
from server.audit.service import record
from server.catalog import repository
from server.catalog.days import NamedDay, set_day, set_year
from server.catalog.errors import ArrangementIncomplete, UnknownPoint, VisitsInTheWay
from server.catalog.opening import point_changed
from server.catalog.schemas import (
    FIRST_DAY,
    LAST_DAY,
    ArrangementIn,
    ArrangementOut,
    DayIn,
    ItemVersionOut,
    ItemVersionsQuery,
    PointSettingsIn,
    PointSettingsOut,
)
from server.catalog.service import get_point
from server.kit.access import ADMINS
from server.kit.errors import ChangedMeanwhile, NotFound
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

admin = Surface("/admin", tag="catalog_admin")


@admin.get("/points/<code>", allows=ADMINS, refuses=(UnknownPoint,))
async def show_settings(call: Call) -> PointSettingsOut:
    """Show what can be set of a point."""
    return PointSettingsOut.of(await get_point(call.path["code"]))


@admin.put("/points/<code>", allows=ADMINS, refuses=(UnknownPoint, VisitsInTheWay))
async def set_settings(call: Call[PointSettingsIn, None]) -> PointSettingsOut:
    """Set whether a point is open, its reviewers, how it confirms, and where to find it.

    It is not closed while somebody has a place there whom no closure lists.
    """
    point = await get_point(call.path["code"])
    settings = call.body.model_dump()
    changed = sorted(name for name, value in settings.items() if getattr(point, name) != value)
    await point.update_from_dict(settings).save(update_fields=list(settings))
    if "is_open" in changed:
        await point_changed(point.code, now=call.now, settings=call.ports.settings)
    await record(
        actor=call.actor,
        action="point.set",
        subject="service_point",
        subject_id=point.code,
        now=call.now,
        request_id=call.request_id,
        detail={"changed": changed},
    )
    return PointSettingsOut.of(point)


@admin.get("/items", allows=ADMINS)
async def list_item_versions(call: Call[None, ItemVersionsQuery]) -> Page[ItemVersionOut]:
    """List item versions, in force or not, in the order they were made."""
    wanted = repository.ItemFilter(code=call.query.code, is_current=call.query.is_current)
    rows = await repository.list_items(
        wanted, after_id=call.query.cursor, limit=call.query.limit + 1
    )
    shown = rows[: call.query.limit]
    cursor = shown[-1].id if len(rows) > len(shown) else None
    return Page(items=[ItemVersionOut.of(row) for row in shown], next_cursor=cursor)


@admin.put("/calendar/<day>", allows=ADMINS, refuses=(NotFound, VisitsInTheWay, ChangedMeanwhile))
async def set_calendar_day(call: Call[DayIn, None]) -> None:
    """Let one day be worked or free, whatever its weekday says.

    It is not freed while somebody has a place on it whom no closure lists.
    """
    day = _day(call.path["day"])
    entry = NamedDay(day=day, kind=call.body.kind, name=call.body.name)
    await set_day(entry, now=call.now, settings=call.ports.settings)
    await record(
        actor=call.actor,
        action="calendar.set_day",
        subject="calendar",
        subject_id=day.isoformat(),
        now=call.now,
        request_id=call.request_id,
        detail={"kind": call.body.kind},
    )


@admin.put(
    "/calendar/years/<year>",
    allows=ADMINS,
    refuses=(NotFound, ArrangementIncomplete, VisitsInTheWay, ChangedMeanwhile),
)
async def set_calendar_year(call: Call[ArrangementIn, None]) -> ArrangementOut:
    """Take the published arrangement of a year: from then on the year is no longer provisional."""
    first_day = _day(f"{call.path['year']}-01-01")
    entries = [one.as_entry() for one in call.body.days]
    await set_year(first_day.year, entries, now=call.now, settings=call.ports.settings)
    holidays = sum(entry.kind is DayKind.HOLIDAY for entry in entries)
    answer = ArrangementOut(
        year=first_day.year, holidays=holidays, make_up_days=len(entries) - holidays
    )
    await record(
        actor=call.actor,
        action="calendar.set_year",
        subject="calendar",
        subject_id=str(first_day.year),
        now=call.now,
        request_id=call.request_id,
        detail=answer.model_dump(),
    )
    return answer


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
    if not FIRST_DAY <= day <= LAST_DAY or day.isoformat() != text:
        raise NotFound
    return day
