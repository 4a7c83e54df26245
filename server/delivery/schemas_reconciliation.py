"""What differs between us and the carriers, as it is shown."""

from datetime import date, datetime

from models.delivery import CourierOrder, ParcelTask, ReconciliationReport
from server.delivery.reconciliation import ORDER
from server.kit.http.schemas import Day, Outgoing, PageQuery


class ReportsQuery(PageQuery):
    """Reports of days before one."""

    before: Day | None = None


class DifferenceOut(Outgoing):
    """One difference; `kind` is `order`, or what the daily comparison found of a parcel."""

    id: str
    kind: str
    parcel_id: str
    problem: str
    order: str
    waybill_no: str
    since: datetime

    @classmethod
    def of(cls, row: CourierOrder | ParcelTask) -> "DifferenceOut":
        """Show an order that is unsettled, or what was found of a parcel."""
        if isinstance(row, ParcelTask):
            return cls(
                id=row.id,
                kind=row.kind,
                parcel_id=row.subject,
                problem=row.kind,
                order="",
                waybill_no="",
                since=row.opened_at,
            )
        return cls(
            id=row.id,
            kind=ORDER,
            parcel_id=row.parcel_id,
            problem=row.problem or row.state,
            order=row.order_no,
            waybill_no=row.waybill_no,
            since=row.created_at,
        )


class FoundOut(Outgoing):
    """One line of a report: the parcel, the order, or a waybill that is none of ours."""

    kind: str
    subject: str
    point_code: str


class ReportOut(Outgoing):
    """The report of a day."""

    day: date
    made_at: datetime
    handed_over: int
    under_way: int
    differences: list[FoundOut]

    @classmethod
    def of(cls, report: ReconciliationReport) -> "ReportOut":
        """Show a report."""
        return cls(
            day=report.day,
            made_at=report.made_at,
            handed_over=report.handed_over,
            under_way=report.under_way,
            differences=[FoundOut(**one) for one in report.differences],
        )
