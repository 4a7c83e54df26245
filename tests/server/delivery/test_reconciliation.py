"""对账: every difference in one list, one report a day, printed and kept."""

from datetime import date

from models.delivery import CourierOrder, ParcelTask, ReconciliationReport
from models.kinds import OrderState, ParcelTaskKind
from server.commands import FAULTY, FINE
from server.commands import reconcile as print_report
from server.delivery.reconciliation import draw_up_report, report_of
from tests.server.delivery.parcels import POINT, make_labelled, make_sealed, pack, scan_of, send
from tests.server.delivery.test_http import ask, authenticate, http, probe

__all__ = ["authenticate", "http", "probe"]


async def make_differences(ports, clock):
    """A refused order, a parcel with two waybills, one nobody hears of; return them in order."""
    refused = await pack(ports, case_id="c1")
    await CourierOrder.filter(parcel_id=refused.id).update(state=OrderState.REFUSED, problem="x")
    doubled = await make_labelled(ports, case_id="c2")
    await CourierOrder.create(
        parcel_id=doubled.id,
        order_no="GL-2",
        state=OrderState.TO_RECONCILE,
        waybill_no="1000000099999",
        created_at=ports.now(),
    )
    missing, code = await make_sealed(ports, case_id="c3")
    await send(ports, scan_of(ports, code.long))
    clock.advance(hours=25)
    return refused, doubled, missing


async def test_a_report_names_every_difference_and_is_kept_for_its_day(desk, clock):
    refused, doubled, missing = await make_differences(desk, clock)
    order = await CourierOrder.get(parcel_id=refused.id)
    report = await draw_up_report(desk)
    assert report.day == date(2026, 11, 24)
    assert (report.handed_over, report.under_way) == (0, 1)
    assert report.differences == [
        {"kind": "doubled", "subject": doubled.id, "point_code": POINT},
        {"kind": "missing", "subject": missing.id, "point_code": POINT},
        {"kind": "order", "subject": "GL-2", "point_code": POINT},
        {"kind": "order", "subject": order.order_no, "point_code": POINT},
    ]
    assert (await report_of(date(2026, 11, 24))).differences == report.differences


async def test_the_last_comparison_of_a_day_stands_and_each_day_has_its_own(desk, clock):
    refused, _, _ = await make_differences(desk, clock)
    await draw_up_report(desk)
    await CourierOrder.filter(parcel_id=refused.id).update(state=OrderState.CANCELLED)
    await draw_up_report(desk)
    assert len((await ReconciliationReport.get()).differences) == 3
    clock.advance(days=1)
    await draw_up_report(desk)
    assert await ReconciliationReport.all().count() == 2


async def test_what_couriers_took_today_is_counted(desk):
    _, code = await make_sealed(desk)
    await send(desk, scan_of(desk, code.long))
    report = await draw_up_report(desk)
    assert (report.handed_over, report.under_way, report.differences) == (1, 1, [])


async def test_a_points_list_holds_orders_and_parcels_page_by_page(http, desk, clock):
    refused, doubled, missing = await make_differences(desk, clock)
    await draw_up_report(desk)
    shown, cursor = [], ""
    while cursor is not None:
        path = f"/desk/reconciliation?limit=1{cursor and f'&cursor={cursor}'}"
        page = (await ask(http, "clerk", "GET", path))[1].json()
        shown += [(one["kind"], one["parcel_id"]) for one in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(shown) == sorted(
        [
            ("order", refused.id),
            ("order", doubled.id),
            ("doubled", doubled.id),
            ("missing", missing.id),
        ]
    )
    _, none = await ask(http, "other-clerk", "GET", "/desk/reconciliation")
    assert none.json() == {"items": [], "next_cursor": None}


async def test_tasks_that_are_no_difference_are_not_in_the_list(http, desk):
    kind = ParcelTaskKind.RETURNED
    await ParcelTask.create(kind=kind, subject="p", point_code=POINT, opened_at=desk.now())
    _, page = await ask(http, "clerk", "GET", "/desk/reconciliation")
    assert page.json()["items"] == []


async def test_the_command_prints_what_is_kept(desk, clock, monkeypatch, capsys):
    _, doubled, _ = await make_differences(desk, clock)
    await draw_up_report(desk)
    monkeypatch.setattr("server.commands.open_engine", lambda _: _Opened(desk))
    capsys.readouterr()
    assert await print_report(desk.settings, day=date(2026, 11, 24)) == FINE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-11-24: 0 handed over that day, 1 under way, 4 differences"
    assert lines[1].split() == ["doubled", doubled.id, POINT]
    assert await print_report(desk.settings, day=date(2026, 11, 1)) == FAULTY
    assert capsys.readouterr().out == "nothing was kept of 2026-11-01\n"


class _Opened:
    """The engine of the test, for a command that would open its own."""

    def __init__(self, ports):
        self.ports = ports

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None
