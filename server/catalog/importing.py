"""Bringing items in: what is new or changed becomes a version, what is gone is withdrawn."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.catalog import Material, ServiceItem
from models.kinds import AuthorityLevel
from server.catalog.rows import DepartmentRow, ItemRow, MaterialRow
from server.kit.errors import ChangedMeanwhile

BATCH = 500

ITEM_COLUMNS = (
    "name",
    "item_type",
    "theme",
    "department_code",
    "kind",
    "statutory_days",
    "promised_days",
    "accepted_at_levels",
    "decided_at_level",
    "applicant",
    "window_minutes",
    "handling_scope",
    "is_mailable",
    "online_depth",
    "public_notice_days",
    "special_procedure",
    "result_document",
    "days_source",
    "is_sample",
    "search_text",
)
MATERIAL_COLUMNS = (
    "seq",
    "name",
    "material_type",
    "form",
    "originals",
    "copies",
    "source_channel",
    "e_licence",
    "is_required",
)

Columns = dict[str, object]
"""The columns of one row, without ids and versions."""


@dataclass(frozen=True, slots=True)
class ItemContent:
    """All that makes one version of an item differ from another."""

    item: Columns
    materials: list[Columns]


@dataclass(frozen=True, slots=True)
class ImportedItems:
    """How many items an import met."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0


async def import_items(content: Mapping[str, ItemContent], *, now: datetime) -> ImportedItems:
    """Let `content` (by item code) be all that is in force; inside a transaction.

    Raises `ChangedMeanwhile` if another import runs.
    """
    current = {row.code: row for row in await ServiceItem.filter(is_current=True)}
    kept = await _content_of(current)
    new = [code for code in content if code not in current]
    gone = [code for code in current if code not in content]
    changed = [code for code in content if code in kept and kept[code] != content[code]]
    await _retire([current[code].id for code in gone], withdrawn_at=now)
    await _retire([current[code].id for code in changed], withdrawn_at=None)
    await _add_versions({code: content[code] for code in [*new, *changed]})
    return ImportedItems(
        added=len(new),
        changed=len(changed),
        withdrawn=len(gone),
        unchanged=len(current) - len(changed) - len(gone),
    )


def content_of_files(
    items: Sequence[ItemRow],
    materials: Sequence[MaterialRow],
    departments: Mapping[tuple[str, AuthorityLevel], DepartmentRow],
    *,
    is_sample: bool,
) -> dict[str, ItemContent]:
    """Return what the rows of checked files say, by item code."""
    asked: dict[str, list[Columns]] = defaultdict(list)
    for row in sorted(materials, key=lambda row: row.seq):
        asked[row.item_code].append(_material_columns(row))
    return {
        row.item_code: ItemContent(
            item=_item_columns(row, departments[row.department, row.decided_at], is_sample),
            materials=asked[row.item_code],
        )
        for row in items
    }


def _item_columns(row: ItemRow, department: DepartmentRow, is_sample: bool) -> Columns:  # noqa: FBT001 - private
    found_by = (row.name, row.theme, department.name, row.department, row.result_document)
    return {
        "name": row.name,
        "item_type": row.item_type,
        "theme": row.theme,
        "department_code": department.code,
        "kind": row.kind,
        "statutory_days": row.statutory_days,
        "promised_days": row.promised_days,
        "accepted_at_levels": [str(level) for level in row.accepted_at],
        "decided_at_level": row.decided_at,
        "applicant": row.applicant,
        "window_minutes": row.window_minutes,
        "handling_scope": row.handling_scope,
        "is_mailable": row.mailable,
        "online_depth": row.online_depth,
        "public_notice_days": row.public_notice_days,
        "special_procedure": row.special_procedure,
        "result_document": row.result_document,
        "days_source": row.days_source,
        "is_sample": is_sample,
        "search_text": " ".join(dict.fromkeys(filter(None, found_by))),
    }


def _material_columns(row: MaterialRow) -> Columns:
    return {
        "seq": row.seq,
        "name": row.material,
        "material_type": row.material_type,
        "form": row.format,
        "originals": row.originals,
        "copies": row.copies,
        "source_channel": row.source_channel,
        "e_licence": row.e_licence,
        "is_required": row.necessity == "required",
    }


async def _content_of(current: Mapping[str, ServiceItem]) -> dict[str, ItemContent]:
    asked: dict[str, list[Columns]] = defaultdict(list)
    rows = Material.filter(item__is_current=True).order_by("item_id", "seq")
    for values in await rows.values("item_id", *MATERIAL_COLUMNS):
        asked[values.pop("item_id")].append(values)
    return {
        code: ItemContent(
            item={column: getattr(row, column) for column in ITEM_COLUMNS},
            materials=asked[row.id],
        )
        for code, row in current.items()
    }


async def _retire(ids: Sequence[str], *, withdrawn_at: datetime | None) -> None:
    for start in range(0, len(ids), BATCH):
        part = sorted(ids)[start : start + BATCH]
        retired = await ServiceItem.filter(id__in=part, is_current=True).update(
            is_current=False, withdrawn_at=withdrawn_at
        )
        if retired != len(part):
            raise ChangedMeanwhile


async def _add_versions(content: Mapping[str, ItemContent]) -> None:
    versions = await _last_versions()
    items = {
        code: ServiceItem(code=code, version=versions.get(code, 0) + 1, **one.item)
        for code, one in content.items()
    }
    await ServiceItem.bulk_create(items.values(), batch_size=BATCH)
    materials = [
        Material(item_id=items[code].id, **columns)
        for code, one in content.items()
        for columns in one.materials
    ]
    await Material.bulk_create(materials, batch_size=BATCH)


async def _last_versions() -> dict[str, int]:
    rows = await ServiceItem.all().order_by("version").values_list("code", "version")
    return dict(rows)
