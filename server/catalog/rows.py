"""The files of a catalogue (CSV, UTF-8), read and checked row by row before anything is written."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from models.kinds import AuthorityLevel, ItemKind, OnlineDepth, PointLevel
from server.catalog.errors import CatalogueInvalid

MOST_DAYS = 3650
MOST_MINUTES = 480
MOST_SHEETS = 999
MOST_WINDOWS = 500

AT_THE_COUNTER = "counter"
"""How the files say that nothing can be done online."""


def _split(value: object) -> object:
    return tuple(value.split("|")) if isinstance(value, str) else value


def _depth(value: object) -> object:
    return OnlineDepth.NONE if value == AT_THE_COUNTER else value


Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
RowCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
Levels = Annotated[tuple[PointLevel, ...], BeforeValidator(_split), Field(min_length=1)]
Depth = Annotated[OnlineDepth, BeforeValidator(_depth)]
Sheets = Annotated[int, Field(ge=0, le=MOST_SHEETS)]


def _text(most: int, least: int = 1) -> object:
    return StringConstraints(min_length=least, max_length=most)


class Row(BaseModel):
    """A row of any file; columns that nobody asks for are passed over."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)


class PointRow(Row):
    """`service_points.csv`; `windows` and `staff` are numbers."""

    code: RowCode
    name: Annotated[str, _text(64)]
    level: PointLevel
    street: Annotated[str, _text(64, 0)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    lng: Annotated[float, Field(ge=-180, le=180)]
    geo_precision: Annotated[str, _text(16, 0)]
    windows: Annotated[int, Field(ge=0, le=MOST_WINDOWS)]
    staff: Annotated[int, Field(ge=0, le=MOST_WINDOWS)]


class DepartmentRow(Row):
    """`departments.csv`: who decides at `level` what the files of items put under `authority`."""

    code: RowCode
    name: Annotated[str, _text(64)]
    level: AuthorityLevel
    district_code: RowCode
    authority: Annotated[str, _text(64)]
    address: Annotated[str, _text(200)]
    phone: Annotated[str, _text(32)]


class ItemRow(Row):
    """`service_items.csv`; days are working days, `accepted_at` levels joined by `|`."""

    item_code: RowCode
    item_type: Annotated[str, _text(32)]
    name: Annotated[str, _text(128)]
    theme: Annotated[str, _text(32)]
    department: Annotated[str, _text(64)]
    kind: ItemKind
    statutory_days: Days
    promised_days: Days
    accepted_at: Levels
    decided_at: AuthorityLevel
    applicant: Annotated[str, _text(32)]
    window_minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]
    handling_scope: Annotated[str, _text(32)]
    mailable: bool
    online_depth: Depth
    public_notice_days: Days
    special_procedure: Annotated[str, _text(200, 0)]
    result_document: Annotated[str, _text(128, 0)]
    days_source: Annotated[str, _text(16, 0)]


class MaterialRow(Row):
    """`materials.csv`; only what is `required` stops a case (容缺后补 may follow later)."""

    item_code: RowCode
    seq: Annotated[int, Field(ge=1, le=999)]
    material: Annotated[str, _text(128)]
    material_type: Annotated[str, _text(32)]
    format: Annotated[str, _text(32)]
    originals: Sheets
    copies: Sheets
    source_channel: Annotated[str, _text(64, 0)]
    e_licence: Annotated[str, _text(64, 0)]
    necessity: Annotated[str, StringConstraints(pattern="^(required|optional|deferrable)$")]


class HolidayRow(Row):
    """`holidays_provisional.csv`: statutory holidays by the moon, before they are published."""

    day: date
    name: Annotated[str, _text(32)]


AnyRow = TypeVar("AnyRow", bound=Row)


def read_rows(file: Path, kind: type[AnyRow]) -> list[AnyRow]:
    """Return every row of `file`; raise `CatalogueInvalid` naming each line that is wrong."""
    rows: list[AnyRow] = []
    problems: list[str] = []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for number, values in enumerate(csv.DictReader(lines), start=2):
            try:
                rows.append(kind.model_validate(values))
            except ValidationError as error:
                problems.append(f"{file.name} line {number}: {_columns(error)}")
    if problems:
        raise CatalogueInvalid(problems)
    return rows


def check_catalogue(
    items: Iterable[ItemRow],
    materials: Iterable[MaterialRow],
    departments: Mapping[tuple[str, AuthorityLevel], DepartmentRow],
) -> None:
    """Raise `CatalogueInvalid` where the files contradict themselves or each other."""
    codes = [item.item_code for item in items]
    places = [(one.item_code, one.seq) for one in materials]
    problems = [f"item {code} stands twice" for code in _repeated(codes)]
    problems += [f"material {code} {seq} stands twice" for code, seq in _repeated(places)]
    problems += [f"material of unknown item {code}" for code in {p[0] for p in places} - {*codes}]
    problems += [
        f"item {item.item_code}: no department decides at {item.decided_at}"
        for item in items
        if (item.department, item.decided_at) not in departments
    ]
    if problems:
        raise CatalogueInvalid(sorted(problems))


def _columns(error: ValidationError) -> str:
    return ", ".join(sorted({str(one["loc"][0]) for one in error.errors()}))


Repeated = TypeVar("Repeated")


def _repeated(values: list[Repeated]) -> set[Repeated]:
    return {value for value, times in Counter(values).items() if times > 1}
