"""What comes in and goes out about the catalogue."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from models.catalog import Department, Material, ServiceItem, ServicePoint
from models.kinds import AuthorityLevel, DayKind, ItemKind, OnlineDepth, PointLevel, WindowKind
from server.catalog.days import NamedDay
from server.catalog.search import ItemEntry
from server.kit.http.schemas import PRINTABLE, Code, Incoming, Line, Outgoing, PageQuery
from server.kit.messages import text
from server.kit.rows import RowOut

FIRST_DAY, LAST_DAY = date(2004, 1, 1), date(2100, 12, 31)
"""The first year that arrangements are known of, and one nobody asks beyond."""

CalendarDate = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
DayName = Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)]
MOST_REVIEWERS = 500
SURVEYED = "surveyed"


class ItemsQuery(PageQuery):
    """A search; without `q`, everything. `cursor` counts what was shown before."""

    q: Line | None = None
    theme: Line | None = None
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}$")] | None = None


class ItemSummary(Outgoing):
    """An item in a list."""

    item_code: str
    name: str
    theme: str
    department: str
    kind: ItemKind
    promised_days: int
    is_mailable: bool
    online_depth: OnlineDepth
    is_sample: bool

    @classmethod
    def of(cls, entry: ItemEntry) -> "ItemSummary":
        """Show an entry of the search index."""
        return cls(
            item_code=entry.code,
            name=entry.name,
            theme=entry.theme,
            department=entry.department_name,
            kind=entry.kind,
            promised_days=entry.promised_days,
            is_mailable=entry.is_mailable,
            online_depth=entry.online_depth,
            is_sample=entry.is_sample,
        )


class ThemeOut(Outgoing):
    """A theme and how many items it has."""

    theme: str
    items: int


class ThemesOut(Outgoing):
    """Every theme, the largest first."""

    items: list[ThemeOut]


class MaterialOut(Outgoing):
    """What is asked for; `e_licence` names the one that makes it unnecessary."""

    seq: int
    name: str
    material_type: str
    form: str
    originals: int
    copies: int
    source_channel: str
    e_licence: str | None
    is_required: bool

    @classmethod
    def of(cls, material: Material) -> "MaterialOut":
        """Show a material."""
        return cls(
            seq=material.seq,
            name=material.name,
            material_type=material.material_type,
            form=material.form,
            originals=material.originals,
            copies=material.copies,
            source_channel=material.source_channel,
            e_licence=material.e_licence or None,
            is_required=material.is_required,
        )


class LimitsOut(Outgoing):
    """Working days; `source` is `law`, `published` (in a guide) or `sample`."""

    statutory_days: int
    promised_days: int
    public_notice_days: int
    source: str


class DepartmentOut(Outgoing):
    """Who decides."""

    code: str
    name: str
    level: AuthorityLevel


class GuideOut(Outgoing):
    """办事指南. `notice` says that the text is a sample, where it is."""

    item_code: str
    version: int
    name: str
    item_type: str
    theme: str
    kind: ItemKind
    applicants: list[str]
    conditions: list[str]
    materials: list[MaterialOut]
    limits: LimitsOut
    accepted_at_levels: list[PointLevel]
    decided_at_level: AuthorityLevel
    decided_by: DepartmentOut
    handling_scope: str
    window_minutes: int
    is_mailable: bool
    online_depth: OnlineDepth
    result_document: str
    notice: str | None

    @classmethod
    def of(cls, item: ServiceItem, materials: list[Material], department: Department) -> "GuideOut":
        """Show one version of an item with all it asks for."""
        return cls(
            item_code=item.code,
            version=item.version,
            name=item.name,
            item_type=item.item_type,
            theme=item.theme,
            kind=item.kind,
            applicants=item.applicant.split("|"),
            conditions=[part for part in item.special_procedure.split(";") if part],
            materials=[MaterialOut.of(material) for material in materials],
            limits=_limits(item),
            accepted_at_levels=[PointLevel(level) for level in item.accepted_at_levels],
            decided_at_level=item.decided_at_level,
            decided_by=DepartmentOut(
                code=department.code, name=department.name, level=department.level
            ),
            handling_scope=item.handling_scope,
            window_minutes=item.window_minutes,
            is_mailable=item.is_mailable,
            online_depth=item.online_depth,
            result_document=item.result_document,
            notice=text("catalogue_is_sample") if item.is_sample else None,
        )


def _limits(item: ServiceItem) -> LimitsOut:
    return LimitsOut(
        statutory_days=item.statutory_days,
        promised_days=item.promised_days,
        public_notice_days=item.public_notice_days,
        source=item.days_source,
    )


class PointOut(Outgoing):
    """A service point; `notice` says that its place is rough, where it is."""

    code: str
    name: str
    level: PointLevel
    street: str
    address: str
    phone: str
    lat: float
    lng: float
    geo_precision: str
    is_open: bool
    windows: dict[WindowKind, int]
    notice: str | None

    @classmethod
    def of(cls, point: ServicePoint, windows: Mapping[WindowKind, int]) -> "PointOut":
        """Show a point with its windows of each kind."""
        is_rough = point.geo_precision != SURVEYED
        return cls(
            code=point.code,
            name=point.name,
            level=point.level,
            street=point.street,
            address=point.address,
            phone=point.phone,
            lat=point.lat,
            lng=point.lng,
            geo_precision=point.geo_precision,
            is_open=point.is_open,
            windows={kind: windows.get(kind, 0) for kind in WindowKind},
            notice=text("location_is_rough") if is_rough else None,
        )


class PointSettingsIn(Incoming):
    """All that an administrator sets of a point."""

    is_open: bool
    reviewers: Annotated[int, Field(ge=0, le=MOST_REVIEWERS)]
    confirms_by_itself: bool
    address: Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]
    phone: Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)]


class PointSettingsOut(RowOut):
    """A point as an administrator sees it."""

    code: str
    name: str
    is_open: bool
    reviewers: int
    confirms_by_itself: bool
    address: str
    phone: str


class ItemVersionsQuery(PageQuery):
    """Which item versions an administrator wants to see."""

    code: Code | None = None
    is_current: bool | None = None


class ItemVersionOut(Outgoing):
    """One version of an item, in force or not."""

    id: str
    item_code: str
    version: int
    name: str
    theme: str
    department_code: str
    kind: ItemKind
    statutory_days: int
    promised_days: int
    is_sample: bool
    is_current: bool
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, item: ServiceItem) -> "ItemVersionOut":
        """Show one version."""
        return cls(
            id=item.id,
            item_code=item.code,
            version=item.version,
            name=item.name,
            theme=item.theme,
            department_code=item.department_code,
            kind=item.kind,
            statutory_days=item.statutory_days,
            promised_days=item.promised_days,
            is_sample=item.is_sample,
            is_current=item.is_current,
            withdrawn_at=item.withdrawn_at,
        )


class CalendarQuery(Incoming):
    """From which to which day, both included."""

    first: CalendarDate = Field(alias="from")
    last: CalendarDate = Field(alias="to")


class DayOut(Outgoing):
    """A day of the calendar; `is_provisional` while its year is unpublished."""

    day: date
    is_working: bool
    is_provisional: bool
    name: str


class CalendarOut(Outgoing):
    """Every day that was asked for."""

    items: list[DayOut]


class DayIn(Incoming):
    """What a day is."""

    kind: DayKind
    name: DayName = ""


class NamedDayIn(DayIn):
    """One day of an arrangement."""

    day: CalendarDate

    def as_entry(self) -> NamedDay:
        """Return the entry that it stands for."""
        return NamedDay(day=self.day, kind=self.kind, name=self.name)


class ArrangementIn(Incoming):
    """The published arrangement of a year: every holiday and every make-up working day."""

    days: Annotated[list[NamedDayIn], Field(min_length=1, max_length=120)]


class ArrangementOut(Outgoing):
    """What was taken."""

    year: int
    holidays: int
    make_up_days: int
